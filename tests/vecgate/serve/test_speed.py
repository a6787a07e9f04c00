"""What is made faster gives the same results."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mitmproxy import http

from vecgate.serve import speed

NAMES = st.sampled_from([b"Host", b"host", b"X-A", b"x-a", b"Content-Length", b"\xc3\xa9", b"\xff"])
FIELDS = st.lists(st.tuples(NAMES, st.binary(max_size=4)), max_size=6)
METHODS = ("get_all", "__getitem__", "__contains__", "get")
KEYS = st.sampled_from(["host", "HOST", "x-a", "content-length", "absent", "é", b"Host", "\udcff"])


def outcome(function: Any, *arguments: object) -> object:
    try:
        return function(*arguments)
    except KeyError:
        return KeyError


@pytest.mark.parametrize("faster", [speed.get_all, speed.get_item, speed.contains, speed.get])
@given(fields=FIELDS, key=KEYS)
def test_a_faster_look_up_gives_what_mitmproxys_gives(faster: Any, fields: list[tuple[bytes, bytes]], key: str) -> None:
    name = {"get_item": "__getitem__", "contains": "__contains__"}.get(faster.__name__, faster.__name__)
    headers = http.Headers(fields)
    assert outcome(faster, headers, key) == outcome(getattr(headers, name), key)


@pytest.fixture
def untouched(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put back afterwards what `hurry` replaces for the whole process."""
    monkeypatch.setattr(http.MessageData, "__post_init__", http.MessageData.__post_init__)
    with monkeypatch.context() as later:
        for name in METHODS:
            later.setattr(http.Headers, name, getattr(http.Headers, name))
        yield


@pytest.mark.usefixtures("untouched")
def test_type_checks_of_message_fields_are_left_out_and_headers_still_read() -> None:
    speed.hurry()
    response = http.Response.make(200, b"", {"X-A": "1"})
    assert response.status_code == 200
    assert response.headers.get("x-a") == "1"
    made: Any = http.Request
    assert made("h", "no port", b"GET", b"", b"", b"/", b"HTTP/1.1", (), None, None, 0, 0).port == "no port"
