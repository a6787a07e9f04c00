from __future__ import annotations

import re
from typing import Any

import pytest
from tests.support.milvus_rest import OPEN, ROUTES, decided, operation, unbound

from vecgate.errors import Refusal
from vecgate.operations.messages import Request
from vecgate.operations.model import Action, Operation, Risk, Scope
from vecgate.operations.shapes import Shape
from vecgate.operations.target import parse
from vecgate.reasons import Reason
from vecgate_milvus import rest
from vecgate_milvus.rest.row import API
from vecgate_milvus.rest.table import ROWS

BY_ROUTE = {row.path.removeprefix(API): row for row in ROWS if row.path.startswith(API)}
NOT_SEEN = {
    route["route"].removeprefix(API)
    for route in ROUTES
    if "(struct" in route["body_fields"] or "(inferred)" in route["body_fields"] or "inferred)" in route["body_fields"]
}
META, SEARCH, READ, WRITE, DELETE, ADMIN = Action
ONE = {"collectionName": "kb"}
KB = ("default/kb",)
IN_HR = {"dbName": "hr", "collectionName": "kb"}
SERVER = ("**",)


def test_every_published_route_has_a_row() -> None:
    assert len(ROUTES) == 112
    assert {route["route"].removeprefix(API) for route in ROUTES} == set(BY_ROUTE)


def test_what_is_refused_is_what_nobody_published_the_members_of() -> None:
    assert {route for route, row in BY_ROUTE.items() if row.refused} == NOT_SEEN


@pytest.mark.parametrize("published", [one for one in ROUTES if one["route"].removeprefix(API) not in NOT_SEEN])
def test_a_body_has_the_published_members(published: Any) -> None:
    shape = BY_ROUTE[published["route"].removeprefix(API)].body
    assert shape is not None
    text = " ".join(published["body_fields"])
    while (flat := re.sub(r"\{[^{}]*\}", "", text)) != text:
        text = flat
    names = {part.rstrip("!").rstrip("[]"): part.endswith("!") for part in text.split()}
    assert set(shape.members) == set(names)
    assert shape.required >= {name for name, required in names.items() if required}


