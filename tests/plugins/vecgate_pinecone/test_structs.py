"""Structs: to plain values and back."""

from __future__ import annotations

import math
from typing import Any

import pytest

from vecgate.errors import Refusal
from vecgate.reasons import Reason
from vecgate_pinecone import structs
from vecgate_pinecone.descriptors import DESCRIPTORS

DOCUMENT: dict[str, Any] = {"t": "x", "n": 1.5, "b": False, "l": ["a", True, 2.0], "o": {"i": {}}, "none": None}


def vector() -> Any:
    return DESCRIPTORS.type("Vector")()


def struct() -> Any:
    return vector().metadata


def test_there_and_back() -> None:
    made = struct()
    structs.write(made, DOCUMENT)
    assert structs.plain(made) == DOCUMENT
    structs.write(made, {"t": "y"})
    assert structs.plain(made) == {"t": "y"}


@pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan])
def test_no_finite_number_is_refused(number: float) -> None:
    made = struct()
    made.fields["n"].number_value = number
    with pytest.raises(Refusal) as caught:
        structs.plain(made)
    assert caught.value.reason is Reason.BAD_BODY


def test_a_value_of_no_kind_is_refused() -> None:
    made = struct()
    made.fields["l"].list_value.values.add()
    with pytest.raises(Refusal):
        structs.plain(made)


def test_what_is_absent_is_none() -> None:
    message = vector()
    assert structs.optional(message, "metadata") is None
    message.metadata.SetInParent()
    assert structs.optional(message, "metadata") == {}
