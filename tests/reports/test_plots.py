from __future__ import annotations

from collections import Counter

import pytest

from vecgate.evidence.sessions import Visit
from vecgate_reports.plots import BUCKETS, bars, timeline


def visit(second: int, verdict: str = "allow", points: int = 0) -> Visit:
    return Visit("e", "s", f"2026-11-23T14:00:{second:02d}.000000Z", {"verdict": verdict, "points": points})


def test_an_axis_without_visits_is_not_drawn() -> None:
    assert not timeline([]).useful


def test_one_moment_is_one_bar() -> None:
    plot = timeline([visit(7, points=3), visit(7, points=4)])
    assert [(rect.height, rect.label) for rect in plot.records] == [(100, "7 records")]
    assert (plot.start, plot.end) == ("14:00:07", "14:00:08")


def test_verdicts_stack_without_gaps_to_the_full_height() -> None:
    plot = timeline([visit(0), visit(0, "deny"), visit(0, "deny"), visit(59, "hold")])
    first = [rect for rect in plot.requests if rect.x < 50]
    assert [(rect.kind, rect.label) for rect in first] == [("allow", "1 allow"), ("deny", "2 deny")]
    assert first[0].y == pytest.approx(first[1].y + first[1].height, abs=0.01)
    assert first[1].y == pytest.approx(0, abs=0.01)
    assert plot.kinds == ["allow", "hold", "deny"]


def test_everything_lies_inside_the_plot() -> None:
    plot = timeline([visit(second, points=second) for second in range(60)])
    for rect in (*plot.records, *plot.requests):
        assert rect.x >= 0
        assert rect.y >= -0.01
        assert rect.x + rect.width <= 100
        assert rect.y + rect.height <= 100.01
    assert len({rect.x for rect in plot.requests}) == BUCKETS


def test_an_axis_over_days_shows_dates() -> None:
    later = Visit("e", "s", "2026-11-25T08:00:00.000000Z", {"verdict": "allow"})
    plot = timeline([visit(0), later])
    assert (plot.start, plot.end) == ("2026-11-23 14:00", "2026-11-25 08:00")


def test_an_unknown_verdict_counts_as_a_failure() -> None:
    assert timeline([visit(0, "<b>")]).kinds == ["error"]


def test_bars_are_relative_to_the_largest() -> None:
    assert [(bar.name, bar.width) for bar in bars(Counter(a=4, b=1, c=0))] == [("a", 100), ("b", 25)]
