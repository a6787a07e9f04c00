"""The gateway's own issuer over HTTP.

GET  /.well-known/openid-configuration   where the rest is
GET  /jwks.json                          public keys
POST /token                              a token, for a service account's key or another token
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import parse_qsl, unquote_plus

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from vecgate.control.forms import MEDIA
from vecgate.control.problems import answer
from vecgate.control.reading import peer, plain
from vecgate.errors import Refusal
from vecgate.evidence.facts import who
from vecgate.identity.principal import Principal
from vecgate.issuer.grants import Asked, Granted, NotGranted, grant
from vecgate.issuer.issuer import Issuer
from vecgate.reasons import Reason

FORM = 64 * 1024
"""Bytes: two tokens of the largest size, and what stands around them."""
_FIELDS = 32


class Issuing(Protocol):
    """What the endpoints work on, asked for at every request."""

    @property
    def issuer(self) -> Issuer | None: ...

    async def authenticate(self, token: str, address: str) -> Principal:
        """Raises Refusal, Unavailable."""

    async def record(self, kind: str, facts: Mapping[str, Any]) -> None:
        """Return once it is durable. Raises Unavailable."""


def issuer_routes(services: Issuing) -> list[Route]:
    endpoints = _Endpoints(services)
    return [
        Route("/.well-known/openid-configuration", endpoints.discovery, methods=["GET"]),
        Route("/jwks.json", endpoints.jwks, methods=["GET"]),
        Route("/token", endpoints.token, methods=["POST"]),
    ]


class _Endpoints:
    def __init__(self, services: Issuing) -> None:
        self._services = services

    async def discovery(self, request: Request) -> Response:
        return answer(self._issuer.metadata())

    async def jwks(self, request: Request) -> Response:
        return answer(await asyncio.to_thread(self._issuer.jwks))

    async def token(self, request: Request) -> Response:
        """Once the token is on record it is given away. Errors are RFC 6749 §5.2's."""
        issuer = self._issuer
        try:
            asked = await _asked(request)
            granted = await grant(asked, issuer, self._services)
            await self._services.record("token", _facts(granted, asked))
        except NotGranted as error:
            document = {"error": error.code, "error_description": error.description, "reason": error.reason}
            return _sent(document, error.status, error.headers)
        except Refusal as refusal:
            document = {"error": "temporarily_unavailable" if refusal.status == 503 else "invalid_request"}
            document |= {"error_description": refusal.detail or refusal.reason.summary, "reason": refusal.reason}
            return _sent(document, refusal.status, refusal.headers)
        return _sent(granted.answer())

    @property
    def _issuer(self) -> Issuer:
        issuer = self._services.issuer
        if issuer is None:
            raise Refusal(Reason.NOT_FOUND, "There is no issuer of the gateway's own.")
        return issuer


async def _asked(request: Request) -> Asked:
    """Raises NotGranted, Refusal."""
    if request.url.query:
        raise NotGranted("invalid_request", "a query is refused: credentials do not belong into an address")
    body = await plain(request, MEDIA, FORM)
    try:
        fields = parse_qsl(body.decode("ascii"), strict_parsing=True, errors="strict", max_num_fields=_FIELDS)
    except ValueError:
        raise NotGranted("invalid_request", "the body is no form") from None
    form = dict(fields)
    if len(form) < len(fields):
        raise NotGranted("invalid_request", "a parameter occurs twice", reason=Reason.DUPLICATE_MEMBER)
    return Asked(form, _basic(request), peer(request))


def _basic(request: Request) -> tuple[str, str] | None:
    """The client's name and key (RFC 6749 §2.3.1), None if they are not in the header."""
    sent = request.headers.getlist("authorization")
    if not sent:
        return None
    scheme, _, encoded = sent[0].partition(" ")
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        text = ""
    name, colon, key = text.partition(":")
    if len(sent) > 1 or scheme.lower() != "basic" or not colon:
        raise NotGranted("invalid_request", "authorization is Basic, once, or left out")
    return unquote_plus(name), unquote_plus(key)


def _facts(granted: Granted, asked: Asked) -> dict[str, Any]:
    return {
        "grant": granted.grant,
        "principal": who(granted.principal),
        "token": granted.minted.token_id,
        "lifetime": granted.minted.lifetime,
        "peer": asked.address,
    }


def _sent(document: dict[str, Any], status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """The guard adds `Cache-Control: no-store`."""
    return Response(msgspec.json.encode(document), status, dict(headers or {}), "application/json")
