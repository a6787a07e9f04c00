from __future__ import annotations

from pathlib import Path
from typing import Any

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

# method, path, body → name, action, resources, risks, fields, vectors
CLASSIFIED: list[tuple[str, str, Any, str, Action, tuple[str, ...], tuple[Risk, ...], tuple[str, ...], bool]] = [
    ("GET", "/api/v2", None, "root_heartbeat", Action.META, (), (), (), False),
    ("GET", "/api/v2/heartbeat", None, "heartbeat", Action.META, (), (), (), False),
    ("GET", "/api/v2/healthcheck", None, "healthcheck", Action.META, (), (), (), False),
    ("GET", "/api/v2/version", None, "version", Action.META, (), (), (), False),
    ("GET", "/api/v2/pre-flight-checks", None, "pre_flight_checks", Action.META, (), (), (), False),
    ("GET", "/api/v2/auth/identity", None, "get_user_identity", Action.META, (), (), (), False),
    ("POST", "/api/v2/tenants", {"name": "acme"}, "create_tenant", Action.ADMIN, ("acme",), (), (), False),
    ("GET", TENANT, None, "get_tenant", Action.META, ("default_tenant",), (), (), False),
    (
        "PATCH",
        TENANT,
        {"resource_name": "acme"},
        "update_tenant",
        Action.ADMIN,
        ("default_tenant",),
        (Risk.ALIAS_CHANGE,),
        (),
        False,
    ),
    ("GET", f"{TENANT}/databases?limit=5", None, "list_databases", Action.META, ("default_tenant/*",), (), (), False),
    (
        "POST",
        f"{TENANT}/databases",
        {"name": "new_db"},
        "create_database",
        Action.ADMIN,
        ("default_tenant/new_db",),
        (),
        (),
        False,
    ),
    ("GET", DATABASE, None, "get_database", Action.META, (PARENT,), (), (), False),
    (
        "DELETE",
        DATABASE,
        None,
        "delete_database",
        Action.ADMIN,
        (PARENT, f"{PARENT}/*"),
        (Risk.DROP_COLLECTION,),
        (),
        False,
    ),
    ("GET", f"{DATABASE}/collections", None, "list_collections", Action.META, (f"{PARENT}/*",), (), (), False),
    ("GET", f"{DATABASE}/collections_count", None, "count_collections", Action.META, (f"{PARENT}/*",), (), (), False),
    (
        "POST",
        f"{DATABASE}/collections",
        {"name": "beta", "get_or_create": False, "metadata": None, "configuration": None, "schema": None},
        "create_collection",
        Action.ADMIN,
        (f"{PARENT}/beta",),
        (),
        (),
        False,
    ),
    (
        "POST",
        f"{DATABASE}/collections",
        {"name": "beta", "get_or_create": True},
        "create_collection",
        Action.ADMIN,
        (f"{PARENT}/beta",),
        (),
        (),
        False,
    ),
    ("GET", f"{DATABASE}/collections/beta", None, "get_collection", Action.META, (f"{PARENT}/beta",), (), (), False),
    (
        "GET",
        f"{DATABASE}/collections/by-id",
        None,
        "get_collection",
        Action.META,
        (f"{PARENT}/by-id",),
        (),
        (),
        False,
    ),
    (
        "GET",
        f"{DATABASE}/collections/by-id/{UUID}",
        None,
        "get_collection_by_id",
        Action.META,
        THIS,
        (),
        (),
        False,
    ),
    (
        "PUT",
        COLLECTION,
        {"new_metadata": {"a": 1}, "new_name": None},
        "update_collection",
        Action.ADMIN,
        THIS,
        (Risk.SCHEMA_CHANGE,),
        (),
        False,
    ),
    (
        "PUT",
        COLLECTION,
        {"new_name": "gamma"},
        "update_collection",
        Action.ADMIN,
        (*THIS, f"{PARENT}/gamma"),
        (Risk.SCHEMA_CHANGE, Risk.ALIAS_CHANGE),
        (),
        False,
    ),
    (
        "DELETE",
        f"{DATABASE}/collections/beta",
        None,
        "delete_collection",
        Action.ADMIN,
        (f"{PARENT}/beta",),
        (Risk.DROP_COLLECTION,),
        (),
        False,
    ),
    (
        "POST",
        f"{COLLECTION}/fork",
        {"new_name": "copy"},
        "fork_collection",
        Action.ADMIN,
        (*THIS, f"{PARENT}/copy"),
        (Risk.DISCLOSURE,),
        (),
        False,
    ),
    ("GET", f"{COLLECTION}/fork_count", None, "fork_count", Action.META, THIS, (), (), False),
    ("GET", f"{COLLECTION}/indexing_status", None, "indexing_status", Action.META, THIS, (), (), False),
    (
        "POST",
        f"{COLLECTION}/functions/attach",
        {"name": "f", "function_id": "record_counter", "output_collection": "out", "params": {"a": 1}},
        "attach_function",
        Action.ADMIN,
        (*THIS, f"{PARENT}/out"),
        (Risk.DISCLOSURE,),
        (),
        False,
    ),
    ("GET", f"{COLLECTION}/functions/f", None, "get_attached_function", Action.META, THIS, (), (), False),
    (
        "POST",
        f"{COLLECTION}/attached_functions/f/detach",
        {},
        "detach_function",
        Action.ADMIN,
        THIS,
        (),
        (),
        False,
    ),
    (
        "POST",
        f"{COLLECTION}/attached_functions/f/detach",
        {"delete_output": True},
        "detach_function",
        Action.ADMIN,
        (*THIS, f"{PARENT}/*"),
        (Risk.DROP_COLLECTION,),
        (),
        False,
    ),
    ("POST", f"{COLLECTION}/add", ADD, "collection_add", Action.WRITE, THIS, (), (), False),
    ("POST", f"{COLLECTION}/upsert", ADD, "collection_upsert", Action.WRITE, THIS, (), (), False),
    ("POST", f"{COLLECTION}/update", {"ids": ["a"]}, "collection_update", Action.WRITE, THIS, (), (), False),
    (
        "POST",
        f"{COLLECTION}/update",
        {"ids": MANY},
        "collection_update",
        Action.WRITE,
        THIS,
        (Risk.BULK_UPDATE,),
        (),
        False,
    ),
    ("POST", f"{COLLECTION}/delete", {"ids": ["a", "b"]}, "collection_delete", Action.DELETE, THIS, (), (), False),
    (
        "POST",
        f"{COLLECTION}/delete",
        {"ids": ["a"], "where": {"k": 1}},
        "collection_delete",
        Action.DELETE,
        THIS,
        (),
        ("k",),
        False,
    ),
    *(
        (
            "POST",
            f"{COLLECTION}/delete",
            body,
            "collection_delete",
            Action.DELETE,
            THIS,
            (Risk.BULK_DELETE,),
            fields,
            False,
        )
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
    (
        "GET",
        f"{COLLECTION}/count?read_level=index_only",
        None,
        "collection_count",
        Action.READ,
        THIS,
        (),
        (),
        False,
    ),
    *(
        ("POST", f"{COLLECTION}/get", body, "collection_get", Action.READ, THIS, risks, fields, vectors)
        for body, risks, fields, vectors in (
            ({"ids": ["a"]}, (), (), False),
            ({"ids": []}, (), (), False),
            ({"ids": ["a"], "include": ["embeddings"]}, (), (), True),
            ({"limit": 10, "include": None}, (), (), False),
            ({"limit": 1000}, (), (), False),
            ({"where": {"k": 1}}, (), ("k",), False),
            ({"where": {"k": 1}, "where_document": {"$regex": "x"}}, (), ("k", "#document"), False),
            ({}, (Risk.BULK_EXPORT,), (), False),
            ({"ids": None, "where": None, "limit": None, "offset": None}, (Risk.BULK_EXPORT,), (), False),
            ({"limit": 1001}, (Risk.BULK_EXPORT,), (), False),
            ({"ids": MANY}, (Risk.BULK_EXPORT,), (), False),
            ({"where": {"k": {"$ne": "x"}}}, (Risk.BULK_EXPORT,), ("k",), False),
            ({"where": {"$or": [{"k": 1}, {"k": {"$ne": 1}}]}}, (Risk.BULK_EXPORT,), ("k",), False),
            ({"where_document": {"$contains": ""}}, (Risk.BULK_EXPORT,), ("#document",), False),
        )
    ),
    *(
        (
            "POST",
            f"{COLLECTION}/query",
            {"query_embeddings": VECTORS, **body},
            "collection_query",
            Action.SEARCH,
            THIS,
            risks,
            fields,
            vectors,
        )
        for body, risks, fields, vectors in (
            ({}, (), (), False),
            ({"include": ["embeddings", "distances"]}, (), (), True),
            ({"where": {"$and": [{"a": 1}, {"$or": [{"b": 2}, {"a": 3}]}]}}, (), ("a", "b"), False),
            ({"n_results": 1001}, (Risk.BULK_EXPORT,), (), False),
            ({"n_results": 400, "query_embeddings": VECTORS * 3}, (Risk.BULK_EXPORT,), (), False),
        )
    ),
    *(
        (
            "POST",
            f"{COLLECTION}/search",
            {"searches": [search]},
            "collection_search",
            Action.SEARCH,
            THIS,
            risks,
            fields,
            vectors,
        )
        for search, risks, fields, vectors in (
            ({"limit": {"limit": 5}, "select": {"keys": ["#document", "title"]}}, (), (), False),
            ({"limit": {"limit": 5}, "select": {"keys": ["#embedding"]}}, (), (), True),
            ({"filter": {"a": 1}}, (), ("a",), False),
            ({"filter": {"where_clause": {"a": 1}, "query_ids": ["x"]}}, (), ("a",), False),
            ({"filter": {"query_ids": ["x"]}}, (), (), False),
            (
                {"limit": {"limit": 5}, "rank": {"$knn": {"query": [1.0], "key": "sparse"}}},
                (),
                ("sparse",),
                False,
            ),
            (
                {
                    "limit": {"limit": 5},
                    "group_by": {"keys": ["team"], "aggregate": {"$min_k": {"keys": ["#score", "pay"], "k": 3}}},
                },
                (),
                ("team", "pay"),
                False,
            ),
            ({}, (Risk.BULK_EXPORT,), (), False),
            ({"limit": {"limit": 5000}}, (Risk.BULK_EXPORT,), (), False),
        )
    ),
]


@pytest.mark.parametrize(
    ("method", "path", "body", "name", "action", "resources", "risks", "fields", "vectors"), CLASSIFIED
)
def test_every_operation_is_classified(
    method: str,
    path: str,
    body: Any,
    name: str,
    action: Action,
    resources: tuple[str, ...],
    risks: tuple[Risk, ...],
    fields: tuple[str, ...],
    vectors: bool,
) -> None:
    (operation,) = unbound(method, path, body).operations
    assert (operation.name, operation.action, operation.resources) == (name, action, resources)
    assert (operation.risks, operation.fields_used, operation.vectors) == (risks, fields, vectors)


def test_the_expectations_above_cover_the_table() -> None:
    assert {entry[3] for entry in CLASSIFIED} == {row.operation for row in TABLE if not row.refused}


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


def test_query_keys_are_those_of_the_api_description() -> None:
    for operation, method, path in PUBLISHED:
        parameters = OPENAPI["paths"][path][method.lower()].get("parameters", [])
        assert set(TABLE[operation].query) == {entry["name"] for entry in parameters if entry["in"] == "query"}


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
