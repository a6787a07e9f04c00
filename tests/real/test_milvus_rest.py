"""Milvus' RESTful API through a whole gateway, in front of a database that answers as its handlers do."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from tests.support.gateway import SERVICE_KEY, Gateway, gateway
from tests.support.milvus_rest import SENSITIVE, VECTOR, FakeMilvus, serving

pytestmark = pytest.mark.real

HEAD = """
version: 1
connections:
  - name: docs
    dialect: milvus
    listen: 127.0.0.1:{port}
    upstream: {upstream}
    credential: {{header: authorization, value: "env:TEST_SERVICE_KEY"}}
identity:
  issuers: [{{issuer: "{issuer}", audience: vecgate, algorithms: [ES256], jwks: "file:jwks.json"}}]
state: {{url: "sqlite:///state.db"}}
evidence: {{directory: evidence, checkpoint: 5s, reads: intent}}
control: {{listen: "127.0.0.1:{control}"}}
"""
POLICY = """
policy:
  grants:
    - {name: owners, to: {groups: [owners]}, allow: [meta, search, read, write, delete, admin]}
    - {name: readers, to: {groups: [readers]}, on: {resources: ["default/kb*"]}, allow: [meta, search, read, delete]}
    - {name: b, to: {groups: [b]}, on: {resources: ["b/*"]}, allow: [meta, search, read]}
  masks:
    - {name: vectors, vectors: drop, clearance: {groups: [owners]}}
    - {name: personal, fields: {ssn: redact}, clearance: {groups: [owners]}}
  approvals:
    - {name: bulk, to: {groups: [readers]}, on: {risks: [bulk_delete]}, reviewers: {groups: [owners]}, hold: 0s}
