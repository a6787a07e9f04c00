from __future__ import annotations

from typing import Any

import pytest
from tests.support.qdrant_calls import judged

from vecgate.operations.model import Action, Risk

KB = {"collection_name": "kb"}
NEAR = {"query": {"nearest": {"dense": {"data": [3, 4]}}}}
SSN = {"must": [{"field": {"key": "ssn", "match": {"keyword": "x"}}}]}
WITH = {"with_vectors": {"enable": True}}
PAIR = {"positive": {"id": {"num": 1}}, "negative": {"id": {"num": 2}}}


@pytest.mark.parametrize(
    ("call", "message", "action", "points", "vectors", "risks"),
    [
        ("Get", {"ids": [{"num": 1}, {"uuid": "a"}]}, Action.READ, 2, False, ()),
        ("Get", {"ids": [{"num": 1}] * 1001, **WITH}, Action.READ, 1001, True, (Risk.BULK_EXPORT,)),
        ("Scroll", {}, Action.READ, 10, False, ()),
        ("Scroll", {"limit": 1001}, Action.READ, 1001, False, (Risk.BULK_EXPORT,)),
        ("Query", {}, Action.READ, 10, False, ()),
        ("Query", {"query": {"order_by": {"key": "a"}}}, Action.READ, 10, False, ()),
        ("Query", {"query": {"sample": "Random"}, "limit": 7}, Action.READ, 7, False, ()),
        ("Query", {**NEAR, **WITH}, Action.SEARCH, 10, True, ()),
        ("Query", {**NEAR, "with_vectors": {"include": {"names": ["a"]}}}, Action.SEARCH, 10, True, ()),
        ("Query", {**NEAR, "with_vectors": {"include": {}}}, Action.SEARCH, 10, False, ()),
        ("Query", {"query": {"fusion": "RRF"}}, Action.SEARCH, 10, False, ()),
        ("Query", {"query": {"rrf": {"k": 1}}}, Action.SEARCH, 10, False, ()),
        ("Query", {"query": {"nearest_with_mmr": {"nearest": {"id": {"num": 1}}}}}, Action.SEARCH, 10, False, ()),
        ("Query", {"query": {"context": {"pairs": [PAIR]}}}, Action.SEARCH, 10, False, ()),
        ("Query", {"query": {"recommend": {"positive": [{"id": {"num": 1}}]}}}, Action.SEARCH, 10, False, ()),
        ("Query", {**NEAR, "limit": 1001}, Action.SEARCH, 1001, False, (Risk.BULK_EXPORT,)),
        ("QueryGroups", {**NEAR, "group_by": "a"}, Action.SEARCH, 30, False, ()),
        ("QueryGroups", {**NEAR, "group_by": "a", "group_size": 101}, Action.SEARCH, 1010, False, (Risk.BULK_EXPORT,)),
        ("Search", {"vector": [1], "limit": 5}, Action.SEARCH, 5, False, ()),
        ("Search", {"vector": [1], "sparse_indices": {"data": [4]}}, Action.SEARCH, 10, False, ()),
        ("Recommend", {"positive": [{"num": 1}], "positive_vectors": [{"data": [1]}]}, Action.SEARCH, 10, False, ()),
        ("Discover", {"target": {"single": {"id": {"num": 1}}}, "context": [PAIR]}, Action.SEARCH, 10, False, ()),
        ("SearchMatrixPairs", {"sample": 1001}, Action.SEARCH, 1001, False, (Risk.BULK_EXPORT,)),
        ("Count", {}, Action.READ, None, False, ()),
    ],
)
def test_what_comes_back(
    call: str, message: dict[str, Any], action: Action, points: int | None, vectors: bool, risks: tuple[Risk, ...]
) -> None:
    (operation,) = judged(f"Points/{call}", {**KB, **message})
    assert operation.resources == ("kb",)
    assert (operation.action, operation.vectors, operation.risks) == (action, vectors, risks)
    if points is not None:
        assert operation.points == points


def test_every_query_and_prefetch_counts_and_each_stage_is_an_action() -> None:
    found = judged(
        "Points/Query",
        {
            **KB,
            **NEAR,
            "prefetch": [
                {"query": {"fusion": "DBSF"}, "prefetch": [{**NEAR, "filter": SSN}, {"score_threshold": 0.5}]},
                {**NEAR, "lookup_from": {"collection_name": "other"}},
            ],
        },
        other="secret",
    )
    search, read, other = found
    assert (search.action, search.count, search.fields_used, search.scores_steer) == (Action.SEARCH, 5, ("ssn",), True)
    assert (read.action, read.points, read.count) == (Action.READ, 0, 1)
    assert (other.action, other.resources) == (Action.SEARCH, ("secret",))
    shown = search.query["prefetch"][0]["prefetch"]
    assert shown[0]["filter"]["must"][0]["field"]["key"] == "ssn"
    assert shown[0]["query"]["norm"] == 5.0
    assert "data" not in str(search.query)


