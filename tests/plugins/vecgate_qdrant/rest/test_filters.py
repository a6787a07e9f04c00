from __future__ import annotations

from typing import Any

import pytest
from tests.support.qdrant_scene import UUID

from vecgate.errors import Refusal
from vecgate.reasons import Reason
from vecgate_qdrant.rest import filters
from vecgate_qdrant.steering import Steering

A, B = {"key": "a", "match": {"value": 1}}, {"key": "b", "range": {"gt": 1, "lt": None}}
GEO = {"lon": 1.0, "lat": 2}


def fields(value: Any) -> tuple[str, ...]:
    steering = Steering()
    filters.read(value, steering)
    return tuple(steering.fields)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, ()),
        ({}, ()),
        ({"must": None, "should": [], "must_not": None}, ()),
        ({"must": A}, ("a",)),
        ({"must": [A, B], "should": B, "must_not": [A]}, ("a", "b")),
        ({"must": [{"must": [{"should": [B]}]}]}, ("b",)),
        ({"must": {}}, ()),
        ({"min_should": {"conditions": [A, {"must_not": B}], "min_count": 1}}, ("a", "b")),
        ({"must": {"is_empty": {"key": "e"}}}, ("e",)),
        ({"must_not": [{"is_null": {"key": "n.m"}}]}, ("n.m",)),
        ({"must": {"key": "e", "is_empty": True}}, ("e",)),
        ({"must": {"key": "e", "values_count": {"gte": 1}}}, ("e",)),
        ({"must": {"key": "g", "geo_radius": {"center": GEO, "radius": 5}}}, ("g",)),
        ({"must": {"key": "g", "geo_bounding_box": {"top_left": GEO, "bottom_right": GEO}}}, ("g",)),
        ({"must": {"key": "g", "geo_polygon": {"exterior": {"points": [GEO]}, "interiors": [{"points": []}]}}}, ("g",)),
        ({"must": {"key": "t", "range": {"gt": "2024-01-01T00:00:00Z"}}}, ("t",)),
        ({"must": {"key": "t", "match": {"any": list(range(200))}}}, ("t",)),
        ({"must": {"key": '"x.y"[0].z', "match": {"text": "w"}}}, ('"x.y"[0].z',)),
        ({"must": {"nested": {"key": "c[]", "filter": {"must": A}}}}, ("c[]", "c[].a")),
        ({"must": {"nested": {"key": "c", "filter": {}}}}, ("c",)),
        (
            {"must": {"nested": {"key": "c", "filter": {"must": {"nested": {"key": "d", "filter": {"should": [B]}}}}}}},
            ("c", "c.d", "c.d.b"),
        ),
        ({"must": [{"has_id": [1, UUID]}, {"has_vector": "v"}, {"slice": {"total": 4, "index": 0}}]}, ()),
        *(
            ({"must": {"key": "m", "match": {name: value}}}, ("m",))
            for name, value in (
                ("value", True),
                ("text_any", "x"),
                ("phrase", "x"),
                ("prefix", "x"),
                ("except", ["x"]),
            )
        ),
    ],
)
def test_every_field_that_a_filter_uses_is_found(value: Any, expected: tuple[str, ...]) -> None:
    assert fields(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        [],
        "a",
        {"musts": A},
        {"must": [[A]]},
        {"must": "a"},
        {"must": {"key": 1}},
        {"must": {"key": ""}},
        {"must": {"match": {"value": 1}}},
        {"must": {"key": "a", "match": {"value": 1, "text": "x"}}},
        {"must": {"key": "a", "match": {"valu": 1}}},
        {"must": {"key": "a", "match": {"value": {"key": "b"}}}},
        {"must": {"key": "a", "must": [B]}},
        {"must": {"key": "a", "nested": {"key": "b", "filter": {}}}},
        {"must": {"is_empty": {"key": "a"}, "is_null": {"key": "b"}}},
        {"must": {"is_empty": {"key": "a"}, "must": [B]}},
        {"must": {"is_empty": True}},
        {"must": {"has_id": 1}},
        {"must": {"has_id": ["not an id"]}},
        {"must": {"has_vector": ["v"]}},
        {"must": {"slice": {"total": 0, "index": 0}}},
        {"must": {"nested": {"key": "a"}}},
        {"must": {"nested": {"key": "a", "filter": None}}},
        {"must": {"nested": {"key": "a", "filter": {}, "must": A}}},
        {"must": {"nested": {"key": "", "filter": {}}}},
        {"min_should": {"conditions": A, "min_count": 1}},
        {"min_should": {"conditions": [A]}},
        {"min_should": [A]},
    ],
)
def test_what_the_grammar_does_not_have_is_refused(value: Any) -> None:
    with pytest.raises(Refusal) as caught:
        fields(value)
    assert caught.value.reason in {Reason.BAD_BODY, Reason.UNKNOWN_MEMBER}


def test_conditions_are_bounded() -> None:
    assert not fields({"must": [{}] * 20_000})
    with pytest.raises(Refusal) as refused:
        fields({"must": [{"should": [{}] * 10_000}] * 2})
    assert refused.value.reason is Reason.BODY_TOO_LARGE
