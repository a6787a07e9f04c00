from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from tests.support.qdrant_description import PUBLISHED
from tests.support.qdrant_scene import KB, POINTS, UUID, operations, unbound

from vecgate.errors import Refusal
from vecgate.operations.model import Action, Risk, Scope
from vecgate.reasons import Reason
from vecgate_qdrant.rest.answers import ANSWERED
from vecgate_qdrant.rest.reading import TABLE

META, READ, ADMIN, WRITE, DELETE, SEARCH = (
    Action.META,
    Action.READ,
    Action.ADMIN,
    Action.WRITE,
    Action.DELETE,
    Action.SEARCH,
)
THIS, WHOLE = ("kb",), ("**",)
EXPORT, UPDATE, WIPE = (Risk.BULK_EXPORT,), (Risk.BULK_UPDATE,), (Risk.BULK_DELETE,)
CLUSTER, TELLS, SNAPSHOT, SCHEMA = (
    (Risk.CLUSTER_CHANGE,),
    (Risk.DISCLOSURE,),
    (Risk.SNAPSHOT,),
    (Risk.SCHEMA_CHANGE,),
)
FILTER = {"must": [{"key": "k", "match": {"value": 1}}]}
IDS = list(range(1001))
VECTOR = [0.1, 0.2]
POINT = {"id": 1, "vector": VECTOR}
TWO = {"shard_id": 0, "to_peer_id": 1, "from_peer_id": 2}
KEYS = {"from_shard_key": "a", "to_shard_key": "b"}


class Case(NamedTuple):
    """A request, and the first operation that it must be read as."""

    method: str
    path: str
    name: str
    action: Action
    resources: tuple[str, ...] = THIS
    body: Any = None
    risks: tuple[Risk, ...] = ()
    fields: tuple[str, ...] = ()
    vectors: bool = False
    points: int | None = 0
    count: int = 1  # type: ignore[assignment]  # hides the tuple's method


def points(verb: str, name: str, action: Action, body: Any, method: str = "POST", **expected: Any) -> Case:
    return Case(method, f"{POINTS}/{verb}" if verb else POINTS, name, action, THIS, body, **expected)


def chosen(
    verb: str, name: str, action: Action, bulk: tuple[Risk, ...], few: int, method: str = "POST", **body: Any
) -> list[Case]:
    """The ways to choose the points of a change."""
    return [
        points(verb, name, action, {**body, "points": [1, UUID]}, method, count=2),
        points(verb, name, action, {**body, "points": [1], "filter": None}, method),
        points(verb, name, action, {**body, "points": IDS[: few + 1]}, method, risks=bulk, count=few + 1),
        points(verb, name, action, {**body, "filter": FILTER}, method, risks=bulk, fields=("k",)),
        points(verb, name, action, {**body, "filter": {}, "shard_key": "t"}, method, risks=bulk),
    ]


