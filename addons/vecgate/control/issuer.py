"""The gateway's own issuer over HTTP.

GET  /.well-known/openid-configuration   where the rest is
GET  /jwks.json                          public keys
"""

from __future__ import annotations

import asyncio
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from vecgate.control.problems import answer
from vecgate.errors import Refusal
from vecgate.issuer.issuer import Issuer
from vecgate.reasons import Reason


class Issuing(Protocol):
    """What the endpoints work on, asked for at every request."""

    @property
    def issuer(self) -> Issuer | None: ...


def issuer_routes(services: Issuing) -> list[Route]:
    endpoints = _Endpoints(services)
    return [
        Route("/.well-known/openid-configuration", endpoints.discovery, methods=["GET"]),
        Route("/jwks.json", endpoints.jwks, methods=["GET"]),
    ]


class _Endpoints:
    def __init__(self, services: Issuing) -> None:
        self._services = services

    async def discovery(self, request: Request) -> Response:
        return answer(self._issuer.metadata())

    async def jwks(self, request: Request) -> Response:
        return answer(await asyncio.to_thread(self._issuer.jwks))

    @property
    def _issuer(self) -> Issuer:
        issuer = self._services.issuer
        if issuer is None:
            raise Refusal(Reason.NOT_FOUND, "There is no issuer of the gateway's own.")
        return issuer
