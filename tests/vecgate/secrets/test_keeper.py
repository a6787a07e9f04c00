"""A secret that changes, a store that fails, and never a request that waits for either."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import AsyncIterator, Callable

import pytest

from vecgate.errors import ConfigError, Finding, Unavailable
from vecgate.reasons import Reason
from vecgate.secrets.keeper import SUSPECT_PAUSE, Keeper

SECRET, ROTATED = "s3cr3t-canary", "r0tat3d-canary"


class Store:
    """`says` is the secret, or what is raised."""

    def __init__(self) -> None:
        self.says: str | Exception = SECRET
        self.asked = 0
        self.now = 1000.0
        self.hang: threading.Event | None = None

    def read(self) -> str:
        self.asked += 1
        if self.hang is not None:
            self.hang.wait(10)
        if isinstance(self.says, Exception):
            raise self.says
        return self.says

    def keeper(self, period: float = 30, patience: float = 5) -> Keeper:
        return Keeper("key", self.read, period=period, grace=900, patience=patience, clock=lambda: self.now)


DOWN = ConfigError(Finding("configuration", 0, 0, "key", "the store is down"))


@pytest.fixture
def store() -> Store:
    return Store()


@contextlib.asynccontextmanager
async def started(keeper: Keeper) -> AsyncIterator[Keeper]:
    await keeper.prime()
    keeper.start()
    try:
        yield keeper
    finally:
        await keeper.stop()


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not true():
            await asyncio.sleep(0.001)


async def test_a_first_value_is_needed(store: Store) -> None:
    store.says = DOWN
    keeper = store.keeper()
    with pytest.raises(ConfigError, match="the store is down"):
        await keeper.prime()
    assert not keeper.usable


async def test_a_changed_secret_is_used_after_the_next_look(store: Store) -> None:
    async with started(store.keeper(period=0.01)) as keeper:
        assert keeper.value == SECRET
        store.says = ROTATED
        await until(lambda: keeper.value == ROTATED)


async def test_what_cannot_change_is_asked_for_once(store: Store) -> None:
    async with started(store.keeper(period=0)) as keeper:
        store.now += 1e6
        keeper.suspect()
        await asyncio.sleep(0.01)
        assert keeper.value == SECRET
    assert store.asked == 1


@pytest.mark.parametrize("failure", [DOWN, RuntimeError(SECRET)], ids=["down", "broken"])
async def test_the_last_good_value_is_used_for_its_time_and_then_there_is_none(
    store: Store, failure: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    keeper = store.keeper()
    await keeper.prime()
    store.says = failure
    for seconds in (100, 799.9):
        store.now += seconds
        await keeper.refresh()
        assert keeper.value == SECRET
    store.now += 0.1
    with pytest.raises(Unavailable) as refused:
        _ = keeper.value
    assert refused.value.reason is Reason.CREDENTIAL_UNAVAILABLE
    assert refused.value.headers == {"retry-after": "30"}
    assert len(caplog.messages) == 1, "an outage is told once"
    store.says = ROTATED
    await keeper.refresh()
    assert keeper.value == ROTATED
    assert SECRET not in caplog.text
    assert ROTATED not in caplog.text


async def test_a_refused_value_is_asked_for_at_once_but_not_with_every_request(store: Store) -> None:
    async with started(store.keeper()) as keeper:
        store.says = ROTATED
        for _ in range(1000):
            keeper.suspect()
        await until(lambda: keeper.value == ROTATED)
        for _ in range(100):
            keeper.suspect()
            await asyncio.sleep(0)
        assert store.asked == 2
        store.now += SUSPECT_PAUSE
        keeper.suspect()
        await until(lambda: store.asked == 3)


async def test_a_store_that_hangs_is_asked_once_and_its_late_answer_counts_from_when_it_was_asked(
    store: Store,
) -> None:
    keeper = store.keeper(patience=0.01)
    await keeper.prime()
    store.hang = threading.Event()
    store.now += 500
    for _ in range(3):
        await keeper.refresh()
        assert keeper.value == SECRET
    assert store.asked == 2
    store.says = ROTATED
    store.now += 300
    store.hang.set()
    await until(lambda: keeper._flight is not None and keeper._flight[0].done())
    await keeper.refresh()
    assert keeper.value == ROTATED
    store.now += 600
    assert not keeper.usable


async def test_who_asks_at_the_same_time_shares_the_answer(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    keeper = store.keeper()
    await keeper.prime()
    store.says = ROTATED
    await asyncio.gather(*[keeper.refresh() for _ in range(5)])
    assert (keeper.value, store.asked) == (ROTATED, 2)
    assert len(caplog.messages) == 1


async def test_a_store_that_hangs_at_the_start_ends_it(store: Store) -> None:
    store.hang = threading.Event()
    with pytest.raises(ConfigError, match="no answer within"):
        await store.keeper(patience=0.01).prime()
    store.hang.set()


async def test_stopping_waits_for_no_store(store: Store) -> None:
    async with started(store.keeper(period=0.01)) as keeper:
        store.hang = threading.Event()
        await until(lambda: store.asked == 2)
        async with asyncio.timeout(1):
            await keeper.stop()
    store.hang.set()


async def test_a_change_is_told_without_its_value(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        keeper = store.keeper()
        await keeper.prime()
        await keeper.refresh()
        assert not caplog.messages
        store.says = ROTATED
        await keeper.refresh()
    assert caplog.messages == ["key: the secret has changed, the new one is used from now on"]
    assert not any(value in f"{keeper!r}" for value in (SECRET, ROTATED))
