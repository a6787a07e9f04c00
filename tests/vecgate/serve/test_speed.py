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
from mitmproxy.hooks import ConfigureHook, DoneHook
from mitmproxy.net.http import url
from mitmproxy.proxy.layers.http._hooks import HttpRequestHook
from mitmproxy.test import tflow

from vecgate.serve import pins, speed

NAMES = st.sampled_from([b"Host", b"host", b"X-A", b"x-a", b"Content-Length", b"\xc3\xa9", b"\xff"])
FIELDS = st.lists(st.tuples(NAMES, st.binary(max_size=4)), max_size=6)
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


@given(st.lists(st.tuples(NAMES, st.binary(max_size=4) | st.just("text")), max_size=3), st.booleans())
def test_headers_are_made_as_mitmproxy_makes_them(fields: list[Any], named: bool) -> None:
    more = {"content_type": "text/plain"} if named else {}
    assert made(speed.make, fields, more) == made(http.Headers.__init__, fields, more)


def made(init: Any, fields: list[Any], more: dict[str, str]) -> object:
    headers = http.Headers.__new__(http.Headers)
    try:
        init(headers, fields, **more)
    except TypeError as error:
        return str(error)
    return headers.fields


def test_a_hook_is_called_with_what_it_holds() -> None:
    flow = tflow.tflow()
    for hook in (HttpRequestHook(flow), ConfigureHook({"mode"}), DoneHook()):
        assert speed.arguments(hook) == hook.args()


@given(
    st.text(max_size=12) | st.binary(max_size=12) | st.just(b"docs.example:8000") | st.just("a" * 300), st.booleans()
)
def test_an_authority_is_read_as_mitmproxy_reads_it(text: Any, check: bool) -> None:
    for _ in range(2):
        assert parsed(speed.authority, text, check) == parsed(url.parse_authority, text, check)


def parsed(parse: Any, *arguments: object) -> object:
    try:
        return parse(*arguments)
    except ValueError:
        return ValueError


@pytest.mark.parametrize(("owner", "name", "digest"), [(row[0], row[1], row[3]) for row in speed._AS_READ])
def test_h2_and_hpack_are_what_was_read(owner: type, name: str, digest: str) -> None:
    """Where this fails, read what has changed, then take the new digest."""
    assert pins.source_digest(owner.__module__, f"{owner.__name__}.{name}") == digest


@pytest.mark.usefixtures("untouched")
def test_what_is_not_what_was_read_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "_AS_READ", tuple((*row[:3], "another") for row in speed._AS_READ))
    before = [getattr(owner, name) for owner, name, *_ in speed._AS_READ]
    speed.hurry()
    assert [getattr(owner, name) for owner, name, *_ in speed._AS_READ] == before


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
    with monkeypatch.context() as later:
        later.setattr(http.MessageData, "__post_init__", http.MessageData.__post_init__)
        for owner, name in [row[:2] for row in speed._FASTER] + [row[:2] for row in speed._AS_READ]:
            later.setattr(owner, name, getattr(owner, name))
        yield


@pytest.mark.usefixtures("untouched")
def test_type_checks_of_message_fields_are_left_out_and_headers_still_read() -> None:
    speed.hurry()
    response = http.Response.make(200, b"", {"X-A": "1"})
    assert response.status_code == 200
    assert response.headers.get("x-a") == "1"
    made: Any = http.Request
    assert made("h", "no port", b"GET", b"", b"", b"/", b"HTTP/1.1", (), None, None, 0, 0).port == "no port"
