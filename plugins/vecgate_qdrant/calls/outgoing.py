"""Outgoing: the message that is sent, a copy of the judged one. Names are resolved; masks are minded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from vecgate.operations import grpc
from vecgate.operations.dialect import Reading
from vecgate.operations.messages import Outgoing
from vecgate.operations.table import Call
from vecgate.policy.decision import Decision
from vecgate_qdrant import aliases
from vecgate_qdrant.calls.reads import BATCHES
from vecgate_qdrant.calls.rows import ROWS
from vecgate_qdrant.masks import masks_of

AS_WRITTEN: Final = frozenset(row.operation for row in ROWS if row.resources != ("{collection_name}",)) | {
    "Collections/Create",
    "Collections/Delete",
}
"""Names that are made or dropped, and rows without one."""
CHANGES_NAMES: Final = frozenset({"Collections/Create", "Collections/Delete", "Collections/UpdateAliases"})


def built(reading: Reading, decision: Decision) -> Outgoing:
    """The upstream call of a bound reading."""
    call: Call = reading.detail
    message = type(call.document)()
    message.CopyFrom(call.document)
    if "collection_name" in call.params and call.row.operation not in AS_WRITTEN:
        name = aliases.resolved(reading, call.params["collection_name"])
        message.collection_name = name
        for one in requests(message):
            one.collection_name = name
            _resolve(one, reading)
            if call.row.vectors:
                _select(one, decision, name)
            if "with_lookup" in one.DESCRIPTOR.fields_by_name and one.HasField("with_lookup"):
                one.with_lookup.collection = aliases.resolved(reading, one.with_lookup.collection)
                _select(one.with_lookup, decision, one.with_lookup.collection)
    return grpc.call(call.row, message.SerializeToString())


def requests(message: Any) -> Iterator[Any]:
    """The requests of a batch, or the message itself."""
    inner = BATCHES.get(message.DESCRIPTOR.name)
    yield from getattr(message, inner) if inner else (message,)


def _select(message: Any, decision: Decision, resource: str) -> None:
    """The defaults of another server version must not bring back what was not judged, so they are made explicit."""
    if not message.HasField("with_vectors") or not masks_of(decision, resource).fetches_vectors:
        message.with_vectors.enable = False


def _resolve(message: Any, reading: Reading) -> None:
    """The names of `lookup_from`, in prefetches at any depth."""
    fields = message.DESCRIPTOR.fields_by_name
    if "lookup_from" in fields and message.HasField("lookup_from"):
        message.lookup_from.collection_name = aliases.resolved(reading, message.lookup_from.collection_name)
    if "prefetch" in fields:
        for one in message.prefetch:
            _resolve(one, reading)
