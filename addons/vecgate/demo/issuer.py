"""A small OpenID issuer for the demo and for tests: discovery, keys, client credentials for named people."""

from __future__ import annotations

import secrets
import socket
import threading
import time
from collections.abc import Mapping, Sequence
from hmac import compare_digest
from typing import Any, Literal, Self
from urllib.parse import parse_qs

import uvicorn
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

_MAX_FORM = 4096


class Issuer:
    """Issues RFC 9068 access tokens on 127.0.0.1 from a thread, inside a `with` block. Keys are made in memory.

    `people` maps a name to groups: each gets a token from `POST /token` with the name as `client_id` and
    `secrets[name]` as `client_secret`. Port 0 takes a free one.
    """

    def __init__(
        self,
        people: Mapping[str, Sequence[str]] | None = None,
        *,
        audience: str = "vecgate",
        algorithm: Literal["ES256", "RS256"] = "ES256",
        port: int = 0,
    ) -> None:
        self.people = dict(people or {})
        self.secrets = {name: secrets.token_urlsafe(24) for name in self.people}
        self.audience, self.algorithm = audience, algorithm
        self.lifetime = 900
        """Seconds that a token lives."""
        self._keys: list[ECKey | RSAKey] = []
        self.rotate()
        self._listener = socket.create_server(("127.0.0.1", port))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._server = uvicorn.Server(uvicorn.Config(self.app, log_config=None, lifespan="off", ws="none"))
        self._thread = threading.Thread(target=self._server.run, args=([self._listener],), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        while not self._server.started and self._thread.is_alive():
            time.sleep(0.01)
        return self

    def __exit__(self, *raised: object) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._listener.close()

    def rotate(self, keep: int = 1) -> str:
        """Sign with a new key from now on, and publish the newest `keep` old ones beside it. Returns the new `kid`."""
        parameters: Any = {"kid": secrets.token_hex(8), "use": "sig", "alg": self.algorithm}
        kind = ECKey if self.algorithm == "ES256" else RSAKey
        self._keys = [kind.generate_key(parameters=parameters), *self._keys[:keep]]
        return str(parameters["kid"])

    def token(self, subject: str, groups: Sequence[str] = (), **claims: Any) -> str:
        """A signed token. `claims` replace or add; None removes."""
        now = int(time.time())
        given = {
            "iss": self.url,
            "sub": subject,
            "aud": self.audience,
            "iat": now,
            "exp": now + self.lifetime,
            "jti": secrets.token_hex(16),
            "client_id": subject,
            "preferred_username": subject,
            "groups": list(groups),
        } | claims
        key = self._keys[0]
        header = {"alg": self.algorithm, "kid": str(key.kid), "typ": "at+jwt"}
        return jwt.encode(header, {name: value for name, value in given.items() if value is not None}, key)

    @property
    def app(self) -> Starlette:
        """Discovery, key set and token endpoint."""
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._discovery),
                Route("/jwks.json", self._jwks),
                Route("/token", self._token, methods=["POST"]),
            ]
        )

    async def _discovery(self, request: Request) -> JSONResponse:
        return JSONResponse(
            {
                "issuer": self.url,
                "jwks_uri": f"{self.url}/jwks.json",
                "token_endpoint": f"{self.url}/token",
                "grant_types_supported": ["client_credentials"],
                "token_endpoint_auth_methods_supported": ["client_secret_post"],
                "response_types_supported": ["none"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": [self.algorithm],
            }
        )

    async def _jwks(self, request: Request) -> JSONResponse:
        return JSONResponse({"keys": [key.as_dict(private=False) for key in self._keys]})

    async def _token(self, request: Request) -> JSONResponse:
        """RFC 6749 §4.4, with the client's credentials in the form."""
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > _MAX_FORM:
                return _answer({"error": "invalid_request"}, 413)
        form = {name: values[0] for name, values in parse_qs(body.decode("latin-1")).items() if len(values) == 1}
        if form.get("grant_type") != "client_credentials":
            return _answer({"error": "unsupported_grant_type"}, 400)
        name = form.get("client_id", "")
        secret = self.secrets.get(name)
        if secret is None or not compare_digest(secret.encode(), form.get("client_secret", "").encode()):
            return _answer({"error": "invalid_client"}, 401)
        token = self.token(name, self.people[name])
        return _answer({"access_token": token, "token_type": "Bearer", "expires_in": self.lifetime})


def _answer(document: Mapping[str, Any], status: int = 200) -> JSONResponse:
    return JSONResponse(document, status, headers={"cache-control": "no-store"})
