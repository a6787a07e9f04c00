"""What a listener says of itself to a client that does not know yet whose token to bring (RFC 9728)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Self

import msgspec

SEGMENTS: Final = (".well-known", "oauth-protected-resource")
_WEB = ("https://", "http://")


@dataclass(frozen=True, slots=True)
class ProtectedResource:
    """`url` is where `document` is found. Neither says more than a 401 does."""

    url: str
    document: bytes = field(repr=False)

    @classmethod
    def of(cls, origin: str, name: str, issuers: Iterable[str]) -> Self:
        """`origin` is the listener as clients name it, without a path: `resource` must equal it (RFC 9728 §3.3)."""
        metadata = {
            "resource": origin,
            "authorization_servers": [issuer for issuer in issuers if issuer.startswith(_WEB)],
            "bearer_methods_supported": ["header"],
            "resource_name": name,
        }
        kept = {key: value for key, value in metadata.items() if value}  # RFC 9728 §3.2: no empty arrays
        return cls("/".join((origin, *SEGMENTS)), msgspec.json.encode(kept))
