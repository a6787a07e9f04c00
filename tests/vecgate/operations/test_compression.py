from __future__ import annotations

import gzip

import pytest

from vecgate.errors import Refusal
from vecgate.operations.compression import gunzip


@pytest.mark.parametrize(
    ("raw", "limit", "expected"),
    [
        (b"plain", 100, "bad_body"),
        (b"", 100, "bad_body"),
        (gzip.compress(b"{}", mtime=0)[:-3], 1 << 40, "bad_body"),
        (gzip.compress(b"{}", mtime=0) + b"more", 1 << 40, "bad_body"),
        (gzip.compress(b"{}", mtime=0) + gzip.compress(b"{}"), 100, "bad_body"),
        (gzip.compress(b"x" * 1000, mtime=0)[:-4] + (5).to_bytes(4, "little"), 100, "bad_body"),
        (gzip.compress(b"x" * 101, mtime=0), 100, "body_too_large"),
    ],
    ids=["plain", "empty", "cut short", "more behind", "two members", "a liar", "too large"],
)
def test_gzip_is_one_whole_member_within_bounds(raw: bytes, limit: int, expected: str) -> None:
    with pytest.raises(Refusal) as refused:
        gunzip(raw, limit)
    assert refused.value.reason == expected


def test_gzip_of_the_largest_size_is_decoded() -> None:
    assert gunzip(gzip.compress(b"x" * 100, mtime=0), 100) == b"x" * 100
