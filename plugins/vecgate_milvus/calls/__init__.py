"""Milvus over gRPC, one of the two wires."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from vecgate.operations import grpc
from vecgate.operations.dialect import Lookup, Masked, Reading
from vecgate.operations.messages import GRPC, Answer, Outgoing, Request
from vecgate.operations.table import Row, Table
from vecgate.policy.decision import Decision
from vecgate_milvus import names
from vecgate_milvus.calls import outgoing, packed, replies, requests, schema
from vecgate_milvus.calls.call import GrpcCall, Names, places
from vecgate_milvus.calls.table import CHANGES_NAMES, ROWS
from vecgate_milvus.collection import Collection, lookup
from vecgate_milvus.descriptors import DESCRIPTORS

__all__ = ["CHANGES_NAMES", "ROWS", "bind", "learn", "local", "lookups", "mask", "read", "rewrite"]

_TABLE: Final = Table("milvus", "Milvus", ROWS)
_RECORDS: Final = frozenset(f"MilvusService/{method}" for method in ("Search", "HybridSearch", "Query"))
_HAS_COLLECTION: Final = "MilvusService/HasCollection"
_CLIENT_INFO: Final = ("user", "host", "local_time", "reserved")


def read(request: Request) -> Reading:
    """Raises Refusal."""
    row, _ = _TABLE.route(request.method, request.target.segments)
    message: Any = DESCRIPTORS.read(row.path, request.body)
    requests.cleaned(message)
    packed.repack(message)
    if row.operation == "MilvusService/Connect":
        for name in _CLIENT_INFO:
            message.client_info.ClearField(name)
    return _judged(request, row, message, {})


def lookups(reading: Reading) -> Sequence[Lookup]:
    call: GrpcCall = reading.detail
    return tuple(lookup(resource, _describing(*resource.split("/"))) for resource in dict.fromkeys(call.references()))


def learn(answer: Answer, lookup: Lookup) -> Collection | None:
    """Raises Unmaskable."""
    return schema.learnt(answer, lookup.key.removeprefix("collection "))


def bind(reading: Reading, names: Mapping[str, Any]) -> Reading:
    call: GrpcCall = reading.detail
    return _judged(reading.request, call.row, call.document, names)


def local(reading: Reading, decision: Decision) -> Answer | None:
    """A collection that the caller may not see does not exist: the database is not asked."""
    call: GrpcCall = reading.detail
    if call.row.operation != _HAS_COLLECTION or decision.visible(reading.operations[0].resources[0]):
        return None
    reply = DESCRIPTORS.type("milvus.proto.milvus.BoolResponse")()
    reply.status.SetInParent()  # type: ignore[attr-defined]
    return grpc.answered(reply.SerializeToString())


def rewrite(reading: Reading, decision: Decision) -> Outgoing:
    call: GrpcCall = reading.detail
    masks = None
    if call.row.operation in _RECORDS:
        resource = call.target.resource
        masks = decision.masks.get(resource) or decision.masks_for(resource)
    return outgoing.built(call, masks)


def mask(reading: Reading, decision: Decision, answer: Answer) -> Masked:
    """Raises Unmaskable."""
    return replies.masked(reading.detail, reading.operations, decision, answer)


def _judged(request: Request, row: Row, message: Any, known: Mapping[str, Any]) -> Reading:
    call = GrpcCall(row, _params(row, request, message), (), message, known)
    if call.written and not call.place.several:
        call = replace(call, params=Names(call.params, collection=names.last(call.target.resource)))
    return Reading(request, row.operations(call), message, call, known)


def _params(row: Row, request: Request, message: Any) -> Names:
    """The names that templates are filled with; the effective database is written into the message, too."""
    place = places(message.DESCRIPTOR)
    written = getattr(message, place.database) if place.database else ""
    if "{database}" in row.resources:  # the database is what the call is about, whichever one its client is in
        return Names(database=names.checked(written, "database"))
    params = Names(database=names.database(written, request.headers.get("dbname", "")))
    if place.database and any("{database}" in template for template in row.resources):
        setattr(message, place.database, params["database"])
    if message.DESCRIPTOR.name == "CreateCollectionRequest":
        params["collection"] = names.checked(message.collection_name)
    return params


def _describing(database: str, collection: str) -> Outgoing:
    message: Any = DESCRIPTORS.type("milvus.proto.milvus.DescribeCollectionRequest")()
    message.db_name, message.collection_name = database, collection
    return Outgoing(GRPC, schema.DESCRIBE, (("dbname", database),), message.SerializeToString())
