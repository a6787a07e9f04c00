"""Pace: a client that is too slow is ended, one that waits for its turn is not."""

from __future__ import annotations

import asyncio
import contextlib
import time

import pytest
from hyperframe.frame import (
    HeadersFrame,
)
from tests.support.h2_client import H2Client, base
from tests.support.raw_client import Reply, get, hang_up, post, read_reply
from tests.vecgate.serve.conftest import BOUNDS, Bench

from vecgate.reasons import Reason

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize(
    ("first", "status"),
    [(b"", 0), (b"P", 0), (b"GET /a HTTP/1.1\r\nHost:", 408), (b"PRI * HTTP/2.0\r\n\r\n", 0)],
    ids=["nothing", "one byte", "half a head", "half a preface"],
)
async def test_a_slow_head_is_ended_in_time(first: bytes, status: int, bench: Bench) -> None:
    begun = time.monotonic()
    reply = await _dribble(bench.port, first)
    assert time.monotonic() - begun < BOUNDS.head_time + 0.5
    assert (reply.status, reply.ended) == (status, "answered" if status else "closed")
    assert bench.served.reports == [(Reason.REQUEST_TIMEOUT, None)]


@pytest.mark.real
async def test_a_slow_second_head_is_ended_and_an_idle_connection_is_not(bench: Bench) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", bench.port)
    writer.write(get(b"/a"))
    assert (await read_reply(reader)).status == 200
    await asyncio.sleep(BOUNDS.head_time * 1.5)
    writer.write(get(b"/b"))
    assert (await read_reply(reader)).status == 200
    writer.write(b"GET /c HT")
    assert (await read_reply(reader)).status == 408
    await hang_up(writer)


async def test_a_slow_body_is_408(bench: Bench) -> None:
    reply = await _dribble(bench.port, post(b"/a", b"Content-Length: 100", body=b"x"))
    assert (reply.status, reply.body) == (408, b"request_timeout")
    assert bench.served.gate.ends == [("error", Reason.REQUEST_TIMEOUT)]
    assert bench.upstream.connections == 0


async def test_a_slow_body_over_http2_is_408_for_its_stream_alone(bench: Bench) -> None:
    async with H2Client(bench.port) as client:
        number = client.open(base("/a", "POST"), end=False)
        reply = await client.reply(number)
        fine = await client.exchange(base("/a"))
    assert (reply.status, fine.status) == (408, 200)


async def test_an_unfinished_header_block_over_http2_ends_the_connection(bench: Bench) -> None:
    async with H2Client(bench.port) as client:
        await client.exchange(base("/a"))
        client.send_frames(HeadersFrame(3, data=client.connection.encoder.encode(base("/b"))))
        reply = await client.reply(3)
    assert reply.goaway is not None


@pytest.mark.real
async def test_a_client_that_will_not_close_is_closed(bench: Bench) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", bench.port)
    writer.write(b"nonsense\r\n\r\n")
    assert (await read_reply(reader)).status == 400
    connections = bench.served.addon("proxyserver").connections
    async with asyncio.timeout(5):
        while connections:
            writer.write(b"x")
            await asyncio.sleep(0.05)
    with contextlib.suppress(ConnectionError):
        await hang_up(writer)


async def _dribble(port: int, first: bytes) -> Reply:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(first)
    reply = await read_reply(reader)
    await hang_up(writer)
    return reply
