"""OAuth: the requests of a client to its issuer, made by Authlib and sent over the wire."""

from __future__ import annotations

import secrets
from typing import Any

from authlib.oauth2.client import OAuth2Client
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from vecgate.errors import LoginError
from vecgate.login.client import Client
from vecgate.login.provider import Provider
from vecgate.login.wire import Wire

type Answer = dict[str, Any]


class OAuth:
    """One client at one provider. Every method raises LoginError; LoginRefused where the issuer says no."""

    def __init__(self, client: Client, provider: Provider, wire: Wire) -> None:
        self.client, self.provider, self._wire = client, provider, wire
        method = provider.method(client)
        self._client = OAuth2Client(
            wire,
            client_id=client.client_id,
            client_secret=client.secret or None,
            token_endpoint_auth_method=method,
            revocation_endpoint_auth_method=method,
            code_challenge_method="S256",
        )

    def shown(self, address: object, what: str) -> str:
        """An address of the issuer's that the person is to open. Raises LoginError."""
        return self._wire.permitted(address, what)

    def authorization_url(self, *, verifier: str, redirect: str, state: str, nonce: str) -> str:
        """Where the browser is sent (RFC 6749 §4.1.1, RFC 7636)."""
        url, _ = self._client.create_authorization_url(
            self.provider.authorization,
            state=state,
            code_verifier=verifier,
            redirect_uri=redirect,
            scope=self.provider.scope(self.client),
            nonce=nonce,
            **self.client.question,
        )
        return str(url)

    def authorize_device(self, verifier: str) -> Answer:
        """Begin a device authorization (RFC 8628 §3.1); issuers that know PKCE bind the code to the verifier."""
        form = {
            "scope": self.provider.scope(self.client),
            "code_challenge": create_s256_code_challenge(verifier),
            "code_challenge_method": "S256",
            **({"client_id": self.client.client_id} if self.client.secret else {}),
            **self.client.question,
        }
        method = self._client.client_auth(self._client.token_endpoint_auth_method)
        return _object(self._wire.post(self.provider.device, form, {}, method).json, self.provider.device)

    def token(self, grant: str, **parameters: str) -> Answer:
        """Exchange a code for tokens."""
        url = self.provider.token
        more = {**parameters, **self.client.target}
        return _object(lambda: self._client.fetch_token(url, grant_type=grant, **more), url)

    def refresh(self, token: str) -> Answer:
        """New tokens for a refresh token, which some issuers thereby replace (RFC 6749 §6)."""
        url = self.provider.token
        return _object(lambda: self._client.refresh_token(url, refresh_token=token, **self.client.target), url)

    def revoke(self, token: str, kind: str) -> None:
        """End a token at the issuer (RFC 7009); a refresh token ends what was granted with it."""
        self._client.revoke_token(self.provider.revocation, token=token, token_type_hint=kind)


def random_text() -> str:
    """256 bits, as a verifier, a state or a nonce."""
    return secrets.token_urlsafe(32)


def _object(ask: Any, url: str) -> Answer:
    """What a call gave, as the JSON object that it must be."""
    try:
        answer = ask()
    except (ValueError, TypeError):
        raise LoginError(f"{url}: the answer is not what OAuth says it is") from None
    if not isinstance(answer, dict):
        raise LoginError(f"{url}: the answer is not what OAuth says it is")
    return dict(answer)
