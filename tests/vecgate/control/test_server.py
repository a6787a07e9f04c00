from __future__ import annotations

import asyncio
import signal
import socket
from types import SimpleNamespace
from typing import cast

import httpx
import pytest
from tests.support.approvals import ALICE, OWNER, Evidence, approvals_on, asked, never
from tests.support.control import serving

from vecgate.approvals.waiting import Outcome
from vecgate.control.server import ControlServer
from vecgate.errors import ConfigError
from vecgate.runtime import Runtime
from vecgate.state.memory import MemoryStore

pytestmark = pytest.mark.real

PEOPLE = {"alice-token": ALICE, "owner-token": OWNER}


async def test_a_held_request_is_released_over_the_wire() -> None:
    approvals = approvals_on(MemoryStore(), Evidence())
    ticket = await approvals.open(asked())
    wait = asyncio.create_task(approvals.wait(ticket.id, 30, never))
    headers = {"authorization": "Bearer owner-token"}
    async with serving(approvals, PEOPLE) as url, httpx.AsyncClient(base_url=url, headers=headers) as client:
        assert (await client.get("/healthz")).status_code == 200
        answer = await client.post(f"/v1/approvals/{ticket.id}/approve", json={"comment": "go"})
        assert answer.status_code == 200
        assert "server" not in answer.headers
    assert await wait is Outcome.APPROVED
    await approvals.close()


async def test_a_taken_port_is_a_configuration_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ConfigError, match=r"control\.listen: cannot be bound"):
            await ControlServer(address, lambda: cast(Runtime, SimpleNamespace())).start()


async def test_signals_stay_with_the_gateway_and_the_port_is_free_after_the_stop() -> None:
    before = signal.getsignal(signal.SIGTERM)
    approvals = approvals_on(MemoryStore(), Evidence())
    async with serving(approvals, PEOPLE) as url:
        assert signal.getsignal(signal.SIGTERM) is before
    with pytest.raises(httpx.ConnectError):
        httpx.get(url)
    await approvals.close()


async def test_a_client_that_keeps_its_connection_open_does_not_delay_the_stop() -> None:
    approvals = approvals_on(MemoryStore(), Evidence())
    async with serving(approvals, PEOPLE) as url:
        _, port = url.removeprefix("http://").split(":")
        _, writer = await asyncio.open_connection("127.0.0.1", int(port))
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
        await writer.drain()
        leaving = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - leaving < 4
    writer.close()
    await approvals.close()
