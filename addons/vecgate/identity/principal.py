"""Principal: who is asking, proved. Equality is (issuer, subject); a name is for display only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Principal:
    """A validated identity. `expires` is the moment in Unix seconds from which the credential is refused: a token's
    `exp` and the leeway; 0 is never. `fingerprint` names the credential in evidence without revealing it (SHA-256,
    first 16 hex digits). It is no key to revoke by: an ECDSA signature has a twin that verifies as well."""

    issuer: str
    subject: str
    name: str = field(default="", compare=False)
    groups: frozenset[str] = field(default=frozenset(), compare=False)
    client: str = field(default="", compare=False)
    claims: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)
    expires: float = field(default=0.0, compare=False)
    fingerprint: str = field(default="", compare=False)
    token_id: str = field(default="", compare=False)
    token_issuer: str = field(default="", compare=False)
    """Who signed the token where that is not `issuer`: the gateway's own issuer, for a person of another one."""
    exchanged: str = field(default="", compare=False)
    """The id of the token of `issuer` that this one was exchanged for."""
    actors: tuple[Principal, ...] = field(default=(), compare=False)
    """Who acts for the principal, the one that sent the request first (RFC 8693 §4.1). Rights are the intersection."""

    key: str = field(init=False, compare=False, repr=False)
    """The one text that limits, tickets and evidence are keyed by. A space cannot occur in an issuer."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", f"{self.issuer} {self.subject}")

    @property
    def parties(self) -> tuple[Principal, ...]:
        """The principal and everybody who acts for it: each must be allowed what is asked."""
        return (self, *self.actors)

    @property
    def chain(self) -> str:
        """The one text for the principal and its actors together; without actors it is `key`."""
        return "\n".join(party.key for party in self.parties)
