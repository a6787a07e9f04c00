"""The wiring between mitmproxy's seam and the pipeline, the same in every front end."""

from __future__ import annotations

from mitmproxy import http

from vecgate.errors import Refusal
from vecgate.exchange import Exchange
from vecgate.operations.messages import Answer
from vecgate.reasons import Reason
from vecgate.refusals import render
from vecgate.serve.dispatch import Refuse
from vecgate.serve.failures import Failure
from vecgate.serve.install import install
from vecgate.serve.wiring import Wiring
from vecgate.stages.context import Context
from vecgate.stages.gate import WireGate
from vecgate.stages.record import lost

UNPROVED_BODY = 64 * 1024
"""Bytes of body read from a client that is refused already."""


def wire(context: Context) -> None:
    """Install the seal, the limits and the gateway's own errors, for this context."""

    def rendered(failure: Failure, flow: http.HTTPFlow | None) -> Answer:
        exchange = context.exchanges.get(flow) if flow is not None else None
        if exchange is None:
            listener = context.listeners.of(failure.client)
            name = listener.name if listener else ""
            exchange = Exchange(name, failure.peer, id=failure.exchange, runtime=context.runtime)
        if exchange.refusal is None or exchange.answer is None:
            exchange.refusal = exchange.refusal or Refusal(failure.reason)
            exchange.answer = render(exchange.runtime, exchange, exchange.refusal)
        context.abandon(exchange, failure.reason)  # if the `error` hook has not left its outcome
        return exchange.answer

    def body_limit(flow: http.HTTPFlow) -> int:
        exchange = context.exchanges.get(flow)
        if exchange is None:
            return context.listeners.bounds(flow.client_conn).body
        return UNPROVED_BODY if exchange.answer else context.listeners.bounds(flow.client_conn).body

    install(
        Wiring(
            gate=WireGate(context),
            render=rendered,
            report=lambda failure, flow: lost(context, failure, flow),
            listeners=context.listeners,
            body_limit=body_limit,
        )
    )


def refuse_hook(context: Context) -> Refuse:
    """What the dispatch does with a flow whose hook failed, whoever's hook it was."""

    def refuse(flow: http.HTTPFlow, hook: str) -> None:
        exchange = context.exchanges.get(flow) or context.begin(flow)
        answering = hook in ("responseheaders", "response")
        context.refuse(flow, exchange, Refusal(Reason.UNMASKABLE_RESPONSE if answering else Reason.GATEWAY_FAILURE))

    return refuse
