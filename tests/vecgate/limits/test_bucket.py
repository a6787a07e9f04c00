from __future__ import annotations

import pytest

from vecgate.limits.bucket import IN_FLIGHT, LAPSE, LEASE, Bucket, Kind
from vecgate.state.windows import Window, share

NOW = 1000.0


def bucket(kind: Kind = Kind.REQUESTS, limit: int = 100) -> Bucket:
    return Bucket(("alice", "everyone", kind, 60), '"everyone"', kind, "key", limit, 60)


class Store:
    """One bucket's window, as a store keeps it."""

    def __init__(self) -> None:
        self.window: Window | None = None

    def ask(self, bucket: Bucket, want: int, now: float) -> None:
        claim = bucket.claim(want, now)
        self.window, answer = share(self.window, "w", claim, now)
        bucket.apply(claim, answer)


@pytest.mark.parametrize("kind", list(Kind))
def test_the_first_request_gets_what_it_needs_and_no_more(kind: Kind) -> None:
    one, store = bucket(kind), Store()
    assert one.left(NOW) == 0
    store.ask(one, 1, NOW)
    assert one.left(NOW) == 1
    assert one.remaining(NOW) == 100


def test_requests_that_come_fast_are_looked_ahead_for() -> None:
    one, store = bucket(), Store()
    store.ask(one, 1, NOW)
    one.take(1)
    store.ask(one, 1, NOW + 0.001)
    assert one.left(NOW + 0.001) == 5


def test_what_is_held_ahead_may_not_be_spent_once_the_lease_is_old() -> None:
    one, store = bucket(), Store()
    store.ask(one, 1, NOW)
    one.take(1)
    store.ask(one, 1, NOW + 0.001)
    one.take(1)
    assert one.left(NOW + LEASE) == 0


def test_what_nobody_took_is_given_back_in_two_steps_of_a_lapse() -> None:
    one, store = bucket(), Store()
    store.ask(one, 1, NOW)
    one.take(1)
    store.ask(one, 1, NOW + 0.001)
    one.take(1)
    assert not one.due(NOW + LAPSE / 2)
    for moment in (NOW + 1.1 * LAPSE, NOW + 2.3 * LAPSE):
        assert one.due(moment)
        store.ask(one, 0, moment)
    assert one.idle()
    assert store.window == Window(NOW + 60, 2, {})


def test_what_was_released_is_free_for_others() -> None:
    one, store = bucket(), Store()
    store.ask(one, 1, NOW)
    one.take(1)
    one.give(1)
    store.ask(one, 0, NOW + 0.2)
    store.ask(one, 0, NOW + 0.4)
    assert store.window == Window(NOW + 60, 0, {})
    assert one.idle()


@pytest.mark.parametrize(("actual", "used"), [(0, 0), (3, 3), (10, 10), (17, 17)])
def test_records_are_charged_as_they_came(actual: int, used: int) -> None:
    one, store = bucket(Kind.POINTS), Store()
    store.ask(one, 10, NOW)
    one.take(10)
    assert one.remaining(NOW) == 90
    one.settle(10, actual)
    for moment in (NOW + 0.2, NOW + 0.4):
        store.ask(one, 0, moment)
    assert store.window == Window(NOW + 60, used, {})
    assert one.idle()


def test_records_in_flight_are_renewed_before_their_lease_dies() -> None:
    one, store = bucket(Kind.POINTS), Store()
    store.ask(one, 10, NOW)
    one.take(10)
    assert not one.due(NOW + IN_FLIGHT / 3)
    assert one.due(NOW + IN_FLIGHT / 2)


def test_a_new_window_starts_afresh_and_old_records_are_not_charged_to_it() -> None:
    one, store = bucket(Kind.POINTS), Store()
    store.ask(one, 10, NOW)
    one.take(10)
    term = one.term
    assert one.left(NOW + 60) == 0
    store.ask(one, 10, NOW + 61)
    assert one.term != term
    assert (one.reserved, one.used, one.left(NOW + 61)) == (0, 0, 10)
