"""ID token: that the sign-in is of this client, at this issuer, now (OpenID Connect Core 1.0 §3.1.3.7)."""

from __future__ import annotations

import hmac

from vecgate.config.identity import Claims, Issuer
from vecgate.errors import LoginError, Refusal
from vecgate.identity.keys import ALGORITHMS, KeySet
from vecgate.identity.rules import Rules
from vecgate.identity.tokens import Jwt
from vecgate.login.oauth import OAuth
from vecgate.login.wire import Wire


def verify(token: object, oauth: OAuth, wire: Wire, now: float, nonce: str = "") -> None:
    """Prove an ID token with the issuer's published keys. Raises LoginError."""
    if not isinstance(token, str) or not oauth.provider.keys:
        raise LoginError(f"{oauth.provider.issuer} gave no ID token that can be checked")
    client = oauth.client.client_id
    try:
        keys = KeySet.parse(wire.fetch(oauth.provider.keys))
        jwt = Jwt.parse(token)
        key = keys.find(jwt.kid, jwt.algorithm)
        if key is None:
            raise LoginError("the issuer's ID token is signed with no key that it publishes")
        jwt.verify(key, _rules(oauth), now)
    except (Refusal, ValueError) as refusal:
        raise LoginError(f"the issuer's ID token does not hold: {refusal}") from None
    audience, party = jwt.claims.get("aud"), jwt.claims.get("azp")
    if party not in (None, client) or (isinstance(audience, list) and len(audience) > 1 and party != client):
        raise LoginError("the issuer's ID token is for another client")
    if nonce and not hmac.compare_digest(str(jwt.claims.get("nonce", "")).encode(), nonce.encode()):
        raise LoginError("the issuer's ID token is not of this sign-in")


def _rules(oauth: OAuth) -> Rules:
    """Groups in an ID token are of no account, nor is their overage: the pointer leads to what is always there."""
    algorithms = sorted(ALGORITHMS.intersection(oauth.provider.algorithms or ("RS256",)))
    if not algorithms:
        raise LoginError(f"{oauth.provider.issuer} signs ID tokens with nothing that can be checked by published keys")
    claims = Claims(groups="/sub", name="/sub")
    issuer = Issuer(issuer=oauth.provider.issuer, audience=oauth.client.client_id, algorithms=algorithms, claims=claims)
    return Rules.compile(issuer)
