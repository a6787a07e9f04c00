"""Units are read as operators write them and shown as they were written."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pydantic import TypeAdapter, ValidationError

from vecgate.config.units import Duration, Moment, Rate, Size


@pytest.mark.parametrize(("text", "seconds"), [("250ms", 0.25), ("20s", 20), ("1.5m", 90), ("2h", 7200), ("1d", 86400)])
def test_a_duration_is_in_seconds(text: str, seconds: float) -> None:
    duration = Duration.parse(text)

    assert duration.seconds == seconds
    assert str(duration) == text


@pytest.mark.parametrize(("text", "size"), [("0B", 0), ("64KiB", 65536), ("1kB", 1000), ("2GiB", 2 * 1024**3)])
def test_a_size_is_in_bytes(text: str, size: int) -> None:
    assert Size.parse(text).bytes == size


@pytest.mark.parametrize(
    ("text", "amount", "window"),
    [("600/minute", 600, 60), ("5/10 seconds", 5, 10), ("1/day", 1, 86400), ("7/2hours", 7, 7200)],
)
def test_a_rate_is_so_many_in_a_window(text: str, amount: int, window: int) -> None:
    rate = Rate.parse(text)

    assert (rate.amount, rate.window) == (amount, window)


@pytest.mark.parametrize("text", ["", "15", "15 m", "m", "-1s", "1w", "15m\n", "١m"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="write it like 15m"):
        Duration.parse(text)


@pytest.mark.parametrize("text", ["0/minute", "1/fortnight", "1.5/day", "/day", "600"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="write it like 600/minute"):
        Rate.parse(text)


def test_a_moment_has_a_zone() -> None:
    moment: TypeAdapter[datetime] = TypeAdapter(Moment)

    assert moment.validate_python("2026-11-01T01:00:00+01:00") == datetime(2026, 11, 1, tzinfo=UTC)
    for text in ("2026-11-01T00:00:00", "2026-11-01", 5, "5"):
        with pytest.raises(ValidationError):
            moment.validate_python(text)
