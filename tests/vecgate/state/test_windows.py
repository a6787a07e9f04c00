from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vecgate.state.windows import Claim, Lease, Window, share

NOW = 1000.0


def claim(**changes: float) -> Claim:
    return Claim(**({"bucket": "b", "limit": 10, "window": 60} | changes))  # type: ignore[arg-type]


def test_a_window_starts_at_its_first_use_and_is_not_refilled_inside() -> None:
    window, first = share(None, "w", claim(want=10), NOW)
    assert (first.granted, first.ends, first.free) == (10, NOW + 60, 0)
    window, second = share(window, "w", claim(want=1, ends=first.ends), NOW + 59.9)
    assert (second.granted, second.ends) == (0, NOW + 60)
    _, third = share(window, "w", claim(want=1, ends=first.ends), NOW + 60)
    assert (third.granted, third.ends) == (1, NOW + 120)


@pytest.mark.parametrize(
    ("window", "asked", "expected"),
    [
        pytest.param(Window(NOW + 9, 4, {}), claim(want=20), (6, 0, 0), id="never more than is left"),
        pytest.param(Window(NOW + 9, 12, {}), claim(want=1), (0, 0, 0), id="a lowered limit grants nothing"),
        pytest.param(Window(NOW + 9, 0, {"o": Lease(7, NOW + 1)}), claim(want=5), (3, 0, 7), id="lent counts as spent"),
        pytest.param(Window(NOW + 9, 0, {"o": Lease(7, NOW)}), claim(want=5), (3, 0, 0), id="a dead lease is spent"),
        pytest.param(Window(NOW + 9, 0, {}), claim(want=2, ahead=9), (2, 6, 0), id="ahead is a quarter of the rest"),
        pytest.param(Window(NOW + 9, 8, {}), claim(want=1, used=-3), (1, 4, 0), id="what was undone is free again"),
    ],
)
def test_what_is_granted(window: Window, asked: Claim, expected: tuple[int, int, int]) -> None:
    _, answer = share(window, "w", asked, NOW)
    assert (answer.granted, answer.free, answer.elsewhere) == expected


def test_records_are_lent_until_the_answer_tells_how_many_there_were() -> None:
    window, lent = share(None, "w", claim(want=8, paid=False), NOW)
    assert (window.used, window.leases["w"].amount) == (0, 8)
    back = claim(used=3, keep=0, leased=8, ends=lent.ends)
    window, answer = share(window, "w", back, NOW + 1)
    assert (window.used, window.leases, answer.free) == (3, {}, 7)


def test_a_worker_that_comes_back_too_late_is_not_charged_twice() -> None:
    window, lent = share(None, "late", claim(want=4, paid=False), NOW)
    window, _ = share(window, "other", claim(), NOW + 3)
    assert (window.used, window.leases) == (4, {})
    window, answer = share(window, "late", claim(used=6, leased=4, ends=lent.ends), NOW + 3)
    assert not answer.renewed
    assert window.used == 6, "four were counted when the lease died, two went beyond it"


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.integers(0, 9), st.integers(0, 9), st.booleans(), st.floats(0, 5)),
        max_size=40,
    )
)
def test_workers_that_spend_what_they_hold_never_exceed_the_limit(
    steps: list[tuple[str, int, int, bool, float]],
) -> None:
    window, now, spent = None, NOW, 0
    hand: dict[str, tuple[int, int, float, float]] = {}
    for worker, want, ahead, spend, pause in steps:
        now += pause
        spare, leased, good, ends = hand.get(worker, (0, 0, 0.0, 0.0))
        usable = spare if now < good else 0
        used = usable if spend else 0
        spent += used
        ask = claim(want=want, ahead=ahead, used=used, leased=leased, keep=usable - used, ends=ends, window=10_000)
        window, answer = share(window, worker, ask, now)
        spent += answer.granted
        kept = usable - used if answer.renewed else 0
        hand[worker] = (kept + answer.ahead, answer.leased, now + 2.0, answer.ends)
        assert spent <= 10
