"""Weaviate over gRPC, one of the two wires."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from vecgate.identity.principal import Principal
from vecgate.operations import grpc
from vecgate.operations.dialect import Lookup, Masked, Reading
from vecgate.operations.messages import Answer, Outgoing, Request
from vecgate.operations.table import Row, Table
from vecgate.policy.decision import Decision
from vecgate_weaviate.calls import naming, outgoing, replies
from vecgate_weaviate.calls.call import GrpcCall
from vecgate_weaviate.calls.masking import Masking
from vecgate_weaviate.calls.table import CHANGES_NAMES, ROWS
from vecgate_weaviate.descriptors import DESCRIPTORS
from vecgate_weaviate.known import ALIASES, SCHEMA, Known, learnt
from vecgate_weaviate.reach import collection_name

__all__ = ["CHANGES_NAMES", "ROWS", "bind", "judged", "learn", "local", "lookups", "mask", "read", "rewrite"]

_TABLE: Final = Table("weaviate", "Weaviate", ROWS)
_CHECK: Final = "Health/Check"


def read(request: Request) -> Reading:
    """Raises Refusal."""
    row, _ = _TABLE.route(request.method, request.target.segments)
    message: Any = DESCRIPTORS.read(row.path, request.body, closed=True)
    if row.operation == _CHECK:
        message.Clear()  # whichever service is asked after, it is the server's health
    naming.rename(message, collection_name)
    return judged(request, row, message, Known(), {})


def lookups(reading: Reading) -> Sequence[Lookup]:
    """Aliases always, the schema where it says more than the call does."""
    call: GrpcCall = reading.detail
    if call.row.operation == _CHECK:
        return ()
    return (ALIASES, SCHEMA) if call.known.asked else (ALIASES,)


def learn(answer: Answer, lookup: Lookup) -> Mapping[str, Any]:
    """Raises Unmaskable."""
    return learnt(answer, lookup)


def bind(reading: Reading, names: Mapping[str, Any]) -> Reading:
    call: GrpcCall = reading.detail
    return judged(reading.request, call.row, call.document, Known.of(names), names)


def local(reading: Reading, principal: Principal | None, decision: Decision) -> Answer | None:
    return None


def rewrite(reading: Reading, decision: Decision) -> Outgoing:
    call: GrpcCall = reading.detail
    masking = Masking.of(call, decision)
    if masking.selected is not None:
        return outgoing.search(call, masking.selected, masking.masks)
    return grpc.call(call.row, call.message.SerializeToString())


def mask(reading: Reading, decision: Decision, answer: Answer) -> Masked:
    """Raises Unmaskable."""
    call: GrpcCall = reading.detail
    return replies.masked(call, Masking.of(call, decision), answer)


def judged(request: Request, row: Row, document: Any, known: Known, names: Mapping[str, Any] | None = None) -> Reading:
    """A reading with these names resolved. Raises Refusal."""
    message = document
    if known.aliases:
        message = type(document)()
        message.CopyFrom(document)
        naming.rename(message, known.collection)
    call = GrpcCall(row, {}, (), document, message, known)
    return Reading(request, row.operations(call), document, call, names or {})
