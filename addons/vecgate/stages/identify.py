"""Identify: exactly one credential becomes a principal, before the body is read.

A token is the identity wherever one is sent; the certificate of the connection is, where none is and configuration
takes it."""

from __future__ import annotations

from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from typing import ClassVar

from mitmproxy import http

from vecgate.errors import Refusal
from vecgate.exchange import Exchange
from vecgate.identity.credential import extract
from vecgate.identity.principal import Rejected
from vecgate.identity.resource import SEGMENTS, ProtectedResource
from vecgate.operations import target
from vecgate.operations.messages import Answer
from vecgate.reasons import Reason
from vecgate.runtime import Runtime
from vecgate.stages.stage import Stage, judged


class Identify(Stage):
    name: ClassVar[str] = "identify"

    @judged
    def requestheaders(self, flow: http.HTTPFlow, exchange: Exchange) -> Awaitable[None] | None:
        runtime = self.context.require(exchange)
        upstream = runtime.upstreams[exchange.connection]
        dialect = upstream.dialect
        assert exchange.target is not None
        fields, exchange.fields = exchange.fields, ()
        if upstream.resource is not None and (exchange.target.segments, exchange.target.query) == (SEGMENTS, ()):
            self._describe(flow, exchange, upstream.resource)
            return None
        if dialect.public and (exchange.method, target.encode(exchange.target)) in dialect.public:
            exchange.public = True
            return None
        token = extract(fields, [name for name, _ in exchange.target.query], dialect.credential)
        if token is None:
            with known(exchange):
                exchange.principal = runtime.authenticator.certified(exchange.certificate, exchange.connection)
            return None
        exchange.principal = runtime.authenticator.cached(token, exchange.connection, exchange.certificate)
        return None if exchange.principal else prove(runtime, exchange, token)

    def _describe(self, flow: http.HTTPFlow, exchange: Exchange, resource: ProtectedResource) -> None:
        """The one route that is the gateway's own on a listener: whose tokens it takes (RFC 9728)."""
        if exchange.method != "GET":
            raise Refusal(Reason.METHOD_NOT_ALLOWED, headers={"allow": "GET"})
        exchange.public = True
        self.context.answer(flow, exchange, Answer(200, (("content-type", "application/json"),), resource.document))


async def prove(runtime: Runtime, exchange: Exchange, token: str) -> None:
    with known(exchange):
        exchange.principal = await runtime.authenticator.authenticate(
            token, connection=exchange.connection, address=exchange.peer, certificate=exchange.certificate
        )


@contextmanager
def known(exchange: Exchange) -> Iterator[None]:
    """Who was rejected is on record."""
    try:
        yield
    except Rejected as rejected:
        exchange.principal = rejected.principal
        raise
