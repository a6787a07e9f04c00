"""Replies: what each call may answer, masked in place. A call without a masker answers what holds nothing to mask."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from vecgate.errors import Unmaskable
from vecgate.masking import payloads
from vecgate.operations import grpc
from vecgate.operations.dialect import Masked, Reading, Record
from vecgate.operations.messages import Answer
from vecgate.operations.model import Resource
from vecgate.operations.table import Call
from vecgate.policy.decision import Decision
from vecgate_qdrant import aliases
from vecgate_qdrant.calls import values
from vecgate_qdrant.calls.outgoing import requests
from vecgate_qdrant.calls.records import Masking
from vecgate_qdrant.descriptors import DESCRIPTORS
from vecgate_qdrant.masks import masks_of


@dataclass(slots=True)
class Context:
    """What a masker may look at besides the reply, and what it says of it."""

    reading: Reading
    decision: Decision
    points: int = 0
    records: list[Record] = field(default_factory=list)
    masked: set[str] = field(default_factory=set)

    @property
    def call(self) -> Call:
        call: Call = self.reading.detail
        return call

    @property
    def resource(self) -> Resource:
        return aliases.resolved(self.reading, self.call.params["collection_name"])

    def masking(self, message: Any = None, resource: Resource | None = None) -> Masking:
        """`message` is the request that the records answer."""
        resource = self.resource if resource is None else resource
        return Masking(resource, masks_of(self.decision, resource), message is not None and _is_sorted(message))

    def take(self, masking: Masking) -> None:
        self.points += len(masking.records)
        self.records += masking.records
        self.masked |= masking.masked


def mask(reading: Reading, decision: Decision, answer: Answer) -> Masked:
    """The reply as the caller may see it. Raises Unmaskable."""
    if (code := answer.header("grpc-status")) != grpc.OK:
        return Masked(grpc.normalised(answer), error=f"grpc {code}")
    call: Call = reading.detail
    reply: Any = DESCRIPTORS.reply(call.row.path, answer)
    context = Context(reading, decision)
    if (masker := MASKERS.get(call.row.operation)) is not None:
        masker(context, reply)
    if "usage" in reply.DESCRIPTOR.fields_by_name:
        reply.ClearField("usage")  # how much was read says something of what is hidden
    if context.points:
        context.masked |= _withheld(reading, decision)
    rebuilt = grpc.answered(reply.SerializeToString())
    return Masked(rebuilt, context.points, tuple(context.records), tuple(sorted(context.masked)))


def _withheld(reading: Reading, decision: Decision) -> set[str]:
    """What would have come back and was not fetched, as evidence names it."""
    asked = [name for one in reading.operations if one.vectors for name in one.resources]
    return set() if all(masks_of(decision, name).fetches_vectors for name in asked) else {"vectors"}


def _is_sorted(message: Any) -> bool:
    fields = message.DESCRIPTOR.fields_by_name
    if "order_by" in fields:
        return bool(message.HasField("order_by"))
    return "query" in fields and message.query.WhichOneof("variant") == "order_by"


def _points(context: Context, reply: Any) -> None:
    masking = context.masking(context.call.document)
    masking.each(reply.result)
    context.take(masking)


def _ranked(context: Context, reply: Any) -> None:
    masking = context.masking(context.call.document)
    masking.ranked(reply.result)
    context.take(masking)


def _batched(context: Context, reply: Any) -> None:
    """One answer for each request."""
    asked = list(requests(context.call.document))
    if len(asked) != len(reply.result):
        raise Unmaskable("the database did not answer each request")
    for message, one in zip(asked, reply.result, strict=True):
        masking = context.masking(message)
        masking.ranked(one.result)
        context.take(masking)


def _grouped(context: Context, reply: Any) -> None:
    """Each group is a ranked list; what was looked up for it has the masks of where it was looked up."""
    message = context.call.document
    masking, looked = context.masking(message), None
    if message.HasField("with_lookup"):
        looked = context.masking(resource=aliases.resolved(context.reading, message.with_lookup.collection))
    for group in reply.result.groups:
        masking.ranked(group.hits)
        if group.HasField("lookup"):
            if looked is None:
                raise Unmaskable("a group has a record that was not asked for")
            looked.each([group.lookup])
    for each in (masking, looked):
        if each is not None:
            context.take(each)


def _pairs(context: Context, reply: Any) -> None:
    masking = context.masking()
    pairs = reply.result.pairs
    for pair, score in zip(pairs, masking.scores([one.score for one in pairs]), strict=True):
        pair.score = score
    context.points = len({one.SerializeToString() for pair in pairs for one in (pair.a, pair.b)})
    context.masked |= masking.masked


def _offsets(context: Context, reply: Any) -> None:
    masking = context.masking()
    scores = list(reply.result.scores)
    shown = masking.scores(scores)
    if shown is not scores:
        reply.result.scores[:] = shown
    context.points = len(reply.result.ids)
    context.masked |= masking.masked


def _collections(context: Context, reply: Any) -> None:
    _keep(reply.collections, lambda one: context.decision.visible(one.name))


def _aliases(context: Context, reply: Any) -> None:
    _keep(reply.aliases, lambda one: context.decision.visible(one.collection_name))


def _info(context: Context, reply: Any) -> None:
    """What a collection says of itself: its metadata masked like a payload, without indexes of masked fields, whose
    counts would tell of them; its errors and warnings could quote what is stored."""
    info, masks = reply.result, masks_of(context.decision, context.resource)
    if info.config.metadata:
        document = values.plain(info.config.metadata)
        shown, _ = payloads.masked(document, masks, context.masked)
        values.fill(info.config.metadata, shown)
    for name in [*info.payload_schema]:
        if masks.used((name,)) is not None:
            del info.payload_schema[name]
            context.masked.add(name)
    if info.optimizer_status.error:
        info.optimizer_status.error = "The optimizer failed."
    info.ClearField("warnings")


def _keep(repeated: Any, wanted: Callable[[Any], bool]) -> None:
    for index in reversed(range(len(repeated))):
        if not wanted(repeated[index]):
            del repeated[index]


MASKERS: Final[dict[str, Callable[[Context, Any], None]]] = {
    "Collections/List": _collections,
    "Collections/Get": _info,
    "Collections/ListAliases": _aliases,
    "Collections/ListCollectionAliases": _aliases,
    "Points/Get": _points,
    "Points/Scroll": _points,
    **{f"Points/{name}": _ranked for name in ("Query", "Search", "Recommend", "Discover")},
    **{f"Points/{name}Batch": _batched for name in ("Query", "Search", "Recommend", "Discover")},
    **{f"Points/{name}Groups": _grouped for name in ("Query", "Search", "Recommend")},
    "Points/SearchMatrixPairs": _pairs,
    "Points/SearchMatrixOffsets": _offsets,
}
