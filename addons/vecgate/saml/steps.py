"""Steps: what is remembered of a login between two requests, each under a name that is used once."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from typing import Any, Final, Self

import msgspec

from vecgate.errors import Refusal
from vecgate.identity.principal import Principal
from vecgate.reasons import Reason

_REDIRECT = re.compile(r"http://(?:127\.0\.0\.1|\[::1\]):(?P<port>[1-9][0-9]{3,4})(?:/[A-Za-z0-9_-]{0,64})?")
_OPAQUE = re.compile(r"[A-Za-z0-9_~.-]{16,128}")
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
CLIENT: Final = "vecgate"
"""The `client_id` of the command line. It is no secret: the challenge is what counts."""
_NEEDED: Final = {"response_type", "client_id", "redirect_uri", "state", "code_challenge", "code_challenge_method"}
_IDLE: Final = {"scope", "nonce"}
"""What OpenID clients send, too: there is one scope, and no ID token."""


def secret() -> str:
    """256 bits that nobody guesses."""
    return secrets.token_urlsafe(32)


def digest(text: str) -> str:
    """What is kept of a secret: who reads the state store learns none."""
    return hashlib.sha256(text.encode()).hexdigest()


class Loopback(msgspec.Struct, frozen=True):
    """A program on the person's own machine that waits for a code (RFC 8252 §7.3, RFC 7636)."""

    redirect: str
    state: str
    challenge: str

    @classmethod
    def parse(cls, query: dict[str, str]) -> Self | None:
        """From the query of a login; None where a browser alone signs in. Raises Refusal for anything else."""
        if not query:
            return None
        found = _REDIRECT.fullmatch(query.get("redirect_uri", ""))
        fits = (
            query.keys() - _IDLE == _NEEDED
            and query["response_type"] == "code"
            and query["client_id"] == CLIENT
            and query["code_challenge_method"] == "S256"
            and found is not None
            and int(found["port"]) <= 65535
            and _OPAQUE.fullmatch(query["state"])
            and _CHALLENGE.fullmatch(query["code_challenge"])
        )
        if not fits:
            raise Refusal(Reason.BAD_TARGET, "A login takes no query, or the one that vecgate login makes.")
        return cls(query["redirect_uri"], query["state"], query["code_challenge"])


class Asked(msgspec.Struct, frozen=True):
    """A request that is on its way to a provider. `browser` and `relay` are digests."""

    provider: str
    browser: str
    relay: str
    loopback: Loopback | None


class Proved(msgspec.Struct, frozen=True):
    """A person that a provider vouched for. `browser` is a digest; it or the loopback's challenge must be shown."""

    provider: str
    browser: str
    loopback: Loopback | None
    issuer: str
    subject: str
    name: str
    groups: tuple[str, ...]
    client: str
    claims: dict[str, Any]
    expires: float
    session: str

    @classmethod
    def of(cls, person: Principal, provider: str, browser: str, loopback: Loopback | None) -> Self:
        return cls(
            provider=provider,
            browser=browser,
            loopback=loopback,
            issuer=person.issuer,
            subject=person.subject,
            name=person.name,
            groups=tuple(sorted(person.groups)),
            client=person.client,
            claims=dict(person.claims),
            expires=person.expires,
            session=person.session,
        )

    @property
    def person(self) -> Principal:
        return Principal(
            issuer=self.issuer,
            subject=self.subject,
            name=self.name,
            groups=frozenset(self.groups),
            client=self.client,
            claims=self.claims,
            expires=self.expires,
            session=self.session,
        )

    def shown_by(self, verifier: str) -> bool:
        """Whether the program that began this login is the one that asks (RFC 7636 §4.6)."""
        if self.loopback is None or not _VERIFIER.fullmatch(verifier):
            return False
        shown = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        return secrets.compare_digest(shown, self.loopback.challenge)
