from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from tests.support.chroma_scene import COLLECTION, DATABASE, PARENT, TENANT, UUID, unbound

from vecgate.errors import Refusal
from vecgate.operations.model import Action, Risk, Scope
from vecgate.reasons import Reason
from vecgate_chroma.answers import ANSWERED
from vecgate_chroma.table import TABLE

OPENAPI = msgspec.json.decode((Path(__file__).parents[2] / "specs" / "chroma-openapi.json").read_bytes())
PUBLISHED = [
    (operation["operationId"], method.upper(), path)
    for path, methods in OPENAPI["paths"].items()
    for method, operation in methods.items()
]
UNPUBLISHED = {
    "root_heartbeat",
    "openapi",
    "docs",
    "v1",
    "collection_conditional_get",
    "collection_conditional_commit",
    "attached_function_add_input",
}
THIS = (f"{PARENT}/{UUID}",)
VECTORS = [[1.0, 2.0]]
ADD = {"ids": ["a"], "embeddings": VECTORS}
MANY = [str(index) for index in range(1001)]


class Case(NamedTuple):
    """A request, and the only operation it must be read as."""

    method: str
    path: str
    name: str
    action: Action
    resources: tuple[str, ...] = ()
    body: Any = None
    risks: tuple[Risk, ...] = ()
    fields: tuple[str, ...] = ()
    vectors: bool = False


def records(path: str, action: Action, body: Any, **expected: Any) -> Case:
    return Case("POST", f"{COLLECTION}/{path}", f"collection_{path}", action, THIS, body, **expected)


def search(one: Any, **expected: Any) -> Case:
    return records("search", Action.SEARCH, {"searches": [one]}, **expected)


META, READ, ADMIN, WRITE, DELETE, SEARCH = (
    Action.META,
    Action.READ,
    Action.ADMIN,
    Action.WRITE,
    Action.DELETE,
    Action.SEARCH,
)
EXPORT, DROP = (Risk.BULK_EXPORT,), (Risk.DROP_COLLECTION,)
NEW = f"{DATABASE}/collections"
BY_NAME = f"{NEW}/beta"
DETACH = f"{COLLECTION}/attached_functions/f/detach"
ATTACHED = {"name": "f", "function_id": "record_counter", "output_collection": "out", "params": {"a": 1}}
NOTHING = {"ids": None, "where": None, "limit": None, "offset": None}
NESTED = {"$and": [{"a": 1}, {"$or": [{"b": 2}, {"a": 3}]}]}
TAUTOLOGY = {"$or": [{"k": 1}, {"k": {"$ne": 1}}]}
GROUPED = {"keys": ["team"], "aggregate": {"$min_k": {"keys": ["#score", "pay"], "k": 3}}}
SOME = {"limit": 5}

