"""Heads: what is too large about one, whole or not."""

from __future__ import annotations

import pytest

from vecgate.serve.bounds import head_problem
from vecgate.serve.listeners import Bounds


@pytest.mark.parametrize(
    ("head", "problem"),
    [
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 16_000 + b"\r\n\r\n", ""),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 17_000 + b"\r\n\r\n", "header line"),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 17_000, "header line"),
        (b"GET /" + b"a" * 17_000, "header line"),
        (b"GET / HTTP/1.1\r\n" + b"X: 1\r\n" * 20_000 + b"\r\n", "header block"),
        (b"GET / HTTP/1.1\r\n" + b"X: 1\r\n" * 20_000, "header block"),
        (b"GET / HTTP/1.1\r\n" + b"X: 1\r\n" * 3_000 + b"\r\n", ""),
        (b"POST / HTTP/1.1\r\n\r\n" + b"a" * 200_000, ""),
        (b"POST / HTTP/1.1\n\n" + b"a" * 200_000, ""),
    ],
)
def test_a_head_is_too_large_in_a_line_or_in_all(head: bytes, problem: str) -> None:
    assert head_problem(bytearray(head), Bounds()) == problem
