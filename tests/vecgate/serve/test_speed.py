"""What is made faster gives the same results."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import hpack.hpack
import pytest
from hpack.exceptions import HPACKDecodingError
from hpack.huffman import HuffmanEncoder
from hpack.huffman_constants import REQUEST_CODES, REQUEST_CODES_LENGTH
from hpack.huffman_table import decode_huffman
from hypothesis import given
from hypothesis import strategies as st
from mitmproxy import http

from vecgate.serve import speed

NAMES = st.sampled_from([b"Host", b"host", b"X-A", b"x-a", b"Content-Length", b"\xc3\xa9", b"\xff"])
FIELDS = st.lists(st.tuples(NAMES, st.binary(max_size=4)), max_size=6)
METHODS = ("get_all", "__getitem__", "__contains__", "get")
HPACK: Any = hpack.hpack
ENCODER = HuffmanEncoder(REQUEST_CODES, REQUEST_CODES_LENGTH)
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


@given(
    st.binary(max_size=40) | st.text().map(str.encode).map(HuffmanEncoder(REQUEST_CODES, REQUEST_CODES_LENGTH).encode)
)
def test_a_remembered_text_is_what_hpack_reads(text: bytes) -> None:
    for _ in range(2):
        assert read(speed.huffman, text) == read(decode_huffman, text)
    assert read(speed.huffman, memoryview(text)) == read(decode_huffman, text)


def read(decode: Any, text: bytes | memoryview) -> object:
    try:
        return decode(text)
    except HPACKDecodingError:
        return HPACKDecodingError


@pytest.mark.usefixtures("untouched")
def test_what_is_long_is_not_remembered() -> None:
    speed.hurry()
    long = ENCODER.encode(b"long" * 2000)
    before = speed._remembered.cache_info().currsize
    assert HPACK.decode_huffman(long) == b"long" * 2000
    assert speed._remembered.cache_info().currsize == before


@pytest.fixture
def untouched(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put back afterwards what `hurry` replaces for the whole process."""
    monkeypatch.setattr(http.MessageData, "__post_init__", http.MessageData.__post_init__)
    monkeypatch.setattr(HPACK, "decode_huffman", decode_huffman)
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