"""
API = "/v2/vectordb/"
SEARCH = {"collectionName": "kb", "data": [VECTOR], "annsField": "vector", "outputFields": ["*"], "limit": 5}


@pytest.fixture(scope="module")
def fake() -> FakeMilvus:
    made = FakeMilvus()
    made.add("default/kb", "kb_prod")
    made.add("default/secret", "kb_secret", "kb_now")
    made.add("hr/kb")
    made.add("b/docs")
    return made


@pytest.fixture(scope="module")
def scene(fake: FakeMilvus, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with serving(fake) as upstream, gateway(tmp_path_factory.mktemp("milvus"), upstream, POLICY, head=HEAD) as running:
        yield running


def post(scene: Gateway, group: str, route: str, body: Any, **headers: str) -> httpx.Response:
    return scene.http.post(API + route, json=body, headers=scene.headers("anna", group) | headers)


def test_a_reader_sees_records_and_nothing_sensitive(scene: Gateway, fake: FakeMilvus) -> None:
    for route, body in {  # of all reading routes
        "entities/search": SEARCH,
        "entities/query": {"collectionName": "kb"},
        "entities/get": {"collectionName": "kb", "id": [1, 2]},
        "entities/hybrid_search": {"collectionName": "kb", "search": [SEARCH_PART], "outputFields": ["*"]},
    }.items():
        fake.asked.clear()
        answer = post(scene, "readers", route, body)
        assert (answer.status_code, answer.json()["code"]) == (200, 0), answer.text
        assert [one["title"] for one in answer.json()["data"]] == ["title 1", "title 2"]
        assert not [secret for secret in SENSITIVE if secret in answer.text]
        (asked,) = [body for name, body, _ in fake.asked if name == route]
        assert not {"vector", "bits", "words", "*"} & set(asked["outputFields"])


SEARCH_PART = {"data": [VECTOR], "annsField": "vector"}


def test_an_owner_sees_all(scene: Gateway) -> None:
    shown = post(scene, "owners", "entities/query", {"collectionName": "kb"}).json()["data"]
    assert shown[0]["vector"] == VECTOR
    assert shown[0]["ssn"] == "900-11-1111"


def test_only_the_gateways_credential_reaches_the_database(scene: Gateway, fake: FakeMilvus) -> None:
    """CVE-2025-64513: internal headers end at the gateway, in any letter case."""
    fake.asked.clear()
    internal = {"sourceid": "x", "SourceID": "x"}
    for name in internal:
        post(scene, "readers", "collections/list", {}, **{name: "@@milvus-member@@"})
    assert len(fake.asked) == 2
    for _, _, headers in fake.asked:
        assert headers["authorization"] == SERVICE_KEY
        assert "sourceid" not in headers


def test_the_token_comes_as_bearer_or_in_base64(scene: Gateway) -> None:
    token = scene.issuer.token("anna", "readers")
    wrapped = base64.b64encode(token.encode()).decode()
    for value, status in ((f"Bearer {token}", 200), (wrapped, 200), (token, 401), (f"Basic {wrapped}", 401)):
        answer = scene.http.post(f"{API}collections/list", json={}, headers={"authorization": value})
        assert answer.status_code == status, value[:10]
        assert answer.json()["code"] == (0 if status == 200 else 1800)
    assert scene.http.post(f"{API}collections/list", json={}).json()["reason"] == "token_missing"


@pytest.mark.parametrize(
    ("route", "body", "headers", "reason"),
    [
        ("entities/query", {"collectionName": "kb", "dbName": "hr"}, {"DB-Name": "default"}, "bad_body"),
        ("entities/query", {"collectionName": "kb", "dbName": "default"}, {"DB-Name": "hr"}, "bad_body"),
        ("entities/query", {"collectionName": "kb", "dbName": "hr"}, {}, "no_grant"),
        ("entities/query", {"collectionName": "kb"}, {"DB-Name": "hr"}, "no_grant"),
        ("entities/query", {"collectionName": "kb", "dbName": ""}, {"DB-Name": "hr"}, "no_grant"),
        ("entities/query", {"collectionName": "secret"}, {}, "no_grant"),
        ("entities/query", {"collectionName": "kb_secret"}, {}, "no_grant"),
        ("entities/search", SEARCH | {"collectionName": "kb_secret"}, {}, "no_grant"),
        ("collections/describe", {"collectionName": "kb_secret"}, {}, "no_grant"),
        ("aliases/describe", {"aliasName": "kb_secret"}, {}, "no_grant"),
        ("entities/query", {"collectionName": "kb", "collectionname": "secret"}, {}, "unknown_member"),
        ("entities/query", {"collectionName": "kb", "filter": 'ssn like "900%"'}, {}, "masked_field_used"),
        ("entities/query", {"collectionName": "kb", "filter": 'meta["ssn"] == "x"'}, {}, "masked_field_used"),
        ("entities/query", {"collectionName": "kb", "filter": r'meta["\u0073sn"] == "x"'}, {}, "masked_field_used"),
        ("entities/query", {"collectionName": "kb", "filter": '$meta["ssn"] == "x"'}, {}, "masked_field_used"),
        ("entities/query", {"collectionName": "kb", "filter": "$meta == 1"}, {}, "masked_field_used"),
        ("entities/query", {"collectionName": "kb", "filter": "ssn is null"}, {}, "masked_field_used"),
        ("entities/query", {"collectionName": "kb", "filter": "(1 == 1"}, {}, "bad_body"),
        ("entities/query", {"collectionName": "kb", "filter": "(" * 100_000}, {}, "bad_body"),
        ("entities/query", {"collectionName": "kb", "outputFields": ["max(ssn)"]}, {}, "bad_body"),
        ("entities/get", {"collectionName": "kb", "id": '1"] or ssn like "9'}, {}, "bad_body"),
        ("entities/search", SEARCH | {"groupingField": "ssn"}, {}, "masked_field_used"),
        ("entities/search", SEARCH | {"searchParams": {"params": {"radius": 0.5}}}, {}, "masked_field_used"),
        ("entities/search", SEARCH | {"params": {"range_filter": 0.5}}, {}, "masked_field_used"),
        ("entities/search", SEARCH | {"searchParams": {"group_by_field": "ssn"}}, {}, "unknown_member"),
        ("entities/search", SEARCH | {"skip_rls": True}, {}, "unknown_member"),
        ("entities/delete", {"collectionName": "kb", "filter": 'ssn == "900"'}, {}, "masked_field_used"),
        ("entities/delete", {"collectionName": "kb", "filter": "id >= 0"}, {}, "approval_pending"),
        ("entities/insert", {"collectionName": "kb", "data": [{"id": 1}]}, {}, "no_grant"),
        ("collections/drop", {"collectionName": "kb"}, {}, "no_grant"),
        ("aliases/alter", {"collectionName": "kb", "aliasName": "kb_now"}, {}, "no_grant"),
        ("users/list", {}, {}, "no_grant"),
        ("snapshots/restore", {}, {}, "unknown_operation"),
        ("entities/everything", {}, {}, "unknown_operation"),
    ],
)
def test_a_reader_is_refused(
    scene: Gateway, fake: FakeMilvus, route: str, body: Any, headers: Any, reason: str
) -> None:
    fake.asked.clear()
    answer = post(scene, "readers", route, body, **headers)
    shown = answer.json()
    assert shown["reason"] == reason, answer.text
    assert answer.status_code == (400 if reason in {"bad_body", "unknown_member"} else 403)
    assert shown["exchange"] in shown["message"]
    assert type(shown["code"]) is int
    looked_up = {"aliases/describe", "collections/describe"}
    assert {name for name, _, _ in fake.asked} <= looked_up


def test_a_duplicate_member_is_refused(scene: Gateway) -> None:
    body = b'{"collectionName":"kb","collectionName":"secret"}'
    headers = scene.headers("anna", "readers") | {"content-type": "application/json"}
    answer = scene.http.post(f"{API}entities/query", content=body, headers=headers)
    assert (answer.status_code, answer.json()["reason"]) == (400, "duplicate_member")


def test_a_grant_on_another_database_is_worth_the_same(scene: Gateway) -> None:
    """milvus-io/milvus #33220."""
    for more, headers in (({"dbName": "b"}, {}), ({}, {"DB-Name": "b"}), ({"dbName": "b"}, {"DB-Name": "b"})):
        answer = post(scene, "b", "entities/query", {"collectionName": "docs", **more}, **headers)
        assert (answer.status_code, len(answer.json()["data"])) == (200, 2)
        assert post(scene, "b", "collections/list", more, **headers).json()["data"] == ["docs"]
    assert post(scene, "b", "entities/query", {"collectionName": "docs"}).json()["reason"] == "no_grant"
    assert post(scene, "readers", "entities/query", {"collectionName": "docs", "dbName": "b"}).status_code == 403


