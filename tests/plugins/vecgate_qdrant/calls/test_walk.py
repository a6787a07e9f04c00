"""Every text that a request can hold is known: it steers, and shows, or it does not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.support.qdrant_calls import judged, made

from vecgate_qdrant.calls import ROWS
from vecgate_qdrant.descriptors import DESCRIPTORS

FIELD = "hidden_field"
STEERS = frozenset(
    {
        ("FieldCondition", "key"),
        ("IsEmptyCondition", "key"),
        ("IsNullCondition", "key"),
        ("NestedCondition", "key"),
        ("OrderBy", "key"),
        ("FacetCounts", "key"),
        ("SearchPointGroups", "group_by"),
        ("RecommendPointGroups", "group_by"),
        ("QueryPointGroups", "group_by"),
        ("Expression", "variable"),
        ("Expression", "datetime_key"),
        ("GeoDistance", "to"),
        ("CreateFieldIndexCollection", "field_name"),
        ("Formula", "defaults"),
    }
)
NAMES = frozenset(
    {
        ("LookupLocation", "collection_name"),
        ("WithLookup", "collection"),
        ("CreateAlias", "collection_name"),
        ("CreateAlias", "alias_name"),
        ("RenameAlias", "old_alias_name"),
        ("RenameAlias", "new_alias_name"),
        ("DeleteAlias", "alias_name"),
    }
)
"""Names of collections: they show as resources."""
STILL = frozenset(
    {
        *(("Match", name) for name in ("keyword", "text", "phrase", "text_any", "prefix")),
        ("RepeatedStrings", "strings"),
        ("HasVectorCondition", "has_vector"),
        ("PointId", "uuid"),
        ("ShardKey", "keyword"),
        ("StartFrom", "datetime"),
        ("Expression", "datetime"),
        *(("Document", name) for name in ("text", "model", "options")),
        *(("Image", name) for name in ("model", "options")),
        *(("InferenceObject", name) for name in ("model", "options")),
        *(("Value", name) for name in ("string_value",)),
        ("Struct", "fields"),
        ("PayloadIncludeSelector", "fields"),
        ("PayloadExcludeSelector", "fields"),
        ("VectorsSelector", "names"),
        ("LookupLocation", "vector_name"),
        ("NamedVectors", "vectors"),
        ("PointStruct", "payload"),
        *((name, "payload") for name in ("SetPayload", "OverwritePayload", "SetPayloadPoints")),
        *((name, "key") for name in ("SetPayload", "OverwritePayload", "SetPayloadPoints")),
        *((name, "keys") for name in ("DeletePayload", "DeletePayloadPoints")),
        *((name, "using") for name in ("RecommendPoints", "RecommendPointGroups", "DiscoverPoints", "PrefetchQuery")),
        *((name, "using") for name in ("QueryPoints", "QueryPointGroups", "SearchMatrixPoints")),
        *((name, "vector_name") for name in ("SearchPoints", "SearchPointGroups")),
        *((name, "vector_name") for name in ("CreateVectorNameRequest", "DeleteVectorNameRequest")),
        ("DeleteFieldIndexCollection", "field_name"),
        *((name, "snapshot_name") for name in ("DeleteSnapshotRequest", "DeleteFullSnapshotRequest")),
        *((name, "metadata") for name in ("CreateCollection", "UpdateCollection")),
        ("CreateCollection", "payload"),
        ("HealthCheckRequest", "service"),
        ("VectorParamsMap", "map"),
        ("VectorParamsDiffMap", "map"),
        ("SparseVectorConfig", "map"),
        ("StrictModeSparseConfig", "sparse_config"),
        ("StrictModeMultivectorConfig", "multivector_config"),
        *(("StopwordsSet", name) for name in ("languages", "custom")),
        ("SnowballParams", "language"),
    }
)
"""Data, names of vectors, options: policy judges nothing by them, on neither wire."""
LEAST: dict[str, dict[str, Any]] = {
    "Points/Facet": {"key": "k"},
    "Points/SearchGroups": {"group_by": "g", "vector": [1.0]},
    "Points/RecommendGroups": {"group_by": "g"},
    "Points/QueryGroups": {"group_by": "g"},
    "Points/Search": {"vector": [1.0]},
    "Points/CreateFieldIndex": {"field_name": "f"},
}
INFERRED = frozenset({"Document", "Image", "InferenceObject"})
CHANGES = frozenset(
    f"Points/{name}" for name in ("Delete", "DeleteVectors", "SetPayload", "OverwritePayload")
) | frozenset({"Points/DeletePayload", "Points/ClearPayload"})


def texts(kind: Any, above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[Any, ...], str, str]]:
    """Where texts stand: the fields on the way, the type's name and the field's."""
    if kind.full_name in above:
        return
    for field in kind.fields:
        entry = field.message_type is not None and field.message_type.GetOptions().map_entry
        if field.type == field.TYPE_STRING or entry:
            yield (field,), kind.name, field.name
        inner = field.message_type.fields_by_name["value"].message_type if entry else field.message_type
        if inner is not None and inner.full_name not in {"qdrant.Value", "google.protobuf.Timestamp"}:
            for way, owner, name in texts(inner, (*above, kind.full_name)):
                yield (field, *way), owner, name


def put(message: Any, way: tuple[Any, ...], text: str) -> None:
    """Write a text where the way leads, and on the way what else must stand there."""
    field, *rest = way
    entry = field.message_type is not None and field.message_type.GetOptions().map_entry
    if not rest:
        if entry:
            target = getattr(message, field.name)
            if field.message_type.fields_by_name["value"].message_type is not None:
                target[text].SetInParent()
            else:
                target[text] = 1
        elif field.is_repeated:
            getattr(message, field.name).append(text)
        else:
            setattr(message, field.name, text)
        return
    if entry:
        inner = getattr(message, field.name)["name"]
    elif field.is_repeated:
        inner = getattr(message, field.name).add()
    else:
        inner = getattr(message, field.name)
        inner.SetInParent()
    put(inner, tuple(rest), text)
    complete(inner)


def choose(message: Any) -> None:
    """No points, where nothing chooses any."""
    selector = message.points_selector if hasattr(message, "points_selector") else message.points
    if selector.WhichOneof("points_selector_one_of") is None:
        selector.points.SetInParent()


def complete(message: Any) -> None:
    """What else must stand in a message, so that it is one."""
    match message.DESCRIPTOR.name:
        case "NestedCondition" if not message.key:
            message.key = "outer"
        case "LookupLocation" if not message.collection_name:
            message.collection_name = "other"
        case "WithLookup" if not message.collection:
            message.collection = "other"
        case "RecommendInput" | "ContextInputPair" | "DiscoverInput" | "RelevanceFeedbackInput" | "NearestInputWithMmr":
            for field in message.DESCRIPTOR.fields:
                if field.message_type is not None and field.message_type.name == "VectorInput":
                    several = getattr(message, field.name)
                    for one in several if field.is_repeated else (several,):
                        if one.WhichOneof("variant") is None:
                            one.id.num = 1
        case "VectorInput" if message.WhichOneof("variant") is None:
            message.id.num = 1
        case "FeedbackItem" if message.example.WhichOneof("variant") is None:
            message.example.id.num = 1
        case "ContextExamplePair":
            for one in (message.positive, message.negative):
                if one.WhichOneof("example") is None:
                    one.id.num = 1
        case "Formula" if message.expression.WhichOneof("variant") is None:
            message.expression.constant = 1
        case "DivExpression" | "PowExpression" | "DecayParamsExpression":
            for field in message.DESCRIPTOR.fields:
                if field.message_type is not None:
                    inner = getattr(message, field.name)
                    if inner.WhichOneof("variant") is None:
                        inner.constant = 1
        case "CreateAlias" | "RenameAlias" | "DeleteAlias":
            for field in message.DESCRIPTOR.fields:
                if not getattr(message, field.name):
                    setattr(message, field.name, "kb")
        case "PointStruct" | "PointVectors":
            message.id.num = 1
        case "SetPayload" | "OverwritePayload" | "DeletePayload" | "DeleteVectors" | "DeletePoints" | "ClearPayload":
            choose(message)
        case "SearchPoints" if not message.vector:
            message.vector.append(1.0)
        case "FieldCondition" | "OrderBy" if not message.key:
            message.key = "k"


SERVED = {row.operation: DESCRIPTORS.method(row.path).input_type for row in ROWS if not row.refused}


@pytest.mark.parametrize("call", SERVED)
def test_every_text_is_known(call: str) -> None:
    for way, owner, name in texts(SERVED[call]):
        if name != "collection_name" or owner in {"LookupLocation", "CreateAlias"}:  # all others are the call's own
            check(call, way, owner, name)


def check(call: str, way: tuple[Any, ...], owner: str, name: str) -> None:
    label = ".".join(field.name for field in way)
    assert ((owner, name) in STEERS) + ((owner, name) in NAMES) + ((owner, name) in STILL) == 1, label
    if name in {"uuid", "service"}:
        return
    message = made(SERVED[call].name, LEAST.get(call, {}))
    if "collection_name" in message.DESCRIPTOR.fields_by_name:
        message.collection_name = "kb"
    put(message, way, FIELD)
    if call in CHANGES:
        choose(message)
    found = judged(call, message)
    used = {part for one in found for used in one.fields_used for part in used.split(".")}
    assert (FIELD in used) == ((owner, name) in STEERS), label
    assert (FIELD in {name for one in found for name in one.resources}) == ((owner, name) in NAMES), label
    inferred = {field.message_type.name for field in way if field.message_type} & INFERRED
    assert any("egress" in one.risks for one in found) == bool(inferred), label
