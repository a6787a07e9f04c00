"""Replies: what each call may answer, rebuilt from the fields that are known, masked, filtered, without texts that
could quote what is stored."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from vecgate.errors import Unmaskable
from vecgate.operations import grpc
from vecgate.operations.dialect import Masked, Record
from vecgate.operations.messages import Answer
from vecgate_weaviate import beacons
from vecgate_weaviate.calls.call import GrpcCall
from vecgate_weaviate.calls.masking import Masking
from vecgate_weaviate.calls.results import Results
from vecgate_weaviate.descriptors import DESCRIPTORS
from vecgate_weaviate.reach import property_name

FAILED: Final = "The database refused this one."


@dataclass(slots=True)
class Context:
    """What a masking function may look at besides the reply, and what it leaves for evidence."""

    call: GrpcCall
    masking: Masking
    points: int = 0
    records: tuple[Record, ...] = ()
    masked: set[str] = field(default_factory=set)

    @property
    def message(self) -> Any:
        return self.call.message

    @property
    def resource(self) -> str:
        """Of the call's own collection."""
        return self.masking.resource(self.message.collection)


def masked(call: GrpcCall, masking: Masking, answer: Answer) -> Masked:
    """The answer as the caller may see it. Raises Unmaskable."""
    if (code := answer.header("grpc-status")) != grpc.OK:
        return Masked(grpc.normalised(answer), error=f"grpc {code}")
    reply: Any = DESCRIPTORS.reply(call.row.path, answer)
    context = Context(call, masking)
    FUNCTIONS[call.row.operation](context, reply)
    rebuilt = grpc.answered(reply.SerializeToString())
    return Masked(rebuilt, context.points, context.records, tuple(sorted(context.masked)))


def _searched(context: Context, reply: Any) -> None:
    results = Results(context.masking.masks, context.masking.resource, context.masking.decision.visible)
    selected = context.masking.selected
    assert selected is not None
    results.search(reply, selected, generates=context.message.HasField("generative"))
    context.records, context.masked = results.records(), results.masked
    context.points = len(context.records)


def _aggregated(context: Context, reply: Any) -> None:
    """Figures are of properties that were asked for, and so judged; nobody may know of every collection."""
    asked = {property_name(one.property) for one in context.message.aggregations}
    kind = reply.WhichOneof("result")
    found = [] if kind is None else reply.grouped_results.groups if kind == "grouped_results" else [reply.single_result]
    masks, visible = context.masking.masks(context.message.collection), context.masking.decision.visible
    for group in found:
        if kind == "grouped_results":
            _unnamed(group.grouped_by, visible)
        for one in group.aggregations.aggregations:
            if one.property not in asked or masks.used((one.property,)) is not None:
                raise Unmaskable("A property is aggregated that was not asked for.")
            if one.HasField("reference"):
                names = [name for name in one.reference.pointing_to if beacons.points(name, visible)]
                one.reference.pointing_to[:] = names
    if kind == "grouped_results":
        by = property_name(context.message.group_by.property)
        if not context.message.HasField("group_by") or masks.used((by,)) is not None:
            raise Unmaskable("The database grouped what was not to be.")


def _unnamed(grouped: Any, visible: Callable[[str], bool]) -> None:
    """Without the beacons that a group goes by, if it does by a reference into what the caller may not know."""
    kind = grouped.WhichOneof("value")
    values = [grouped.text] if kind == "text" else grouped.texts.values if kind == "texts" else ()
    if any(beacons.hidden(value, visible) for value in values):
        grouped.ClearField(kind)


def _written(context: Context, reply: Any) -> None:
    for one in reply.errors:
        one.error = FAILED


def _deleted(context: Context, reply: Any) -> None:
    if reply.objects and not context.message.verbose:
        raise Unmaskable("The database lists objects that were not asked for.")
    for one in reply.objects:
        if one.error:
            one.error = FAILED
    names = [str(uuid.UUID(bytes=one.uuid)) if len(one.uuid) == 16 else "" for one in reply.objects]
    context.records = tuple(Record(context.resource, name) for name in names)
    context.points = len(names)


def _tenants(context: Context, reply: Any) -> None:
    visible = context.masking.decision.visible
    collection = context.message.collection
    for index in reversed(range(len(reply.tenants))):
        if not visible(f"{collection}/{reply.tenants[index].name}"):
            del reply.tenants[index]


def _healthy(context: Context, reply: Any) -> None:
    """A status says nothing of content."""


FUNCTIONS: Final[Mapping[str, Callable[[Context, Any], None]]] = {
    "Weaviate/Search": _searched,
    "Weaviate/Aggregate": _aggregated,
    "Weaviate/BatchObjects": _written,
    "Weaviate/BatchReferences": _written,
    "Weaviate/BatchDelete": _deleted,
    "Weaviate/TenantsGet": _tenants,
    "Health/Check": _healthy,
}
