from __future__ import annotations

from typing import Any

import pytest
from tests.support.qdrant_scene import POINTS, UUID, operations

from vecgate.errors import Refusal
from vecgate.operations.model import Action
from vecgate_qdrant.rest import queries
from vecgate_qdrant.steering import Steering

A = {"must": {"key": "a", "match": {"value": 1}}}
VECTOR = [0.25, 0.5]
FEEDBACK = {
    "target": VECTOR,
    "feedback": [{"example": 1, "score": 0.5}],
    "strategy": {"naive": {"a": 1, "b": 2, "c": 3}},
}
SEARCH, READ, BOTH = (Action.SEARCH,), (Action.READ,), (Action.SEARCH, Action.READ)


def walked(**document: Any) -> Steering:
    steering = Steering()
    queries.stage(document, steering)
    return steering


@pytest.mark.parametrize(
    ("document", "actions"),
    [
        ({}, READ),
        ({"query": None}, READ),
        ({"query": VECTOR}, SEARCH),
        ({"query": 1}, SEARCH),
        ({"query": {"nearest": VECTOR, "mmr": {"diversity": 0.5, "candidates_limit": 10}}}, SEARCH),
        ({"query": {"nearest": {"text": "a", "model": "m"}}}, SEARCH),
        ({"query": {"recommend": {"positive": [1, VECTOR], "negative": None, "strategy": "best_score"}}}, SEARCH),
        ({"query": {"recommend": {"positive": list(range(200))}}}, SEARCH),
        ({"query": {"discover": {"target": 1, "context": {"positive": 1, "negative": 2}}}}, SEARCH),
        ({"query": {"discover": {"target": 1, "context": None}}}, SEARCH),
        ({"query": {"context": [{"positive": VECTOR, "negative": UUID}]}}, SEARCH),
        ({"query": {"context": None}}, SEARCH),
        ({"query": {"relevance_feedback": FEEDBACK}}, SEARCH),
        ({"query": {"order_by": "o"}}, READ),
        ({"query": {"sample": "random"}}, READ),
        ({"query": {"fusion": "rrf"}, "prefetch": [{"query": VECTOR}, {"query": 1}]}, SEARCH),
        ({"query": {"rrf": {"k": 5, "weights": [1, 2]}}, "prefetch": {"query": VECTOR}}, SEARCH),
        ({"query": {"fusion": "dbsf"}, "prefetch": [{"filter": A}]}, BOTH),
        ({"query": VECTOR, "prefetch": {"query": {"order_by": "o"}}}, BOTH),
        ({"query": {"formula": 1}, "prefetch": {"query": VECTOR}}, SEARCH),
    ],
)
def test_a_query_searches_or_reads_or_both(document: dict[str, Any], actions: tuple[Action, ...]) -> None:
    assert walked(**document).actions == actions
    assert tuple(one.action for one in operations("POST", f"{POINTS}/query", document)) == actions


def test_prefetches_are_walked_at_any_depth() -> None:
    deep: Any = {"query": VECTOR, "filter": A, "lookup_from": {"collection": "far"}, "score_threshold": 0.5}
    for level in range(12):
        deep = {"prefetch": deep if level % 2 else [deep], "query": {"order_by": {"key": f"o{level}"}}}
    found = walked(**deep)
    assert {"a", "o0", "o11"} <= found.fields.keys()
    assert (tuple(found.lookups), found.scores, found.queries) == (("far",), True, 13)


@pytest.mark.parametrize(
    "document",
    [
        {"score_threshold": 0.0},
        {"prefetch": {"score_threshold": 1}},
        {"prefetch": [{"prefetch": {"query": {"formula": "$score"}}}]},
    ],
)
def test_thresholds_and_formulas_over_scores_steer(document: dict[str, Any]) -> None:
    assert walked(**document).scores


@pytest.mark.parametrize("document", [{"score_threshold": None}, {"query": {"formula": "price"}}])
def test_what_reads_no_scores_does_not(document: dict[str, Any]) -> None:
    assert not walked(**document).scores


def test_the_corpus_of_frequencies_is_a_filter() -> None:
    assert tuple(walked(params={"idf": {"corpus": A}}).fields) == ("a",)
    assert not walked(params={"idf": "global", "hnsw_ef": 8, "quantization": {"rescore": True}}).fields


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"nearest": VECTOR, "recommend": {"positive": [1]}},
        {"nearest": VECTOR, "score": 1},
        {"nearest": None},
        {"indices": [1], "values": [1], "nearest": VECTOR},
        {"recommend": {"positives": [1]}},
        {"recommend": {"positive": 1}},
        {"recommend": [1]},
        {"recommend": {"strategy": "worst"}},
        {"discover": {"context": []}},
        {"discover": {"target": 1, "context": [{"positive": 1}]}},
        {"context": [1]},
        {"order_by": ""},
        {"order_by": {"key": "a", "then": "b"}},
        {"order_by": {"direction": "asc"}},
        {"order_by": ["a"]},
        {"fusion": "sum"},
        {"rrf": {"weight": [1]}},
        {"sample": "all"},
        {"formula": "x", "default": {}},
        {"relevance_feedback": {"target": 1}},
        {"relevance_feedback": {**FEEDBACK, "feedback": [{"example": 1}]}},
        {"relevance_feedback": {**FEEDBACK, "strategy": {"naive": {"a": 1}}}},
        {"lookup": 1},
        "not an id",
    ],
)
def test_what_is_no_query_is_refused(query: Any) -> None:
    with pytest.raises(Refusal):
        walked(query=query)


@pytest.mark.parametrize(
    "prefetch", [[1], {"limits": 1}, {"limit": 0}, {"filter": []}, {"lookup_from": "far"}, {"lookup_from": {}}, "x"]
)
def test_what_is_no_prefetch_is_refused(prefetch: Any) -> None:
    with pytest.raises(Refusal):
        operations("POST", f"{POINTS}/query", {"query": 1, "prefetch": prefetch})


@pytest.mark.parametrize("params", [{"idf": {}}, {"idf": {"corpus": []}}, {"idf": "local"}, {"ef": 1}])
def test_what_are_no_parameters_is_refused(params: Any) -> None:
    with pytest.raises(Refusal):
        walked(params=params)
