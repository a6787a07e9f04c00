from __future__ import annotations

from typing import Any

import pytest
from tests.support.qdrant_calls import judged

from vecgate.errors import Refusal
from vecgate.operations.model import Action, Risk
from vecgate.operations.table import Row
from vecgate_qdrant import calls, rest
from vecgate_qdrant.calls.replies import MASKERS
from vecgate_qdrant.descriptors import DESCRIPTORS

BY_PATH = {row.path: row for row in calls.ROWS}
SERVED = frozenset({"Points", "Collections", "Snapshots", "Qdrant", "Health"})
REST = {row.operation: row for row in rest.ROWS}
ALIKE = {
    "Health/Check": "healthz",
    "Qdrant/HealthCheck": "root",
    "Collections/List": "get_collections",
    "Collections/Get": "get_collection",
    "Collections/CollectionExists": "collection_exists",
    "Collections/Create": "create_collection",
    "Collections/Update": "update_collection",
    "Collections/Delete": "delete_collection",
    "Collections/ListAliases": "get_collections_aliases",
    "Collections/ListCollectionAliases": "get_collection_aliases",
    "Collections/UpdateAliases": "update_aliases",
    "Collections/ListShardKeys": "list_shard_keys",
    "Collections/CreateShardKey": "create_shard_key",
    "Collections/DeleteShardKey": "delete_shard_key",
    "Collections/CollectionClusterInfo": "collection_cluster_info",
    "Collections/UpdateCollectionClusterSetup": "update_collection_cluster",
    "Points/CreateFieldIndex": "create_field_index",
    "Points/DeleteFieldIndex": "delete_field_index",
    "Points/CreateVectorName": "create_vector_name",
    "Points/DeleteVectorName": "delete_vector_name",
    "Snapshots/List": "list_snapshots",
    "Snapshots/Create": "create_snapshot",
    "Snapshots/Delete": "delete_snapshot",
    "Snapshots/ListFull": "list_full_snapshots",
    "Snapshots/CreateFull": "create_full_snapshot",
    "Snapshots/DeleteFull": "delete_full_snapshot",
    "Points/Upsert": "upsert_points",
    "Points/UpdateVectors": "update_vectors",
    "Points/SetPayload": "set_payload",
    "Points/OverwritePayload": "overwrite_payload",
    "Points/Delete": "delete_points",
    "Points/DeleteVectors": "delete_vectors",
    "Points/DeletePayload": "delete_payload",
    "Points/ClearPayload": "clear_payload",
    "Points/UpdateBatch": "batch_update",
    "Points/Get": "get_points",
    "Points/Scroll": "scroll_points",
    "Points/Count": "count_points",
    "Points/Facet": "facet",
    "Points/Query": "query_points",
    "Points/QueryBatch": "query_batch_points",
    "Points/QueryGroups": "query_points_groups",
    "Points/SearchMatrixPairs": "search_matrix_pairs",
    "Points/SearchMatrixOffsets": "search_matrix_offsets",
    "Points/Search": "search_points",
    "Points/Recommend": "recommend_points",
    "Points/Discover": "discover_points",
    "Points/SearchBatch": "search_batch_points",
    "Points/RecommendBatch": "recommend_batch_points",
    "Points/DiscoverBatch": "discover_batch_points",
    "Points/SearchGroups": "search_point_groups",
    "Points/RecommendGroups": "recommend_point_groups",
}


@pytest.mark.parametrize("path", [path for path, _ in DESCRIPTORS.methods()])
def test_every_published_call_has_a_row(path: str) -> None:
    service = path.split("/")[1].rpartition(".")[2]
    assert bool(BY_PATH[path].refused) == (service not in SERVED)


@pytest.mark.parametrize("row", [row for row in calls.ROWS if not row.refused], ids=lambda row: row.operation)
def test_a_call_is_what_the_rest_operation_of_its_intent_is(row: Row) -> None:
    other = REST[ALIKE[row.operation]]
    assert (row.action, row.resources, row.scope, row.risks) == (
        other.action,
        other.resources,
        other.scope,
        other.risks,
    )
    for name in ("vectors", "payload", "scores", "fields"):
        assert bool(getattr(row, name)) == bool(getattr(other, name)), name
    if row.vectors or row.scores:
        assert row.operation in MASKERS


@pytest.mark.parametrize("call", ["StorageRead/ReadWhole", "PointsInternal/Get", "ShardSnapshots/Recover"])
def test_what_is_internal_is_refused_by_name(call: str) -> None:
    with pytest.raises(Refusal) as caught:
        judged(call)
    assert caught.value.reason == "unknown_operation"
    assert "nodes" in caught.value.detail


@pytest.mark.parametrize(
    ("message", "risks"),
    [
        ({}, {Risk.SCHEMA_CHANGE}),
        ({"params": {"on_disk_payload": True}}, {Risk.SCHEMA_CHANGE}),
        ({"hnsw_config": {}}, {Risk.SCHEMA_CHANGE, Risk.INDEX_REBUILD}),
        ({"vectors_config": {}}, {Risk.SCHEMA_CHANGE, Risk.INDEX_REBUILD}),
        ({"strict_mode_config": {"enabled": False}}, {Risk.SCHEMA_CHANGE, Risk.ACCESS_CHANGE}),
    ],
)
def test_what_an_update_of_a_collection_risks(message: dict[str, object], risks: set[Risk]) -> None:
    (operation,) = judged("Collections/Update", {"collection_name": "kb", **message})
    assert set(operation.risks) == risks


