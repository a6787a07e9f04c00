"""Identify: exactly one credential becomes a principal, before the body is read.

A token is the identity wherever one is sent; the certificate of the connection is, where none is and configuration
takes it."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import ClassVar

from mitmproxy import http

from vecgate.exchange import Exchange
from vecgate.identity.credential import extract
from vecgate.operations import target
from vecgate.runtime import Runtime
from vecgate.stages.stage import Stage, judged


class Identify(Stage):
    name: ClassVar[str] = "identify"

    @judged
    def requestheaders(self, flow: http.HTTPFlow, exchange: Exchange) -> Awaitable[None] | None:
        runtime = self.context.require(exchange)
        dialect = runtime.upstreams[exchange.connection].dialect
        assert exchange.target is not None
        fields, exchange.fields = exchange.fields, ()
        if dialect.public and (exchange.method, target.encode(exchange.target)) in dialect.public:
            exchange.public = True
            return None
        token = extract(fields, [name for name, _ in exchange.target.query], dialect.credential)
        if token is None:
            exchange.principal = runtime.authenticator.certified(exchange.certificate, exchange.connection)
            return None
        exchange.principal = runtime.authenticator.cached(token, exchange.connection, exchange.certificate)
        return None if exchange.principal else prove(runtime, exchange, token)


async def prove(runtime: Runtime, exchange: Exchange, token: str) -> None:
    exchange.principal = await runtime.authenticator.authenticate(
        token, connection=exchange.connection, address=exchange.peer, certificate=exchange.certificate
    )
