from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vecgate.errors import Refusal
from vecgate.operations.messages import Target
from vecgate.operations.target import encode, parse
from vecgate.reasons import Reason

VISIBLE = st.characters(exclude_categories=("Cc", "Cf", "Cs", "Zl", "Zp"))
SEGMENT = st.text(VISIBLE.filter(lambda c: c not in "/\\;"), min_size=1, max_size=12).filter(
    lambda text: text not in {".", ".."}
)
QUERY = st.dictionaries(st.text(VISIBLE, min_size=1, max_size=8), st.text(VISIBLE, max_size=8), max_size=4).map(
    lambda items: tuple(items.items())
)


@given(st.builds(Target, st.lists(SEGMENT, max_size=6).map(tuple), QUERY))
def test_a_target_survives_its_own_spelling(target: Target) -> None:
    assert parse(encode(target)) == target


@given(st.text(max_size=40))
def test_anything_is_parsed_to_a_stable_spelling_or_refused(raw: str) -> None:
    with suppress(Refusal):
        target = parse("/" + raw)
        assert parse(encode(target)) == target


@pytest.mark.parametrize(
    ("raw", "segments", "query"),
    [
        ("/", (), ()),
        ("/api/v2/heartbeat", ("api", "v2", "heartbeat"), ()),
        ("/%61lpha/default%5Ftenant", ("alpha", "default_tenant"), ()),
        ("/a%2561", ("a%61",), ()),
        ("/a?limit=1&offset=2", ("a",), (("limit", "1"), ("offset", "2"))),
        ("/a?", ("a",), ()),
        ("/a?flag", ("a",), (("flag", ""),)),
        ("/a?x=b+c%2B", ("a",), (("x", "b c+"),)),
        ("/a?x=/healthz", ("a",), (("x", "/healthz"),)),
        ("/caf%C3%A9", ("café",), ()),
        ("/x:query/a,b*", ("x:query", "a,b*"), ()),
    ],
)
def test_segments_and_query_are_decoded_once(
    raw: str, segments: tuple[str, ...], query: tuple[tuple[str, str], ...]
) -> None:
    assert parse(raw) == parse(raw.encode()) == Target(segments, query)


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "api/v2",
        "*",
        "http://other/api/v2",
        "//api/v2",
        "/api//v2",
        "/api/v2/",
        "/api/./v2",
        "/api/../v2",
        "/api/%2e%2e/v2",
        "/api/.%2E/v2",
        "/api/%2e/v2",
        "/a#b",
        "/a?b#c",
        "/a;x=1/b",
        "/a%3Bx=1/b",
        "/a\\b",
        "/a%5Cb",
        "/a%2Fb",
        "/a%2f..%2fsecret",
        "/a%00",
        "/a\x00b",
        "/a b",
        "/a\r\nX: y",
        "/a%0d%0a",
        "/a\x7f",
        "/é",
        "/%c0%ae",
        "/%ff",
        "/%ed%a0%80",
        "/a%",
        "/a%2",
        "/a%zz",
        "/a%E2%80%AEb",
        "/a%E2%80%8Bb",
        "/a%E2%80%A8b",
        "/a%C2%85b",
        "/a?&b=1",
        "/a?b=1&",
        "/a?=1",
        "/a?b=%00",
        "/a?b=1;c=2",
        "/" + "a" * 20_000,
    ],
)
def test_an_ambiguous_target_is_refused_not_repaired(raw: str) -> None:
    with pytest.raises(Refusal) as caught:
        parse(raw)
    assert caught.value.reason is Reason.BAD_TARGET


@pytest.mark.parametrize("raw", ["/a?limit=1&limit=5", "/a?limit=1&%6Cimit=5", "/a?b&b="])
def test_a_query_key_that_stands_twice_is_refused(raw: str) -> None:
    with pytest.raises(Refusal) as caught:
        parse(raw)
    assert caught.value.reason is Reason.DUPLICATE_MEMBER


def test_a_key_may_stand_more_than_once_where_it_is_told_to() -> None:
    repeatable = frozenset({"ids"})
    assert parse("/a?ids=x&n=1&%69ds=y", repeatable).query == (("ids", "x"), ("n", "1"), ("ids", "y"))
    assert encode(parse("/a?ids=x&ids=y", repeatable)) == "/a?ids=x&ids=y"
    for raw in ("/a?n=1&n=2&ids=x", "/a?ids=x&ids=y"):
        with pytest.raises(Refusal) as caught:
            parse(raw, repeatable if "n=" in raw else frozenset())
        assert caught.value.reason is Reason.DUPLICATE_MEMBER
