"""docs/limits.md: its snippet loads, its headers are written as it shows them, its numbers hold."""

from __future__ import annotations

from pathlib import Path

from tests.support.configs import HEAD, write
from tests.support.pages import DOCS, blocks, sections

from vecgate.config.load import load
from vecgate.limits import bucket, limiter
from vecgate.limits.bucket import Bucket, Kind
from vecgate.limits.headers import headers, quoted

PAGE = (DOCS / "limits.md").read_text()
SECTIONS = sections("limits.md")


def test_the_snippet_loads(tmp_path: Path) -> None:
    (snippet,) = blocks(PAGE, "yaml")
    rules = load(write(tmp_path, HEAD + snippet)).config.policy.limits
    assert [rule.name for rule in rules] == ["everyone", "exports"]


def test_headers_look_as_shown() -> None:
    def one(kind: Kind, limit: int, window: int, free: int, left: int) -> Bucket:
        made = Bucket(("", "everyone", kind, window), quoted(f"everyone.{kind}"), kind, "", limit, window)
        made.free, made.ends = free, 1000.0 + left
        return made

    buckets = [one(Kind.REQUESTS, 600, 60, 412, 37), one(Kind.POINTS, 50000, 86400, 49120, 80211)]
    (shown,) = blocks(SECTIONS["What the client sees"], "http")
    lines = dict(line.split(": ", 1) for line in shown.lower().splitlines())
    assert headers(buckets, 1000.0).items() <= lines.items()


def test_numbers() -> None:
    assert bucket.LAPSE == 0.1
    assert limiter._PATIENCE == {Kind.REQUESTS: 2.2, Kind.OPERATIONS: 2.2, Kind.POINTS: 5.0}
    assert (limiter._UNKNOWN, limiter._UNKNOWN_PART) == (100, 16)
