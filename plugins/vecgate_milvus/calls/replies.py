"""Replies: what each call may answer, rebuilt from the fields that are known, masked, filtered, and free of secrets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from google.protobuf.descriptor import Descriptor

from vecgate.errors import Unmaskable
from vecgate.masking.maskset import MaskSet
from vecgate.operations import grpc
from vecgate.operations.dialect import Masked, Record
from vecgate.operations.messages import Answer
from vecgate.operations.model import Operation, Resource
from vecgate.policy.decision import Decision
from vecgate_milvus.calls import catalogue, status
from vecgate_milvus.calls.call import GrpcCall
from vecgate_milvus.calls.columns import Columns
from vecgate_milvus.calls.results import Results, mask_keys
from vecgate_milvus.descriptors import DESCRIPTORS

SCRUBBED: Final = frozenset(
    {
        *("password", "token", "external_spec", "external_source"),  # credentials, and addresses that may hold some
        *("leader_addr", "s3_location", "address", "hostname"),  # where the database's parts are
        *("start_positions", "channel_cps", "flush_all_msgs"),  # positions in the write-ahead log, and parts of it
        *("reason", "reasons", "fail_reason", "index_state_fail_reason", "error_message"),  # texts that may quote data
        *("extra_info", "reserved", "infos", "detail"),  # anything
    }
)
"""Fields at any depth of a reply that stay with the gateway."""

_TEXTS_OF: Final = "milvus.proto.common.Status"
_STATUS: Final = ("status", "alter_status")


@dataclass(slots=True)
class Context:
    """What a masking function may look at besides the reply, and what it leaves for evidence."""

    call: GrpcCall
    operations: tuple[Operation, ...]
    decision: Decision
    points: int = 0
    records: tuple[Record, ...] = ()
    masked: set[str] = field(default_factory=set)

    @property
    def resources(self) -> tuple[Resource, ...]:
        return self.operations[0].resources

    @property
    def database(self) -> str:
        return self.call.database

    def masks(self, resource: Resource) -> MaskSet:
        found = self.decision.masks.get(resource)
        return self.decision.masks_for(resource) if found is None else found


def masked(call: GrpcCall, operations: tuple[Operation, ...], decision: Decision, answer: Answer) -> Masked:
    """The answer as the caller may see it. Raises Unmaskable."""
    if (code := answer.header("grpc-status")) != grpc.OK:
        return Masked(grpc.normalised(answer), error=f"grpc {code}")
    reply: Any = DESCRIPTORS.reply(call.row.path, answer)
    if (outcome := _outcome(reply)) is not None:
        if status.failed(outcome):
            return _failed(reply, outcome)
        outcome.ClearField("reason")
        outcome.ClearField("detail")
        outcome.ClearField("extra_info")
    scrub(reply)
    context = Context(call, operations, decision)
    if (function := FUNCTIONS.get(call.row.operation)) is not None:
        function(context, reply)
    rebuilt = grpc.answered(reply.SerializeToString())
    return Masked(rebuilt, context.points, context.records, tuple(sorted(context.masked)))


def scrub(reply: Any) -> None:
    """Take out what stays with the gateway."""
    for name in _concerned(reply.DESCRIPTOR):
        if name in SCRUBBED:
            reply.ClearField(name)
        elif reply.DESCRIPTOR.fields_by_name[name].is_repeated:
            for one in getattr(reply, name):
                scrub(one)
        elif reply.HasField(name):
            scrub(getattr(reply, name))


@cache
def _concerned(kind: Descriptor) -> tuple[str, ...]:
    return tuple(one.name for one in kind.fields if _concerns(one, frozenset()))


def _concerns(one: Any, above: frozenset[str]) -> bool:
    if one.name in SCRUBBED:
        return True
    inner = one.message_type
    if inner is None or inner.full_name == _TEXTS_OF or inner.GetOptions().map_entry or inner.full_name in above:
        return False
    return any(_concerns(field, above | {inner.full_name}) for field in inner.fields)


def _outcome(reply: Any) -> Any:
    """The status in a reply, None where it has none."""
    if reply.DESCRIPTOR.full_name == _TEXTS_OF:
        return reply
    for name in _STATUS:
        found = reply.DESCRIPTOR.fields_by_name.get(name)
        if found is not None and found.message_type is not None and found.message_type.full_name == _TEXTS_OF:
            return getattr(reply, name) if reply.HasField(name) else None
    return None


def _failed(reply: Any, outcome: Any) -> Masked:
    """The reply with its outcome alone: whatever stands beside an error was not masked."""
    code = status.normalise(outcome)
    if reply is outcome:
        return Masked(grpc.answered(reply.SerializeToString()), error=code)
    kept = type(reply)()
    name = next(name for name in _STATUS if name in reply.DESCRIPTOR.fields_by_name)
    getattr(kept, name).CopyFrom(outcome)
    return Masked(grpc.answered(kept.SerializeToString()), error=code)


def _records(context: Context, search: bool, reply: Any) -> None:
    (resource,) = context.resources
    collection = context.call.target
    results = Results(resource, context.masks(resource), collection.key)
    if search:
        document = context.call.document
        aggregation = getattr(document, "search_aggregation", None)
        results.searched(reply.results, aggregation)
    else:
        results.queried(reply)
    if results.points and context.operations[0].vectors and not results.masks.fetches_vectors:
        results.masked.add("vectors")
    reply.collection_name = resource.rpartition("/")[2]
    context.points, context.records, context.masked = results.points, results.records, results.masked


def _searched(context: Context, reply: Any) -> None:
    _records(context, True, reply)


def _queried(context: Context, reply: Any) -> None:
    _records(context, False, reply)


def _written(context: Context, reply: Any) -> None:
    """The keys of what was written, which the database may have made."""
    kind = reply.IDs.WhichOneof("id_field")
    collection = context.call.target
    columns = Columns(context.masks(collection.resource))
    if kind is not None and columns.hides(collection.key):
        mask_keys(columns, getattr(reply.IDs, kind).data, collection.key, kind)
        context.masked |= columns.masked


def _described(context: Context, reply: Any) -> None:
    (resource,) = context.resources
    catalogue.described(reply, context.resources, context.database)
    catalogue.defaults(reply.schema, context.masks(resource))


def _several_described(context: Context, reply: Any) -> None:
    for one in reply.responses:
        if status.failed(one.status):
            status.normalise(one.status)
            kept = type(one)()
            kept.status.CopyFrom(one.status)
            one.CopyFrom(kept)
        else:
            resource = catalogue.described(one, context.resources, context.database)
            catalogue.defaults(one.schema, context.masks(resource))


def _collections(context: Context, reply: Any) -> None:
    catalogue.collections(reply, lambda name: context.decision.visible(f"{context.database}/{name}"))


def _databases(context: Context, reply: Any) -> None:
    catalogue.databases(reply, context.decision.visible)


def _aliases(context: Context, reply: Any) -> None:
    """Those of one collection, which was judged; or those of a database, each of which is a name of its own."""
    if context.call.params.get("collection"):
        return
    visible = context.decision.visible
    reply.aliases[:] = [name for name in reply.aliases if visible(f"{context.database}/{name}")]
    reply.ClearField("collection_name")


def _alias(context: Context, reply: Any) -> None:
    if f"{context.database}/{reply.collection}" not in context.resources:
        raise Unmaskable("The database described an alias of another collection.")


def _flushed(context: Context, reply: Any) -> None:
    names = {resource.rpartition("/")[2] for resource in context.resources}
    for held in (reply.coll_segIDs, reply.flush_coll_segIDs, reply.coll_seal_times, reply.coll_flush_ts):
        for name in [name for name in held if name not in names]:
            del held[name]


def _of_collection(context: Context, reply: Any) -> None:
    """What an answer says of a collection must be of the one that was judged."""
    if reply.collection_name and f"{context.database}/{reply.collection_name}" not in context.resources:
        raise Unmaskable("The database answered for another collection.")


FUNCTIONS: Final[dict[str, Callable[[Context, Any], None]]] = {
    "MilvusService/Search": _searched,
    "MilvusService/HybridSearch": _searched,
    "MilvusService/Query": _queried,
    "MilvusService/Insert": _written,
    "MilvusService/Upsert": _written,
    "MilvusService/Delete": _written,
    "MilvusService/DescribeCollection": _described,
    "MilvusService/BatchDescribeCollection": _several_described,
    "MilvusService/ShowCollections": _collections,
    "MilvusService/ListDatabases": _databases,
    "MilvusService/ListAliases": _aliases,
    "MilvusService/DescribeAlias": _alias,
    "MilvusService/Flush": _flushed,
    "MilvusService/DescribeSnapshot": _of_collection,
    "MilvusService/ListRowPolicies": _of_collection,
}
