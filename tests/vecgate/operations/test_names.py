from __future__ import annotations

import asyncio
from typing import Any, ClassVar

import pytest

from vecgate.errors import Refusal, Unmaskable
from vecgate.operations.dialect import CredentialHeader, Dialect, Lookup
from vecgate.operations.messages import Answer, Outgoing
from vecgate.operations.names import PER_REQUEST, NameResolver
from vecgate.reasons import Reason


class Echo(Dialect):
    """Learns the body of an answer; an empty one means that the name does not exist."""

    name: ClassVar[str] = "echo"
    credential: ClassVar[CredentialHeader] = CredentialHeader("x")

    read = rewrite = mask = refuse = None  # type: ignore[assignment]  # no request comes this far

    def learn(self, lookup: Lookup, answer: Answer) -> Any:
        if answer.status != 200:
            raise Unmaskable("odd")
        return answer.body.decode() or None


class Database:
    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answers: dict[str, bytes] = {}
        self.open = asyncio.Event()
        self.open.set()
        self.status = 200

    async def fetch(self, outgoing: Outgoing) -> Answer:
        self.asked.append(outgoing.path)
        body = self.answers.get(outgoing.path, b"")
        await self.open.wait()
        return Answer(self.status, (), body)


def lookup(name: str) -> Lookup:
    return Lookup(name, Outgoing("GET", f"/{name}"), name)


@pytest.fixture
def database() -> Database:
    database = Database()
    database.answers = {"/a": b"t/d/a", "/b": b"t/d/b"}
    return database


async def test_a_found_name_is_asked_for_once(database: Database) -> None:
    names = NameResolver(database.fetch)
    assert await names.resolve(Echo(), [lookup("a"), lookup("b"), lookup("a")]) == {"a": "t/d/a", "b": "t/d/b"}
    assert await names.resolve(Echo(), [lookup("a")]) == {"a": "t/d/a"}
    assert database.asked == ["/a", "/b"]


async def test_a_found_name_is_kept_for_its_time_only(database: Database) -> None:
    now = 0.0
    names = NameResolver(database.fetch, ttl=5, clock=lambda: now)
    await names.resolve(Echo(), [lookup("a")])
    now = 5.1
    database.answers["/a"] = b"t/d/other"
    assert await names.resolve(Echo(), [lookup("a")]) == {"a": "t/d/other"}


async def test_a_name_that_does_not_exist_is_not_kept(database: Database) -> None:
    names = NameResolver(database.fetch)
    assert await names.resolve(Echo(), [lookup("new")]) == {"new": None}
    database.answers["/new"] = b"t/d/new"
    assert await names.resolve(Echo(), [lookup("new")]) == {"new": "t/d/new"}


async def test_fresh_asks_again(database: Database) -> None:
    names = NameResolver(database.fetch)
    await names.resolve(Echo(), [lookup("a")])
    database.answers["/a"] = b"t/d/moved"
    assert await names.resolve(Echo(), [lookup("a")], fresh=True) == {"a": "t/d/moved"}
    assert await names.resolve(Echo(), [lookup("a")]) == {"a": "t/d/moved"}


async def test_simultaneous_requests_share_one_fetch_even_if_the_first_leaves(database: Database) -> None:
    names = NameResolver(database.fetch)
    database.open.clear()
    first = asyncio.create_task(names.resolve(Echo(), [lookup("a")]))
    others = [asyncio.create_task(names.resolve(Echo(), [lookup("a")])) for _ in range(5)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    first.cancel()
    database.open.set()
    assert await asyncio.gather(*others) == [{"a": "t/d/a"}] * 5
    assert database.asked == ["/a"]


async def test_what_was_learnt_before_a_change_is_forgotten(database: Database) -> None:
    names = NameResolver(database.fetch)
    await names.resolve(Echo(), [lookup("a")])
    names.forget()
    await names.resolve(Echo(), [lookup("a")])
    assert database.asked == ["/a", "/a"]


async def test_nothing_is_kept_until_a_change_must_have_settled(database: Database) -> None:
    now = 0.0
    names = NameResolver(database.fetch, ttl=5, clock=lambda: now)
    names.forget()
    await names.resolve(Echo(), [lookup("a")])
    assert names.known([lookup("a")]) is None
    now = 5.0
    await names.resolve(Echo(), [lookup("a")])
    assert names.known([lookup("a")]) == {"a": "t/d/a"}


async def test_a_fetch_that_a_change_overtook_is_not_kept(database: Database) -> None:
    names = NameResolver(database.fetch)
    database.open.clear()
    early = asyncio.create_task(names.resolve(Echo(), [lookup("a")]))
    await asyncio.sleep(0.01)
    names.forget()
    database.answers["/a"] = b"t/d/renamed"
    database.open.set()
    assert await early == {"a": "t/d/a"}
    assert await names.resolve(Echo(), [lookup("a")]) == {"a": "t/d/renamed"}


async def test_an_answer_that_is_not_understood_closes_and_is_not_kept(database: Database) -> None:
    names = NameResolver(database.fetch)
    database.status = 500
    with pytest.raises(Unmaskable):
        await names.resolve(Echo(), [lookup("a")])
    database.status = 200
    assert await names.resolve(Echo(), [lookup("a")]) == {"a": "t/d/a"}


async def test_a_database_that_does_not_answer_closes(database: Database) -> None:
    names = NameResolver(database.fetch, patience=0.01)
    database.open.clear()
    with pytest.raises(Refusal) as caught:
        await names.resolve(Echo(), [lookup("a")])
    assert caught.value.reason is Reason.UPSTREAM_UNREACHABLE


async def test_one_request_cannot_cause_any_number_of_fetches(database: Database) -> None:
    names = NameResolver(database.fetch)
    with pytest.raises(Refusal):
        await names.resolve(Echo(), [lookup(str(index)) for index in range(PER_REQUEST + 1)])
    assert database.asked == []


async def test_the_cache_is_bounded(database: Database) -> None:
    names = NameResolver(database.fetch, size=1)
    for name in ("a", "b", "a"):
        await names.resolve(Echo(), [lookup(name)])
    assert database.asked == ["/a", "/b", "/a"]


async def test_what_is_kept_is_there_without_waiting(database: Database) -> None:
    names = NameResolver(database.fetch)
    assert names.known([lookup("a")]) is None
    await names.resolve(Echo(), [lookup("a")])
    assert names.known([lookup("a")]) == {"a": "t/d/a"}
    assert names.known([lookup("a"), lookup("b")]) is None


async def test_another_workers_change_is_followed_once(database: Database) -> None:
    names = NameResolver(database.fetch)
    names.follow(7)
    await names.resolve(Echo(), [lookup("a")])
    names.follow(7)
    assert names.known([lookup("a")]) == {"a": "t/d/a"}
    names.follow(8)
    assert names.known([lookup("a")]) is None
