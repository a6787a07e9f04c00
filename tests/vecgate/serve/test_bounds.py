"""Bounds: heads and bodies end where the listener or the flow says, in either protocol, under either master."""

from __future__ import annotations

import asyncio
import contextlib
import gc

import pytest
from hyperframe.frame import (
    DataFrame,
)
from mitmproxy import http
from mitmproxy.proxy.layers.http import HttpLayer
from mitmproxy.proxy.layers.http._events import RequestData
from mitmproxy.proxy.layers.http._http1 import Http1Server
from tests.support.h2_client import H2Client, base
from tests.support.raw_client import exchange, get, hang_up, post, read_reply
from tests.support.raw_upstream import RawUpstream
from tests.support.serving import MASTERS, Served, serving
from tests.vecgate.serve.conftest import BOUNDS, Bench, listener

from vecgate.reasons import Reason

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize(
    "request_bytes",
    [
        get(b"/a", b"X-A: " + b"a" * 20_000),
        get(b"/" + b"a" * 20_000),
        get(b"/a", *[b"X-A: " + b"a" * 1000] * 80),
        b"GET / HTTP/1.1\r\nX-A: " + b"a" * 20_000,
        b"GET / HTTP/1.1\r\n" + b"X-A: b\r\n" * 10_000,
        b"G" * 100_000,
    ],
    ids=["line", "target", "block", "unfinished line", "unfinished block", "no HTTP"],
)
async def test_a_large_head_is_431(request_bytes: bytes, bench: Bench) -> None:
    reply = await exchange(bench.port, request_bytes)
    assert (reply.status, reply.body) == (431, b"headers_too_large")
    assert "connection: close" in reply.head
    assert bench.served.reports == [(Reason.HEADERS_TOO_LARGE, None)]
    assert bench.upstream.connections == 0


async def test_an_endless_head_is_not_buffered(bench: Bench) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", bench.port)
    sent = 0
    with contextlib.suppress(ConnectionError):
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nX-A: ")
        while sent < 8_000_000 and not reader.at_eof():
            writer.write(b"a" * 65536)
            sent += 65536
            await writer.drain()
    handlers = list(bench.served.addon("proxyserver").connections.values())
    gc.collect()
    buffers = [obj for obj in gc.get_objects() if isinstance(obj, bytearray) and len(obj) > 1_000_000]
    reply = await read_reply(reader)
    await hang_up(writer)
    assert reply.status == 431
    assert handlers is not None
    assert not buffers


@pytest.mark.parametrize(
    "request_bytes",
    [
        post(b"/a", b"Content-Length: 100001"),
        post(b"/a", b"Content-Length: 100001", body=b"x" * 100_001),
        post(b"/a", b"Content-Length: 99999999999999999999"),
        post(b"/a", b"Transfer-Encoding: chunked", body=b"10000\r\n" + b"x" * 65536 + b"\r\n10000\r\n" + b"x" * 65536),
    ],
    ids=["announced", "sent", "absurd", "chunked"],
)
async def test_a_large_body_is_413(request_bytes: bytes, bench: Bench) -> None:
    reply = await exchange(bench.port, request_bytes)
    assert (reply.status, reply.body) == (413, b"body_too_large")
    assert bench.served.gate.ends == [("error", Reason.BODY_TOO_LARGE)]
    assert bench.upstream.connections == 0


async def test_a_client_still_sending_gets_to_see_its_413(bench: Bench) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", bench.port)
    writer.write(post(b"/a", b"Content-Length: 50000000"))
    with contextlib.suppress(ConnectionError):
        for _ in range(100):
            writer.write(b"x" * 65536)
            await writer.drain()
    reply = await read_reply(reader)
    await hang_up(writer)
    assert reply.status == 413


async def test_a_large_body_over_http2_is_413_and_its_stream_ends(bench: Bench) -> None:
    async with H2Client(bench.port) as client:
        number = client.open(base("/a", "POST"), end=False)
        client.send_frames(*[DataFrame(number, data=b"x" * 16_000)] * 8)
        reply = await client.reply(number)
        fine = await client.exchange(base("/a"))
    assert (reply.status, reply.body) == (413, b"body_too_large")
    assert fine.status == 200
    assert bench.served.gate.ends == [("error", Reason.BODY_TOO_LARGE), ("response", None)]


@pytest.mark.parametrize("kind", MASTERS)
async def test_a_flow_may_get_a_smaller_body_bound_while_it_is_read(kind: str) -> None:
    """What `requestheaders` finds out lowers the bound, as for a client that has not proved who it is."""
    unproved: set[str] = set()

    class Identify:
        name = "identify"

        def requestheaders(self, flow: http.HTTPFlow) -> None:
            if "authorization" not in flow.request.headers:
                unproved.add(flow.id)

    def limit(flow: http.HTTPFlow) -> int:
        return 1000 if flow.id in unproved else 1_000_000

    async with (
        RawUpstream() as upstream,
        serving(kind, listener(upstream.port), before=[Identify()], body_limit=limit) as served,
    ):
        body = b"x" * 5000
        anonymous = await exchange(served.port, post(b"/a", b"Content-Length: 5000", body=body))
        known = await exchange(served.port, post(b"/a", b"Authorization: y", b"Content-Length: 5000", body=body))
    assert (anonymous.status, known.status) == (413, 200)
    assert [len(record.body) for record in upstream.take()] == [5000]


class Slow:
    """Its hook of this name waits until it is let go."""

    name = "slow"

    def __init__(self, hook: str) -> None:
        self.entered, self.go = asyncio.Event(), asyncio.Event()
        setattr(self, hook, self._wait)

    async def _wait(self, flow: http.HTTPFlow) -> None:
        self.entered.set()
        await self.go.wait()


@pytest.mark.parametrize("kind", MASTERS)
@pytest.mark.parametrize("hook", ["requestheaders", "request"])
async def test_what_arrives_while_a_hook_runs_is_bounded(hook: str, kind: str) -> None:
    """In `requestheaders` it is the body, in `request` what a client sends ahead of its next turn."""
    slow = Slow(hook)
    async with RawUpstream() as upstream, serving(kind, listener(upstream.port), before=[slow]) as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        end = b"0\r\n\r\n" if hook == "request" else b""
        writer.write(post(b"/a", b"Transfer-Encoding: chunked", body=b"2\r\nab\r\n" + end))
        await slow.entered.wait()
        piece = b"%x\r\n%s\r\n" % (65_000, b"y" * 65_000)
        with contextlib.suppress(ConnectionError):
            for _ in range(60):
                writer.write(piece)
                await writer.drain()
        await asyncio.sleep(0.02)
        held = sum(len(part) for part in _buffered(served))
        slow.go.set()
        reply = await read_reply(reader)
        await hang_up(writer)
        await asyncio.sleep(0.02)
        records = upstream.take()
    assert held <= BOUNDS.body + 65_536
    body = hook == "requestheaders"
    assert (reply.status, records) == (413 if body else 0, [])
    assert served.gate.ends == [("error", Reason.BODY_TOO_LARGE if body else Reason.PROTOCOL_ERROR)]


def _buffered(served: Served) -> list[bytes | bytearray]:
    """All that mitmproxy holds of what this gateway's clients have sent."""
    found: list[bytes | bytearray] = []
    for handler in served.addon("proxyserver").connections.values():
        for part in handler.layer.context.layers:
            if isinstance(part, HttpLayer):
                found += [server.buf._data for server in part.connections.values() if isinstance(server, Http1Server)]
                for stream in part.streams.values():
                    found += [event.data for event in stream._paused_event_queue if isinstance(event, RequestData)]
    return found
