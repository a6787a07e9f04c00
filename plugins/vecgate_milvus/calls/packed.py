"""Packed: messages that stand serialised inside others, as bytes. They are read, and sent as they were understood."""

from __future__ import annotations

from typing import Any, Final

from google.protobuf.message import DecodeError

from vecgate.errors import Refusal
from vecgate.reasons import Reason
from vecgate_milvus.calls.requests import cleaned
from vecgate_milvus.descriptors import DESCRIPTORS

PACKED: Final = {
    ("CreateCollectionRequest", "schema"): "milvus.proto.schema.CollectionSchema",
    ("AddCollectionFieldRequest", "schema"): "milvus.proto.schema.FieldSchema",
    ("ImportRequest", "clustering_info"): "milvus.proto.schema.ClusteringInfo",
    ("SearchRequest", "placeholder_group"): "milvus.proto.common.PlaceholderGroup",
    ("SubSearchRequest", "placeholder_group"): "milvus.proto.common.PlaceholderGroup",
}
"""The message in each field of bytes that holds one."""

_FIELDS: Final = {kind: [field for one, field in PACKED if one == kind] for kind, _ in PACKED}


def unpacked(message: Any, field: str) -> Any:
    """The message in a field. Raises Refusal: bad_body."""
    kind = DESCRIPTORS.type(PACKED[message.DESCRIPTOR.name, field])
    try:
        inner: Any = kind.FromString(getattr(message, field))
    except DecodeError:
        raise Refusal(Reason.BAD_BODY, f"{field} is not what the call packs into it.") from None
    inner.DiscardUnknownFields()
    return inner


def repack(message: Any) -> None:
    """Everything packed in a request, understood and written anew. Raises Refusal."""
    for field in _FIELDS.get(message.DESCRIPTOR.name, ()):
        if getattr(message, field):
            inner = unpacked(message, field)
            cleaned(inner)
            setattr(message, field, inner.SerializeToString())
    for field in ("requests", "sub_reqs"):
        if field in message.DESCRIPTOR.fields_by_name:
            for one in getattr(message, field):
                repack(one)
