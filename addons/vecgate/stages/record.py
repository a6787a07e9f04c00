"""Record: exactly one outcome for every exchange, however it ended."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import ClassVar

from mitmproxy import http

from vecgate.errors import Refusal
from vecgate.exchange import Exchange
from vecgate.reasons import Reason
from vecgate.runtime import Runtime
from vecgate.serve.failures import Failure, failure_of
from vecgate.stages.context import Context
from vecgate.stages.stage import Stage


class Record(Stage):
    name: ClassVar[str] = "record"

    def response(self, flow: http.HTTPFlow) -> Awaitable[None] | None:
        exchange = self.context.exchanges.get(flow)
        return finish(self.context, exchange) if exchange is not None else None

    def error(self, flow: http.HTTPFlow) -> Awaitable[None] | None:
        """The client left, the upstream failed, or the protocol was broken."""
        exchange = self.context.exchanges.get(flow)
        if exchange is None:
            return None
        failure = failure_of(flow)
        exchange.refusal = exchange.refusal or Refusal(failure.reason if failure else Reason.CLIENT_GONE)
        return finish(self.context, exchange)


def finish(context: Context, exchange: Exchange) -> Awaitable[None] | None:
    """Give back what was reserved for a request that was never sent, then leave the outcome."""
    runtime = exchange.runtime
    if exchange.recorded or runtime is None:
        context.close(exchange)
        return None
    if exchange.charges is not None:
        if exchange.refusal is not None and not exchange.forwarded:
            runtime.limiter.release(exchange.charges)
        else:
            runtime.limiter.settle(exchange.charges, exchange.masked.points if exchange.masked else 0)
    if exchange.consumed:
        return _spend(context, runtime, exchange)
    context.close(exchange)
    return None


async def _spend(context: Context, runtime: Runtime, exchange: Exchange) -> None:
    """Say of the approval what came of it, then leave the outcome whatever happens."""
    status = exchange.upstream_status if exchange.forwarded and exchange.upstream_status else None
    try:
        await runtime.approvals.finish(exchange.ticket, status)
    finally:
        context.close(exchange)


def lost(context: Context, failure: Failure, flow: http.HTTPFlow | None) -> None:
    """The outcome of what no hook tells: a connection that broke before or outside any flow, or that crashed."""
    exchange = context.exchanges.get(flow) if flow is not None else None
    if exchange is None:
        if context.runtime is None:
            return
        listener = context.listeners.of(failure.client)
        exchange = Exchange(listener.name if listener else "", failure.peer, runtime=context.runtime)
        exchange.refusal = Refusal(failure.reason)
        context.runtime.recorder.outcome(exchange)
        return
    exchange.refusal = exchange.refusal or Refusal(failure.reason)
    if exchange.charges is not None and exchange.runtime is not None:
        exchange.runtime.limiter.settle(exchange.charges, 0)
    context.close(exchange)
