from __future__ import annotations

import asyncio
from collections.abc import Collection
from pathlib import Path

import pytest
from tests.support.approvals import never
from tests.support.state import opened, ticket

from vecgate.approvals import waiting as module
from vecgate.approvals.tickets import Caps, State, Ticket
from vecgate.approvals.waiting import Outcome, Waiting
from vecgate.errors import Unavailable
from vecgate.reasons import Reason
from vecgate.state.memory import MemoryStore


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        (State.APPROVED, Outcome.APPROVED),
        (State.DENIED, Outcome.DENIED),
        (State.EXPIRED, Outcome.EXPIRED),
        (State.RELEASED, Outcome.EXPIRED),
        (State.EXECUTED, Outcome.EXPIRED),
        (State.FAILED, Outcome.EXPIRED),
    ],
)
async def test_a_decided_ticket_is_not_waited_for(state: State, outcome: Outcome) -> None:
    store = MemoryStore()
    assert await Waiting(store).wait(ticket(store.now(), state=state), 60, never) is outcome


async def test_a_wait_ends_pending_when_nobody_decides() -> None:
    store = MemoryStore()
    waiting = Waiting(store)
    entry = await store.open_ticket(ticket(store.now()), Caps())
    assert await waiting.wait(entry, 0.01, never) is Outcome.PENDING
    assert len(waiting) == 0


async def test_a_decision_here_wakes_everybody_at_once() -> None:
    store = MemoryStore()
    waiting = Waiting(store)
    entry = await store.open_ticket(ticket(store.now()), Caps())
    waits = [asyncio.create_task(waiting.wait(entry, 60, never)) for _ in range(3)]
    await asyncio.sleep(0)
    waiting.tell(entry.to(State.DENIED))
    assert await asyncio.gather(*waits) == [Outcome.DENIED] * 3


async def test_a_decision_elsewhere_is_seen_soon(tmp_path: Path) -> None:
    async with opened("sqlite", tmp_path) as here, opened("sqlite", tmp_path) as elsewhere:
        entry = await here.open_ticket(ticket(here.now()), Caps())
        wait = asyncio.create_task(Waiting(here).wait(entry, 60, never))
        await asyncio.sleep(0.01)
        await elsewhere.change_ticket(entry.id, lambda ticket: ticket.to(State.APPROVED))
        async with asyncio.timeout(5):
            assert await wait is Outcome.APPROVED


async def test_a_client_that_left_is_noticed() -> None:
    store = MemoryStore()
    entry = await store.open_ticket(ticket(store.now()), Caps())
    asked = 0

    def gone() -> bool:
        nonlocal asked
        asked += 1
        return asked > 1

    async with asyncio.timeout(5):
        assert await Waiting(store).wait(entry, 60, gone) is Outcome.GONE


async def test_an_approval_does_not_bring_a_client_back() -> None:
    store = MemoryStore()
    waiting = Waiting(store)
    entry = await store.open_ticket(ticket(store.now()), Caps())
    left = False
    wait = asyncio.create_task(waiting.wait(entry, 60, lambda: left))
    await asyncio.sleep(0)
    left = True
    waiting.tell(entry.to(State.APPROVED))
    assert await wait is Outcome.GONE


async def test_closing_releases_nobody() -> None:
    store = MemoryStore()
    waiting = Waiting(store)
    entry = await store.open_ticket(ticket(store.now()), Caps())
    wait = asyncio.create_task(waiting.wait(entry, 60, never))
    await asyncio.sleep(0)
    waiting.close()
    assert await wait is Outcome.PENDING
    assert await waiting.wait(entry.to(State.APPROVED), 60, never) is Outcome.PENDING


async def test_a_store_that_goes_down_ends_the_wait_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ASK", module.LOOK)
    store = MemoryStore()
    entry = await store.open_ticket(ticket(store.now()), Caps())
    wait = asyncio.create_task(Waiting(store).wait(entry, 60, never))
    await asyncio.sleep(0)
    await store.close()
    with pytest.raises(Unavailable) as refused:
        await wait
    assert refused.value.reason is Reason.STATE_UNAVAILABLE


async def test_one_question_to_the_store_serves_all_who_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ASK", module.LOOK)
    questions = 0

    class Watched(MemoryStore):
        async def tickets(self, ids: Collection[str]) -> list[Ticket]:
            nonlocal questions
            questions += 1
            return await super().tickets(ids)

    store = Watched()
    entry = await store.open_ticket(ticket(store.now()), Caps())
    waiting = Waiting(store)
    outcomes = await asyncio.gather(*(waiting.wait(entry, 0.25, never) for _ in range(module.PERSON)))
    assert outcomes == [Outcome.PENDING] * module.PERSON
    assert questions <= 3


@pytest.mark.parametrize(("person", "total", "other_held"), [(2, 10, True), (10, 2, False)])
async def test_no_more_are_held_than_memory_allows(
    monkeypatch: pytest.MonkeyPatch, person: int, total: int, other_held: bool
) -> None:
    monkeypatch.setattr(module, "PERSON", person)
    monkeypatch.setattr(module, "TOTAL", total)
    store = MemoryStore()
    waiting = Waiting(store)
    entry = await store.open_ticket(ticket(store.now()), Caps())
    waits = [asyncio.create_task(waiting.wait(entry, 60, never)) for _ in range(2)]
    await asyncio.sleep(0)
    assert await waiting.wait(entry, 60, never) is Outcome.PENDING
    other = ticket(store.now(), id="1" * 32, subject="bob")
    waits.append(asyncio.create_task(waiting.wait(other, 60, never)))
    await asyncio.sleep(0)
    assert waits[-1].done() is not other_held
    waiting.close()
    assert await asyncio.gather(*waits) == [Outcome.PENDING] * 3


async def test_a_request_that_is_cancelled_leaves_nothing_behind() -> None:
    store = MemoryStore()
    waiting = Waiting(store)
    entry = await store.open_ticket(ticket(store.now()), Caps())
    wait = asyncio.create_task(waiting.wait(entry, 60, never))
    await asyncio.sleep(0)
    wait.cancel()
    await asyncio.gather(wait, return_exceptions=True)
    assert len(waiting) == 0
