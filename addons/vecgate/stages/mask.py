"""Mask: the answer is parsed, masked and rebuilt, or withheld. Nothing of the upstream's own headers comes back."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from typing import ClassVar

from mitmproxy import http

from vecgate.errors import Refusal, Unavailable, Unmaskable
from vecgate.exchange import Exchange
from vecgate.identity.principal import Principal
from vecgate.operations import grpc
from vecgate.operations.dialect import Masked
from vecgate.operations.messages import GRPC, Answer, Pairs
from vecgate.reasons import Reason
from vecgate.runtime import Upstream
from vecgate.stages.forward import CHANGES
from vecgate.stages.resolve import forget_names
from vecgate.stages.stage import Stage, answering

log = logging.getLogger(__name__)

LARGE = 256_000
NOBODY = Principal("", "")


class Mask(Stage):
    name: ClassVar[str] = "mask"
    failure: ClassVar[Reason] = Reason.UNMASKABLE_RESPONSE

    @answering
    def responseheaders(self, flow: http.HTTPFlow, exchange: Exchange) -> None:
        assert flow.response is not None
        flow.response.stream = False
        if not exchange.forwarded:
            raise Refusal(Reason.UNSEALED)
        exchange.upstream_status = flow.response.data.status_code
        if exchange.upstream_status == 401:
            self.context.upstream(exchange).refused()
        if not 200 <= exchange.upstream_status <= 599:
            raise Unmaskable("The database answered with an interim status.")

    @answering
    def response(self, flow: http.HTTPFlow, exchange: Exchange) -> Awaitable[None] | None:
        upstream = self.context.upstream(exchange)
        received = flow.response
        assert received is not None
        if exchange.reading is None or exchange.decision is None or not exchange.forwarded:
            raise Refusal(Reason.UNSEALED)
        body = received.data.content or b""
        if len(body) > upstream.config.bounds.answer.bytes:
            raise Unmaskable("The database's answer is too large.")
        answer = Answer(received.data.status_code, fields_of(received.data.headers), body)
        if exchange.method == GRPC:
            answer = call_answer(answer, received.data.trailers, upstream.config.bounds.answer.bytes)
            if answer.header("grpc-status") == grpc.UNAUTHENTICATED:
                upstream.refused()
        elif answer.header("content-encoding") not in ("", "identity"):
            raise Unmaskable("The database's answer is compressed, though it was asked not to be.")
        if len(body) > LARGE or upstream.dialect.changes_names(exchange.reading):
            return self._mask_aside(flow, exchange, upstream, answer)
        exchange.masked = mask(exchange, upstream, answer)
        self._show(flow, exchange, exchange.masked)
        return None

    async def _mask_aside(self, flow: http.HTTPFlow, exchange: Exchange, upstream: Upstream, answer: Answer) -> None:
        """Large answers leave the event loop: other requests must not wait for them."""
        assert exchange.reading is not None
        if upstream.dialect.changes_names(exchange.reading):
            try:
                await forget_names(self.context.require(exchange), exchange.connection)
            except Unavailable as error:  # it has happened: the client is told, and others' look-ups end in seconds
                log.error("other workers may not know that names changed: %s", error)
        exchange.masked = await asyncio.to_thread(mask, exchange, upstream, answer)
        self._show(flow, exchange, exchange.masked)

    def _show(self, flow: http.HTTPFlow, exchange: Exchange, masked: Masked) -> None:
        """Answer, unless the caller was revoked while the database worked: nothing more is shown then.

        What has changed something is answered all the same: it has happened, and a client that is not told repeats it.
        A token that merely ran out meanwhile was good when it asked.
        """
        assert exchange.reading is not None
        if exchange.principal is not None and all(each.action not in CHANGES for each in exchange.reading.operations):
            exchange.masked = None
            if self.context.require(exchange).authenticator.is_revoked(exchange.principal):
                raise Refusal(Reason.TOKEN_REVOKED)
            exchange.masked = masked
        self.context.answer(flow, exchange, masked.answer)


def mask(exchange: Exchange, upstream: Upstream, answer: Answer) -> Masked:
    assert exchange.reading is not None
    assert exchange.decision is not None
    return upstream.dialect.mask(exchange.reading, exchange.decision, exchange.principal or NOBODY, answer)


def fields_of(headers: http.Headers) -> Pairs:
    return tuple((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in headers.fields)


def call_answer(answer: Answer, trailers: http.Headers | None, limit: int) -> Answer:
    """A gRPC answer with its status where `Answer` has it. Raises Unmaskable: one without a status was cut short."""
    ending = fields_of(trailers) if trailers is not None else answer.headers
    status = [(name, value) for name, value in ending if name in ("grpc-status", "grpc-message")]
    if answer.status != 200 or answer.header("content-type").lower() not in grpc.MEDIA:
        raise Refusal(Reason.UPSTREAM_PROTOCOL, "The database did not answer in gRPC.")
    if len([name for name, _ in status if name == "grpc-status"]) != 1:
        raise Unmaskable("The database's answer has no status.")
    try:
        messages = grpc.messages(answer.body, limit=limit)
    except Refusal as refusal:
        raise Unmaskable("The database's answer is not made of messages.") from refusal
    kept = tuple(pair for pair in answer.headers if not pair[0].startswith("grpc-"))
    return Answer(answer.status, (*kept, *status), messages=messages)
