"""Asking a directory: in bounded time, once for all who wait, for as long as configuration says, and closed when it
fails."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Collection, Iterator
from typing import Any

import pytest
from tests.support.state import Clock

from vecgate.errors import Refusal, Unavailable
from vecgate.identity.directory import Directory, DirectoryError
from vecgate.identity.membership import QUESTIONS, Membership
from vecgate.identity.principal import Principal
from vecgate.reasons import Reason

ALICE, BOB = (Principal("https://idp.example/", name, claims={"oid": name}) for name in ("alice", "bob"))


class Given(Directory):
    """Says what a test gives it, or raises it; a function is called in the thread."""

    def __init__(self, said: Any) -> None:
        self.said = said
        self.asked: list[Principal] = []
        self.threads: set[str] = set()
        self.closed = 0

    def groups(self, principal: Principal) -> Collection[str] | None:
        self.asked.append(principal)
        self.threads.add(threading.current_thread().name)
        said = self.said() if callable(self.said) else self.said
        if isinstance(said, BaseException):
            raise said
        found: Collection[str] | None = said
        return found

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def clock() -> Clock:
    return Clock(100.0)


@pytest.fixture
def hanging() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


async def test_a_person_gets_the_groups_and_keeps_all_else(clock: Clock) -> None:
    directory = Given(["owners", "cafe\u0301", "owners"])
    found, until = await Membership(directory, 60, 3, clock).complete(ALICE, required=True)
    assert found.groups == {"owners", "caf\u00e9"}
    assert (found, found.claims, until) == (ALICE, ALICE.claims, 160.0)
    assert directory.asked == [ALICE]
    assert threading.current_thread().name not in directory.threads


async def test_an_answer_counts_for_its_time_and_for_one_person(clock: Clock) -> None:
    directory = Given(["one"])
    membership = Membership(directory, 60, 3, clock)
    await membership.complete(ALICE, required=True)
    directory.said = ["two"]
    clock.now += 59
    found, until = await membership.complete(ALICE, required=False)
    assert (sorted(found.groups), until) == (["one"], 160.0)
    assert (await membership.complete(BOB, required=False))[0].groups == {"two"}
    clock.now += 1
    found, until = await membership.complete(ALICE, required=False)
    assert (sorted(found.groups), until) == (["two"], 220.0)


async def test_the_time_of_an_answer_begins_with_the_question(clock: Clock) -> None:
    def slow() -> list[str]:
        clock.now += 2
        return ["one"]

    assert (await Membership(Given(slow), 60, 3, clock).complete(ALICE, required=True))[1] == 160.0


async def test_of_a_person_who_is_not_known_groups_that_are_elsewhere_stay_unknown(clock: Clock) -> None:
    membership = Membership(Given(None), 60, 3, clock)
    assert (await membership.complete(ALICE, required=False))[0].groups == frozenset()
    with pytest.raises(Refusal) as caught:
        await membership.complete(ALICE, required=True)
    assert caught.value.reason is Reason.GROUP_OVERAGE


async def test_a_person_who_is_known_may_have_no_groups(clock: Clock) -> None:
    assert (await Membership(Given([]), 60, 3, clock).complete(ALICE, required=True))[0].groups == frozenset()


@pytest.mark.parametrize(
    ("said", "logged"),
    [
        (DirectoryError("it is down"), "it is down"),
        (ValueError("canary"), "ValueError"),
        (TimeoutError("canary"), "TimeoutError"),
        (StopIteration("canary"), "StopIteration"),
        (asyncio.CancelledError("canary"), "CancelledError"),
        (SystemExit("canary"), "SystemExit"),
        ("owners", "it did not give a list of names"),
        (b"owners", "it did not give a list of names"),
        ({"owners": True}, "it did not give a list of names"),
        (7, "it did not give a list of names"),
        (["owners", 7], "something among the groups that is no name"),
        (["owners", ""], "something among the groups that is no name"),
        ([["owners"]], "something among the groups that is no name"),
    ],
    ids=range(13),
)
async def test_a_directory_that_fails_lets_nobody_in(
    said: Any, logged: str, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    directory = Given(said)
    membership = Membership(directory, 60, 3, clock)
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            with pytest.raises(Unavailable) as caught:
                await membership.complete(ALICE, required=False)
            assert (caught.value.reason, "retry-after" in caught.value.headers) == (Reason.IDENTITY_UNAVAILABLE, True)
    assert len(directory.asked) == 2
    assert logged in caplog.text
    assert "canary" not in caplog.text
    directory.said = ["back"]
    assert (await membership.complete(ALICE, required=False))[0].groups == {"back"}


async def test_what_was_said_does_not_outlast_its_time_because_the_directory_fails(clock: Clock) -> None:
    directory = Given(["one"])
    membership = Membership(directory, 60, 3, clock)
    await membership.complete(ALICE, required=False)
    directory.said = DirectoryError("down")
    clock.now += 60
    with pytest.raises(Unavailable):
        await membership.complete(ALICE, required=False)


async def test_a_directory_that_hangs_is_given_up_and_others_are_served(clock: Clock, hanging: threading.Event) -> None:
    directory = Given(hanging.wait)
    membership = Membership(directory, 60, 0.02, clock)
    with pytest.raises(Unavailable):
        await membership.complete(ALICE, required=False)
    directory.said = ["one"]
    assert (await membership.complete(BOB, required=False))[0].groups == {"one"}
    assert (await membership.complete(ALICE, required=False))[0].groups == {"one"}


async def test_no_more_threads_hang_than_are_allowed(clock: Clock, hanging: threading.Event) -> None:
    directory = Given(hanging.wait)
    membership = Membership(directory, 60, 0.02, clock)
    people = [Principal("https://idp.example/", str(number)) for number in range(QUESTIONS + 5)]
    failures = await asyncio.gather(
        *(membership.complete(person, required=False) for person in people), return_exceptions=True
    )
    assert {type(failure) for failure in failures} == {Unavailable}
    assert len(directory.asked) == QUESTIONS
    directory.said = ["one"]
    hanging.set()
    async with asyncio.timeout(5):
        while True:
            try:
                assert (await membership.complete(ALICE, required=False))[0].groups == {"one"}
                break
            except Unavailable:
                await asyncio.sleep(0.01)


async def test_who_asks_about_one_person_at_once_asks_once(clock: Clock) -> None:
    directory = Given(["one"])
    membership = Membership(directory, 60, 3, clock)
    leaving = asyncio.create_task(membership.complete(ALICE, required=False))
    staying = [asyncio.create_task(membership.complete(ALICE, required=False)) for _ in range(5)]
    await asyncio.sleep(0)
    leaving.cancel()
    assert {found.groups for found, _ in await asyncio.gather(*staying)} == {frozenset({"one"})}
    assert len(directory.asked) == 1


async def test_without_a_time_every_question_is_asked(clock: Clock) -> None:
    directory = Given(["one"])
    membership = Membership(directory, 0, 3, clock)
    for _ in range(3):
        await membership.complete(ALICE, required=False)
    assert len(directory.asked) == 3


async def test_closing_closes_the_directory(clock: Clock) -> None:
    directory = Given(["one"])
    await Membership(directory, 60, 3, clock).close()
    assert directory.closed == 1