CASES = [
    Case("GET", "/", "root", META, ()),
    Case("GET", "/healthz", "healthz", META, ()),
    Case("GET", "/livez", "livez", META, ()),
    Case("GET", "/readyz", "readyz", META, ()),
    Case("GET", "/cluster", "cluster_status", ADMIN, WHOLE, risks=TELLS),
    Case("POST", "/cluster/recover", "recover_current_peer", ADMIN, WHOLE, risks=CLUSTER),
    Case("DELETE", "/cluster/peer/7?force=true", "remove_peer", ADMIN, WHOLE, risks=CLUSTER),
    Case("GET", "/quotas", "get_quotas", ADMIN, WHOLE, risks=TELLS),
    Case("PUT", "/quotas?wait=true", "update_quotas", ADMIN, WHOLE, {"enabled": False}, CLUSTER),
    Case("DELETE", "/issues", "clear_issues", ADMIN, WHOLE, risks=CLUSTER),
    Case("GET", "/collections", "get_collections", META, ("*",)),
    Case("GET", KB, "get_collection", META),
    Case("GET", "/collections/%6bb", "get_collection", META),
    Case("GET", "/collections/a%20b%C3%A9", "get_collection", META, ("a bé",)),
    Case("GET", "/collections/a%252Fb", "get_collection", META, ("a%2Fb",)),
    Case("GET", f"{KB}/exists", "collection_exists", META),
    Case("PUT", f"{KB}?timeout=5", "create_collection", ADMIN, body={"vectors": {"size": 2, "distance": "Dot"}}),
    Case("PATCH", KB, "update_collection", ADMIN, body={"metadata": {"a": 1}}, risks=SCHEMA),
    Case("PATCH", KB, "update_collection", ADMIN, body={"hnsw_config": {"m": 0}}, risks=(*SCHEMA, Risk.INDEX_REBUILD)),
    Case(
        "PATCH",
        KB,
        "update_collection",
        ADMIN,
        body={"strict_mode_config": {"enabled": False}},
        risks=(*SCHEMA, Risk.ACCESS_CHANGE),
    ),
    Case("DELETE", KB, "delete_collection", ADMIN, risks=(Risk.DROP_COLLECTION,)),
    Case("GET", "/aliases", "get_collections_aliases", META, ("*",)),
    Case("GET", f"{KB}/aliases", "get_collection_aliases", META),
    Case(
        "POST",
        "/collections/aliases",
        "update_aliases",
        ADMIN,
        ("kb", "al"),
        {"actions": [{"create_alias": {"collection_name": "kb", "alias_name": "al"}}]},
        (Risk.ALIAS_CHANGE,),
    ),
    Case(
        "PUT",
        f"{KB}/index?wait=true&ordering=strong",
        "create_field_index",
        ADMIN,
        body={"field_name": "a.b[]", "field_schema": "keyword"},
        risks=(*SCHEMA, Risk.INDEX_REBUILD),
        fields=("a.b[]",),
    ),
    Case("DELETE", f"{KB}/index/a.b%5B%5D", "delete_field_index", ADMIN, risks=SCHEMA),
    Case("PUT", f"{KB}/vectors/v", "create_vector_name", ADMIN, body={"sparse": {}}, risks=SCHEMA),
    Case("DELETE", f"{KB}/vectors/v", "delete_vector_name", ADMIN, risks=(*SCHEMA, *WIPE)),
    Case("GET", f"{KB}/optimizations?with=queued", "get_optimizations", ADMIN, risks=TELLS),
    Case("GET", f"{KB}/shards", "list_shard_keys", READ, risks=TELLS),
    Case("PUT", f"{KB}/shards", "create_shard_key", ADMIN, body={"shard_key": "t"}, risks=CLUSTER),
    Case("POST", f"{KB}/shards/delete", "delete_shard_key", ADMIN, body={"shard_key": 7}, risks=(*CLUSTER, *WIPE)),
    Case("GET", f"{KB}/cluster", "collection_cluster_info", ADMIN, risks=TELLS),
    Case("POST", f"{KB}/cluster", "update_collection_cluster", ADMIN, body={"move_shard": TWO}, risks=CLUSTER),
    *(
        Case("POST", f"{KB}/cluster", "update_collection_cluster", ADMIN, body=body, risks=(*CLUSTER, *WIPE))
        for body in ({"drop_sharding_key": {"shard_key": "t"}}, {"drop_replica": {"shard_id": 0, "peer_id": 1}})
    ),
    Case(
        "POST",
        f"{KB}/cluster",
        "update_collection_cluster",
        ADMIN,
        body={"replicate_points": {**KEYS, "filter": FILTER}},
        risks=(*CLUSTER, *UPDATE, *TELLS),
        fields=("k",),
    ),
    *(
        case
        for prefix, path, resources in (
            ("", f"{KB}/snapshots", THIS),
            ("full_", "/snapshots", WHOLE),
            ("shard_", f"{KB}/shards/0/snapshots", THIS),
        )
        for case in (
            Case("GET", path, f"list_{prefix}snapshots", ADMIN, resources, risks=SNAPSHOT),
            Case("POST", f"{path}?wait=false", f"create_{prefix}snapshot", ADMIN, resources, risks=SNAPSHOT),
            Case("DELETE", f"{path}/s.snapshot", f"delete_{prefix}snapshot", ADMIN, resources, risks=SNAPSHOT),
        )
    ),
    *(
        Case("PUT", path, name, ADMIN, ("kb", "**"), {"location": location}, (Risk.RESTORE,))
        for path, name in (
            (f"{KB}/snapshots/recover", "recover_from_snapshot"),
            (f"{KB}/shards/0/snapshots/recover", "recover_shard_from_snapshot"),
        )
        for location in ("file:///qdrant/snapshots/kb/a-1.snapshot", "a-1.snapshot")
    ),
    Case("GET", f"{POINTS}/7", "get_point", READ, vectors=True, points=1),
    Case("GET", f"{POINTS}/{UUID}?consistency=all", "get_point", READ, vectors=True, points=1),
    points("", "get_points", READ, {"ids": [1, UUID]}, points=2),
    points("", "get_points", READ, {"ids": [1], "with_vectors": True}, vectors=True, points=1),
    points("", "get_points", READ, {"ids": [1], "with_vector": ["v"]}, vectors=True, points=1),
    points("", "get_points", READ, {"ids": [1], "with_vector": []}, points=1),
    points("", "get_points", READ, {"ids": IDS}, risks=EXPORT, points=1001),
    points("scroll", "scroll_points", READ, {}, points=10),
    points(
        "scroll", "scroll_points", READ, {"limit": 2000, "with_vector": True}, risks=EXPORT, vectors=True, points=2000
    ),
    points("scroll", "scroll_points", READ, {"filter": FILTER, "order_by": "o"}, fields=("k", "o"), points=10),
    points("scroll", "scroll_points", READ, {"order_by": {"key": "o", "start_from": 5}}, fields=("o",), points=10),
    points("count", "count_points", READ, {}),
    points("count", "count_points", READ, {"filter": FILTER, "exact": True}, fields=("k",)),
    Case("POST", f"{KB}/facet", "facet", READ, body={"key": "f", "filter": FILTER}, fields=("f", "k")),
    points("", "upsert_points", WRITE, {"points": [POINT, POINT]}, "PUT", count=2),
    points(
        "",
        "upsert_points",
        WRITE,
        {"points": [{"id": 1, "vectors": VECTOR}], "update_filter": FILTER},
        "PUT",
        fields=("k",),
    ),
    points("", "upsert_points", WRITE, {"points": [POINT] * 1001}, "PUT", risks=UPDATE, count=1001),
    points("", "upsert_points", WRITE, {"batch": {"ids": [1, 2], "vectors": [VECTOR] * 2}}, "PUT", count=2),
    points("", "upsert_points", WRITE, {"batch": {"ids": IDS, "vectors": {"v": []}}}, "PUT", risks=UPDATE, count=1001),
    points("vectors", "update_vectors", WRITE, {"points": [POINT]}, "PUT"),
    points("vectors", "update_vectors", WRITE, {"points": [POINT], "update_filter": FILTER}, "PUT", fields=("k",)),
    *chosen("delete", "delete_points", DELETE, WIPE, 10),
    *chosen("vectors/delete", "delete_vectors", DELETE, WIPE, 10, vector=["v"]),
    *chosen("payload/delete", "delete_payload", DELETE, WIPE, 10, keys=["a"]),
    *chosen("payload/clear", "clear_payload", DELETE, WIPE, 10),
    *chosen("payload", "set_payload", WRITE, UPDATE, 1000, payload={"a": 1}),
    *chosen("payload", "overwrite_payload", WRITE, UPDATE, 1000, "PUT", payload={"a": 1}),
    points("batch", "batch_update", WRITE, {"operations": []}),
    points("query", "query_points", SEARCH, {"query": VECTOR}, points=10),
    points("query", "query_points", SEARCH, {"query": UUID, "limit": 1001}, risks=EXPORT, points=1001),
    points("query", "query_points", SEARCH, {"query": 7, "with_vector": True}, vectors=True, points=10),
    points("query", "query_points", READ, {}, points=10),
    points("query", "query_points", READ, {"query": {"order_by": "o"}}, fields=("o",), points=10),
    points("query", "query_points", READ, {"query": {"sample": "random"}, "limit": 5}, points=5),
    points("query/batch", "query_batch_points", SEARCH, {"searches": [{"query": VECTOR}]}, points=10),
    points("query/batch", "query_batch_points", SEARCH, {"searches": []}),
    points("query/groups", "query_points_groups", SEARCH, {"query": 1, "group_by": "g"}, fields=("g",), points=30),
    points(
        "query/groups",
        "query_points_groups",
        SEARCH,
        {"query": 1, "group_by": "g", "limit": 50, "group_size": 21},
        fields=("g",),
        risks=EXPORT,
        points=1050,
    ),
    points(
        "search/matrix/pairs", "search_matrix_pairs", SEARCH, {"filter": FILTER}, fields=("k",), points=10, count=10
    ),
    points("search/matrix/offsets", "search_matrix_offsets", SEARCH, {"sample": 5}, points=5, count=5),
    points("search", "search_points", SEARCH, {"vector": VECTOR, "limit": 3}, points=3),
    points("search", "search_points", SEARCH, {"vector": {"name": "v", "vector": VECTOR}, "top": 3}, points=3),
    points(
        "search", "search_points", SEARCH, {"vector": VECTOR, "limit": 3, "with_vectors": True}, vectors=True, points=3
    ),
    points("search/batch", "search_batch_points", SEARCH, {"searches": [{"vector": VECTOR, "top": 3}]}, points=3),
    points(
        "recommend",
        "recommend_points",
        SEARCH,
        {"positive": [1, 2], "limit": 3, "filter": FILTER},
        fields=("k",),
        points=3,
    ),
    points("recommend/batch", "recommend_batch_points", SEARCH, {"searches": [{"limit": 3}]}, points=3),
    points(
        "discover",
        "discover_points",
        SEARCH,
        {"target": VECTOR, "context": [{"positive": 1, "negative": VECTOR}], "limit": 3},
        points=3,
    ),
    points("discover/batch", "discover_batch_points", SEARCH, {"searches": [{"target": 1, "limit": 3}]}, points=3),
    *(
        points(
            f"{name}/groups",
            f"{name}_point_groups",
            SEARCH,
            {**body, "group_by": "g", "group_size": 2, "limit": 3},
            fields=("g",),
            points=6,
        )
        for name, body in (("search", {"vector": VECTOR}), ("recommend", {"negative": [VECTOR]}))
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.name}: {case.body}"[:70])
def test_every_operation_is_classified(case: Case) -> None:
    (operation,) = operations(case.method, case.path, case.body)
    assert (operation.name, operation.action, operation.resources) == (case.name, case.action, case.resources)
    assert (operation.risks, operation.fields_used, operation.vectors) == (case.risks, case.fields, case.vectors)
    assert (operation.points, operation.count, operation.scores_steer) == (case.points, case.count, False)


def test_the_expectations_above_cover_the_table() -> None:
    assert {case.name for case in CASES} == {row.operation for row in TABLE if not row.refused}


def test_every_judged_operation_has_an_answer_that_is_understood() -> None:
    assert {row.operation for row in TABLE if not row.refused} == ANSWERED


LEGACY = {
    *(f"{name}_points" for name in ("search", "recommend", "discover")),
    *(f"{name}_batch_points" for name in ("search", "recommend", "discover")),
    "search_point_groups",
    "recommend_point_groups",
}


def test_what_the_description_leaves_out_is_legacy_or_refused() -> None:
    published = {entry[0] for entry in PUBLISHED}
    assert len(published) == 69
    more = {row.operation: row.refused for row in TABLE if row.operation not in published}
    assert {name for name, why in more.items() if not why} == LEGACY
    assert len(more) - len(LEGACY) == 24 + 2  # the undocumented routes, and the console's two


SHARD = f"{KB}/shards/0"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/telemetry"),
        ("GET", "/metrics"),
        ("GET", "/cluster/telemetry"),
        ("GET", "/issues"),
        ("POST", "/audit/logs"),
        ("GET", "/cluster/metadata/keys"),
        ("GET", "/cluster/metadata/keys/a"),
        ("PUT", "/cluster/metadata/keys/a"),
        ("DELETE", "/cluster/metadata/keys/a"),
        ("GET", f"{KB}/memory"),
        ("GET", "/debugger"),
        ("PATCH", "/debugger"),
        ("GET", "/profiler/slow_requests"),
        ("GET", "/stacktrace"),
        ("GET", "/logger"),
        ("POST", "/logger"),
        ("POST", f"{KB}/truncate_unapplied_wal"),
        ("POST", f"{SHARD}/points"),
        ("POST", f"{SHARD}/points/scroll"),
        ("POST", f"{SHARD}/points/count"),
        ("POST", f"{SHARD}/cleanup"),
        ("POST", f"{SHARD}/snapshot/partial/create"),
        ("POST", f"{SHARD}/snapshot/partial/recover"),
        ("POST", f"{SHARD}/snapshot/partial/recover_from"),
        ("GET", f"{SHARD}/snapshot/partial/manifest"),
        ("GET", f"{SHARD}/snapshot"),
        ("GET", f"{SHARD}/wal"),
        ("GET", f"{SHARD}/recovery_point"),
        ("POST", f"{KB}/debug"),
        ("GET", f"{KB}/snapshots/a.snapshot"),
        ("GET", "/snapshots/a.snapshot"),
        ("GET", f"{SHARD}/snapshots/a.snapshot"),
        ("POST", f"{KB}/snapshots/upload"),
        ("POST", f"{SHARD}/snapshots/upload"),
        ("GET", "/dashboard"),
        ("GET", "/dashboard/index.html"),
        ("GET", "/collections/aliases"),
        ("GET", f"{POINTS}/search"),
        ("HEAD", KB),
        ("POST", KB),
        ("GET", "/Collections"),
        ("GET", f"{KB}/point/1"),
        ("POST", f"{POINTS}/query/formula"),
        ("GET", "/openapi.json"),
        ("POST", "/qdrant.Points/Search"),
    ],
)
def test_the_unknown_and_the_refused_never_pass(method: str, path: str) -> None:
    with pytest.raises(Refusal) as caught:
        unbound(method, path, {})
    assert caught.value.reason is Reason.UNKNOWN_OPERATION


def test_lists_are_lists_and_service_facts_are_service_facts() -> None:
    assert {row.operation for row in TABLE if row.scope is Scope.LIST} == {
        "get_collections",
        "get_collections_aliases",
        "collection_exists",
    }
    assert {row.operation for row in TABLE if row.scope is Scope.SERVICE} == {"root", "healthz", "livez", "readyz"}