CASES = [
    Case("GET", "/api/v2", "root_heartbeat", META),
    Case("GET", "/api/v2/heartbeat", "heartbeat", META),
    Case("GET", "/api/v2/healthcheck", "healthcheck", META),
    Case("GET", "/api/v2/version", "version", META),
    Case("GET", "/api/v2/pre-flight-checks", "pre_flight_checks", META),
    Case("GET", "/api/v2/auth/identity", "get_user_identity", META),
    Case("POST", "/api/v2/tenants", "create_tenant", ADMIN, ("acme",), {"name": "acme"}),
    Case("GET", TENANT, "get_tenant", META, ("default_tenant",)),
    Case("PATCH", TENANT, "update_tenant", ADMIN, ("default_tenant",), {"resource_name": "x"}, (Risk.ALIAS_CHANGE,)),
    Case("GET", f"{TENANT}/databases?limit=5", "list_databases", META, ("default_tenant/*",)),
    Case("POST", f"{TENANT}/databases", "create_database", ADMIN, ("default_tenant/new_db",), {"name": "new_db"}),
    Case("GET", DATABASE, "get_database", META, (PARENT,)),
    Case("DELETE", DATABASE, "delete_database", ADMIN, (PARENT, f"{PARENT}/*"), risks=DROP),
    Case("GET", NEW, "list_collections", META, (f"{PARENT}/*",)),
    Case("GET", f"{DATABASE}/collections_count", "count_collections", META, (f"{PARENT}/*",)),
    Case("POST", NEW, "create_collection", ADMIN, (f"{PARENT}/beta",), {"name": "beta", "metadata": None}),
    Case("POST", NEW, "create_collection", ADMIN, (f"{PARENT}/beta",), {"name": "beta", "get_or_create": True}),
    Case("GET", BY_NAME, "get_collection", META, (f"{PARENT}/beta",)),
    Case("GET", f"{NEW}/by-id", "get_collection", META, (f"{PARENT}/by-id",)),
    Case("GET", f"{NEW}/by-id/{UUID}", "get_collection_by_id", META, THIS),
    Case("PUT", COLLECTION, "update_collection", ADMIN, THIS, {"new_metadata": {"a": 1}}, (Risk.SCHEMA_CHANGE,)),
    Case(
        "PUT",
        COLLECTION,
        "update_collection",
        ADMIN,
        (*THIS, f"{PARENT}/gamma"),
        {"new_name": "gamma"},
        (Risk.SCHEMA_CHANGE, Risk.ALIAS_CHANGE),
    ),
    Case("DELETE", BY_NAME, "delete_collection", ADMIN, (f"{PARENT}/beta",), risks=DROP),
    Case(
        "POST",
        f"{COLLECTION}/fork",
        "fork_collection",
        ADMIN,
        (*THIS, f"{PARENT}/copy"),
        {"new_name": "copy"},
        (Risk.DISCLOSURE,),
    ),
    Case("GET", f"{COLLECTION}/fork_count", "fork_count", META, THIS),
    Case("GET", f"{COLLECTION}/indexing_status", "indexing_status", META, THIS),
    Case(
        "POST",
        f"{COLLECTION}/functions/attach",
        "attach_function",
        ADMIN,
        (*THIS, f"{PARENT}/out"),
        ATTACHED,
        (Risk.DISCLOSURE,),
    ),
    Case("GET", f"{COLLECTION}/functions/f", "get_attached_function", META, THIS),
    Case("POST", DETACH, "detach_function", ADMIN, THIS, {}),
    Case("POST", DETACH, "detach_function", ADMIN, (*THIS, f"{PARENT}/*"), {"delete_output": True}, DROP),
    records("add", WRITE, ADD),
    records("upsert", WRITE, ADD),
    records("update", WRITE, {"ids": ["a"]}),
    records("update", WRITE, {"ids": MANY}, risks=(Risk.BULK_UPDATE,)),
    records("delete", DELETE, {"ids": ["a", "b"]}),
    records("delete", DELETE, {"ids": ["a"], "where": {"k": 1}}, fields=("k",)),
    *(
        records("delete", DELETE, body, risks=(Risk.BULK_DELETE,), fields=fields)
        for body, fields in (
            ({}, ()),
            ({"where": {}}, ()),
            ({"where": {"k": 1}}, ("k",)),
            ({"where": {"k": 1}, "limit": 1}, ("k",)),
            ({"ids": []}, ()),
            ({"ids": MANY[:11]}, ()),
            ({"where_document": {"$contains": "x"}}, ("#document",)),
        )
    ),
    Case("GET", f"{COLLECTION}/count?read_level=index_only", "collection_count", READ, THIS),
    records("get", READ, {"ids": ["a"]}),
    records("get", READ, {"ids": []}),
    records("get", READ, {"ids": ["a"], "include": ["embeddings"]}, vectors=True),
    records("get", READ, {"limit": 1000, "include": None}),
    records("get", READ, {"where": {"k": 1}, "where_document": {"$regex": "x"}}, fields=("k", "#document")),
    records("get", READ, {}, risks=EXPORT),
    records("get", READ, NOTHING, risks=EXPORT),
    records("get", READ, {"limit": 1001}, risks=EXPORT),
    records("get", READ, {"ids": MANY}, risks=EXPORT),
    records("get", READ, {"where": {"k": {"$ne": "x"}}}, risks=EXPORT, fields=("k",)),
    records("get", READ, {"where": TAUTOLOGY}, risks=EXPORT, fields=("k",)),
    records("get", READ, {"where_document": {"$contains": ""}}, risks=EXPORT, fields=("#document",)),
    records("query", SEARCH, {"query_embeddings": VECTORS}),
    records("query", SEARCH, {"query_embeddings": VECTORS, "include": ["embeddings"]}, vectors=True),
    records("query", SEARCH, {"query_embeddings": VECTORS, "where": NESTED}, fields=("a", "b")),
    records("query", SEARCH, {"query_embeddings": VECTORS, "n_results": 1001}, risks=EXPORT),
    records("query", SEARCH, {"query_embeddings": VECTORS * 3, "n_results": 400}, risks=EXPORT),
    search({"limit": SOME, "select": {"keys": ["#document", "title"]}}),
    search({"limit": SOME, "select": {"keys": ["#embedding"]}}, vectors=True),
    search({"filter": {"a": 1}}, fields=("a",)),
    search({"filter": {"where_clause": {"a": 1}, "query_ids": ["x"]}}, fields=("a",)),
    search({"filter": {"query_ids": ["x"]}}),
    search({"limit": SOME, "rank": {"$knn": {"query": [1.0], "key": "sparse"}}}, fields=("sparse",)),
    search({"limit": SOME, "group_by": GROUPED}, fields=("team", "pay")),
    search({}, risks=EXPORT),
    search({"limit": {"limit": 5000}}, risks=EXPORT),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.name}: {case.body}"[:70])
