"""Protocol: connections to the control plane that are held and not used keep nobody out."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import httpx
import pytest
from tests.support.approvals import ALICE, OWNER, Evidence, approvals_on
from tests.support.control import serving

from vecgate.control import protocol
from vecgate.state.memory import MemoryStore

pytestmark = pytest.mark.real

FEW = 5
HELD = {
    "silent": b"",
    "half a head": b"GET /healthz HTTP/1.1\r\nHost:",
    "answered": b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    "answered, then half a head": b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nGET /healthz HTTP/1.1\r\n",
}


@pytest.fixture
async def url(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    monkeypatch.setattr(protocol, "CONNECTIONS", FEW)
    approvals = approvals_on(MemoryStore(), Evidence())
    async with serving(approvals, {"alice-token": ALICE, "owner-token": OWNER}) as made:
        yield made
    await approvals.close()


async def hold(url: str, data: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
    writer.write(data)
    await writer.drain()
    return reader, writer


async def closed(reader: asyncio.StreamReader) -> None:
    with contextlib.suppress(ConnectionError):
        while await asyncio.wait_for(reader.read(4096), 5):
            pass


@pytest.mark.parametrize("held", HELD)
async def test_newcomers_are_answered_at_the_cost_of_the_oldest(url: str, held: str) -> None:
    opened = [await hold(url, HELD[held]) for _ in range(3 * FEW)]
    async with httpx.AsyncClient(base_url=url) as client:
        assert (await client.get("/healthz")).status_code == 200
    await closed(opened[0][0])
    for _, writer in opened:
        writer.close()


@pytest.mark.parametrize("held", HELD)
async def test_what_begins_no_request_is_closed(url: str, held: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "LOOK", 0.1)
    reader, writer = await hold(url, HELD[held])
    await closed(reader)
    writer.close()


async def test_a_request_under_way_is_left_alone_and_no_more_are_taken(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "LOOK", 0.1)
    head = (
        b"POST /v1/approvals/x/approve HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer owner-token\r\n"
        b"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n"
    )
    opened = [await hold(url, head) for _ in range(FEW)]
    await asyncio.sleep(0.5)
    reader, writer = await hold(url, HELD["answered"])
    await closed(reader)
    writer.close()
    for reader, writer in opened:
        writer.write(b"{}")
        assert (await reader.readline()).startswith(b"HTTP/1.1 4"), "the decision is not one, but it was read"
        writer.close()
