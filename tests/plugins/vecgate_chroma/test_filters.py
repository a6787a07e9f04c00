from __future__ import annotations

from typing import Any

import pytest

from vecgate.errors import Refusal
from vecgate.reasons import Reason
from vecgate_chroma.filters import Filter, field, keys, rank, where, where_document


@pytest.mark.parametrize(
    ("value", "fields", "narrows"),
    [
        (None, (), False),
        ({}, (), False),
        ({"a": 1}, ("a",), True),
        ({"a": {"$eq": "x"}}, ("a",), True),
        ({"a": {"$in": [1, 2]}}, ("a",), True),
        ({"a": {"$contains": "x"}}, ("a",), True),
        ({"a": {"$contains": ""}}, ("a",), False),
        ({"a": {"$ne": "x"}}, ("a",), False),
        ({"a": {"$nin": ["x"]}}, ("a",), False),
        ({"a": {"$gt": 0}}, ("a",), False),
        ({"a": {"$not_contains": "x"}}, ("a",), False),
        ({"a": {"$regex": "x"}}, ("a",), False),
        ({"address.city": "x"}, ("address.city",), True),
        ({"$and": [{"a": {"$gt": 1}}, {"b": "x"}]}, ("a", "b"), True),
        ({"$or": [{"a": {"$gt": 1}}, {"b": "x"}]}, ("a", "b"), False),
        ({"$or": [{"a": 1}, {"$and": [{"b": 1}, {"a": 2}]}]}, ("a", "b"), True),
        ({"chroma:document": "x"}, ("#document",), True),
        ({"chroma:document": {"$eq": "x"}}, ("#document",), True),
        ({"chroma:uri": "x"}, ("#uri",), True),
        ({"#document": {"$contains": "x"}}, ("#document",), True),
        ({"#embedding": {"$eq": 1.0}}, ("#embedding",), True),
    ],
)
def test_a_filter_names_the_fields_it_steers_by(value: Any, fields: tuple[str, ...], narrows: bool) -> None:
    assert where(value) == Filter(fields, narrows)


@pytest.mark.parametrize(
    "value",
    [
        [],
        "a",
        0,
        {"a": 1, "ssn": 2},
        {"a": {"$gt": 1, "$lt": 2}},
        {"a": {}},
        {"a": []},
        {"a": None},
        {"a": {"$eq": None}},
        {"a": {"$eq": {"b": 1}}},
        {"a": {"b": 1}},
        {"a": {"$bogus": 1}},
        {"a": {"$in": []}},
        {"a": {"$in": "x"}},
        {"a": {"$in": [[1]]}},
        {"a": {"$regex": 1}},
        {"$and": []},
        {"$or": []},
        {"$and": {"a": 1}},
        {"$and": [{}]},
        {"$and": [[]]},
        {"$and": [{"a": 1}], "b": 1},
        {"$not": {"a": 1}},
        {"$where": "1"},
        {"chroma:secret": 1},
    ],
)
def test_what_the_server_would_not_take_is_refused(value: Any) -> None:
    with pytest.raises(Refusal) as caught:
        where(value)
    assert caught.value.reason is Reason.BAD_BODY


@pytest.mark.parametrize(
    ("value", "narrows"),
    [
        ({"$contains": "x"}, True),
        ({"$contains": ""}, False),
        ({"$regex": ".*"}, False),
        ({"$not_regex": ".*"}, False),
        ({"$and": [{"$contains": "a"}, {"$not_contains": "b"}]}, True),
        ({"$or": [{"$contains": "a"}, {"$not_contains": "b"}]}, False),
    ],
)
def test_a_full_text_filter_steers_by_the_document(value: Any, narrows: bool) -> None:
    assert where_document(value) == Filter(("#document",), narrows)


@pytest.mark.parametrize(
    "value",
    [{"$eq": "x"}, {"k": {"$contains": "x"}}, {"#document": {"$contains": "x"}}, {"$contains": 1}, {"$and": []}, [1]],
)
def test_no_other_full_text_filter_passes(value: Any) -> None:
    with pytest.raises(Refusal):
        where_document(value)


KNN = {"$knn": {"query": [1.0, 2.0], "key": "#embedding", "limit": 5}}


@pytest.mark.parametrize(
    ("value", "fields", "formula"),
    [
        (None, (), False),
        ({}, (), False),
        (KNN, (), False),
        ({"$knn": {"query": {"#type": "sparse_vector"}, "key": "sparse"}}, ("sparse",), False),
        ({"$mul": [KNN, {"$val": 2.0}]}, (), True),
        ({"$div": {"left": {"$val": 1}, "right": {"$sum": [{"$val": 60}, KNN]}}}, (), True),
        (
            {"$abs": {"$knn": {"query": "text", "key": "sparse", "return_rank": True, "default": 1.5}}},
            ("sparse",),
            True,
        ),
    ],
)
def test_a_rank_other_than_nearest_neighbours_is_a_formula(value: Any, fields: tuple[str, ...], formula: bool) -> None:
    assert rank(value) == (fields, formula)


@pytest.mark.parametrize(
    "value",
    [
        [],
        "x",
        {"$knn": {}},
        {"$knn": [1.0]},
        {"$knn": {"query": 1}},
        {"$knn": {"query": [1.0], "key": 1}},
        {"$knn": {"query": [1.0], "limit": "5"}},
        {"$knn": {"query": [1.0], "score_threshold": 1}},
        {"$val": "1"},
        {"$val": True},
        {"$sum": KNN},
        {"$sub": {"left": KNN}},
        {"$pow": KNN},
        {**KNN, "$val": 1},
    ],
)
def test_no_other_rank_passes(value: Any) -> None:
    with pytest.raises(Refusal):
        rank(value)


def test_keys_are_fields() -> None:
    assert keys("a") == ("a",)
    assert keys(["a", "chroma:document"]) == ("a", "#document")
    assert field("#score") == "#score"
    for bad in (1, [1], ["$x"], ["chroma:x"]):
        with pytest.raises(Refusal):
            keys(bad)
