from __future__ import annotations

import math
from collections import OrderedDict
from enum import StrEnum
from typing import Any

import msgspec
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from vecgate.evidence import canonical
from vecgate.evidence.canonical import MAX_INT, NotCanonical

texts = st.text(st.characters(codec="utf-8"))
keys = st.text(st.characters(max_codepoint=127))
leaves = st.none() | st.booleans() | st.integers(-MAX_INT, MAX_INT) | texts
values = st.recursive(leaves, lambda inner: st.lists(inner) | st.dictionaries(keys, inner), max_leaves=30)


@given(values)
def test_it_is_rfc_8785_byte_for_byte(value: Any) -> None:
    assert canonical.encode(value) == rfc8785.dumps(value)


@given(values)
def test_a_part_that_was_encoded_before_makes_no_difference(value: Any) -> None:
    part = msgspec.Raw(canonical.encode(value))
    assert canonical.encode({"a": [part, 1], "b": part}) == canonical.encode({"a": [value, 1], "b": value})
    assert canonical.clean([part]) == canonical.clean([value])


@pytest.mark.parametrize(
    "value",
    [
        1.0,
        math.nan,
        MAX_INT + 1,
        -MAX_INT - 1,
        {"é": 1},
        {1: 1},
        {"a": "\ud800"},
        b"bytes",
        (1, 2),
        {1, 2},
        object(),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_has_no_form_here_is_refused(value: Any) -> None:
    with pytest.raises(NotCanonical):
        canonical.encode([value])


def test_nesting_without_end_is_refused() -> None:
    value: list[Any] = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(NotCanonical):
        canonical.encode(value)


class Colour(StrEnum):
    RED = "red"


anything = st.recursive(
    leaves | st.integers() | st.floats() | st.text() | st.binary() | st.builds(object) | st.just(Colour.RED),
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text() | st.integers(), inner)
        | st.frozensets(st.integers())
    ),
    max_leaves=20,
)


@given(anything)
def test_whatever_it_is_it_can_be_cleaned_and_then_encoded(value: Any) -> None:
    cleaned = canonical.clean(value)
    assert canonical.encode(cleaned) == rfc8785.dumps(cleaned)


@pytest.mark.parametrize(
    ("value", "cleaned"),
    [
        (Colour.RED, "red"),
        (2**64, "0x10000000000000000"),
        (0.5, "0.5"),
        ("\ud83d", "\\ud83d"),
        ({"Größe": 1}, {"Gr\\xf6\\xdfe": 1}),
        (frozenset({"b", "a"}), ["a", "b"]),
        (OrderedDict(a=(1, 2)), {"a": [1, 2]}),
        (object(), "<object>"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_cleaning_keeps_what_can_be_kept(value: Any, cleaned: Any) -> None:
    assert canonical.clean(value) == cleaned
