"""Mask: the answer is parsed, masked and rebuilt, or withheld. Nothing of the upstream's own headers comes back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import ClassVar

from mitmproxy import http

from vecgate.errors import Refusal, Unmaskable
from vecgate.exchange import Exchange
from vecgate.identity.principal import Principal
from vecgate.operations.dialect import Masked
from vecgate.operations.messages import Answer
from vecgate.reasons import Reason
from vecgate.runtime import Upstream
from vecgate.stages.stage import Stage, answering

LARGE = 256_000
NOBODY = Principal("", "")


class Mask(Stage):
    name: ClassVar[str] = "mask"
    failure: ClassVar[Reason] = Reason.UNMASKABLE_RESPONSE

    @answering
    def responseheaders(self, flow: http.HTTPFlow, exchange: Exchange) -> None:
        assert flow.response is not None
        flow.response.stream = False
        exchange.upstream_status = flow.response.data.status_code
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
        answer = Answer(received.data.status_code, fields_of(received), body)
        if answer.header("content-encoding") not in ("", "identity"):
            raise Unmaskable("The database's answer is compressed, though it was asked not to be.")
        if len(body) > LARGE:
            return self._mask_aside(flow, exchange, upstream, answer)
        self._finish(flow, exchange, upstream, mask(exchange, upstream, answer))
        return None

    async def _mask_aside(self, flow: http.HTTPFlow, exchange: Exchange, upstream: Upstream, answer: Answer) -> None:
        """Large answers leave the event loop: other requests must not wait for them."""
        self._finish(flow, exchange, upstream, await asyncio.to_thread(mask, exchange, upstream, answer))

    def _finish(self, flow: http.HTTPFlow, exchange: Exchange, upstream: Upstream, masked: Masked) -> None:
        exchange.masked = masked
        assert exchange.reading is not None
        if upstream.dialect.changes_names(exchange.reading):
            upstream.names.forget()
        self.context.answer(flow, exchange, masked.answer)


def mask(exchange: Exchange, upstream: Upstream, answer: Answer) -> Masked:
    assert exchange.reading is not None
    assert exchange.decision is not None
    return upstream.dialect.mask(exchange.reading, exchange.decision, exchange.principal or NOBODY, answer)


def fields_of(received: http.Response) -> tuple[tuple[str, str], ...]:
    return tuple(
        (name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in received.data.headers.fields
    )
