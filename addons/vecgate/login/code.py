"""Code: signing in with a browser on this machine (RFC 8252), by an authorization code with PKCE, state and nonce."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping

from vecgate.errors import LoginError, LoginRefused
from vecgate.login.loopback import Loopback
from vecgate.login.oauth import Answer, OAuth, random_text

SECONDS = 300.0
"""How long the browser may take."""


def sign_in(oauth: OAuth, show: Callable[[str], None], seconds: float | None = None) -> tuple[Answer, str]:
    """The tokens and the nonce that an ID token among them must have.

    `show` gets the address that the browser is to open. Raises LoginError; LoginRefused if the person, or the issuer,
    said no.
    """
    if not oauth.provider.authorization:
        raise LoginError(f"{oauth.provider.issuer} lets nobody sign in with a browser")
    verifier, state, nonce = random_text(), random_text(), random_text()

    def ours(query: Mapping[str, str]) -> bool:
        return hmac.compare_digest(query.get("state", "").encode(), state.encode())

    with Loopback(oauth.client.redirect, ours) as loopback:
        show(oauth.authorization_url(verifier=verifier, redirect=loopback.url, state=state, nonce=nonce))
        answer = loopback.wait(SECONDS if seconds is None else seconds)
        code = _code(oauth, answer)
        return oauth.token("authorization_code", code=code, code_verifier=verifier, redirect_uri=loopback.url), nonce


def _code(oauth: OAuth, answer: Mapping[str, str] | None) -> str:
    if answer is None:
        raise LoginRefused("nobody signed in in time: vecgate login", "expired_token")
    if answer.get("iss", oauth.provider.issuer) != oauth.provider.issuer or (
        oauth.provider.names_itself and "iss" not in answer
    ):
        raise LoginError("the answer came from another issuer: nothing was sent to it")
    if "error" in answer:
        code = answer["error"][:100]
        raise LoginRefused(f"{code}: {answer.get('error_description', 'the issuer refuses')[:500]}", code)
    if not answer.get("code"):
        raise LoginError("the answer has no code")
    return answer["code"]
