"""Flows that are held, replayed or injected into: the seam judges what is sent, not how it came there."""

from __future__ import annotations

import asyncio

import pytest
from mitmproxy import http
from mitmproxy.addons.clientplayback import ClientPlayback
from mitmproxy.websocket import WebSocketData, WebSocketMessage
from tests.support.raw_client import exchange, get
from tests.support.serving import Served
from tests.vecgate.serve.conftest import Bench
from wsproto.frame_protocol import Opcode

from vecgate.serve.dispatch import Dispatch

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("edited", [False, True])
async def test_a_held_request_goes_on_only_as_it_was_sealed(edited: bool, meddled: Bench) -> None:
    pending = asyncio.ensure_future(exchange(meddled.port, get(b"/hold")))
    flow = await _held(meddled.served)
    assert meddled.upstream.connections == 0
    if edited:
        flow.request.headers["x-a"] = "1"
    flow.resume()
    reply = await pending
    assert reply.status == (503 if edited else 200)
    assert len(meddled.upstream.take()) == (0 if edited else 1)


@pytest.mark.parametrize("change", ["none", "edited"])
async def test_a_replay_is_judged_anew(change: str, meddled: Bench) -> None:
    """The replayed flow passes the hooks again, and the seam."""
    await exchange(meddled.port, get(b"/a", b"X-Once: 1"))
    flow = meddled.served.addon("meddler").flows[-1]
    meddled.clear()
    if change == "edited":
        flow.request.headers["x-edit"] = "path"
    await _replay(meddled.served, flow)
    assert len(meddled.upstream.take()) == (0 if change == "edited" else 1)
    assert flow.response is not None
    assert flow.response.status_code == (503 if change == "edited" else 200)


async def test_a_replay_without_the_gates_hooks_sends_nothing(meddled: Bench) -> None:
    await exchange(meddled.port, get(b"/a"))
    flow = meddled.served.addon("meddler").flows[-1]
    meddled.clear()
    gate = meddled.served.gate
    hook = gate.request
    gate.request = lambda flow: None  # type: ignore[method-assign]  # as if the script were gone
    try:
        _refresh(meddled.served)
        gate.requests.pop(flow, None)
        await _replay(meddled.served, flow)
    finally:
        gate.request = hook  # type: ignore[method-assign]  # back again
        _refresh(meddled.served)
    assert meddled.upstream.connections == 0
    assert flow.response is not None
    assert flow.response.status_code == 503


async def test_an_injected_message_goes_nowhere(meddled: Bench) -> None:
    pending = asyncio.ensure_future(exchange(meddled.port, get(b"/hold")))
    flow = await _held(meddled.served)
    flow.websocket = WebSocketData([WebSocketMessage(Opcode.TEXT, True, b"x")])
    try:
        meddled.served.addon("proxyserver").inject_websocket(flow, False, b"injected")
        await asyncio.sleep(0.02)
    finally:
        flow.websocket = None
    assert meddled.upstream.records == []
    flow.resume()
    await pending


async def _held(served: Served) -> http.HTTPFlow:
    meddler = served.addon("meddler")
    async with asyncio.timeout(3):
        while not (meddler.flows and meddler.flows[-1].intercepted):
            await asyncio.sleep(0.005)
    flow: http.HTTPFlow = meddler.flows[-1]
    return flow


async def _replay(served: Served, flow: http.HTTPFlow) -> None:
    """What the command replay.client does; the own master, which has none, is given one."""
    playback = served.addon("clientplayback")
    if playback is None:
        playback = ClientPlayback()
        served.master.addons.add(playback)
        playback.running()
    playback.start_replay([flow])
    async with asyncio.timeout(3):
        await playback.queue.join()


def _refresh(served: Served) -> None:
    """Let the own master's dispatch look the hooks up again."""
    dispatch = getattr(served.master.addons.trigger_event, "__self__", None)
    if isinstance(dispatch, Dispatch):
        dispatch.refresh()
