"""Entra: groups of people with too many for a token, asked of Microsoft Graph with the gateway's own credential.

    version: 1
    tenant: 5c1e…            # the directory (tenant) id
    client: 9f27…            # the application (client) id
    secret: env:ENTRA_SECRET

The application needs the application permissions `User.Read.All` and `GroupMember.Read.All`, or `Directory.Read.All`.
Groups are object ids, as in tokens, nested ones included (`getMemberObjects`, security groups only).
"""

from __future__ import annotations

import math
import re
import threading
import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import httpx
from pydantic import Field

from vecgate.config.model import Model, Text
from vecgate.errors import ConfigError, Finding
from vecgate.identity.claims import parse_object
from vecgate.identity.directory import Directory, DirectoryError
from vecgate.identity.principal import Principal
from vecgate.identity.rules import key_url
from vecgate.secrets.resolve import resolve
from vecgate_directories.settings import settings

MAX_BYTES = 4 * 1024 * 1024
SECONDS = 10.0
"""How long one request may take; `timeout` in configuration bounds the whole question, from outside."""
_ID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

type Id = Annotated[str, Field(pattern=rf"^{_ID.pattern}$")]


class Registration(Model):
    """The file: the application that the gateway is in the tenant."""

    version: Literal[1]
    tenant: Id
    client: Id
    secret: Text
    """A reference: `env:NAME` or `file:PATH`."""
    login: str = "https://login.microsoftonline.com"
    graph: str = "https://graph.microsoft.com"
    allow_http: bool = False
    """Plain http to loopback addresses. For development only."""


class Entra(Directory):
    """`transport` is for tests; `clock` is monotonic."""

    def __init__(
        self,
        registration: Registration,
        secret: str,
        transport: httpx.BaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._registration, self._secret, self._clock = registration, secret, clock
        self._turn = threading.Lock()
        self._bearer, self._ends = "", -math.inf
        self._client = httpx.Client(
            transport=transport,
            timeout=SECONDS,
            follow_redirects=False,
            headers={"accept": "application/json", "accept-encoding": "identity", "user-agent": "vecgate"},
        )

    @classmethod
    def read(cls, path: Path) -> Self:
        """Raises ConfigError."""
        registration = settings(path, Registration)
        for key in ("login", "graph"):
            try:
                key_url(getattr(registration, key), registration.allow_http)
            except ValueError as error:
                raise ConfigError(Finding(str(path), 0, 0, key, str(error))) from error
        return cls(registration, resolve(registration.secret, path.absolute().parent, key="secret"))

    def groups(self, principal: Principal) -> Collection[str] | None:
        """None for people of another tenant, and for whom Entra ID no longer knows."""
        person, tenant = principal.claims.get("oid"), principal.claims.get("tid")
        if tenant != self._registration.tenant or not isinstance(person, str) or not _ID.fullmatch(person):
            return None
        url = f"{self._registration.graph}/v1.0/users/{person}/getMemberObjects"
        bearer = {"authorization": f"Bearer {self._credential()}"}
        status, body = self._post(url, headers=bearer, json={"securityEnabledOnly": True})
        if status == 404:
            return None
        if status != 200:
            raise DirectoryError(f"Microsoft Graph answered {status}")
        return _members(body)

    def close(self) -> None:
        self._client.close()

    def _credential(self) -> str:
        """An access token for Graph, by client credentials (RFC 6749 §4.4), kept until a minute before its end."""
        with self._turn:
            if self._clock() >= self._ends:
                begun, given = self._clock(), self._registration
                form = {
                    "grant_type": "client_credentials",
                    "client_id": given.client,
                    "client_secret": self._secret,
                    "scope": f"{given.graph}/.default",
                }
                status, body = self._post(f"{given.login}/{given.tenant}/oauth2/v2.0/token", data=form)
                if status != 200:
                    raise DirectoryError(f"Entra ID refused the gateway's own credential: {status}")
                said = _object(body)
                bearer, lifetime = said.get("access_token"), said.get("expires_in")
                if not isinstance(bearer, str) or not bearer or not isinstance(lifetime, int):
                    raise DirectoryError("Entra ID's answer holds no access token")
                self._bearer, self._ends = bearer, begun + lifetime - 60
            return self._bearer

    def _post(self, url: str, **content: Any) -> tuple[int, bytes]:
        body = bytearray()
        try:
            with self._client.stream("POST", url, **content) as response:
                for chunk in response.iter_raw():
                    body += chunk
                    if len(body) > MAX_BYTES:
                        raise DirectoryError(f"{url} answered more than {MAX_BYTES} bytes")
        except httpx.HTTPError as error:  # whose text may quote what was sent
            raise DirectoryError(f"{url} could not be asked: {type(error).__name__}") from None
        return response.status_code, bytes(body)


def _members(body: bytes) -> list[str]:
    """All of them, or nothing: a page of groups would be fewer groups than there are."""
    document = _object(body)
    members = document.get("value")
    if not isinstance(members, list) or "@odata.nextLink" in document:
        raise DirectoryError("Microsoft Graph's answer has no complete list of groups")
    if not all(isinstance(member, str) and _ID.fullmatch(member) for member in members):
        raise DirectoryError("Microsoft Graph's answer has something that is no group's id")
    return members


def _object(body: bytes) -> dict[str, Any]:
    try:
        return parse_object(body)
    except ValueError:  # whose text may quote what was read
        raise DirectoryError("an answer of Microsoft's is no JSON object") from None