def test_what_groups_look_up_is_read_where_it_stands() -> None:
    lookup = {"collection": "live", **WITH}
    found = judged(
        "Points/SearchGroups",
        {**KB, "vector": [1], "group_by": "town", "limit": 4, "group_size": 2, "with_lookup": lookup},
        live="towns",
    )
    assert [(one.action, one.resources, one.points, one.vectors) for one in found] == [
        (Action.SEARCH, ("kb",), 8, False),
        (Action.READ, ("towns",), 4, True),
    ]
    assert found[0].fields_used == ("town",)


@pytest.mark.parametrize("kind", ["Search", "Recommend", "Discover", "Query"])
def test_a_batch_is_what_its_requests_are_alone(kind: str) -> None:
    kinds: dict[str, dict[str, Any]] = {
        "Search": {"vector": [1]},
        "Recommend": {"positive": [{"num": 1}]},
        "Discover": {"context": [PAIR]},
        "Query": NEAR,
    }
    inner = {**kinds[kind], **WITH, "filter": SSN, "limit": 3}
    found = judged(f"Points/{kind}Batch", {**KB, f"{kind.lower()}_points": [inner, {**inner, "collection_name": "kb"}]})
    assert [(each.points, each.vectors, each.fields_used) for each in found] == [(3, True, ("ssn",))] * 2
    assert len(judged(f"Points/{kind}Batch", KB)) == 1


@pytest.mark.parametrize(
    "query",
    [
        {"nearest": {"document": {"text": "t", "model": "m"}}},
        {"nearest": {"image": {"model": "m"}}},
        {"nearest": {"object": {"model": "m"}}},
        {"recommend": {"negative": [{"document": {"text": "t", "model": "m"}}]}},
        {"discover": {"target": {"id": {"num": 1}}, "context": {"pairs": [{**PAIR, "positive": {"image": {}}}]}}},
        {"relevance_feedback": {"target": {"document": {}}, "feedback": []}},
    ],
)
def test_what_is_inferred_leaves_the_database(query: dict[str, Any]) -> None:
    (operation,) = judged("Points/Query", {**KB, "query": query})
    assert operation.risks == (Risk.EGRESS,)


@pytest.mark.parametrize(
    ("message", "risks", "count", "action"),
    [
        ({"upsert": {"points": [{"id": {"num": n}} for n in range(3)]}}, (), 3, Action.WRITE),
        ({"upsert": {"points": [{"id": {"num": n}} for n in range(1001)]}}, (Risk.BULK_UPDATE,), 1001, Action.WRITE),
        ({"delete_points": {"points": {"points": {"ids": [{"num": 1}]}}}}, (), 1, Action.DELETE),
        ({"delete_points": {"points": {"points": {"ids": [{"num": 1}] * 11}}}}, (Risk.BULK_DELETE,), 11, Action.DELETE),
        ({"delete_deprecated": {"filter": {}}}, (Risk.BULK_DELETE,), 1, Action.DELETE),
        ({"clear_payload_deprecated": {"filter": SSN}}, (Risk.BULK_DELETE,), 1, Action.DELETE),
        ({"clear_payload": {"points": {"filter": SSN}}}, (Risk.BULK_DELETE,), 1, Action.DELETE),
        ({"set_payload": {"points_selector": {"filter": SSN}}}, (Risk.BULK_UPDATE,), 1, Action.WRITE),
        ({"overwrite_payload": {"points_selector": {"points": {"ids": []}}}}, (), 1, Action.WRITE),
        ({"delete_payload": {"points_selector": {"points": {"ids": [{"num": 1}]}}}}, (), 1, Action.DELETE),
        ({"delete_vectors": {"points_selector": {"filter": SSN}}}, (Risk.BULK_DELETE,), 1, Action.DELETE),
        ({"update_vectors": {"points": [{"id": {"num": 1}}], "update_filter": SSN}}, (), 1, Action.WRITE),
    ],
)
def test_a_change_is_the_same_in_a_batch_and_alone(
    message: dict[str, Any], risks: tuple[Risk, ...], count: int, action: Action
) -> None:
    (one,) = judged("Points/UpdateBatch", {**KB, "operations": [message]})
    assert (one.risks, one.count, one.action) == (risks, count, action)
    ((kind, inner),) = message.items()
    alone = inner if not kind.endswith("deprecated") else {"points": inner}
    (other,) = judged(one.name, {**KB, **alone})
    assert other == one
