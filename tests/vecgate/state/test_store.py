"""Every store keeps the same promises."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support.state import ISSUER, Clock, opened, person, revoked, ticket

from vecgate.approvals.tickets import Caps, State, Ticket, TicketUnknown
from vecgate.errors import Refusal, Unavailable
from vecgate.identity.principal import Principal
from vecgate.identity.revocation import Source, What
from vecgate.reasons import Reason
from vecgate.state import slips
from vecgate.state.memory import MemoryStore
from vecgate.state.store import StateStore
from vecgate.state.windows import Claim


@pytest.fixture(params=["memory", "sqlite"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[StateStore]:
    async with opened(request.param, tmp_path) as store:
        yield store


async def test_parallel_claims_grant_exactly_the_limit(store: StateStore) -> None:
    async def claim(number: int) -> int:
        (answer,) = await store.claim(f"w{number}", [Claim("b", 10, 60, want=1)])
        return answer.granted

    assert sum(await asyncio.gather(*(claim(number) for number in range(100)))) == 10


async def test_an_identical_request_joins_the_open_ticket(store: StateStore) -> None:
    first = await store.open_ticket(ticket(store.now()), Caps())
    second = await store.open_ticket(ticket(store.now(), id="1" * 32), Caps())
    assert second == first


@pytest.mark.parametrize("state", [State.EXPIRED, State.RELEASED, State.EXECUTED, State.FAILED])
async def test_a_finished_ticket_is_not_joined(store: StateStore, state: State) -> None:
    await store.open_ticket(ticket(store.now(), state=state), Caps())
    second = await store.open_ticket(ticket(store.now(), id="1" * 32), Caps())
    assert second.id == "1" * 32


async def test_an_expired_ticket_is_not_joined_even_before_it_is_swept(store: StateStore) -> None:
    await store.open_ticket(ticket(store.now(), expires=store.now()), Caps())
    second = await store.open_ticket(ticket(store.now(), id="1" * 32), Caps())
    assert second.id == "1" * 32


@pytest.mark.parametrize("caps", [Caps(person=2), Caps(total=2)])
async def test_pending_tickets_are_capped(store: StateStore, caps: Caps) -> None:
    for number in range(2):
        await store.open_ticket(ticket(store.now(), id=str(number), binding=str(number)), caps)
    with pytest.raises(Refusal) as refused:
        await store.open_ticket(ticket(store.now(), id="3", binding="3"), caps)
    assert refused.value.reason is Reason.TOO_MANY_PENDING
    assert 58 <= int(refused.value.headers["retry-after"]) <= 60
    assert len(await store.tickets(["0", "1", "3"])) == 2


async def test_the_cap_of_one_person_leaves_room_for_others(store: StateStore) -> None:
    await store.open_ticket(ticket(store.now()), Caps(person=1))
    other = ticket(store.now(), id="2", binding="2", subject="bob")
    assert await store.open_ticket(other, Caps(person=1)) == other


async def test_a_change_that_raises_leaves_the_ticket_alone(store: StateStore) -> None:
    kept = await store.open_ticket(ticket(store.now()), Caps())

    def change(ticket: Ticket) -> Ticket:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await store.change_ticket(kept.id, change)
    assert await store.tickets([kept.id]) == [kept]


async def test_changing_an_unknown_ticket(store: StateStore) -> None:
    with pytest.raises(TicketUnknown):
        await store.change_ticket("f" * 32, lambda ticket: ticket)


async def test_lists_are_newest_first_and_by_state(store: StateStore) -> None:
    now = store.now()
    for number, state in enumerate([State.PENDING, State.DENIED, State.PENDING]):
        entry = ticket(now, id=str(number), binding=str(number), opened=now + number, state=state)
        await store.open_ticket(entry, Caps())
    assert [entry.id for entry in await store.list_tickets([State.PENDING])] == ["2", "0"]
    assert [entry.id for entry in await store.list_tickets(list(State), limit=2)] == ["2", "1"]


async def test_overdue_and_forgotten_tickets(store: StateStore) -> None:
    now = store.now()
    await store.open_ticket(ticket(now, id="1", binding="1", expires=now), Caps())
    await store.open_ticket(ticket(now, id="2", binding="2"), Caps())
    await store.open_ticket(ticket(now, id="3", binding="3", state=State.EXECUTED, ended=now - 10), Caps())
    assert await store.overdue_tickets() == ["1"]
    await store.forget_tickets(now - 5)
    assert sorted(entry.id for entry in await store.tickets("123")) == ["1", "2"]


MALLORY = Principal(ISSUER, "mallory", token_id="t1", session="s1", account="mallory@corp.test")
NAMES = [
    (What.SUBJECT, "mallory"),
    (What.ACCOUNT, "Mallory@Corp.Test"),
    (What.SESSION, "s1"),
    (What.TOKEN, "t1"),
]


@pytest.mark.parametrize(("what", "value"), NAMES)
async def test_any_name_of_a_principal_revokes_it_and_no_other(store: StateStore, what: What, value: str) -> None:
    await store.revoke(revoked(value, what))
    assert store.revoked(MALLORY)
    assert not store.revoked(person("bob"))
    other = Principal("https://other.test/", "mallory", token_id="t1", session="s1", account="mallory@corp.test")
    assert not store.revoked(other)
    await store.restore(revoked(value, what).key, Source.OPERATOR)
    assert not store.revoked(MALLORY)


@pytest.mark.parametrize("value", ["mallory", "s1", "t1"])
async def test_a_name_of_one_kind_is_no_name_of_another(store: StateStore, value: str) -> None:
    for what in What:
        if (what, value) not in NAMES:
            await store.revoke(revoked(value, what))
    assert not store.revoked(MALLORY)


async def test_a_revocation_ends_at_its_time(store: StateStore) -> None:
    await store.revoke(revoked("alice", until=store.now() + 60))
    assert store.revoked(person("alice"))
    await store.revoke(revoked("bob", until=store.now() - 1))
    assert not store.revoked(person("bob"))
    assert [each.value for each in await store.revocations()] == ["alice"]


async def test_memory_keeps_no_revocation_that_has_ended() -> None:
    clock = Clock()
    store = MemoryStore(clock)
    for name in ("alice", "bob"):
        await store.revoke(revoked(name, until=clock.now + 60))
    clock.now += 60
    await store.revoke(revoked("carol"))
    assert [each.value for each in store._revocations.values()] == ["carol"]
    await store.close()


async def test_no_revocation_shortens_another(store: StateStore) -> None:
    for until in (store.now() - 1, store.now() + 60, None):
        longer = await store.revoke(revoked("alice", until=until, by="first"))
        stands = await store.revoke(revoked("alice", until=store.now() + 30, by="second"))
        assert stands == longer or (until is not None and until < store.now())
    assert [each.until for each in await store.revocations()] == [None]


async def test_what_a_directory_revoked_no_operator_lifts_and_the_other_way_round(store: StateStore) -> None:
    for source in Source:
        await store.revoke(revoked("alice", source=source))
    assert len(await store.revocations()) == 2
    for source in Source:
        assert store.revoked(person("alice"))
        await store.restore(person("alice").key, source)
    assert not store.revoked(person("alice"))


async def test_documents_are_kept_by_shelf(store: StateStore) -> None:
    await store.keep_document("a", "1", b"x")
    await store.keep_document("a", "1", b"y")
    await store.keep_document("b", "1", b"z")
    await store.drop_document("b", "2")
    assert (await store.documents("a"), await store.documents("b")) == ({"1": b"y"}, {"1": b"z"})
    await store.drop_document("a", "1")
    assert await store.documents("a") == {}


async def test_epochs_count_up_from_zero(store: StateStore) -> None:
    assert store.epoch("names") == 0
    assert [await store.bump("names"), await store.bump("names")] == [1, 2]
    assert store.epoch("names") == 2


async def test_a_slip_is_taken_once(store: StateStore) -> None:
    assert await store.put_slip("a", b"document", store.now() + 60)
    taken = await asyncio.gather(*(store.take_slip("a") for _ in range(10)))
    assert sorted(taken, key=bool) == [None] * 9 + [b"document"]


async def test_a_slip_that_is_there_stays_as_it_is(store: StateStore) -> None:
    put = await asyncio.gather(*(store.put_slip("a", str(n).encode(), store.now() + 60) for n in range(10)))
    assert sorted(put) == [False] * 9 + [True]
    assert await store.take_slip("a") == str(put.index(True)).encode()


async def test_a_slip_ends(store: StateStore) -> None:
    await store.put_slip("a", b"old", store.now() - 1)
    assert await store.put_slip("a", b"new", store.now() - 1)
    assert await store.take_slip("a") is None
    assert await store.take_slip("never") is None


async def test_slips_are_bounded(store: StateStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slips, "MOST", 2)
    for key in "ab":
        await store.put_slip(key, b"", store.now() + 60)
    with pytest.raises(Refusal) as refused:
        await store.put_slip("c", b"", store.now() + 60)
    assert refused.value.reason is Reason.TOO_MANY_PENDING
    await store.take_slip("a")
    assert await store.put_slip("c", b"", store.now() + 60)


async def test_a_closed_store_refuses_everything(store: StateStore) -> None:
    await store.close()
    with pytest.raises(Unavailable):
        await store.claim("w", [])
    with pytest.raises(Unavailable):
        store.revoked(person("alice"))
    with pytest.raises(Unavailable):
        store.epoch("names")
    for attempt in (store.put_slip("a", b"", 0), store.take_slip("a")):
        with pytest.raises(Unavailable):
            await attempt
