"""Issuer: signs the gateway's own tokens (RFC 9068), and says where its keys are (OpenID Connect Discovery 1.0)."""

from __future__ import annotations

import math
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from joserfc import jwt

from vecgate.config.identity import OwnIssuer
from vecgate.errors import Refusal, Unavailable
from vecgate.identity.credential import MAX_TOKEN
from vecgate.identity.principal import Principal
from vecgate.identity.tokens import EXCHANGED, LEEWAY, ORIGIN
from vecgate.issuer.keyring import ALGORITHM, Keyring
from vecgate.reasons import Reason

CLIENT_CREDENTIALS: Final = "client_credentials"
TOKEN_EXCHANGE: Final = "urn:ietf:params:oauth:grant-type:token-exchange"  # noqa: S105 - a grant's name
_OF_THE_TOKEN = frozenset({"exp", "nbf", "iat", "cnf", "act"})
"""Claims that speak of a token, not of whom it is for."""


@dataclass(frozen=True, slots=True)
class Minted:
    """A signed token. `lifetime` is in seconds."""

    token: str = field(repr=False)
    token_id: str
    lifetime: int


class Issuer:
    """One of a configuration. Blocks where the keyring does, a signature takes some 50 µs."""

    def __init__(self, own: OwnIssuer, ring: Keyring, wall: Callable[[], float] = time.time) -> None:
        self.own, self.ring, self._wall = own, ring, wall

    def mint(self, principal: Principal, *, client: str = "", lifetime: float = math.inf) -> Minted:
        """A token that the data path reads back as this principal: its issuer, groups, client, claims and actors.

        It lives no longer than `lifetime` (seconds), configuration and the principal's own credential allow. `client`
        asked for it. The principal's issuer must be one of `Identity.known`, or the token will be refused.

        Raises Refusal: `token_expired` if there is no time left, `token_invalid` if it would be too large to be sent;
        Unavailable without a key.
        """
        now = int(self._wall())
        ends = min(now + min(lifetime, self.own.lifetime.seconds), (principal.expires or math.inf) - LEEWAY)
        if int(ends) <= now:
            raise Refusal(Reason.TOKEN_EXPIRED, "the credential is about to expire")
        token_id = secrets.token_urlsafe(16)
        claims = {
            "iss": self.own.issuer,
            "sub": principal.subject,
            "aud": self.own.audience,
            "iat": now,
            "exp": int(ends),
            "jti": token_id,
            "client_id": client or principal.client or principal.subject,
            **_shown(principal),
        }
        if principal.issuer != self.own.issuer:
            claims[ORIGIN] = {"iss": principal.issuer, **self._origin(principal)}
        if tokens := _tokens(principal):
            claims[EXCHANGED] = tokens
        act: dict[str, Any] | None = None
        for actor in reversed(principal.actors):
            act = self._act(actor) | ({"act": act} if act else {})
        key = self.ring.signer()
        token = jwt.encode(
            {"alg": ALGORITHM, "typ": "at+jwt", "kid": key.kid}, claims | ({"act": act} if act else {}), key
        )
        if len(token) > MAX_TOKEN:
            raise Refusal(Reason.TOKEN_INVALID, "the token would be too large")
        return Minted(token, token_id, int(ends) - now)

    def metadata(self) -> dict[str, Any]:
        """The discovery document."""
        base = self.own.issuer.removesuffix("/")
        return {
            "issuer": self.own.issuer,
            "jwks_uri": f"{base}/jwks.json",
            "token_endpoint": f"{base}/token",
            "grant_types_supported": [CLIENT_CREDENTIALS, TOKEN_EXCHANGE],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "response_types_supported": ["none"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [ALGORITHM],
        }

    def jwks(self) -> dict[str, Any]:
        """The public keys whose tokens may still live. Raises Unavailable."""
        try:
            return {"keys": list(self.ring.published())}
        except (OSError, ValueError) as error:
            raise Unavailable(Reason.IDENTITY_UNAVAILABLE) from error

    def _act(self, actor: Principal) -> dict[str, Any]:
        """An entry of the actor chain (RFC 8693 §4.1); of an account configuration says the rest."""
        entry = {"iss": actor.issuer, "sub": actor.subject, **_shown(actor)}
        return entry if actor.issuer == self.own.issuer else entry | self._origin(actor)

    def _origin(self, party: Principal) -> dict[str, Any]:
        """What conditions may ask about a party, as its own token said it, and the names by which it can be revoked."""
        claims = {name: value for name, value in party.claims.items() if name not in _OF_THE_TOKEN}
        names = {"sid": party.session, "account": party.account}
        return {"client_id": party.client, "claims": claims} | {name: text for name, text in names.items() if text}


def _tokens(principal: Principal) -> list[tuple[str, str]]:
    """All that a token for this principal rests on, its actors' included: whichever is revoked ends it."""
    found = [token for party in principal.parties for token in (party.token, *party.exchanged)]
    return [(issuer, token_id) for issuer, token_id in dict.fromkeys(found) if token_id]


def _shown(party: Principal) -> dict[str, Any]:
    name = {"preferred_username": party.name} if party.name else {}
    return {"groups": sorted(party.groups), **name}
