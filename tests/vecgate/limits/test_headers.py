from __future__ import annotations

import pytest

from vecgate.limits.bucket import Bucket, Kind
from vecgate.limits.headers import headers, quoted


def test_one_item_for_every_limit() -> None:
    requests = Bucket(("a", "everyone", Kind.REQUESTS, 60), '"everyone.requests"', Kind.REQUESTS, "k", 600, 60)
    points = Bucket(("a", "everyone", Kind.POINTS, 60), '"everyone.points"', Kind.POINTS, "k", 9, 86400)
    points.ends, points.free = 130.2, 4
    assert headers([requests, points], 100.0) == {
        "ratelimit-policy": '"everyone.requests";q=600;w=60, "everyone.points";q=9;w=86400',
        "ratelimit": '"everyone.requests";r=600;t=60, "everyone.points";r=4;t=31',
    }


def test_no_limit_no_header() -> None:
    assert headers([], 0.0) == {}


@pytest.mark.parametrize(
    ("text", "expected"), [("plain", '"plain"'), ('a"b\\c', '"a\\"b\\\\c"'), ("ü\r\nx: y", '"???x: y"')]
)
def test_rule_names_cannot_break_out_of_the_header(text: str, expected: str) -> None:
    assert quoted(text) == expected
