"""Record: exactly one outcome for every exchange, however it ended. An answer leaves only once its outcome is left."""

from __future__ import annotations

import logging
from collections.abc import Awaitable
from typing import ClassVar

from mitmproxy import http

from vecgate.errors import Refusal
from vecgate.exchange import Exchange
from vecgate.reasons import Reason
from vecgate.refusals import render
from vecgate.runtime import Runtime
from vecgate.serve.failures import Failure, failure_of
from vecgate.stages.context import Context
from vecgate.stages.resolve import forget_names
from vecgate.stages.stage import Stage

log = logging.getLogger(__name__)

UNANSWERED = frozenset({Reason.CLIENT_GONE, Reason.INTERRUPTED})
"""Nobody is there to be told, or nobody can be."""


class Record(Stage):
    name: ClassVar[str] = "record"

    def response(self, flow: http.HTTPFlow) -> Awaitable[None] | None:
        exchange = self.context.exchanges.get(flow)
        if exchange is None:
            return None
        if exchange.answer_seal is None:  # the wire will withhold it
            reason = Reason.UNMASKABLE_RESPONSE if exchange.forwarded else Reason.UNSEALED
            exchange.refusal = exchange.refusal or Refusal(reason)
        return finish(self.context, exchange)

    def error(self, flow: http.HTTPFlow) -> Awaitable[None] | None:
        """The client left, the upstream failed, or the protocol was broken."""
        exchange = self.context.exchanges.get(flow)
        if exchange is None or exchange.recorded:
            return None
        failure = failure_of(flow)
        exchange.refusal = exchange.refusal or Refusal(failure.reason if failure else Reason.CLIENT_GONE)
        if exchange.refusal.reason not in UNANSWERED:
            exchange.answer = render(exchange.runtime, exchange, exchange.refusal)
        if exchange.forwarded and exchange.runtime is not None and not exchange.recorded:
            return self._unsure(exchange, exchange.runtime)
        return finish(self.context, exchange)

    async def _unsure(self, exchange: Exchange, runtime: Runtime) -> None:
        """The database was asked and nobody heard its answer: what it may have renamed is nobody's to remember."""
        upstream = runtime.upstreams[exchange.connection]
        try:
            if exchange.reading is not None and upstream.dialect.changes_names(exchange.reading):
                await forget_names(runtime, exchange.connection)
        except Refusal as refusal:
            log.error("other workers may not know that names changed: %s", refusal)
        finally:
            if (finished := finish(self.context, exchange)) is not None:
                await finished


def finish(context: Context, exchange: Exchange) -> Awaitable[None] | None:
    """Leave the outcome, here and now unless an approval was used up."""
    if exchange.consumed and exchange.runtime is not None and not exchange.recorded:
        return _spend(context, exchange.runtime, exchange)
    context.close(exchange)
    return None


async def _spend(context: Context, runtime: Runtime, exchange: Exchange) -> None:
    """Say of the approval what came of it, then leave the outcome whatever happens.

    A store that cannot be told leaves the ticket released, which is never run again: no reason to keep the answer back.
    """
    status = exchange.upstream_status if exchange.forwarded and exchange.upstream_status else None
    try:
        await runtime.approvals.finish(exchange.ticket, status)
    except Refusal as refusal:
        log.error("ticket %s stays released: %s", exchange.ticket, refusal)
    finally:
        context.close(exchange)


def lost(context: Context, failure: Failure, flow: http.HTTPFlow | None) -> None:
    """The outcome of what no hook tells: a connection that broke before or outside any flow, or that crashed."""
    exchange = context.exchanges.get(flow) if flow is not None else None
    if exchange is not None:
        exchange.refusal = exchange.refusal or Refusal(failure.reason)
        context.close(exchange)
    elif context.runtime is not None:
        listener = context.listeners.of(failure.client)
        name = listener.name if listener else ""
        exchange = Exchange(name, failure.peer, id=failure.exchange, runtime=context.runtime)
        exchange.refusal = Refusal(failure.reason)
        context.runtime.recorder.outcome(exchange)
