"""Context: what the stages work with: the runtime, the exchanges in flight, the ways to answer."""

from __future__ import annotations

import asyncio
import contextlib
from weakref import WeakKeyDictionary

from mitmproxy import flow as mitmflow
from mitmproxy import http

from vecgate.errors import Refusal, Unavailable
from vecgate.exchange import Exchange
from vecgate.operations.messages import Answer
from vecgate.reasons import Reason
from vecgate.refusals import render
from vecgate.runtime import Runtime, Upstream
from vecgate.serve.digest import response_digest
from vecgate.serve.listeners import Listeners


class Context:
    """Shared by the stages of one process. `runtime` is None until all is ready, and a new one after a reload."""

    def __init__(self, listeners: Listeners, runtime: Runtime | None = None) -> None:
        self.listeners = listeners
        self.runtime = runtime
        self.draining = False
        self.interactive = False
        """mitmproxy's own interfaces may show and resume flows."""
        self.exchanges: WeakKeyDictionary[mitmflow.Flow, Exchange] = WeakKeyDictionary()
        self._in_flight = 0
        self._idle = asyncio.Event()
        self._idle.set()

    def begin(self, flow: http.HTTPFlow) -> Exchange:
        """A fresh exchange for a flow that has just arrived; the listener says which connection it belongs to."""
        client = flow.client_conn
        host, port = client.peername[:2]
        listener = self.listeners.of(client)
        exchange = Exchange(listener.name if listener else "", f"{host}:{port}", runtime=self.runtime)
        self.exchanges[flow] = exchange
        self._in_flight += 1
        self._idle.clear()
        return exchange

    def close(self, exchange: Exchange) -> None:
        """Leave the exchange's one outcome. Does nothing the second time."""
        if exchange.recorded:
            return
        exchange.recorded = True
        self._in_flight -= 1
        if self._in_flight == 0:
            self._idle.set()
        if exchange.runtime is not None:
            exchange.runtime.recorder.outcome(exchange)

    async def drain(self, seconds: float) -> None:
        """Begin nothing new that waits, and give what is in flight some time to end."""
        self.draining = True
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), seconds)

    def require(self, exchange: Exchange) -> Runtime:
        """The runtime that this exchange began with. Raises Refusal when there is none."""
        if exchange.runtime is None:
            raise Unavailable(Reason.GATEWAY_FAILURE, "The gateway is not ready.")
        return exchange.runtime

    def upstream(self, exchange: Exchange) -> Upstream:
        return self.require(exchange).upstreams[exchange.connection]

    def refuse(self, flow: http.HTTPFlow, exchange: Exchange, refusal: Refusal) -> None:
        """Answer instead of forwarding, or instead of what came back. The only way to a local refusal."""
        exchange.refusal = refusal
        exchange.request_seal = None
        self.answer(flow, exchange, render(exchange.runtime, exchange, refusal))

    def answer(self, flow: http.HTTPFlow, exchange: Exchange, answer: Answer) -> None:
        """Put a rebuilt answer on the flow and seal it: only this one may leave."""
        flow.request.stream = False
        exchange.answer = answer
        flow.response = response(answer, exchange.id)
        exchange.answer_seal = response_digest(flow.response)


def response(answer: Answer, exchange: str) -> http.Response:
    """The answer as it goes to the client: nothing of the upstream's headers but what the dialect kept."""
    fields = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in answer.headers]
    fields += [
        (b"content-length", b"%d" % len(answer.body)),
        (b"cache-control", b"no-store"),
        (b"vecgate-exchange", exchange.encode()),
    ]
    made = http.Response.make(answer.status, answer.body)
    made.headers = http.Headers(fields)
    return made
