"""Filters: every field in them, in every nesting; whatever is outside the grammar is refused."""

from __future__ import annotations

from typing import Any

import pytest

from vecgate.errors import Refusal
from vecgate.operations.document import parse
from vecgate.reasons import Reason
from vecgate_pinecone import filters

FIELDS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "none": (None, ()),
    "empty": ({}, ()),
    "a value": ({"ssn": "1"}, ("ssn",)),
    "two values": ({"ssn": "1", "year": 2}, ("ssn", "year")),
    "an operator": ({"ssn": {"$ne": "1"}}, ("ssn",)),
    "several operators": ({"year": {"$gte": 1, "$lt": 5.5}}, ("year",)),
    "in": ({"ssn": {"$in": ["1", 2, True]}}, ("ssn",)),
    "in nothing": ({"ssn": {"$nin": []}}, ("ssn",)),
    "exists": ({"ssn": {"$exists": False}}, ("ssn",)),
    "or": ({"$or": [{"year": 1}, {"ssn": "1"}]}, ("year", "ssn")),
    "and beside a field": ({"open": 1, "$and": [{"year": 1}, {"$or": [{"ssn": "1"}]}]}, ("open", "year", "ssn")),
    "a name with dots": ({"person.ssn": "1"}, ("person.ssn",)),
    "twice": ({"$and": [{"ssn": "1"}, {"ssn": {"$ne": "2"}}]}, ("ssn",)),
}
REFUSED: dict[str, Any] = {
    "a text": "ssn",
    "a list": [{"ssn": "1"}],
    "a number": 1,
    "zero": 0,
    "an empty text": "",
    "false": False,
    "an empty list": [],
    "an unknown operator": {"ssn": {"$regex": "1"}},
    "a known one beside an unknown one": {"ssn": {"$eq": "1", "$where": "1"}},
    "not": {"$not": {"ssn": "1"}},
    "nor": {"$nor": [{"ssn": "1"}]},
    "and of an object": {"$and": {"ssn": "1"}},
    "or of nothing": {"$or": []},
    "an empty object within or": {"$or": [{}]},
    "a field without a name": {"": "1"},
    "a field with null": {"ssn": None},
    "a field with a list": {"ssn": ["1"]},
    "an object without operators": {"ssn": {}},
    "an object with a field": {"person": {"ssn": "1"}},
    "a range of texts": {"ssn": {"$gt": "1"}},
    "a range of truth": {"ssn": {"$lt": True}},
    "in of a text": {"ssn": {"$in": "1"}},
    "in of lists": {"ssn": {"$in": [["1"]]}},
    "exists of a number": {"ssn": {"$exists": 1}},
    "equal to an object": {"ssn": {"$eq": {"a": 1}}},
}


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_is_found(name: str) -> None:
    value, fields = FIELDS[name]
    assert filters.read(value).fields == fields


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_outside_the_grammar_is_refused(name: str) -> None:
    with pytest.raises(Refusal) as caught:
        filters.read(REFUSED[name])
    assert caught.value.reason is Reason.BAD_BODY


def test_a_long_list_of_numbers_is_a_list() -> None:
    numbers = ",".join(["1.5"] * 100)
    assert filters.read(parse(f'{{"year":{{"$in":[{numbers}]}}}}'.encode())).fields == ("year",)


@pytest.mark.parametrize(
    ("value", "narrows"),
    [
        ({}, False),
        ({"a": 1}, True),
        ({"a": {"$in": [1]}}, True),
        ({"a": {"$ne": 1}}, False),
        ({"a": {"$gte": 0}}, False),
        ({"a": {"$exists": True}}, False),
        ({"a": {"$nin": [1]}, "b": 2}, True),
        ({"$or": [{"a": 1}, {"b": {"$ne": 2}}]}, False),
        ({"$or": [{"a": 1}, {"b": 2}]}, True),
        ({"$and": [{"a": {"$ne": 1}}, {"b": 2}]}, True),
    ],
    ids=str,
)
def test_a_filter_narrows_if_it_asks_for_a_value(value: Any, narrows: bool) -> None:
    assert filters.read(value).narrows is narrows
