"""Translation: indexes of API 2026-07, in and out of 2026-04."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.pinecone_scene import OPEN, VERSION, reading, refusal, sent, shown

from vecgate.operations.model import Risk
from vecgate.reasons import Reason

NEWER: dict[str, Any] = {VERSION: "2026-07"}
DENSE = {"fields": {"_values": {"type": "dense_vector", "dimension": 8, "metric": "cosine"}}}
SPARSE = {"fields": {"_sparse_values": {"type": "sparse_vector"}}}
MANAGED = {"deployment_type": "managed", "cloud": "aws", "region": "r"}
POD = {"deployment_type": "pod", "environment": "e", "pod_type": "p1", "replicas": 2, "shards": 3}
CREATED: dict[str, tuple[Any, Any]] = {
    "dense": (
        {"name": "new", "schema": DENSE, "deployment": MANAGED},
        {
            "name": "new",
            "vector_type": "dense",
            "dimension": 8,
            "metric": "cosine",
            "spec": {"serverless": {"cloud": "aws", "region": "r"}},
        },
    ),
    "sparse": (
        {"name": "new", "schema": SPARSE, "deployment": {"deployment_type": "byoc", "environment": "e"}},
        {"name": "new", "vector_type": "sparse", "spec": {"byoc": {"environment": "e"}}},
    ),
    "pods": (
        {"name": "new", "schema": DENSE, "deployment": POD, "tags": {"a": "b"}, "deletion_protection": "enabled"},
        {
            "name": "new",
            "tags": {"a": "b"},
            "deletion_protection": "enabled",
            "vector_type": "dense",
            "dimension": 8,
            "metric": "cosine",
            "spec": {"pod": {"environment": "e", "pod_type": "p1", "replicas": 2, "shards": 3, "pods": 6}},
        },
    ),
}
TYPED: dict[str, tuple[Any, Reason]] = {
    "a field of text": ({"fields": {"title": {"type": "string"}}}, Reason.UNKNOWN_OPERATION),
    "two fields": ({"fields": DENSE["fields"] | SPARSE["fields"]}, Reason.UNKNOWN_OPERATION),
    "no field": ({"fields": {}}, Reason.UNKNOWN_OPERATION),
    "another type": ({"fields": {"_values": {"type": "sparse_vector"}}}, Reason.BAD_BODY),
    "another member": ({"fields": {"_values": {"type": "dense_vector", "model": "m"}}}, Reason.UNKNOWN_MEMBER),
}


@pytest.mark.parametrize("name", CREATED)
def test_an_index_is_created_as_2026_04_spells_it(name: str) -> None:
    asked, made = CREATED[name]
    read = reading("POST /indexes", asked, **NEWER)
    assert sent(read) == ("POST /indexes", made)
    assert read.operations[0].resources == ("new",)


@pytest.mark.parametrize("name", TYPED)
def test_indexes_of_typed_fields_are_refused(name: str) -> None:
    schema, reason = TYPED[name]
    assert refusal("POST /indexes", {"name": "new", "schema": schema, "deployment": MANAGED}, **NEWER) is reason


@pytest.mark.parametrize("version", ["2025-10", "2026-04"])
def test_the_older_versions_know_no_typed_schema(version: str) -> None:
    older: dict[str, Any] = {VERSION: version}
    asked = {"name": "new", "schema": DENSE, "deployment": MANAGED}
    assert refusal("POST /indexes", asked, **older) is Reason.UNKNOWN_MEMBER


def test_a_change_is_judged_by_what_it_is_in_2026_04() -> None:
    asked = {"deployment": {"replicas": 2}, "deletion_protection": "disabled"}
    read = reading("PATCH /indexes/docs", asked, **NEWER)
    assert read.operations[0].risks == (Risk.DROP_COLLECTION, Risk.CLUSTER_CHANGE)
    assert sent(read)[1] == {"deletion_protection": "disabled", "spec": {"pod": {"replicas": 2}}}
    assert refusal("PATCH /indexes/docs", {"schema": DENSE}, **NEWER) is Reason.UNKNOWN_MEMBER


@pytest.mark.parametrize(
    ("index", "fields", "deployment"),
    [
        (
            {"dimension": 8, "vector_type": "dense", "spec": {"serverless": {"cloud": "aws", "region": "r"}}},
            DENSE["fields"],
            MANAGED,
        ),
        (
            {"vector_type": "sparse", "spec": {"byoc": {"environment": "e"}}},
            SPARSE["fields"],
            {"deployment_type": "byoc", "environment": "e"},
        ),
        (
            {"dimension": 8, "spec": {"pod": {"environment": "e", "pod_type": "p1", "replicas": 2, "shards": 3}}},
            DENSE["fields"],
            POD,
        ),
    ],
    ids=["dense", "sparse", "pods"],
)
def test_an_index_is_described_as_2026_07_spells_it(index: Any, fields: Any, deployment: Any) -> None:
    whole = {"name": "docs", "metric": "cosine", "status": {"ready": True, "state": "Ready"}, **index}
    seen = shown(reading("GET /indexes/docs", **NEWER), OPEN, whole)
    assert (seen["schema"]["fields"], seen["deployment"], seen["host"]) == (fields, deployment, "gate:6010")
    (listed,) = shown(reading("GET /indexes", **NEWER), OPEN, {"indexes": [whole]})["indexes"]
    assert listed == seen
