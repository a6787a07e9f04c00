from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.support.approvals import (
    ALICE,
    OWNER,
    SECOND,
    STRANGER,
    Evidence,
    approvals_on,
    asked,
    never,
    rule,
)
from tests.support.state import Clock, opened, person

from vecgate.approvals import approvals as module
from vecgate.approvals.approvals import Approvals
from vecgate.approvals.tickets import Caps, State, Ticket, TicketClosed, TicketUnknown
from vecgate.approvals.waiting import Outcome
from vecgate.errors import Refusal, Unavailable
from vecgate.reasons import Reason
from vecgate.state.memory import MemoryStore
from vecgate.state.store import StateStore


@pytest.fixture
def evidence() -> Evidence:
    return Evidence()


@pytest.fixture(params=["memory", "sqlite"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[StateStore]:
    async with opened(request.param, tmp_path) as store:
        yield store


@pytest.fixture
async def approvals(store: StateStore, evidence: Evidence) -> AsyncIterator[Approvals]:
    approvals = approvals_on(store, evidence)
    yield approvals
    await approvals.close()


async def test_hold_approve_run_once(approvals: Approvals, evidence: Evidence) -> None:
    ticket = await approvals.open(asked())
    wait = asyncio.create_task(approvals.wait(ticket.id, 60, never))
    await approvals.decide(ticket.id, OWNER, True, "fine")
    assert await wait is Outcome.APPROVED
    assert await approvals.consume(ticket.id, asked())
    assert not await approvals.consume(ticket.id, asked())
    await approvals.finish(ticket.id, 200)
    done = await approvals.get(ticket.id)
    assert (done.state, done.status) == (State.EXECUTED, 200)
    assert evidence.steps == ["opened", "approved", "released", "executed"]
    assert evidence.records[1]["reviewer"] == OWNER.key
    assert evidence.records[1]["comment"] == "fine"
    assert {facts["binding"] for facts in evidence.records} == {ticket.binding}


async def test_evidence_holds_no_query(approvals: Approvals, evidence: Evidence) -> None:
    ticket = await approvals.open(asked())
    await approvals.decide(ticket.id, OWNER, False)
    assert "Graz" not in str(evidence.records)


async def test_hold_then_ticket_then_retry(approvals: Approvals) -> None:
    first = await approvals.open(asked())
    assert await approvals.wait(first.id, 0, never) is Outcome.PENDING
    await approvals.decide(first.id, OWNER, True)
    retry = await approvals.open(asked(exchange="f" * 32))
    assert (retry.id, retry.state) == (first.id, State.APPROVED)
    assert await approvals.wait(retry.id, 60, never) is Outcome.APPROVED
    assert await approvals.consume(retry.id, asked())
    again = await approvals.open(asked())
    assert again.id != first.id, "an approval is used once"
    assert again.state is State.PENDING


async def test_a_denial_holds_for_retries(approvals: Approvals) -> None:
    ticket = await approvals.open(asked())
    await approvals.decide(ticket.id, OWNER, False)
    retry = await approvals.open(asked())
    assert retry.id == ticket.id
    assert await approvals.wait(retry.id, 60, never) is Outcome.DENIED
    assert not await approvals.consume(ticket.id, asked())


async def test_retries_join_one_ticket_and_others_do_not(approvals: Approvals, evidence: Evidence) -> None:
    tickets = await asyncio.gather(*(approvals.open(asked()) for _ in range(20)))
    assert len({ticket.id for ticket in tickets}) == 1
    assert evidence.steps == ["opened"]
    for other in (asked({"where": 1}), asked(principal=person("bob")), asked(rule=rule(approvals=2))):
        assert (await approvals.open(other)).id != tickets[0].id


@pytest.mark.parametrize(
    "changed",
    [
        asked({"where": {}}),
        asked(principal=person("bob")),
        asked(rule=rule(reviewers={"groups": ["others"]})),
        replace(asked(), operations=(replace(asked().operations[0], resources=("t/d/other",)),)),
        replace(asked(), decision=replace(asked().decision, approval=None)),
    ],
    ids=["body", "principal", "reviewers", "alias", "rule"],
)
async def test_what_changed_since_is_not_run(approvals: Approvals, changed: Any) -> None:
    ticket = await approvals.open(asked())
    await approvals.decide(ticket.id, OWNER, True)
    assert not await approvals.consume(ticket.id, changed)
    assert await approvals.consume(ticket.id, asked()), "and the approval is not lost by it"


async def test_nothing_runs_without_approval(approvals: Approvals) -> None:
    ticket = await approvals.open(asked())
    assert not await approvals.consume(ticket.id, asked())
    assert not await approvals.consume("0" * 32, asked())


async def test_one_of_many_parallel_uses_wins(approvals: Approvals) -> None:
    ticket = await approvals.open(asked())
    await approvals.decide(ticket.id, OWNER, True)
    used = await asyncio.gather(*(approvals.consume(ticket.id, asked()) for _ in range(30)))
    assert used.count(True) == 1


async def decision(approvals: Approvals, ticket: Ticket, approve: bool) -> str:
    reviewer = person(f"reviewer-{approve}", "db-owners")
    try:
        return str((await approvals.decide(ticket.id, reviewer, approve)).state)
    except TicketClosed:
        return "closed"


@pytest.mark.parametrize("approve_first", [True, False])
async def test_of_approval_and_denial_at_once_the_denial_wins(
    approvals: Approvals, evidence: Evidence, approve_first: bool
) -> None:
    ticket = await approvals.open(asked())
    order = [approve_first, not approve_first]
    slow = asyncio.Event()
    record = evidence.record

    async def durable(kind: str, facts: Mapping[str, Any]) -> None:
        if facts["step"] == "approved":
            await slow.wait()
        await record(kind, facts)
        if facts["step"] == "denied":
            slow.set()

    approvals._record = durable
    results = dict(
        zip(order, await asyncio.gather(*(decision(approvals, ticket, approve) for approve in order)), strict=True)
    )
    assert results == {False: "denied", True: "closed"}
    assert not await approvals.consume(ticket.id, asked())
    assert evidence.steps[:2] == ["opened", "denied"]
    assert evidence.steps[2:] in ([], ["approved", "void"])


async def test_many_decisions_at_once_make_one(approvals: Approvals) -> None:
    for _ in range(10):
        ticket = await approvals.open(asked())
        calls = [decision(approvals, ticket, number % 2 == 0) for number in range(10)]
        results = await asyncio.gather(*calls, approvals.consume(ticket.id, asked()))
        state = (await approvals.get(ticket.id)).state
        decided = [result for result in results if result in ("approved", "denied")]
        assert len(decided) == 1
        assert state in (decided[0], State.RELEASED)
        assert (state is State.RELEASED) == (results[-1] is True)
        if state is State.APPROVED:
            await approvals.consume(ticket.id, asked())
        elif state is State.DENIED:
            await approvals._store.change_ticket(ticket.id, partial(msgspec.structs.replace, expires=0.0))


async def test_two_processes_decide_once(tmp_path: Path, evidence: Evidence) -> None:
    async with opened("sqlite", tmp_path) as one, opened("sqlite", tmp_path) as two:
        sides = [approvals_on(one, evidence), approvals_on(two, evidence)]
        ticket = await sides[0].open(asked())
        assert (await sides[1].open(asked())).id == ticket.id
        results = await asyncio.gather(decision(sides[0], ticket, True), decision(sides[1], ticket, False))
        assert sorted(results) in (["approved", "closed"], ["closed", "denied"])
        used = await asyncio.gather(*(side.consume(ticket.id, asked()) for side in sides * 5))
        assert used.count(True) == results.count("approved")
        for side in sides:
            await side.close()


async def test_a_restart_keeps_tickets_and_releases_none(tmp_path: Path, evidence: Evidence) -> None:
    async with opened("sqlite", tmp_path) as store:
        approvals = approvals_on(store, evidence)
        pending = await approvals.open(asked())
        approved = await approvals.open(asked({"other": 1}))
        wait = asyncio.create_task(approvals.wait(pending.id, 60, never))
        await asyncio.sleep(0.01)
        await approvals.decide(approved.id, OWNER, True)
        await approvals.close()
        assert await wait is Outcome.PENDING
    async with opened("sqlite", tmp_path) as store:
        approvals = approvals_on(store, evidence)
        await approvals.start()
        assert (await approvals.get(pending.id)).state is State.PENDING
        assert (await approvals.get(approved.id)).state is State.APPROVED
        await approvals.decide(pending.id, OWNER, True)
        assert await approvals.consume(pending.id, asked())
        await approvals.close()


async def test_a_release_that_a_crash_interrupted_never_runs_again(tmp_path: Path, evidence: Evidence) -> None:
    async with opened("sqlite", tmp_path) as store:
        approvals = approvals_on(store, evidence)
        ticket = await approvals.open(asked())
        await approvals.decide(ticket.id, OWNER, True)
        assert await approvals.consume(ticket.id, asked())
        await approvals.close()
    async with opened("sqlite", tmp_path) as store:
        approvals = approvals_on(store, evidence)
        assert (await approvals.get(ticket.id)).state is State.RELEASED
        assert not await approvals.consume(ticket.id, asked())
        assert (await approvals.open(asked())).id != ticket.id
        await approvals.close()


async def test_two_approvals(approvals: Approvals) -> None:
    ticket = await approvals.open(asked(rule=rule(approvals=2)))
    assert (await approvals.decide(ticket.id, OWNER, True)).state is State.PENDING
    with pytest.raises(TicketClosed):
        await approvals.decide(ticket.id, OWNER, True)
    assert not await approvals.consume(ticket.id, asked(rule=rule(approvals=2)))
    assert (await approvals.decide(ticket.id, SECOND, True)).state is State.APPROVED


@pytest.mark.parametrize("approve", [True, False])
async def test_nobody_decides_their_own_request(approvals: Approvals, evidence: Evidence, approve: bool) -> None:
    ticket = await approvals.open(asked())
    with pytest.raises(Refusal) as refused:
        await approvals.decide(ticket.id, person("alice", "db-owners"), approve)
    assert refused.value.reason is Reason.SELF_APPROVAL
    assert evidence.steps == ["opened"]


async def test_strangers_learn_nothing(approvals: Approvals) -> None:
    ticket = await approvals.open(asked())
    for call in (approvals.see(ticket.id, STRANGER), approvals.decide(ticket.id, STRANGER, False)):
        with pytest.raises(TicketUnknown):
            await call
    assert await approvals.list(STRANGER, every=True) == []


async def test_lists_show_what_waits_to_those_concerned(approvals: Approvals) -> None:
    first = await approvals.open(asked())
    second = await approvals.open(asked({"n": 2}, principal=person("bob")))
    await approvals.decide(first.id, OWNER, False)
    assert [ticket.id for ticket in await approvals.list(OWNER)] == [second.id]
    assert {ticket.id for ticket in await approvals.list(OWNER, every=True)} == {first.id, second.id}
    assert [ticket.id for ticket in await approvals.list(ALICE, every=True)] == [first.id]


async def test_too_many_pending(store: StateStore, evidence: Evidence) -> None:
    approvals = approvals_on(store, evidence, caps=Caps(person=3, total=5))
    results = await asyncio.gather(*(approvals.open(asked({"n": n})) for n in range(10)), return_exceptions=True)
    refused = [result for result in results if isinstance(result, Refusal)]
    assert len(refused) == 7
    assert {refusal.reason for refusal in refused} == {Reason.TOO_MANY_PENDING}
    assert len(evidence.records) == 3
    await approvals.close()


# Time


async def test_a_ticket_expires_and_is_recorded_once(evidence: Evidence) -> None:
    clock = Clock()
    store = MemoryStore(clock)
    sides = [approvals_on(store, evidence), approvals_on(store, evidence)]
    ticket = await sides[0].open(asked(rule=rule(expires="15m")))
    wait = asyncio.create_task(sides[0].wait(ticket.id, 60, never))
    await asyncio.sleep(0.01)
    clock.now += 15 * 60
    with pytest.raises(TicketClosed) as closed:
        await sides[0].decide(ticket.id, OWNER, True)
    assert closed.value.ticket.state is State.EXPIRED
    await asyncio.gather(*(side.expire() for side in sides))
    assert await wait is Outcome.EXPIRED
    assert evidence.steps == ["opened", "expired"]
    for side in sides:
        await side.close()


async def test_an_approval_that_nobody_uses_expires(evidence: Evidence) -> None:
    clock = Clock()
    approvals = approvals_on(MemoryStore(clock), evidence)
    ticket = await approvals.open(asked())
    await approvals.decide(ticket.id, OWNER, True)
    clock.now += 15 * 60
    assert not await approvals.consume(ticket.id, asked())
    await approvals.expire()
    assert (await approvals.get(ticket.id)).state is State.EXPIRED
    await approvals.close()


async def test_finished_tickets_are_forgotten_in_time(evidence: Evidence) -> None:
    clock = Clock()
    approvals = approvals_on(MemoryStore(clock), evidence)
    ticket = await approvals.open(asked())
    await approvals.decide(ticket.id, OWNER, False)
    clock.now += module.KEEP - 1
    await approvals.expire()
    assert (await approvals.get(ticket.id)).state is State.DENIED
    clock.now += 2
    await approvals.expire()
    with pytest.raises(TicketUnknown):
        await approvals.get(ticket.id)
    await approvals.close()


async def test_the_sweeper_expires_by_itself(evidence: Evidence, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SWEEP", 0.01)
    clock = Clock()
    approvals = approvals_on(MemoryStore(clock), evidence)
    await approvals.start()
    await approvals.open(asked())
    clock.now += 15 * 60
    async with asyncio.timeout(5):
        while "expired" not in evidence.steps:
            await asyncio.sleep(0.01)
    await approvals.close()


# What goes wrong


async def test_without_evidence_nothing_is_approved(approvals: Approvals, evidence: Evidence) -> None:
    ticket = await approvals.open(asked())
    evidence.broken = True
    with pytest.raises(Unavailable):
        await approvals.decide(ticket.id, OWNER, True)
    assert (await approvals.get(ticket.id)).state is State.PENDING


async def test_without_evidence_a_denial_still_denies(approvals: Approvals, evidence: Evidence) -> None:
    ticket = await approvals.open(asked())
    evidence.broken = True
    with pytest.raises(Unavailable):
        await approvals.decide(ticket.id, OWNER, False)
    assert (await approvals.get(ticket.id)).state is State.DENIED


async def test_without_evidence_nothing_is_released(approvals: Approvals, evidence: Evidence) -> None:
    ticket = await approvals.open(asked())
    await approvals.decide(ticket.id, OWNER, True)
    evidence.broken = True
    with pytest.raises(Unavailable):
        await approvals.consume(ticket.id, asked())
    evidence.broken = False
    assert not await approvals.consume(ticket.id, asked())


async def test_without_evidence_no_ticket_is_handed_out(approvals: Approvals, evidence: Evidence) -> None:
    evidence.broken = True
    with pytest.raises(Unavailable):
        await approvals.open(asked())


async def test_a_release_without_an_answer_failed(approvals: Approvals, evidence: Evidence) -> None:
    ticket = await approvals.open(asked())
    await approvals.decide(ticket.id, OWNER, True)
    await approvals.consume(ticket.id, asked())
    await approvals.finish(ticket.id, None)
    await approvals.finish(ticket.id, 200)
    assert (await approvals.get(ticket.id)).state is State.FAILED
    assert evidence.steps[-1] == "failed"


async def test_a_record_may_be_a_plain_function(store: StateStore) -> None:
    records = []
    approvals = Approvals(store, record=lambda kind, facts: records.append((kind, facts["step"])))
    await approvals.open(asked())
    assert records == [("approval", "opened")]
    await approvals.close()


async def test_hooks_hear_of_tickets_in_threads_and_cannot_harm(store: StateStore, evidence: Evidence) -> None:
    heard: list[tuple[str, str, bool]] = []
    done = threading.Event()

    def opened_hook(ticket: Mapping[str, Any]) -> None:
        heard.append(("opened", ticket["state"], threading.current_thread() is threading.main_thread()))
        raise RuntimeError("a broken plugin")

    def decided_hook(ticket: Mapping[str, Any]) -> None:
        heard.append(("decided", ticket["state"], threading.current_thread() is threading.main_thread()))
        done.set()

    approvals = approvals_on(store, evidence, opened=opened_hook, decided=decided_hook)
    ticket = await approvals.open(asked())
    await approvals.open(asked())
    assert (await approvals.decide(ticket.id, OWNER, True)).state is State.APPROVED
    await asyncio.to_thread(done.wait, 5)
    assert sorted(heard) == [("decided", "approved", False), ("opened", "pending", False)]
    await approvals.close()
