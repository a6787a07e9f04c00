"""Keyring: the keys of the gateway's own issuer. One signs, for a time; those that did are published while their tokens
live.

It is a JWK set (RFC 7517) whose first key is private and signs. The others are public: a private part is forgotten when
its time is over. Workers share one file; a change takes a lock, and is seen at the next use.
"""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Self

import msgspec
from joserfc.jwk import ECKey

from vecgate.errors import Refusal, Unavailable
from vecgate.identity.tokens import LEEWAY
from vecgate.operations.document import parse, plain
from vecgate.reasons import Reason

ALGORITHM: Final = "ES256"


@dataclass(frozen=True, slots=True)
class RingKey:
    """Times in Unix seconds. `lifetime` is the longest of the tokens it signed, `until` when they have all ended."""

    material: ECKey
    made: float
    lifetime: float
    until: float | None = None

    @classmethod
    def make(cls, now: float, lifetime: float) -> Self:
        return cls(ECKey.generate_key("P-256", private=True, auto_kid=True), now, lifetime)

    @classmethod
    def parse(cls, data: Any) -> Self:
        """Raises ValueError."""
        try:
            members = {name: data[name] for name in ("kty", "crv", "x", "y", "d", "kid") if name in data}
            material = ECKey.import_key(members)
            if material.curve_name != "P-256":
                raise ValueError
            material.ensure_kid()
            until = float(data["exp"]) if "exp" in data else None
            return cls(material, float(data.get("iat", 0)), float(data.get("lifetime", 0)), until)
        except Exception:  # what a library says of a broken key may quote it
            raise ValueError("a key is no EC key of the curve P-256") from None

    @property
    def public(self) -> dict[str, Any]:
        return self.material.as_dict(private=False) | {"use": "sig", "alg": ALGORITHM}

    def dump(self) -> dict[str, Any]:
        times = {"iat": self.made, "lifetime": self.lifetime} | ({"exp": self.until} if self.until else {})
        return self.material.as_dict(private=self.until is None) | {"use": "sig", "alg": ALGORITHM} | times

    def retired(self, now: float) -> Self:
        return replace(self, until=now + self.lifetime + 2 * LEEWAY)


@dataclass(frozen=True, slots=True)
class Ring:
    """All keys at a moment, the signing one first."""

    keys: tuple[RingKey, ...]

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Raises ValueError; it does not quote the data."""
        try:
            document = plain(parse(data))
        except Refusal:
            raise ValueError("not JSON") from None
        listed = document.get("keys") if isinstance(document, dict) else None
        if not isinstance(listed, list) or not listed or not isinstance(listed[0], dict):
            raise ValueError("not a JWK set with a key")
        if "d" not in listed[0]:
            raise ValueError("the first key is not private: it has to sign")
        return cls(tuple(map(RingKey.parse, listed)))

    @property
    def signer(self) -> RingKey:
        return self.keys[0]

    def dump(self) -> bytes:
        return msgspec.json.encode({"keys": [key.dump() for key in self.keys]})

    def published(self, now: float) -> tuple[RingKey, ...]:
        return tuple(key for key in self.keys if key.until is None or now < key.until)

    def rotated(self, now: float, *, forget: bool = False) -> Self:
        """A new key signs. With `forget` the old ones count no more, and neither do their tokens."""
        kept = () if forget else tuple(key for key in self.published(now) if key.until is not None)
        retired = () if forget else (self.signer.retired(now),)
        return type(self)((RingKey.make(now, self.signer.lifetime), *retired, *kept))


class Keyring(ABC):
    """A ring and where it is kept. `lifetime` of tokens and `period` of keys are in seconds. Safe to use from threads;
    all of it may block."""

    def __init__(self, lifetime: float, period: float, wall: Callable[[], float] = time.time) -> None:
        self._lifetime, self._period, self._wall = lifetime, period, wall
        self._guard = threading.Lock()

    @abstractmethod
    def _read(self) -> Ring:
        """The ring as it is now. Raises OSError, ValueError."""

    @abstractmethod
    def _change(self, change: Callable[[Ring], Ring]) -> Ring:
        """Replace the ring, whole, with nobody between. Raises OSError, ValueError."""

    def open(self) -> None:
        """Make the ring if there is none. Raises OSError, ValueError."""
        if self._read().signer.lifetime < self._lifetime:
            self._change(self._longer)

    def signer(self) -> ECKey:
        """The key that signs now; one whose time is over is replaced first. Raises Unavailable."""
        with self._guard:
            try:
                ring = self._read()
                if self._due(ring):
                    ring = self._change(lambda found: found.rotated(self._wall()) if self._due(found) else found)
            except (OSError, ValueError) as error:
                raise Unavailable(Reason.IDENTITY_UNAVAILABLE, "The gateway's signing key cannot be had.") from error
            return ring.signer.material

    def published(self) -> Sequence[dict[str, Any]]:
        """Public JWKs whose tokens may still live. Raises OSError, ValueError."""
        with self._guard:
            return [key.public for key in self._read().published(self._wall())]

    def current(self) -> Ring:
        """All keys as they are now. Raises OSError, ValueError."""
        with self._guard:
            return self._read()

    def rotate(self, *, forget: bool = False) -> Ring:
        """Sign with a new key from now on. Raises OSError, ValueError."""
        with self._guard:
            return self._change(lambda found: found.rotated(self._wall(), forget=forget))

    def _due(self, ring: Ring) -> bool:
        return self._wall() >= ring.signer.made + self._period

    def _longer(self, ring: Ring) -> Ring:
        signer = replace(ring.signer, lifetime=max(ring.signer.lifetime, self._lifetime))
        return Ring((signer, *ring.keys[1:]))


class MemoryRing(Keyring):
    """Lives as long as the process, like the `memory:` state."""

    def __init__(self, lifetime: float, period: float, wall: Callable[[], float] = time.time) -> None:
        super().__init__(lifetime, period, wall)
        self._ring = Ring((RingKey.make(wall(), lifetime),))

    def _read(self) -> Ring:
        return self._ring

    def _change(self, change: Callable[[Ring], Ring]) -> Ring:
        self._ring = change(self._ring)
        return self._ring


class GivenRing(Keyring):
    """Kept elsewhere, such as in a secret store, and rotated there."""

    def __init__(self, secret: str, lifetime: float, wall: Callable[[], float] = time.time) -> None:
        """Raises ValueError."""
        super().__init__(lifetime, float("inf"), wall)
        self._ring = Ring.parse(secret.encode())

    def open(self) -> None:
        """It is as it is."""

    def _read(self) -> Ring:
        return self._ring

    def _change(self, change: Callable[[Ring], Ring]) -> Ring:
        raise ValueError("the keys are kept elsewhere, and rotated there")
