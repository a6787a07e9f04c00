"""Reference: which key of which secret, `vault:MOUNT/data/PATH#KEY`: the path as Vault's policies and API write it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Self

from vecgate.errors import SecretError

SCHEME: Final = "vault:"
_FORM: Final = re.compile(r"((?:[A-Za-z0-9_-][A-Za-z0-9_.-]*/)+data(?:/[A-Za-z0-9_-][A-Za-z0-9_.-]*)+)#([^#\s]{1,256})")
"""No segment begins with a dot: none is `..`."""


@dataclass(frozen=True, slots=True)
class Reference:
    path: str
    key: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises SecretError."""
        found = _FORM.fullmatch(text.removeprefix(SCHEME))
        if found is None:
            raise SecretError("is written vault:MOUNT/data/PATH#KEY, such as vault:secret/data/qdrant#api_key (KV v2)")
        return cls(found[1], found[2])
