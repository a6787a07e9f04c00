"""An issuer in memory, for what signing in must withstand: it answers as it is told to, and keeps what it was asked."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, Self
from urllib.parse import parse_qsl

import httpx
import pytest

from tests.support.tokens import key_set, mint, rsa
from vecgate.login.client import Client
from vecgate.login.oauth import OAuth
from vecgate.login.provider import Provider
from vecgate.login.wire import Wire

URL = "https://idp.test"
TOKENS = {"access_token": "access-1", "token_type": "Bearer", "expires_in": 600, "refresh_token": "refresh-1"}
DEVICE = {
    "device_code": "the-device-code",
    "user_code": "ABCD-EFGH",
    "verification_uri": f"{URL}/device",
    "verification_uri_complete": f"{URL}/device?user_code=ABCD-EFGH",
    "expires_in": 600,
    "interval": 2,
}


def refusal(code: str, description: str = "", status: int = 400) -> httpx.Response:
    return httpx.Response(status, json={"error": code} | ({"error_description": description} if description else {}))


class Arriving(httpx.SyncByteStream):
    """Bytes that have not been read yet, as on a network."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def __iter__(self) -> Iterator[bytes]:
        yield self._data


class FakeIssuer:
    """`answers` has what each path gives: one answer for good, a list that is used up, or a function of the form."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.document: dict[str, Any] = {
            "issuer": URL,
            "token_endpoint": f"{URL}/token",
            "authorization_endpoint": f"{URL}/authorize",
            "device_authorization_endpoint": f"{URL}/device_authorization",
            "revocation_endpoint": f"{URL}/revoke",
            "jwks_uri": f"{URL}/jwks",
            "id_token_signing_alg_values_supported": ["RS256"],
        }
        self.answers: dict[str, Any] = {
            "/device_authorization": dict(DEVICE),
            "/token": dict(TOKENS),
            "/revoke": httpx.Response(200),
            "/jwks": httpx.Response(200, content=key_set(rsa()), headers={"content-type": "application/json"}),
        }

    @classmethod
    def quick(cls, monkeypatch: pytest.MonkeyPatch) -> Self:
        """Everybody talks to this one; whoever signs in at it need not wait, and gets an ID token, too."""
        made = cls()
        made.everywhere(monkeypatch)
        made.answers["/device_authorization"] |= {"interval": 0.001}
        made.answers["/token"] |= {"id_token": made.id_token()}
        return made

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        path = request.url.path
        found = self.document if path == "/.well-known/openid-configuration" else self.answers[path]
        if isinstance(found, list):
            found = found.pop(0)
        if callable(found):
            found = found(self.forms(path)[-1])
        if isinstance(found, Exception):
            raise found
        made = found if isinstance(found, httpx.Response) else httpx.Response(200, json=found)
        return httpx.Response(made.status_code, headers=made.headers, stream=Arriving(made.content))

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self)

    def wire(self) -> Wire:
        return Wire(URL, self.transport)

    def oauth(self, client: Client | None = None) -> OAuth:
        wire = self.wire()
        return OAuth(client or Client(issuer=URL, client_id="cli"), Provider.discover(wire), wire)

    def forms(self, path: str) -> list[dict[str, str]]:
        """What was posted there."""
        return [dict(parse_qsl(one.content.decode())) for one in self.requests if one.url.path == path]

    def id_token(self, key: Any = None, **changes: Any) -> str:
        now = int(time.time())
        claims = {"iss": URL, "sub": "dana", "aud": "cli", "iat": now, "exp": now + 600} | changes
        return mint({name: value for name, value in claims.items() if value is not None}, key or rsa(), "RS256")

    def everywhere(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Whoever opens a client talks to this issuer, whatever the address."""
        client = httpx.Client

        def make(**settings: Any) -> httpx.Client:
            settings.pop("transport", None)
            settings.pop("mounts", None)
            return client(transport=self.transport, **settings)

        monkeypatch.setattr(httpx, "Client", make)