CASES: dict[str, tuple[Any, Action, tuple[str, ...], tuple[Risk, ...], Scope]] = {
    "collections/list": ({}, META, ("default/*",), (), Scope.LIST),
    "collections/has": (ONE, META, KB, (), Scope.LIST),
    "collections/describe": (ONE, META, KB, (), Scope.NAMED),
    "collections/get_stats": (ONE, READ, KB, (), Scope.NAMED),
    "collections/get_load_state": (IN_HR, META, ("hr/kb",), (), Scope.NAMED),
    "collections/create": (ONE | {"dimension": 4}, ADMIN, KB, (), Scope.NAMED),
    "collections/drop": (ONE, ADMIN, KB, (Risk.DROP_COLLECTION,), Scope.NAMED),
    "collections/truncate": (ONE, DELETE, KB, (Risk.BULK_DELETE,), Scope.NAMED),
    "collections/rename": (
        ONE | {"newCollectionName": "new", "newDbName": "hr"},
        ADMIN,
        (*KB, "hr/new"),
        (Risk.ALIAS_CHANGE,),
        Scope.NAMED,
    ),
    "collections/load": (ONE, ADMIN, KB, (), Scope.NAMED),
    "collections/refresh_load": (ONE, ADMIN, KB, (), Scope.NAMED),
    "collections/release": (ONE, ADMIN, KB, (), Scope.NAMED),
    "collections/alter_properties": (
        ONE | {"properties": {"mmap": True}},
        ADMIN,
        KB,
        (Risk.SCHEMA_CHANGE,),
        Scope.NAMED,
    ),
    "collections/drop_properties": (ONE | {"propertyKeys": ["ttl"]}, ADMIN, KB, (Risk.SCHEMA_CHANGE,), Scope.NAMED),
    "collections/fields/alter_properties": (ONE | {"fieldName": "a"}, ADMIN, KB, (Risk.SCHEMA_CHANGE,), Scope.NAMED),
    "collections/compact": (ONE, ADMIN, KB, (), Scope.NAMED),
    "collections/get_compaction_state": ({"jobID": 5}, META, (), (), Scope.SERVICE),
    "collections/flush": (ONE, WRITE, KB, (), Scope.NAMED),
    "databases/create": ({"dbName": "hr"}, ADMIN, ("hr",), (), Scope.NAMED),
    "databases/drop": ({"dbName": "hr"}, ADMIN, ("hr", "hr/*"), (Risk.DROP_COLLECTION,), Scope.NAMED),
    "databases/list": ({}, META, ("*",), (), Scope.LIST),
    "databases/describe": ({"dbName": "hr"}, META, ("hr",), (), Scope.NAMED),
    "databases/alter": ({"dbName": "hr"}, ADMIN, ("hr",), (Risk.CLUSTER_CHANGE,), Scope.NAMED),
    "databases/alter_properties": ({"dbName": "hr"}, ADMIN, ("hr",), (Risk.CLUSTER_CHANGE,), Scope.NAMED),
    "databases/drop_properties": ({"dbName": "hr"}, ADMIN, ("hr",), (Risk.CLUSTER_CHANGE,), Scope.NAMED),
    "entities/query": (ONE | {"filter": "a > 1"}, READ, KB, (), Scope.NAMED),
    "entities/get": (ONE | {"id": [1, 2]}, READ, KB, (), Scope.NAMED),
    "entities/delete": (ONE | {"filter": "a > 1"}, DELETE, KB, (Risk.BULK_DELETE,), Scope.NAMED),
    "entities/insert": (ONE | {"data": [{"id": 1}]}, WRITE, KB, (), Scope.NAMED),
    "entities/upsert": (ONE | {"data": [{"id": 1}]}, WRITE, KB, (), Scope.NAMED),
    "entities/search": (ONE | {"data": [[0.5]]}, SEARCH, KB, (), Scope.NAMED),
    "entities/hybrid_search": (ONE | {"search": [{"data": [[0.5]]}]}, SEARCH, KB, (), Scope.NAMED),
    "entities/advanced_search": (ONE | {"search": [{"data": [[0.5]]}]}, SEARCH, KB, (), Scope.NAMED),
    "partitions/list": (ONE, META, KB, (), Scope.NAMED),
    "partitions/has": (ONE | {"partitionName": "p"}, META, KB, (), Scope.NAMED),
    "partitions/get_stats": (ONE | {"partitionName": "p"}, READ, KB, (), Scope.NAMED),
    "partitions/create": (ONE | {"partitionName": "p"}, ADMIN, KB, (), Scope.NAMED),
    "partitions/drop": (ONE | {"partitionName": "p"}, ADMIN, KB, (Risk.BULK_DELETE,), Scope.NAMED),
    "partitions/load": (ONE | {"partitionNames": ["p"]}, ADMIN, KB, (), Scope.NAMED),
    "partitions/release": (ONE | {"partitionNames": ["p"]}, ADMIN, KB, (), Scope.NAMED),
    "users/list": ({}, ADMIN, SERVER, (Risk.DISCLOSURE,), Scope.NAMED),
    "users/describe": ({"userName": "u"}, ADMIN, SERVER, (Risk.DISCLOSURE,), Scope.NAMED),
    "users/create": ({"userName": "u", "password": "p"}, ADMIN, SERVER, (Risk.ACCESS_CHANGE,), Scope.NAMED),
    "users/update_password": (
        {"userName": "u", "password": "p", "newPassword": "q"},
        ADMIN,
        SERVER,
        (Risk.ACCESS_CHANGE,),
        Scope.NAMED,
    ),
    "users/drop": ({"userName": "u"}, ADMIN, SERVER, (Risk.ACCESS_CHANGE,), Scope.NAMED),
    "users/grant_role": ({"userName": "u", "roleName": "r"}, ADMIN, SERVER, (Risk.ACCESS_CHANGE,), Scope.NAMED),
    "users/revoke_role": ({"userName": "u", "roleName": "r"}, ADMIN, SERVER, (Risk.ACCESS_CHANGE,), Scope.NAMED),
    "roles/list": ({}, ADMIN, SERVER, (Risk.DISCLOSURE,), Scope.NAMED),
    "roles/describe": ({"roleName": "r"}, ADMIN, SERVER, (Risk.DISCLOSURE,), Scope.NAMED),
    "roles/create": ({"roleName": "r"}, ADMIN, SERVER, (Risk.ACCESS_CHANGE,), Scope.NAMED),
    "roles/alter": ({"roleName": "r"}, ADMIN, SERVER, (Risk.ACCESS_CHANGE,), Scope.NAMED),
    "roles/drop": ({"roleName": "r"}, ADMIN, SERVER, (Risk.ACCESS_CHANGE,), Scope.NAMED),
    "privilege_groups/list": ({}, ADMIN, SERVER, (Risk.DISCLOSURE,), Scope.NAMED),
    "indexes/list": (ONE, META, KB, (), Scope.NAMED),
    "indexes/describe": (ONE | {"indexName": "i"}, META, KB, (), Scope.NAMED),
    "indexes/create": (ONE | {"indexParams": [{"fieldName": "a"}]}, ADMIN, KB, (), Scope.NAMED),
    "indexes/drop": (ONE | {"indexName": "i"}, ADMIN, KB, (Risk.INDEX_REBUILD,), Scope.NAMED),
    "indexes/alter_properties": (ONE | {"indexName": "i"}, ADMIN, KB, (Risk.INDEX_REBUILD,), Scope.NAMED),
    "indexes/drop_properties": (ONE | {"indexName": "i"}, ADMIN, KB, (Risk.INDEX_REBUILD,), Scope.NAMED),
    "aliases/list": ({}, META, ("default/*",), (), Scope.LIST),
    "aliases/describe": ({"aliasName": "prod"}, META, ("default/prod",), (), Scope.NAMED),
    "aliases/create": (ONE | {"aliasName": "prod"}, ADMIN, (*KB, "default/prod"), (Risk.ALIAS_CHANGE,), Scope.NAMED),
    "aliases/drop": ({"aliasName": "prod"}, ADMIN, ("default/prod",), (Risk.ALIAS_CHANGE,), Scope.NAMED),
    "aliases/alter": (ONE | {"aliasName": "prod"}, ADMIN, (*KB, "default/prod"), (Risk.ALIAS_CHANGE,), Scope.NAMED),
    "jobs/import/list": ({}, META, ("default/*",), (), Scope.LIST),
    "jobs/import/create": (
        ONE | {"files": [["a.json"]]},
        ADMIN,
        KB,
        (Risk.BULK_UPDATE, Risk.EGRESS),
        Scope.NAMED,
    ),
    "jobs/import/get_progress": ({"jobId": "5"}, READ, SERVER, (), Scope.NAMED),
    "jobs/import/describe": ({"jobId": "5"}, READ, SERVER, (), Scope.NAMED),
    "jobs/import/commit": ({"jobId": "5"}, ADMIN, SERVER, (Risk.BULK_UPDATE,), Scope.NAMED),
    "jobs/import/abort": ({"jobId": "5"}, ADMIN, SERVER, (), Scope.NAMED),
    "jobs/snapshot/describe": ({"jobId": "5"}, ADMIN, SERVER, (), Scope.NAMED),
    "jobs/snapshot/list": ({}, ADMIN, ("default/*",), (), Scope.NAMED),
    "jobs/external_collection/list": (ONE, META, KB, (), Scope.NAMED),
    "resource_groups/create": ({"name": "g"}, ADMIN, SERVER, (Risk.CLUSTER_CHANGE,), Scope.NAMED),
    "resource_groups/drop": ({"name": "g"}, ADMIN, SERVER, (Risk.CLUSTER_CHANGE,), Scope.NAMED),
    "resource_groups/alter": (
        {"resource_groups": {"g": {"requests": {"node_num": 1}}}},
        ADMIN,
        SERVER,
        (Risk.CLUSTER_CHANGE,),
        Scope.NAMED,
    ),
    "resource_groups/describe": ({"name": "g"}, META, SERVER, (Risk.DISCLOSURE,), Scope.NAMED),
    "resource_groups/list": ({}, META, SERVER, (), Scope.NAMED),
    "resource_groups/transfer_replica": (
        ONE | {"sourceRgName": "a", "targetRgName": "b", "replicaNum": 1},
        ADMIN,
        (*KB, *SERVER),
        (Risk.CLUSTER_CHANGE,),
        Scope.NAMED,
    ),
    "file_resources/list": ({}, META, SERVER, (Risk.DISCLOSURE,), Scope.NAMED),
    "snapshots/list": (ONE, META, KB, (), Scope.NAMED),
}
GRANT = {"roleName": "r", "objectType": "Collection", "objectName": "*", "privilege": "Search"}
GROUP = {"privilegeGroupName": "g", "privileges": ["Search"]}
CASES |= {
    f"roles/{verb}_privilege{version}": (body, ADMIN, SERVER, (Risk.ACCESS_CHANGE,), Scope.NAMED)
    for verb in ("grant", "revoke")
    for version, body in (
        ("", GRANT),
        ("_v2", {"roleName": "r", "dbName": "*", "collectionName": "*", "privilege": "x"}),
    )
}
CASES |= {
    f"privilege_groups/{verb}": (GROUP, ADMIN, SERVER, (Risk.ACCESS_CHANGE,), Scope.NAMED)
    for verb in ("create", "drop", "add_privileges_to_group", "remove_privileges_from_group")
}


