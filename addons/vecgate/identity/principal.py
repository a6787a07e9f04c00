"""Principal: who is asking, proved. Equality is (issuer, subject); a name is for display only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from vecgate.identity.revocation import account_key, actor_keys, session_key, token_key


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
    session: str = field(default="", compare=False)
    """The login at the issuer that the credential came from (`sid`), if it says so."""
    account: str = field(default="", compare=False)
    """The principal as a directory names it; empty where that is the subject."""

    key: str = field(init=False, compare=False, repr=False)
    """The one text that limits, tickets and evidence are keyed by. A space cannot occur in an issuer."""

    revocable: tuple[str, ...] = field(init=False, compare=False, repr=False)
    """All keys under which it may be revoked."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", f"{self.issuer} {self.subject}")
        object.__setattr__(self, "revocable", tuple(self._keys()))

    def _keys(self) -> Iterator[str]:
        yield self.key
        yield account_key(self.issuer, self.account or self.subject)
        if self.token_id:
            yield token_key(self.issuer, self.token_id)
        if self.session:
            yield session_key(self.issuer, self.session)
        yield from actor_keys(self.issuer, self.claims)
