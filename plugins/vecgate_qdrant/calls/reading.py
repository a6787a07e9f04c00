"""Reading: a call's row, and its one message, in which nothing stands that the published description lacks."""

from __future__ import annotations

from typing import Any, Final

from vecgate.errors import Refusal
from vecgate.operations.dialect import Reading
from vecgate.operations.messages import Request
from vecgate.operations.table import Call, Table
from vecgate.reasons import Reason
from vecgate_qdrant import bulk
from vecgate_qdrant.calls.reads import BATCHES
from vecgate_qdrant.calls.rows import ROWS
from vecgate_qdrant.descriptors import DESCRIPTORS
from vecgate_qdrant.rest.kinds import NAME

TABLE: Final = Table("qdrant", "Qdrant over gRPC", ROWS)


def read(request: Request) -> Reading:
    """Raises Refusal."""
    row, _ = TABLE.route(request.method, request.target.segments)
    message: Any = DESCRIPTORS.read(row.path, request.body, closed=True)
    params = {}
    if "collection_name" in message.DESCRIPTOR.fields_by_name:
        NAME.check(message.collection_name, "collection_name")
        params["collection_name"] = message.collection_name
    if "snapshot_name" in message.DESCRIPTOR.fields_by_name:
        NAME.check(message.snapshot_name, "snapshot_name")  # a file's: in a URL it could not be a path, either
    if (inner := BATCHES.get(message.DESCRIPTOR.name)) is not None:
        for one in bulk.bounded(getattr(message, inner)):
            if one.collection_name not in {"", message.collection_name}:
                raise Refusal(Reason.BAD_BODY, "A request of the batch names another collection.")
    call = Call(row, params, (), message)
    return Reading(request, row.operations(call), message, call)
