from __future__ import annotations

from typing import Any

import pytest

from vecgate.errors import Refusal
from vecgate.operations.document import parse
from vecgate.operations.shapes import (
    ANY,
    BOOLEAN,
    COUNT,
    INTEGER,
    NUMBER,
    OBJECT,
    POSITIVE,
    TEXT,
    Kind,
    ListOf,
    MapOf,
    Nullable,
    OneOf,
    Shape,
    Vectors,
    enumeration,
    nullable,
)
from vecgate.reasons import Reason

PAIR = Shape({"name": TEXT, "inner": Shape({"limit": COUNT}), **nullable(flag=BOOLEAN)}, frozenset({"name"}))
LONG = parse(b"[" + b"0.25," * 60 + b"1]")


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (TEXT, ["", "a"], [1, None, ["a"]]),
        (INTEGER, [0, -5, 2**70], [True, 1.0, "1"]),
        (COUNT, [0, 2**32 - 1], [-1, 2**32, True, 1.5]),
        (POSITIVE, [1], [0, -1]),
        (NUMBER, [1, 1.5, parse(b"1e5")], [True, "1", None]),
        (BOOLEAN, [True, False], [0, 1, "true"]),
        (OBJECT, [{}], [[], None, LONG]),
        (ANY, [None, 1, "a", [], {}, LONG], [object()]),
        (enumeration("l2", "ip"), ["l2"], ["L2", "cosine", None]),
        (Nullable(TEXT), [None, "a"], [1]),
        (ListOf(TEXT), [[], ["a"]], [None, "a", [1], ["a", None]]),
        (ListOf(COUNT), [[1, 2]], [[-1], [True]]),
        (MapOf(TEXT), [{}, {"a": "b"}], [{"a": 1}, []]),
        (OneOf((TEXT, ListOf(TEXT))), ["a", ["a"]], [1, [1]]),
        (Vectors(), [[], [[1, 2.5]], [LONG], ["AACAPwAAAEA="]], [None, [1], [["1"]], [[True]], [None], [["a"]]]),
        (Vectors(nullable=True), [[None, [1]]], [["x"]]),
        (Vectors(encoded=False), [[[1]]], [["AACAPwAAAEA="]]),
    ],
)
def test_a_kind_takes_what_it_names_and_nothing_else(kind: Kind, good: list[Any], bad: list[Any]) -> None:
    for value in good:
        kind.check(value, "x")
    for value in bad:
        with pytest.raises(Refusal) as caught:
            kind.check(value, "x")
        assert caught.value.reason is Reason.BAD_BODY


@pytest.mark.parametrize("encoded", ["AADAfw==", "AACAfw==", "AACAPw", "AACAPwA=", "AACA\nPw==", "!!!!", "é"])
def test_an_encoded_vector_is_whole_and_finite(encoded: str) -> None:
    with pytest.raises(Refusal):
        Vectors().check([encoded], "embeddings")


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ([], Reason.BAD_BODY),
        (None, Reason.BAD_BODY),
        ({}, Reason.BAD_BODY),
        ({"name": None}, Reason.BAD_BODY),
        ({"name": "a", "Name": "b"}, Reason.UNKNOWN_MEMBER),
        ({"name": "a", "inner": {"limit": 1, "x": 1}}, Reason.UNKNOWN_MEMBER),
        ({"name": "a", "flag": 1}, Reason.BAD_BODY),
    ],
)
def test_a_shape_is_closed(document: Any, reason: Reason) -> None:
    with pytest.raises(Refusal) as caught:
        PAIR.check(document)
    assert caught.value.reason is reason


def test_a_shape_names_the_member_that_does_not_fit() -> None:
    PAIR.check({"name": "a", "inner": {"limit": 3}, "flag": None})
    with pytest.raises(Refusal, match=r"inner\.limit is not integer"):
        PAIR.check({"name": "a", "inner": {"limit": "3"}})
    with pytest.raises(Refusal, match="define a member"):
        PAIR.check({"name": "a", "\x1b[2J": 1})
