"""Forward: the upstream request is built from the judged document and sealed. Client bytes end here."""

from __future__ import annotations

import time
from collections.abc import Awaitable
from functools import lru_cache
from typing import ClassVar

from mitmproxy import http

from vecgate.errors import Refusal
from vecgate.exchange import Exchange
from vecgate.operations import grpc
from vecgate.operations.dialect import Reading
from vecgate.operations.messages import GRPC, Outgoing, Pairs
from vecgate.operations.model import Action
from vecgate.policy.decision import Verdict
from vecgate.reasons import Reason
from vecgate.runtime import GRPC_HEADERS, Runtime, Upstream
from vecgate.serve.image import request_image
from vecgate.stages.resolve import forget_names
from vecgate.stages.stage import Stage, judged

BEFORE = ("sanitize", "identify", "inspect", "resolve", "authorize", "limit", "approve")
CHANGES = frozenset({Action.WRITE, Action.DELETE, Action.ADMIN})


class Forward(Stage):
    name: ClassVar[str] = "forward"

    @judged
    def request(self, flow: http.HTTPFlow, exchange: Exchange) -> Awaitable[None] | None:
        if not complete(exchange):
            raise Refusal(Reason.GATEWAY_FAILURE)
        runtime = self.context.require(exchange)
        upstream = runtime.upstreams[exchange.connection]
        decision, reading = exchange.decision, exchange.reading
        assert decision is not None
        assert reading is not None
        if decision.verdict is not Verdict.ALLOW:
            raise Refusal(decision.reason)
        recheck(runtime, exchange)
        local = upstream.dialect.local(reading, exchange.principal, decision)
        if local is not None:
            self.context.answer(flow, exchange, local)
            return None
        upstream.check()
        exchange.outgoing = upstream.dialect.rewrite(reading, decision)
        if runtime.config.evidence.reads == "intent" or any(each.action in CHANGES for each in reading.operations):
            return self._declare(flow, exchange, upstream, reading)
        seal(flow, exchange, upstream)
        return None

    async def _declare(self, flow: http.HTTPFlow, exchange: Exchange, upstream: Upstream, reading: Reading) -> None:
        """What changes anything is durably on record before it may go."""
        runtime = self.context.require(exchange)
        await runtime.recorder.intent(exchange)
        if upstream.dialect.changes_names(reading):
            await forget_names(runtime, exchange.connection)
        recheck(runtime, exchange)
        seal(flow, exchange, upstream)


def recheck(runtime: Runtime, exchange: Exchange) -> None:
    """Whoever was proved when the headers came may have lost the right while the body came, or anything was awaited.

    Raises Refusal: token_expired, token_revoked."""
    if exchange.principal is not None:
        runtime.authenticator.recheck(exchange.principal)


def complete(exchange: Exchange) -> bool:
    """Every stage ran, in order, and left what it is there to leave; nobody has given the exchange up meanwhile."""
    decision = exchange.decision
    if exchange.recorded or tuple(exchange.passed) != BEFORE or exchange.reading is None or decision is None:
        return False
    if exchange.public:
        return True
    charged = exchange.charges is not None or not decision.limits or bool(exchange.observed)
    return exchange.principal is not None and charged


def seal(flow: http.HTTPFlow, exchange: Exchange, upstream: Upstream) -> None:
    assert exchange.outgoing is not None
    if exchange.outgoing.method == GRPC:
        build_call(flow.request, exchange.outgoing, upstream, exchange.deadline)
    else:
        build(flow.request, exchange.outgoing, upstream)
    exchange.request_seal = request_image(flow.request)


@lru_cache(maxsize=64)
def _encoded(headers: Pairs) -> tuple[tuple[bytes, bytes], ...]:
    """What a dialect says of a body: a few fixed tuples."""
    return tuple((name.encode("ascii"), value.encode("ascii")) for name, value in headers)


def build_call(request: http.Request, outgoing: Outgoing, upstream: Upstream, deadline: float) -> None:
    """The same for a gRPC call, with as much time as its caller has left."""
    timeout: Pairs = ()
    if deadline:
        left = deadline - time.perf_counter()
        if left <= 0:
            raise Refusal(Reason.REQUEST_TIMEOUT, "The call's deadline has passed.")
        timeout = (("grpc-timeout", grpc.timeout_text(left)),)
    data = request.data
    data.method, data.path, data.authority = (
        b"POST",
        upstream.prefix + outgoing.path.encode("ascii"),
        upstream.authority,
    )
    data.scheme, data.host, data.port = upstream.scheme.encode("ascii"), upstream.host, upstream.port
    data.http_version = b"HTTP/2.0"
    data.headers = http.Headers((*GRPC_HEADERS, *_encoded(outgoing.headers), *_encoded(timeout)))
    data.content = grpc.framed((outgoing.body,))
    data.trailers = None
    request.stream = False


def build(request: http.Request, outgoing: Outgoing, upstream: Upstream) -> None:
    """Make the live request the outgoing one; the credential joins it at the wire only."""
    data = request.data
    data.method = outgoing.method.encode("ascii")
    data.path = upstream.prefix + outgoing.path.encode("ascii")
    data.authority = upstream.authority if request.is_http2 else b""
    data.scheme, data.host, data.port = upstream.scheme.encode("ascii"), upstream.host, upstream.port
    fields = upstream.headers + _encoded(outgoing.headers)
    if outgoing.body or outgoing.method != "GET":
        fields += ((b"content-length", b"%d" % len(outgoing.body)),)
    data.headers = http.Headers(fields)
    data.content = outgoing.body
    data.trailers = None
    request.stream = False
