from __future__ import annotations

from typing import Any

import pytest
from tests.support.milvus_calls import judged, made, unbound

from vecgate.errors import Refusal
from vecgate.operations.model import Risk
from vecgate.reasons import Reason

BM25, EMBEDDING, RERANK = 1, 2, 3


def create(**schema: Any) -> Any:
    packed = made("schema.CollectionSchema", **schema).SerializeToString()
    return made("milvus.CreateCollectionRequest", collection_name="kb", schema=packed)


def test_a_collection_is_created_by_its_name() -> None:
    operation = judged("CreateCollection", create(name="kb"))
    assert (operation.resources, operation.risks) == (("default/kb",), ())


@pytest.mark.parametrize("schema", [{"name": "secret"}, {"name": "kb", "dbName": "hr"}])
def test_a_schema_of_another_collection_is_refused(schema: dict[str, str]) -> None:
    with pytest.raises(Refusal) as refused:
        unbound("CreateCollection", create(**schema))
    assert refused.value.reason is Reason.BAD_BODY


@pytest.mark.parametrize(
    ("kind", "risks"), [(BM25, ()), (4, ()), (EMBEDDING, (Risk.EGRESS,)), (RERANK, (Risk.EGRESS,)), (0, (Risk.EGRESS,))]
)
def test_functions_that_call_a_model_send_texts_outside(kind: int, risks: tuple[Risk, ...]) -> None:
    assert judged("CreateCollection", create(functions=[made("schema.FunctionSchema", type=kind)])).risks == risks
    added = {"collection_name": "kb", "functionSchema": {"type": kind}}
    assert judged("AddCollectionFunction", added).risks == (Risk.SCHEMA_CHANGE, *risks)
    assert judged("AlterCollectionFunction", added).risks == (Risk.SCHEMA_CHANGE, *risks)


@pytest.mark.parametrize("external", ["external_source", "external_spec"])
def test_a_collection_over_data_elsewhere_needs_a_grant_for_all(external: str) -> None:
    operation = judged("CreateCollection", create(**{external: "s3://bucket"}))
    assert operation.resources == ("default/kb", "**")
    assert operation.risks == (Risk.EGRESS,)


@pytest.mark.parametrize(
    ("key", "risks"),
    [
        ("mmap.enabled", (Risk.SCHEMA_CHANGE,)),
        ("collection.ttl.seconds", (Risk.SCHEMA_CHANGE, Risk.BULK_DELETE)),
        ("Collection.TTL.seconds", (Risk.SCHEMA_CHANGE, Risk.BULK_DELETE)),
    ],
)
def test_a_time_to_live_deletes(key: str, risks: tuple[Risk, ...]) -> None:
    assert judged("AlterCollection", {"collection_name": "kb", "properties": [{"key": key}]}).risks == risks


def test_a_changed_schema() -> None:
    dropped = {"collection_name": "kb", "action": {"drop_request": {"field_name": "x"}}}
    assert judged("AlterCollectionSchema", dropped).risks == (Risk.SCHEMA_CHANGE, Risk.BULK_DELETE)
    added = {"collection_name": "kb", "action": {"add_request": {"func_schema": [{"type": EMBEDDING}]}}}
    assert judged("AlterCollectionSchema", added).risks == (Risk.SCHEMA_CHANGE, Risk.EGRESS)
