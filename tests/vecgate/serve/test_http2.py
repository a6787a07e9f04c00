"""HTTP/2: floods and large header lists end the connection before they cost anything."""

from __future__ import annotations

import pytest
from hyperframe.frame import (
    ContinuationFrame,
    DataFrame,
    Frame,
    HeadersFrame,
    PingFrame,
    PriorityFrame,
    RstStreamFrame,
    SettingsFrame,
    WindowUpdateFrame,
)
from tests.support.h2_client import H2Client, base
from tests.vecgate.serve.conftest import BOUNDS, Bench

from vecgate.reasons import Reason

pytestmark = pytest.mark.asyncio(loop_scope="module")

ENHANCE_YOUR_CALM = 11


async def test_a_large_header_list_over_http2_is_431_or_the_end(bench: Bench) -> None:
    async with H2Client(bench.port) as client:
        line = await client.exchange([*base("/a"), ("x-a", "a" * 17_000)])
        fine = await client.exchange(base("/a"))
        block = await client.exchange([*base("/a"), *[("x-a", "a" * 15_000)] * 5])
    assert (line.status, line.body) == (431, b"headers_too_large")
    assert fine.status == 200
    assert block.goaway == ENHANCE_YOUR_CALM
    assert [reason for reason, _ in bench.served.reports] == [Reason.HEADERS_TOO_LARGE, Reason.PROTOCOL_ERROR]
    assert len(bench.upstream.take()) == 1


def _reset(number: int) -> list[Frame]:
    return [RstStreamFrame(number, error_code=8)]


async def test_a_rapid_reset_ends_the_connection(bench: Bench) -> None:
    async with H2Client(bench.port) as client:
        for _ in range(60):
            number = client.open(base("/a"))
            client.send_frames(*_reset(number))
        reply = await client.reply()
    assert reply.goaway == ENHANCE_YOUR_CALM
    assert len(bench.upstream.take()) <= BOUNDS.resets


FLOODS: dict[str, list[Frame]] = {
    "PING": [PingFrame(0, opaque_data=b"12345678")] * 60,
    "SETTINGS": [SettingsFrame(0, settings={4: 65535})] * 60,
    "PRIORITY": [PriorityFrame(1, depends_on=3)] * 60,
    "CONTINUATION": [HeadersFrame(1, data=b"\x00"), *[ContinuationFrame(1, data=b"x" * 16_000)] * 10],
    "empty CONTINUATION": [HeadersFrame(1, data=b"\x00"), *[ContinuationFrame(1, data=b"")] * 100],
}


@pytest.mark.parametrize("name", FLOODS)
async def test_a_flood_of_control_frames_ends_the_connection(name: str, bench: Bench) -> None:
    async with H2Client(bench.port) as client:
        client.send_frames(*FLOODS[name])
        reply = await client.reply()
    assert reply.goaway is not None
    assert [reason for reason, _ in bench.served.reports] == [Reason.PROTOCOL_ERROR]


@pytest.mark.parametrize("frame", [DataFrame(1, data=b""), WindowUpdateFrame(0, window_increment=1)])
async def test_a_flood_on_an_open_stream_ends_the_connection(frame: Frame, bench: Bench) -> None:
    async with H2Client(bench.port) as client:
        client.open(base("/a", "POST"), end=False)
        client.send_frames(*[frame] * (60 if isinstance(frame, DataFrame) else BOUNDS.windows + 10))
        reply = await client.reply()
    assert reply.goaway == ENHANCE_YOUR_CALM
    assert bench.upstream.connections == 0


async def test_too_many_streams_at_once_end_the_connection(bench: Bench) -> None:
    async with H2Client(bench.port) as client:
        for _ in range(BOUNDS.streams + 1):
            client.open(base("/a", "POST"), end=False)
        reply = await client.reply()
    assert reply.goaway is not None
    assert bench.upstream.connections == 0