def test_every_operation_is_classified(case: Case) -> None:
    (operation,) = unbound(case.method, case.path, case.body).operations
    assert (operation.name, operation.action, operation.resources) == (case.name, case.action, case.resources)
    assert (operation.risks, operation.fields_used, operation.vectors) == (case.risks, case.fields, case.vectors)


def test_the_expectations_above_cover_the_table() -> None:
    assert {case.name for case in CASES} == {row.operation for row in TABLE if not row.refused}


@pytest.mark.parametrize(("operation", "method", "path"), PUBLISHED, ids=[entry[0] for entry in PUBLISHED])
def test_every_published_operation_stands_in_the_table(operation: str, method: str, path: str) -> None:
    row = TABLE[operation]
    parameters = [part for part in path.split("/") if part.startswith("{")]
    assert row.method == method
    assert [part for part in row.path.split("/") if not part.startswith("{")] == [
        part for part in path.split("/") if part not in parameters
    ]


def test_the_table_has_nothing_else_but_what_is_known_to_be_unpublished() -> None:
    assert len(PUBLISHED) == 35
    assert {row.operation for row in TABLE} == {entry[0] for entry in PUBLISHED} | UNPUBLISHED


def test_every_judged_operation_has_an_answer_that_is_understood() -> None:
    judged = {row.operation for row in TABLE if not row.refused}
    assert judged - {"get_user_identity"} == ANSWERED


def test_body_members_are_those_of_the_api_description() -> None:
    for operation, method, path in PUBLISHED:
        row = TABLE[operation]
        content = OPENAPI["paths"][path][method.lower()].get("requestBody", {}).get("content", {})
        if row.refused or not content:
            assert row.refused or row.body is None or not content, operation
            continue
        assert row.body is not None
        assert set(row.body.members) == _members(content["application/json"]["schema"]), operation


UNPUBLISHED_KEYS = {"get_database": {"tenant"}}
"""What clients send all the same."""


def test_query_keys_are_those_of_the_api_description() -> None:
    for operation, method, path in PUBLISHED:
        parameters = OPENAPI["paths"][path][method.lower()].get("parameters", [])
        published = {entry["name"] for entry in parameters if entry["in"] == "query"}
        assert set(TABLE[operation].query) == published | UNPUBLISHED_KEYS.get(operation, set())


def _members(schema: dict[str, Any]) -> set[str]:
    if "$ref" in schema:
        return _members(OPENAPI["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    found = set(schema.get("properties", {}))
    for part in schema.get("allOf", []):
        found |= _members(part)
    return found


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v2/collections/default_tenant:default_database:alpha"),
        ("POST", "/api/v2/reset"),
        ("GET", "/openapi.json"),
        ("GET", "/docs"),
        ("GET", "/api/v1/heartbeat"),
        ("GET", "/api/v1"),
        ("POST", f"/api/v1/collections/{UUID}/add"),
        ("GET", "/api/v1/collections?tenant=default_tenant"),
        ("POST", f"{COLLECTION}/conditional/get"),
        ("POST", f"{COLLECTION}/conditional/commit"),
        ("POST", f"{COLLECTION}/attached_functions/f/add_input"),
        ("POST", f"{COLLECTION}/explode"),
        ("GET", f"{COLLECTION}/get"),
        ("PUT", "/api/v2/heartbeat"),
        ("HEAD", "/api/v2/heartbeat"),
        ("DELETE", f"{DATABASE}/collections/by-id/{UUID}"),
        ("POST", f"{DATABASE}/collections/by-id/add"),
        ("GET", "/API/V2/heartbeat"),
        ("GET", "/"),
        ("DELETE", TENANT),
    ],
)
def test_the_unknown_and_the_refused_never_pass(method: str, path: str) -> None:
    with pytest.raises(Refusal) as caught:
        unbound(method, path, {})
    assert caught.value.reason is Reason.UNKNOWN_OPERATION


def test_lists_are_lists_and_service_facts_are_service_facts() -> None:
    assert {row.operation for row in TABLE if row.scope is Scope.LIST} == {
        "list_databases",
        "list_collections",
        "count_collections",
    }
    assert {row.operation for row in TABLE if row.scope is Scope.SERVICE} == {
        "root_heartbeat",
        "heartbeat",
        "healthcheck",
        "version",
        "pre_flight_checks",
        "get_user_identity",
    }


def test_copies_say_so() -> None:
    assert {row.operation for row in TABLE if row.copies} == {"fork_collection", "attach_function"}
