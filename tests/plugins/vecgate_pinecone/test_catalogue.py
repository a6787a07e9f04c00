"""Catalogue: indexes at the gateway's addresses, and names that only those may know who may see them."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.pinecone_scene import OPEN, VERSION, decided, masked, reading, shown

from vecgate.errors import Unmaskable

UPSTREAM = "docs-a1b2c3d.svc.aped-4627-b74a.pinecone.io"
INDEX: dict[str, Any] = {
    "name": "docs",
    "dimension": 8,
    "metric": "cosine",
    "host": UPSTREAM,
    "private_host": UPSTREAM.replace("svc.", "svc.private."),
    "deletion_protection": "disabled",
    "tags": {"team": "a"},
    "spec": {"serverless": {"cloud": "aws", "region": "r", "host": UPSTREAM}},
    "status": {"ready": True, "state": "Ready", "host": UPSTREAM},
    "vector_type": "dense",
    "hosts": [UPSTREAM],
}
CREATE = {"name": "docs", "dimension": 8, "spec": {"serverless": {"cloud": "aws", "region": "r"}}}
FOR_MODEL = {"name": "docs", "cloud": "aws", "region": "r", "embed": {"model": "m", "field_map": {"text": "t"}}}
ROUTES: dict[str, tuple[str, Any]] = {
    "describe": ("GET /indexes/docs", None),
    "configure": ("PATCH /indexes/docs", {"tags": {"team": "a"}}),
    "create": ("POST /indexes", CREATE),
    "create for a model": ("POST /indexes/create-for-model", FOR_MODEL),
}


@pytest.mark.parametrize("version", [None, "2026-04", "2026-07"])
@pytest.mark.parametrize("name", ROUTES)
def test_an_index_is_where_the_gateway_serves_it(name: str, version: str | None) -> None:
    headers: dict[str, Any] = {} if version is None else {VERSION: version}
    if version == "2026-07" and name == "create":
        typed = {"fields": {"_values": {"type": "dense_vector", "dimension": 8}}}
        managed = {"deployment_type": "managed", "cloud": "aws", "region": "r"}
        asked = reading("POST /indexes", {"name": "docs", "schema": typed, "deployment": managed}, **headers)
    else:
        asked = reading(*ROUTES[name], **headers)
    text = masked(asked, OPEN, INDEX).answer.body.decode()
    assert '"host":"gate:6010"' in text
    assert "pinecone.io" not in text
    assert "private_host" not in text


@pytest.mark.parametrize(
    ("name", "host"),
    [("docs", "gate:6010"), ("plain", "http://gate:6011"), ("secret", "secret.not-served.invalid")],
)
def test_every_index_of_the_list_has_an_address_of_the_gateway_or_none(name: str, host: str) -> None:
    (seen,) = shown(reading("GET /indexes"), OPEN, {"indexes": [{**INDEX, "name": name}]})["indexes"]
    assert seen["host"] == host
    assert "pinecone.io" not in str(seen)


def test_the_list_has_what_may_be_seen() -> None:
    document = {"indexes": [INDEX, {**INDEX, "name": "secret"}]}
    some = decided(OPEN, lambda resource: resource == "docs")
    assert [one["name"] for one in shown(reading("GET /indexes"), some, document)["indexes"]] == ["docs"]


@pytest.mark.parametrize(
    "document",
    [
        {**INDEX, "name": "secret"},
        {**INDEX, "name": "../docs"},
        {**INDEX, "spec": {}},
        {**INDEX, "spec": {**INDEX["spec"], "byoc": {"environment": "e"}}},
        {name: value for name, value in INDEX.items() if name != "name"},
    ],
    ids=str,
)
def test_another_index_than_asked_for_is_withheld(document: Any) -> None:
    with pytest.raises(Unmaskable):
        masked(reading("GET /indexes/docs"), OPEN, document)


def test_statistics_count_what_may_be_seen() -> None:
    counts = {"kb": {"vectorCount": 3}, "hr": {"vectorCount": 40}, "": {"vectorCount": 5}}
    document = {"namespaces": counts, "totalVectorCount": 48, "indexFullness": 0.5, "memory_fullness": 0.5}
    some = decided(OPEN, lambda resource: resource in {"docs/kb", "docs/__default__"})
    for route, body in (("POST /describe_index_stats", {}), ("GET /describe_index_stats", None)):
        seen = shown(reading(route, body), some, document)
        assert set(seen["namespaces"]) == {"kb", ""}
        assert seen["totalVectorCount"] == 8
        assert seen["indexFullness"] == 0
        assert "memory_fullness" not in seen
        assert shown(reading(route, body), OPEN, document) == document


def test_namespaces_are_those_that_may_be_seen() -> None:
    asked = reading("GET /namespaces")
    document = {
        "namespaces": [{"name": "kb", "record_count": 3}, {"name": "hr", "record_count": 40}],
        "pagination": {"next": "eyJza2lwX3Bhc3QiOiJociJ9"},
        "total_count": 9,
    }
    seen = shown(asked, decided(OPEN, lambda resource: resource == "docs/kb"), document)
    assert seen == {"namespaces": [{"name": "kb", "record_count": 3}], "total_count": 1}
    assert shown(asked, OPEN, document) == document


def test_a_namespace_is_the_one_asked_for() -> None:
    asked = reading("GET /namespaces/kb")
    assert shown(asked, OPEN, {"name": "kb", "record_count": "3"}) == {"name": "kb", "record_count": "3"}
    with pytest.raises(Unmaskable):
        masked(asked, OPEN, {"name": "hr", "record_count": 3})


@pytest.mark.parametrize(
    ("route", "member", "more"),
    [
        ("GET /backups", "source_index_name", {"backup_id": "b"}),
        ("GET /restore-jobs", "target_index_name", {"restore_job_id": "j"}),
    ],
)
def test_backups_and_jobs_are_those_of_indexes_that_may_be_seen(route: str, member: str, more: Any) -> None:
    document = {"data": [{**more, member: "docs"}, {**more, member: "secret"}]}
    some = decided(OPEN, lambda resource: resource == "docs")
    assert [one[member] for one in shown(reading(route), some, document)["data"]] == ["docs"]


def test_backups_of_another_index_are_withheld() -> None:
    with pytest.raises(Unmaskable):
        masked(
            reading("GET /indexes/docs/backups"), OPEN, {"data": [{"backup_id": "b", "source_index_name": "secret"}]}
        )


def test_why_an_import_failed_is_not_told() -> None:
    failed = {"id": "1", "uri": "s3://bucket", "error": "record r1 of ssn 900-1"}
    for route, document in (("GET /bulk/imports/1", failed), ("GET /bulk/imports", {"data": [failed]})):
        assert b"900-1" not in masked(reading(route), OPEN, document).answer.body