def test_lists_are_filtered(scene: Gateway) -> None:
    assert post(scene, "readers", "collections/list", {}).json()["data"] == ["kb"]
    assert post(scene, "readers", "databases/list", {}).json()["data"] == ["default"]
    assert post(scene, "owners", "databases/list", {}).json()["data"] == ["b", "default", "hr"]
    assert post(scene, "readers", "collections/has", {"collectionName": "secret"}).json()["data"] == {"has": False}


def test_an_alias_is_followed_as_it_is_now(scene: Gateway, fake: FakeMilvus) -> None:
    body = {"collectionName": "kb_prod", "outputFields": ["title"]}
    assert post(scene, "readers", "entities/query", body).status_code == 200
    fake.asked.clear()
    altered = post(scene, "owners", "aliases/alter", {"collectionName": "secret", "aliasName": "kb_prod"})
    assert altered.json()["code"] == 0
    fake.aliases["default/kb_prod"] = "secret"
    fake.collections["default/secret"]["aliases"].append("kb_prod")
    try:
        assert post(scene, "readers", "entities/query", body).json()["reason"] == "no_grant"
    finally:
        fake.aliases["default/kb_prod"] = "kb"
        fake.collections["default/secret"]["aliases"].remove("kb_prod")


def test_a_failure_with_status_200_is_recorded_as_one(scene: Gateway, fake: FakeMilvus) -> None:
    fake.replies["entities/query"] = {"code": 1100, "message": "row 900-11-1111 cannot be compared"}
    try:
        answer = post(scene, "readers", "entities/query", {"collectionName": "kb", "filter": "year > 2077"})
    finally:
        del fake.replies["entities/query"]
    assert (answer.status_code, answer.json()) == (200, {"code": 1100, "message": "The database refused a parameter."})


def test_what_cannot_be_understood_is_withheld(scene: Gateway, fake: FakeMilvus) -> None:
    fake.replies["entities/query"] = {"code": 0, "data": [{"id": "1", "blob": SENSITIVE[1]}]}
    try:
        answer = post(scene, "readers", "entities/query", {"collectionName": "kb"})
    finally:
        del fake.replies["entities/query"]
    assert (answer.status_code, answer.json()["reason"]) == (502, "unmaskable_response")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/expr"),
        ("GET", "/_cluster/configs"),
        ("POST", "/v1/vector/search"),
        ("GET", "/v1/vector/collections"),
        ("POST", "/api/v1/search"),
        ("POST", "/v2/vectordb/entities/search/"),
        ("POST", "/V2/vectordb/entities/search"),
        ("POST", "/v2/vectordb//entities/search"),
        ("POST", "/v2/vectordb/entities/search?dbName=hr"),
    ],
)
def test_no_other_way_leads_to_the_database(scene: Gateway, fake: FakeMilvus, method: str, path: str) -> None:
    """CVE-2026-26190, milvus-io/milvus #46817."""
    fake.asked.clear()
    answer = scene.http.request(method, path, json=SEARCH, headers=scene.headers("olga", "owners"))
    assert answer.status_code in {400, 403}
    assert fake.asked == []