@pytest.mark.parametrize("route", CASES)
def test_a_route_is_classified(route: str) -> None:
    body, action, resources, risks, scope = CASES[route]
    found = operation(route, body)
    assert (found.action, found.resources, found.risks, found.scope) == (action, resources, risks, scope)


def test_the_cases_are_all_that_is_served() -> None:
    assert set(CASES) == set(BY_ROUTE) - NOT_SEEN


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *[("POST", API + route) for route in sorted(NOT_SEEN)],
        ("GET", API + "collections/list"),
        ("PUT", API + "entities/search"),
        ("POST", API + "entities"),
        ("POST", API + "entities/search/x"),
        ("POST", API + "Entities/search"),
        ("POST", "/v2/vectordb/entities/../collections/list".replace("/..", "")),
        ("POST", "/v2/entities/search"),
        ("GET", "/v1/vector/collections"),
        ("POST", "/v1/vector/search"),
        ("POST", "/api/v1/search"),
        ("GET", "/api/v1/collection/existence"),
        ("DELETE", "/api/v1/credential/users/x"),
        ("GET", "/expr"),
        ("GET", "/_cluster/configs"),
        ("GET", "/metrics"),
        ("GET", "/healthz"),
        ("GET", "/management/stop"),
        ("GET", "/webui/"[:-1]),
    ],
)
def test_everything_else_is_unknown(method: str, path: str) -> None:
    with pytest.raises(Refusal) as caught:
        rest.read(Request(method, parse(path), {}, b"{}"))
    assert caught.value.reason is Reason.UNKNOWN_OPERATION


