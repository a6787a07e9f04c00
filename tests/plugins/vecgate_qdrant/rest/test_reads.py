from __future__ import annotations

from typing import Any

import pytest
from tests.support.qdrant_scene import POINTS, UUID, operations

from vecgate.operations.model import Action, Operation

VECTOR = [0.123456] * 60
A = {"must": {"key": "a", "match": {"value": "x"}}}


def asked(verb: str, body: Any, **aliases: str) -> tuple[Operation, ...]:
    return operations("POST", f"{POINTS}/{verb}", body, **aliases)


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("query", {"query": 1, "lookup_from": {"collection": "other"}}),
        ("query", {"query": 1, "prefetch": {"prefetch": [{"lookup_from": {"collection": "other"}}]}}),
        ("query/batch", {"searches": [{"query": 1}, {"query": 2, "lookup_from": {"collection": "other"}}]}),
        ("recommend", {"positive": [1], "limit": 1, "lookup_from": {"collection": "other"}}),
        ("recommend/batch", {"searches": [{"positive": [1], "limit": 1, "lookup_from": {"collection": "other"}}]}),
        ("discover", {"target": 1, "limit": 1, "lookup_from": {"collection": "other", "vector": "v"}}),
    ],
)
def test_vectors_of_another_collection_are_searched_with(verb: str, body: Any) -> None:
    found = asked(verb, body)
    assert (found[-1].action, found[-1].resources, found[-1].fields_used) == (Action.SEARCH, ("other",), ())
    assert asked(verb, body, other="secret")[-1].resources == ("secret",)


@pytest.mark.parametrize(
    ("lookup", "vectors"),
    [
        ("other", False),
        ({"collection": "other"}, False),
        ({"collection": "other", "with_vectors": True}, True),
        ({"collection": "other", "with_vector": ["v"]}, True),
    ],
)
@pytest.mark.parametrize("verb", ["query", "search", "recommend"])
def test_records_of_another_collection_are_read(verb: str, lookup: Any, vectors: bool) -> None:
    body = {"group_by": "g", "group_size": 2, "limit": 5, "with_lookup": lookup}
    bodies: dict[str, dict[str, Any]] = {
        "query": {"query": 1},
        "search": {"vector": VECTOR},
        "recommend": {"positive": [1]},
    }
    first, looked = asked(f"{verb}/groups", {**body, **bodies[verb]}, other="secret")
    assert (first.points, first.resources) == (10, ("kb",))
    assert (looked.action, looked.resources, looked.points, looked.vectors) == (Action.READ, ("secret",), 5, vectors)


def test_a_batch_is_the_operations_of_its_members() -> None:
    searches = [{"query": 1, "filter": A}, {"query": VECTOR, "with_vectors": True}, {}]
    found = asked("query/batch", {"searches": searches})
    assert [one.fields_used for one in found] == [("a",), (), ()]
    assert [one.vectors for one in found] == [False, True, False]
    assert [one.action for one in found] == [Action.SEARCH, Action.SEARCH, Action.READ]


def test_every_prefetch_counts_as_a_query() -> None:
    (one,) = asked(
        "query", {"query": {"fusion": "rrf"}, "prefetch": [{"query": VECTOR}, {"prefetch": {"query": 1}, "query": 2}]}
    )
    assert one.count == 4


@pytest.mark.parametrize("verb", ["search", "recommend"])
def test_a_legacy_threshold_steers(verb: str) -> None:
    (one,) = asked(
        verb,
        {"vector": VECTOR, "limit": 1, "score_threshold": 0}
        if verb == "search"
        else {"limit": 1, "score_threshold": 0},
    )
    assert one.scores_steer


def test_evidence_keeps_what_was_asked_and_no_vector() -> None:
    body = {
        "query": {"recommend": {"positive": [7, VECTOR], "negative": [UUID]}},
        "prefetch": [{"query": {"text": "who?", "model": "m"}, "filter": A, "limit": 3}],
        "filter": A,
        "limit": 5,
        "using": "v",
    }
    (one,) = asked("query", body)
    kept = dict(one.query)
    assert "0.123456" not in str(kept)
    assert (kept["filter"], kept["limit"], kept["using"]) == (A, 5, "v")
    assert kept["query"]["recommend"]["negative"] == [UUID]
    assert kept["query"]["recommend"]["positive"][0] == 7
    assert kept["prefetch"] == [{"filter": A, "limit": 3, "query": {"text": "who?"}}]


def test_evidence_keeps_the_first_ids() -> None:
    (one,) = operations("POST", POINTS, {"ids": list(range(500))})
    assert (one.query["ids"], one.query["records"]) == (list(range(100)), 500)
