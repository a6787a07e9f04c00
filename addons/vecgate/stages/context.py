"""Context: what the stages work with: the runtime, the exchanges in flight, the ways to answer and to end."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import replace
from weakref import WeakKeyDictionary, finalize

from mitmproxy import flow as mitmflow
from mitmproxy import http
from mitmproxy.net.http.status_codes import RESPONSES

from vecgate.errors import Refusal, Unavailable
from vecgate.exchange import Exchange
from vecgate.operations import grpc
from vecgate.operations.messages import Answer
from vecgate.reasons import Reason
from vecgate.refusals import render
from vecgate.runtime import Runtime, Upstream
from vecgate.serve.image import response_image
from vecgate.serve.listeners import Listeners
from vecgate.serve.peers import certificate_of

DRAIN = 2.5
"""Seconds that requests in flight get when the gateway stops; the whole stop takes less than five."""


class Context:
    """Shared by the stages of one process. `runtime` is None until all is ready, and a new one after a reload."""

    def __init__(self, listeners: Listeners, runtime: Runtime | None = None) -> None:
        self.listeners = listeners
        self.runtime = runtime
        self.draining = False
        """Nothing new begins, and nothing waits for a reviewer any longer."""
        self.interactive = False
        """mitmproxy's own interfaces may show and resume flows."""
        self.exchanges: WeakKeyDictionary[mitmflow.Flow, Exchange] = WeakKeyDictionary()
        self._open: dict[str, Exchange] = {}
        self._idle = asyncio.Event()
        self._idle.set()

    def begin(self, flow: http.HTTPFlow) -> Exchange:
        """A fresh exchange for a flow that has just arrived; the listener says which connection it belongs to."""
        if (before := self.exchanges.get(flow)) is not None:
            self.abandon(before)
        client = flow.client_conn
        host, port = client.peername[:2]
        listener = self.listeners.of(client)
        exchange = Exchange(
            listener.name if listener else "",
            f"{host}:{port}",
            certificate=certificate_of(client, listener),
            runtime=self.runtime,
        )
        self.exchanges[flow] = exchange
        self._open[exchange.id] = exchange
        self._idle.clear()
        finalize(flow, self._gone, asyncio.get_running_loop(), exchange).atexit = False
        return exchange

    def close(self, exchange: Exchange) -> None:
        """Give back what was reserved and not used, and leave the exchange's one outcome. Nothing the second time."""
        if self._open.pop(exchange.id, None) is None:
            return
        if not self._open:
            self._idle.set()
        runtime = exchange.runtime
        if runtime is not None:
            try:
                settle(runtime, exchange)
            finally:
                runtime.recorder.outcome(exchange)
        exchange.recorded = True

    def abandon(self, exchange: Exchange, reason: Reason = Reason.INTERRUPTED) -> None:
        """Close what no hook will close any more, wherever it has come. Nothing of it leaves."""
        if exchange.id in self._open:
            exchange.refusal = exchange.refusal or Refusal(reason)
            exchange.request_seal = exchange.answer_seal = None
            self.close(exchange)

    def _gone(self, loop: asyncio.AbstractEventLoop, exchange: Exchange) -> None:
        """The flow is no more. If the hook that should have told its end failed, this is where it is recorded."""
        if exchange.id in self._open and not loop.is_closed():
            loop.call_soon_threadsafe(self.abandon, exchange)

    async def drain(self, seconds: float = DRAIN) -> None:
        """Begin nothing new, and give what is in flight some time to end. What does not is recorded as interrupted."""
        self.draining = True
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), seconds)
        for exchange in list(self._open.values()):
            self.abandon(exchange)

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
        """Put a rebuilt answer on the flow and seal it: only this one may leave.

        Once the outcome is recorded there is no other answer: it stays unsealed, and is withheld.
        """
        flow.request.stream = False
        if exchange.charges is not None and exchange.refusal is None:
            answer = replace(answer, headers=(*answer.headers, *exchange.charges.headers.items()))
        exchange.answer = answer
        flow.response = response(answer, exchange.id)
        exchange.answer_seal = None if exchange.recorded else response_image(flow.response)


def settle(runtime: Runtime, exchange: Exchange) -> None:
    """Charge what was used, give back the rest. A request that was never sent costs nothing."""
    if exchange.charges is None:
        return
    if exchange.refusal is not None and not exchange.forwarded:
        runtime.limiter.release(exchange.charges)
    else:
        runtime.limiter.settle(exchange.charges, exchange.masked.points if exchange.masked else 0)


def response(answer: Answer, exchange: str) -> http.Response:
    """The answer as it goes to the client: nothing of the upstream's headers but what the dialect kept."""
    if answer.messages is not None:
        return call_response(answer, answer.messages, exchange)
    fields = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in answer.headers]
    fields += [
        (b"content-length", b"%d" % len(answer.body)),
        (b"cache-control", b"no-store"),
        (b"vecgate-exchange", exchange.encode()),
    ]
    phrase = RESPONSES.get(answer.status, "").encode("ascii")
    now = time.time()
    return http.Response(b"HTTP/1.1", answer.status, phrase, http.Headers(fields), answer.body, None, now, now)


def call_response(answer: Answer, messages: tuple[bytes, ...], exchange: str) -> http.Response:
    """A gRPC answer: its status in trailers behind its messages, or among the headers of one that failed."""
    fields = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in answer.headers]
    trailers = None
    if answer.header("grpc-status") == grpc.OK:
        trailers = http.Headers([each for each in fields if each[0].startswith(b"grpc-")])
        fields = [each for each in fields if not each[0].startswith(b"grpc-")]
    fields.append((b"vecgate-exchange", exchange.encode()))
    now = time.time()
    content = grpc.framed(messages)
    return http.Response(b"HTTP/2.0", 200, b"", http.Headers(fields), content, trailers, now, now)
