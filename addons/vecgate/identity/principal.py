"""Principal: who is asking, proved. Equality is (issuer, subject); a name is for display only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from vecgate.errors import Refusal
from vecgate.identity.revocation import account_key, session_key, subject_key, token_key
from vecgate.reasons import Reason


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
    exchanged: tuple[tuple[str, str], ...] = field(default=(), compare=False)
    """The tokens that this one rests on, as issuer and id: those it was exchanged for, and so on back to the first."""
    actors: tuple[Principal, ...] = field(default=(), compare=False)
    """Who acts for the principal, the one that sent the request first (RFC 8693 §4.1). Rights are the intersection."""
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

    @property
    def token(self) -> tuple[str, str]:
        """The token that it came with, as issuer and id; the id may be empty."""
        return self.token_issuer or self.issuer, self.token_id

    @property
    def parties(self) -> tuple[Principal, ...]:
        """The principal and everybody who acts for it: each must be allowed what is asked."""
        return (self, *self.actors)

    @property
    def chain(self) -> str:
        """The one text for the principal and its actors together; without actors it is `key`."""
        return "\n".join(party.key for party in self.parties)

    def _keys(self) -> Iterator[str]:
        yield subject_key(self.issuer, self.subject)
        yield account_key(self.issuer, self.account or self.subject)
        if self.token_id:
            yield token_key(*self.token)
        for issuer, token_id in self.exchanged:
            yield token_key(issuer, token_id)
        if self.session:
            yield session_key(self.issuer, self.session)


class Rejected(Refusal):
    """A credential that was proved and is refused all the same: `principal` is whom it speaks of, for evidence."""

    def __init__(self, reason: Reason, principal: Principal, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.principal = principal
