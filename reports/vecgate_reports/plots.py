"""Plots: geometry only, in percent of a plot's width and height; the template draws it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from vecgate.evidence.sessions import Visit

BUCKETS = 48
ORDER = ("allow", "hold", "deny", "error", "open")


@dataclass(frozen=True, slots=True)
class Rect:
    x: float
    y: float
    width: float
    height: float
    kind: str
    label: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """Two panels over one axis of time: records returned, and requests stacked by verdict."""

    records: Sequence[Rect]
    requests: Sequence[Rect]
    most_records: int
    most_requests: int
    start: str
    end: str
    kinds: Sequence[str]

    @property
    def useful(self) -> bool:
        return self.most_requests > 0


@dataclass(frozen=True, slots=True)
class Bar:
    name: str
    value: int
    width: float


def timeline(visits: Sequence[Visit]) -> Timeline:
    moments = [datetime.fromisoformat(visit.time) for visit in visits]
    if not moments:
        return Timeline([], [], 0, 0, "", "", [])
    first, last = min(moments), max(moments)
    span = max(last - first, timedelta(seconds=1))
    records: Counter[int] = Counter()
    requests: list[Counter[str]] = [Counter() for _ in range(BUCKETS)]
    for visit, moment in zip(visits, moments, strict=True):
        bucket = min(BUCKETS - 1, int((moment - first) / span * BUCKETS))
        records[bucket] += int(visit.facts.get("points", 0))
        requests[bucket][visit.verdict if visit.verdict in ORDER else "error"] += 1
    most_records = max(records.values())
    most_requests = max(bucket.total() for bucket in requests)
    return Timeline(
        records=[
            _rect(bucket, 0, count, most_records, "records", f"{count} records")
            for bucket, count in sorted(records.items())
            if count
        ],
        requests=[rect for bucket, counts in enumerate(requests) for rect in _stack(bucket, counts, most_requests)],
        most_records=most_records,
        most_requests=most_requests,
        start=_axis(first, last),
        end=_axis(first + span, first),
        kinds=[kind for kind in ORDER if any(counts[kind] for counts in requests)],
    )


def bars(counted: Counter[str], most: int = 12) -> list[Bar]:
    """The largest counts as bars, relative to the largest."""
    ranked = [(name, value) for name, value in counted.most_common(most) if value]
    return [Bar(name, value, round(100 * value / ranked[0][1], 2)) for name, value in ranked]


def _stack(bucket: int, counts: Counter[str], most: int) -> list[Rect]:
    rects, below = [], 0
    for kind in ORDER:
        if count := counts[kind]:
            rects.append(_rect(bucket, below, count, most, kind, f"{count} {kind}"))
            below += count
    return rects


def _rect(bucket: int, below: int, count: int, most: int, kind: str, label: str) -> Rect:
    slot = 100 / BUCKETS
    height = 100 * count / most
    return Rect(
        x=round(bucket * slot + slot * 0.1, 3),
        y=round(100 - height - 100 * below / most, 3),
        width=round(slot * 0.8, 3),
        height=round(height, 3),
        kind=kind,
        label=label,
    )


def _axis(moment: datetime, other: datetime) -> str:
    """The time of day; with its date where the axis spans several."""
    return f"{moment:%H:%M:%S}" if moment.date() == other.date() else f"{moment:%Y-%m-%d %H:%M}"
