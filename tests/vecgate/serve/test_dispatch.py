"""Hooks that fail: whatever the addon, the hook and the fault, nothing unsealed passes, under either master."""

from __future__ import annotations

import pytest
from mitmproxy import connection, exceptions, http
from tests.support.meddler import FAULTS, HOOKS, Faulty
from tests.support.raw_client import exchange, get, post
from tests.support.raw_upstream import SECRET, RawUpstream
from tests.support.serving import LaxGate, serving
from tests.vecgate.serve.conftest import Bench, listener

from vecgate.reasons import Reason
from vecgate.serve.failures import failure_of

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize("name", ["before", "after"])
async def test_a_failing_addon_lets_nothing_unsealed_pass(name: str, hook: str, fault: str, meddled: Bench) -> None:
    path = f"/secret/{name}/{hook}/{fault}".encode()
    reply = await exchange(meddled.port, post(path, b"Content-Length: 2", body=b"ab"))
    records = meddled.upstream.take()
    if meddled.kind == "own":
        late = hook.startswith("response")
        assert reply.status == (502 if late else 503)
        assert len(records) == (1 if late else 0)
        assert SECRET not in reply.raw
        return
    # mitmproxy's dispatch goes on after a failure: then the gate has sealed what passes, or nothing passes
    assert reply.status in (200, 502, 503)
    assert [record.line for record in records] in ([], [f"POST {path.decode()} HTTP/1.1"])
    assert (SECRET in reply.raw) == (reply.status == 200)
    if fault in ("AddonHalt", "OptionsError", "CancelledError") and (name, hook) == ("before", "request"):
        assert (reply.status, records) == (503, [])  # the gate was skipped
    if fault in ("AddonHalt", "OptionsError", "CancelledError") and (name, hook) == ("before", "response"):
        assert reply.status == 502


async def test_a_crash_closes_the_connection_and_reports_its_flows(meddled: Bench) -> None:
    """An addon takes the request itself away: mitmproxy's layers cannot go on."""
    reply = await exchange(meddled.port, get(b"/crash"))
    assert (reply.raw, reply.ended) == (b"", "closed")
    ((reason, flow),) = meddled.served.reports
    assert reason is Reason.GATEWAY_FAILURE
    assert flow is not None
    assert not flow.live
    assert failure_of(flow) is not None
    assert (await exchange(meddled.port, get(b"/a"))).status == 200


async def test_an_addon_that_comes_late_is_called() -> None:
    class Late:
        name = "late"

        def request(self, flow: http.HTTPFlow) -> None:
            flow.request.headers["x-late"] = "1"

    async with RawUpstream() as upstream, serving("own", listener(upstream.port)) as served:
        late = Late()
        served.master.addons.add(late)
        assert (await exchange(served.port, get(b"/a"))).status == 503  # it changed what was sealed
        served.master.addons.remove(late)
        assert (await exchange(served.port, get(b"/a"))).status == 200


async def test_a_refusal_that_fails_kills_the_flow() -> None:
    class Gate(LaxGate):
        def refuse(self, flow: http.HTTPFlow, hook: str) -> None:
            raise RuntimeError

    gate = Gate()
    async with (
        RawUpstream() as upstream,
        serving("own", listener(upstream.port), gate=gate, after=[Faulty("after")]) as served,
    ):
        reply = await exchange(served.port, get(b"/secret/after/request/ValueError"))
        records = upstream.take()
    assert (reply.raw, records) == (b"", [])
    assert gate.ends == [("error", Reason.INTERRUPTED)]


@pytest.mark.parametrize("fault", [exceptions.AddonHalt(), ValueError(), exceptions.OptionsError()])
async def test_only_addon_halt_ends_the_chain_of_other_hooks(fault: Exception) -> None:
    called: list[str] = []

    class First:
        name = "first"

        def client_connected(self, _: connection.Client) -> None:
            raise fault

    class Second:
        name = "second"

        def client_connected(self, _: connection.Client) -> None:
            called.append("second")

    async with RawUpstream() as upstream, serving("own", listener(upstream.port), before=[First(), Second()]) as served:
        called.clear()
        assert (await exchange(served.port, get(b"/a"))).status == 200
    assert called == ([] if isinstance(fault, exceptions.AddonHalt) else ["second"])
