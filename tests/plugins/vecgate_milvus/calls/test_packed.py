from __future__ import annotations

from typing import Any

import pytest
from tests.support.milvus_calls import made, reading, sent, unbound

from vecgate.errors import Refusal
from vecgate.reasons import Reason
from vecgate_milvus.calls.packed import PACKED
from vecgate_milvus.descriptors import DESCRIPTORS

UNKNOWN = b"\xfa\x3e\x03abc"
"""Field 1007 of any message."""


@pytest.mark.parametrize(
    ("method", "field", "kind", "more"),
    [
        ("CreateCollection", "schema", "schema.CollectionSchema", {"collection_name": "kb"}),
        ("AddCollectionField", "schema", "schema.FieldSchema", {"collection_name": "kb"}),
        ("Search", "placeholder_group", "common.PlaceholderGroup", {"collection_name": "kb"}),
        ("Import", "clustering_info", "schema.ClusteringInfo", {"collection_name": "kb"}),
    ],
)
def test_what_is_packed_is_sent_as_it_was_understood(method: str, field: str, kind: str, more: dict[str, Any]) -> None:
    packed = made(kind).SerializeToString() + UNKNOWN
    message = made(f"milvus.{method}Request", **more, **{field: packed})
    assert b"abc" not in sent(reading(method, message)).SerializeToString()


def test_placeholders_of_every_part_of_a_search_are_unpacked() -> None:
    message = made("milvus.HybridSearchRequest", collection_name="kb")
    message.requests.add(collection_name="kb", placeholder_group=UNKNOWN).sub_reqs.add(placeholder_group=UNKNOWN)
    assert b"abc" not in sent(reading("HybridSearch", message)).SerializeToString()


@pytest.mark.parametrize("method", ["CreateCollection", "AddCollectionField", "Search"])
def test_what_cannot_be_unpacked_is_refused(method: str) -> None:
    field = "placeholder_group" if method == "Search" else "schema"
    with pytest.raises(Refusal) as refused:
        unbound(method, made(f"milvus.{method}Request", collection_name="kb", **{field: b"\xff\xff\xff"}))
    assert refused.value.reason is Reason.BAD_BODY


def test_every_field_of_bytes_in_a_request_is_packed_or_harmless() -> None:
    """What else is bytes: stored values, template values, texts to analyse, and calls that are refused."""
    harmless = {
        *("BytesArray", "JSONArray", "GeometryArray", "MolArray", "UUIDArray", "VectorField", "SparseFloatArray"),
        *("TemplateValue", "ValueField", "FunctionParamValue", "PlaceholderValue", "RunAnalyzerRequest"),
        *("ReplicateMessageRequest", "MsgPosition", "ImmutableMessage", "PushClientCommandRequest", "CommandReply"),
    }
    found = set()
    for _, method in DESCRIPTORS.methods():
        found |= _bytes(method.input_type, frozenset())
    assert {(kind, field) for kind, field in found if kind not in harmless} == set(PACKED)


def _bytes(message: Any, above: frozenset[str]) -> set[tuple[str, str]]:
    found = {(message.name, field.name) for field in message.fields if field.type == field.TYPE_BYTES}
    for field in message.fields:
        inner = field.message_type
        if inner is not None and inner.full_name not in above:
            found |= _bytes(inner, above | {message.full_name})
    return found