@pytest.mark.parametrize("route", CASES)
def test_a_member_that_is_not_defined_is_refused(route: str) -> None:
    body = CASES[route][0]
    spellings = [{**body, "skip_rls": True}, {**body, "DBNAME": "hr"}, {**body, "collectionname": "secret"}]
    for spelling in spellings:
        with pytest.raises(Refusal) as caught:
            unbound(route, spelling)
        assert caught.value.reason is Reason.UNKNOWN_MEMBER


@pytest.mark.parametrize("route", [route for route, case in CASES.items() if case[0].get("collectionName") == "kb"])
@pytest.mark.parametrize("name", ["*", "a/b", "", ".", "..", "a b", "ä", "кb", "kb\u200b", "a" * 256, 7, None, ["kb"]])
def test_a_name_that_cannot_be_one_is_refused(route: str, name: Any) -> None:
    body = {**CASES[route][0], "collectionName": name}
    if name in ("", None) and "collectionName" not in _required(route):
        assert operation(route, body).resources == ("default/*",)
        return
    with pytest.raises(Refusal) as caught:
        unbound(route, body)
    assert caught.value.reason is Reason.BAD_BODY


def _required(route: str) -> frozenset[str]:
    shape = BY_ROUTE[route].body
    assert isinstance(shape, Shape)
    return shape.required


def test_reading_what_is_sent_gives_the_same_operations() -> None:
    for route, (body, *_) in CASES.items():
        read = unbound(route, body)
        sent = rest.rewrite(read, decided(OPEN))
        again = rest.read(Request("POST", parse(sent.path), dict(sent.headers), sent.body))
        assert _facts(again.operations) == _facts(read.operations), route


def _facts(operations: tuple[Operation, ...]) -> list[Any]:
    return [(one.name, one.action, one.resources, one.fields_used, one.vectors, one.risks) for one in operations]
