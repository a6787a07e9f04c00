"""Masker: the key of keyed masks and every strategy that configuration may name."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

from vecgate.masking.scores import SCORES, ScoreStrategy
from vecgate.masking.strategies import FIELDS, VECTORS, FieldStrategy, Strategy, VectorStrategy

KEY_BYTES: Final = 32


class Masker:
    """One per configuration. `strategies` are what plugins add to the bundled ones, by name.

    Raises ValueError if the key is shorter than 32 bytes or a plugin's name is taken.
    """

    def __init__(self, key: bytes, strategies: Mapping[str, FieldStrategy | VectorStrategy] | None = None) -> None:
        if len(key) < KEY_BYTES:
            raise ValueError(f"the masking key has {len(key)} bytes: it needs {KEY_BYTES} random bytes or more")
        self._key = key
        self._fields: dict[str, FieldStrategy] = dict(FIELDS)
        self._vectors: dict[str, VectorStrategy] = dict(VECTORS)
        for name, strategy in (strategies or {}).items():
            if name in FIELDS or name in VECTORS:
                raise ValueError(f"mask strategy {name} is taken")
            if isinstance(strategy, FieldStrategy):
                self._fields[name] = strategy
            else:
                self._vectors[name] = strategy
        self._keyed = lru_cache(maxsize=4096)(self._derive)

    def field(self, spec: str) -> FieldStrategy:
        """The field strategy of `spec`. Raises ValueError, saying what can be written."""
        return _configured(spec, self._fields, "field")

    def vectors(self, spec: str) -> VectorStrategy:
        """The vector strategy of `spec`. Raises ValueError, saying what can be written."""
        return _configured(spec, self._vectors, "vector")

    def scores(self, spec: str) -> ScoreStrategy:
        """The score strategy of `spec`. Raises ValueError, saying what can be written."""
        return _configured(spec, SCORES, "score")

    def digest(self, domain: str, path: str, data: bytes) -> bytes:
        """HMAC-SHA256 of `data` under a key that is this domain's and this field's own."""
        return self.digester(domain, path)(data)

    def digester(self, domain: str, path: str) -> Callable[[bytes], bytes]:
        """`digest` for one field."""
        keyed = self._keyed(domain, path)

        def digest(data: bytes) -> bytes:
            begun = keyed.copy()
            begun.update(data)
            return begun.digest()

        return digest

    def _derive(self, domain: str, path: str) -> hmac.HMAC:
        label = b"\0".join(part.encode("utf-8", "surrogatepass").hex().encode() for part in (domain, path))
        return hmac.new(hmac.digest(self._key, b"vecgate mask v1\0" + label, "sha256"), digestmod="sha256")


def _configured[S: Strategy](spec: str, known: Mapping[str, S], kind: str) -> S:
    name, _, argument = spec.partition(":")
    if (strategy := known.get(name)) is None:
        raise ValueError(f"{spec!r} is no {kind} strategy: write one of {', '.join(sorted(known))}")
    return strategy.configured(argument)
