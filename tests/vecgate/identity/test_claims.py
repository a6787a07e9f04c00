"""Strict JSON objects, and pointers into them."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vecgate.identity.claims import Pointer, parse_object


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"null",
        b'"text"',
        b"{",
        b"{} {}",
        b'{"a":1,"a":1}',
        b'{"a":1,"\\u0061":2}',
        b'{"x":{"b":1,"b":2}}',
        b'{"x":[{"b":1,"b":2}]}',
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":1e400}',
        b'{"a":"\\ud800"}',
        b'{"a":"\xff"}',
        b'\xef\xbb\xbf{"a":1}',
        '{"a":1}'.encode("utf-16"),
        b'{"a":' + b"[" * 32 + b"]" * 32 + b"}",
        b'{"a":' + b"[" * 8000 + b"]" * 8000 + b"}",
        b'{"a":' * 8000 + b"1" + b"}" * 8000,
    ],
)
def test_what_two_parsers_could_read_differently_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_object(data)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=8), json_values, max_size=5))
def test_every_object_without_duplicates_is_read_as_it_stands(value: dict[str, Any]) -> None:
    assert parse_object(msgspec.json.encode(value)) == value


@given(st.text(max_size=8), json_values, json_values)
def test_a_duplicate_is_found_whatever_stands_in_it(name: str, first: Any, second: Any) -> None:
    key, one, two = (msgspec.json.encode(part) for part in (name, first, second))
    with pytest.raises(ValueError, match="twice"):
        parse_object(b"{" + key + b":" + one + b"," + key + b":" + two + b"}")


DOCUMENT = {"groups": ["a"], "realm_access": {"roles": ["x"]}, "https://e/g": 1, "a~b": 2, "": 3, "list": [{"n": 4}]}


@pytest.mark.parametrize(
    ("pointer", "found"),
    [
        ("/groups", ["a"]),
        ("/groups/0", "a"),
        ("/groups/1", None),
        ("/groups/00", None),
        ("/groups/-", None),
        ("/realm_access/roles", ["x"]),
        ("/realm_access.roles", None),
        ("/https:~1~1e~1g", 1),
        ("/a~0b", 2),
        ("/", 3),
        ("/list/0/n", 4),
        ("/missing/deep", None),
        ("/groups/a/b", None),
    ],
)
def test_a_pointer_leads_to_one_value_or_nowhere(pointer: str, found: object) -> None:
    assert Pointer.parse(pointer).find(DOCUMENT) == found


@pytest.mark.parametrize("text", ["", "groups", "$.groups", "/a~", "/a~2b"])
def test_what_is_no_pointer_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="JSON pointer"):
        Pointer.parse(text)