@pytest.mark.parametrize(
    ("message", "risks", "fields"),
    [
        ({"move_shard": {"to_peer_id": 1}}, {Risk.CLUSTER_CHANGE}, ()),
        ({"drop_replica": {}}, {Risk.CLUSTER_CHANGE, Risk.BULK_DELETE}, ()),
        ({"delete_shard_key": {}}, {Risk.CLUSTER_CHANGE, Risk.BULK_DELETE}, ()),
        (
            {"replicate_points": {"filter": {"must": [{"is_null": {"key": "ssn"}}]}}},
            {Risk.CLUSTER_CHANGE, Risk.BULK_UPDATE, Risk.DISCLOSURE},
            ("ssn",),
        ),
    ],
)
def test_what_a_change_of_a_cluster_risks(
    message: dict[str, object], risks: set[Risk], fields: tuple[str, ...]
) -> None:
    (operation,) = judged("Collections/UpdateCollectionClusterSetup", {"collection_name": "kb", **message})
    assert (set(operation.risks), operation.fields_used) == (risks, fields)


def test_aliases_are_judged_by_every_name_and_by_what_it_stands_for() -> None:
    found = judged(
        "Collections/UpdateAliases",
        {
            "actions": [
                {"create_alias": {"collection_name": "kb", "alias_name": "live"}},
                {"rename_alias": {"old_alias_name": "live", "new_alias_name": "old"}},
                {"delete_alias": {"alias_name": "live"}},
            ]
        },
        live="secret",
    )
    assert [one.resources for one in found] == [("kb", "live", "secret"), ("live", "old", "secret"), ("live", "secret")]
    assert {one.action for one in found} == {Action.ADMIN}
    assert [one.resources for one in judged("Collections/UpdateAliases")] == [("**",)]
    index = judged("Points/CreateFieldIndex", {"collection_name": "kb", "field_name": "ssn"})
    assert index[0].fields_used == ("ssn",)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("Points/Count", {}),
        ("Points/Count", {"collection_name": "a/b"}),
        ("Points/Count", {"collection_name": ".."}),
        ("Points/Count", {"collection_name": "kb", "filter": {"must": [{}]}}),
        ("Points/Count", {"collection_name": "kb", "filter": {"must": [{"is_null": {}}]}}),
        ("Points/Facet", {"collection_name": "kb"}),
        ("Points/SearchGroups", {"collection_name": "kb", "vector": [1]}),
        ("Points/Search", {"collection_name": "kb"}),
        ("Points/Query", {"collection_name": "kb", "query": {}}),
        ("Points/Query", {"collection_name": "kb", "query": {"nearest": {}}}),
        ("Points/Query", {"collection_name": "kb", "query": {"formula": {"expression": {}}}}),
        ("Points/Query", {"collection_name": "kb", "query": {"formula": {"expression": {"variable": "$secret"}}}}),
        ("Points/Query", {"collection_name": "kb", "query": {"nearest": {"dense": {"data": ["NaN", 1]}}}}),
        ("Points/Search", {"collection_name": "kb", "vector": ["Infinity"]}),
        ("Points/Query", {"collection_name": "kb", "query": {"fusion": 99}}),
        ("Points/Query", {"collection_name": "kb", "query": {"sample": 99}}),
        ("Points/Query", {"collection_name": "kb", "lookup_from": {"collection_name": ""}}),
        ("Points/QueryGroups", {"collection_name": "kb", "group_by": "a", "with_lookup": {"collection": "a/b"}}),
        ("Points/Delete", {"collection_name": "kb"}),
        ("Points/Delete", {"collection_name": "kb", "points": {"points": {"ids": [{}]}}}),
        ("Points/SetPayload", {"collection_name": "kb"}),
        ("Points/UpdateBatch", {"collection_name": "kb", "operations": [{}]}),
        ("Points/Get", {"collection_name": "kb", "ids": [{}]}),
        ("Points/QueryBatch", {"collection_name": "kb", "query_points": [{"collection_name": "other"}]}),
        ("Collections/UpdateAliases", {"actions": [{}]}),
        ("Collections/UpdateAliases", {"actions": [{"create_alias": {"collection_name": "kb"}}]}),
        ("Collections/UpdateCollectionClusterSetup", {"collection_name": "kb"}),
        ("Points/CreateFieldIndex", {"collection_name": "kb"}),
    ],
)
def test_what_says_too_little_or_another_thing_is_refused(call: str, message: dict[str, object]) -> None:
    with pytest.raises(Refusal) as caught:
        judged(call, message)
    assert caught.value.reason == "bad_body"


@pytest.mark.parametrize("call", ["Points/Scroll", "Points/Count", "Points/Delete"])
def test_a_time_that_no_calendar_has_is_refused(call: str) -> None:
    message: Any = DESCRIPTORS.type(DESCRIPTORS.method(f"/qdrant.{call}").input_type.full_name)(collection_name="kb")
    chosen = message.points if call == "Points/Delete" else message
    condition = chosen.filter.must.add().field
    condition.key = "since"
    condition.datetime_range.gt.seconds = 10**18
    with pytest.raises(Refusal) as caught:
        judged(call, message)
    assert caught.value.reason == "bad_body"


def test_a_field_that_nobody_knows_is_refused() -> None:
    known = DESCRIPTORS.made("/qdrant.Points/Delete", {"collection_name": "kb", "points": {"filter": {}}})
    with pytest.raises(Refusal) as caught:
        judged("Points/Delete", known + b"\xfa\x3f\x01x")
    assert caught.value.reason == "unknown_member"
