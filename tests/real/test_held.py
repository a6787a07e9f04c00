"""Held requests over real connections, in both front ends: who waits, who left, and what runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from hyperframe.frame import DataFrame
from tests.support.chroma_double import DATABASE, KB, asked, chroma
from tests.support.h2_client import H2Client, base
from tests.support.pipeline import MASTERS, POLICY, Front, front, verdicts
from tests.support.raw_upstream import RawUpstream

from vecgate.approvals.tickets import State, Ticket
from vecgate.identity.principal import Principal

pytestmark = pytest.mark.real

HELD = """
  approvals:
    - {name: destructive, on: {actions: [delete]}, reviewers: {groups: [owners]}, hold: 20s}
"""
DELETE: tuple[str, Any] = ("delete", {"ids": ["a"]})
OLGA = Principal("https://issuer.test/", "olga", groups=frozenset({"owners"}))


@dataclass
class Bench:
    served: Front
    upstream: RawUpstream

    async def ticket(self, state: State = State.PENDING) -> Ticket:
        """The newest ticket in that state, once there is one."""
        assert self.served.context.runtime is not None
        approvals = self.served.context.runtime.approvals
        async with asyncio.timeout(5):
            while True:
                for ticket in await approvals.list(OLGA, every=True):
                    if ticket.state is state:
                        return ticket
                await asyncio.sleep(0.01)

    async def approve(self, ticket: Ticket) -> None:
        assert self.served.context.runtime is not None
        await self.served.context.runtime.approvals.decide(ticket.id, OLGA, True)


@pytest_asyncio.fixture(params=MASTERS)
async def bench(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
    async with (
        RawUpstream(chroma) as upstream,
        front(request.param, tmp_path, upstream.port, POLICY + HELD) as served,
    ):
        yield Bench(served, upstream)


async def test_an_approved_request_runs_once_for_the_client_that_waits(bench: Bench) -> None:
    pending = asyncio.create_task(bench.served.ask(*DELETE))
    ticket = await bench.ticket()
    assert asked(bench.upstream) == []
    assert (await bench.served.ask()).status == 200, "only this flow waits"
    asked(bench.upstream)
    await bench.approve(ticket)
    assert (await pending).status == 200
    assert len(asked(bench.upstream)) == 1
    await bench.ticket(State.EXECUTED)
    assert verdicts(await bench.served.settled())[-1] == ("allow", "approved")


async def test_identical_requests_share_a_ticket_that_one_of_them_uses(bench: Bench) -> None:
    pending = [asyncio.create_task(bench.served.ask(*DELETE)) for _ in range(3)]
    ticket = await bench.ticket()
    await asyncio.sleep(0.1)
    await bench.approve(ticket)
    replies = [await task for task in pending]
    assert [reply.status for reply in replies].count(200) == 1
    assert len(asked(bench.upstream)) == 1


async def test_a_client_that_hangs_up_leaves_an_open_ticket(bench: Bench) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", bench.served.port)
    writer.write(bench.served.request(*DELETE))
    ticket = await bench.ticket()
    writer.close()
    await leaves(bench, ticket)


async def test_a_client_that_resets_its_stream_leaves_an_open_ticket(bench: Bench) -> None:
    async with H2Client(bench.served.port) as client:
        token = bench.served.issuer.token("anna", "staff")
        fields = [*base(f"{DATABASE}/collections/{KB}/delete", "POST"), ("authorization", f"Bearer {token}")]
        number = client.open([*fields, ("content-type", "application/json")], end=False)
        frame = DataFrame(number, data=msgspec.json.encode(DELETE[1]))
        frame.flags.add("END_STREAM")
        client.send_frames(frame)
        ticket = await bench.ticket()
        client.connection.reset_stream(number)
        client.flush()
        await leaves(bench, ticket)


async def leaves(bench: Bench, ticket: Ticket) -> None:
    """Nothing runs when the ticket is approved later; it waits for a retry."""
    assert verdicts(await bench.served.settled()) == [("error", "client_gone")]
    await bench.approve(ticket)
    await asyncio.sleep(0.3)
    assert (await bench.ticket(State.APPROVED)).id == ticket.id
    assert asked(bench.upstream) == []
    assert (await bench.served.ask(*DELETE)).status == 200
    assert len(asked(bench.upstream)) == 1


async def test_a_gateway_that_stops_tells_who_waits_and_runs_nothing(bench: Bench) -> None:
    pending = asyncio.create_task(bench.served.ask(*DELETE))
    ticket = await bench.ticket()
    await bench.served.context.drain()
    reply = await pending
    assert reply.status == 403
    assert msgspec.json.decode(reply.body)["ticket"] == ticket.id
    assert (await bench.ticket()).id == ticket.id
    assert asked(bench.upstream) == []
