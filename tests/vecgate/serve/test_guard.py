"""A guarded addon's failures refuse the flow where mitmproxy's own dispatch would go on."""

from __future__ import annotations

from mitmproxy import http
from tests.support.raw_client import exchange, get
from tests.support.raw_upstream import RawUpstream
from tests.support.serving import LaxGate, serving
from tests.vecgate.serve.conftest import listener

from vecgate.reasons import Reason
from vecgate.serve.guard import guard


class StrictGate(LaxGate):
    """Its request hook fails on /fail."""

    def request(self, flow: http.HTTPFlow) -> None:
        super().request(flow)
        if flow.request.path == "/fail":
            raise ValueError


async def test_a_guarded_addon_refuses_under_stock_dispatch() -> None:
    gate = StrictGate()
    guard(gate, gate.refuse)
    async with RawUpstream() as upstream, serving("stock", listener(upstream.port), gate=gate) as served:
        failed = await exchange(served.port, get(b"/fail"))
        fine = await exchange(served.port, get(b"/fine"))
    assert (failed.status, failed.body) == (503, Reason.GATEWAY_FAILURE.encode())
    assert fine.status == 200
    assert [record.line for record in upstream.take()] == ["GET /fine HTTP/1.1"]
