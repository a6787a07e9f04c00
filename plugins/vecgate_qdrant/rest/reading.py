"""Reading: a request's row, its names in their one spelling, its document checked."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final
from uuid import UUID as Uuid

from vecgate.errors import Refusal
from vecgate.operations import media
from vecgate.operations.dialect import Reading
from vecgate.operations.messages import Request, Target
from vecgate.operations.table import Call, Row, Table, query_items
from vecgate.reasons import Reason
from vecgate_qdrant.rest import bodies
from vecgate_qdrant.rest.kinds import NAME, UUID
from vecgate_qdrant.rest.rows import ROWS

TABLE: Final = Table("qdrant", "Qdrant over REST", ROWS)


def read(request: Request) -> Reading:
    row, params, target = _located(request.method, request.target)
    document = None
    if row.body is not None:
        document = bodies.spelt(media.asked(request), top=row.operation.startswith("search_"))
        row.body.check(document)
    elif request.body:
        raise Refusal(Reason.BAD_BODY, "The operation takes no body.")
    call = Call(row, params, target.query, document)
    sent = Request(request.method, target, request.headers, request.body, request.site)
    return Reading(sent, row.operations(call), document, call)


@lru_cache(maxsize=1024)
def _located(method: str, target: Target) -> tuple[Row, Mapping[str, str], Target]:
    """The row of a target, its parameters, and the target in its one spelling. Raises Refusal."""
    row, params = TABLE.route(method, target.segments)
    params = {slot: _canonical(slot, value) for slot, value in params.items()}
    return row, MappingProxyType(params), Target(row.segments(params), query_items(row, target.query))


def _canonical(slot: str, value: str) -> str:
    """A parameter of a path. Raises Refusal: bad_target."""
    match slot:
        case "collection_name":
            try:
                NAME.check(value, slot)
            except Refusal:
                raise Refusal(Reason.BAD_TARGET, "The collection's name cannot be one.") from None
        case "id" if UUID.fullmatch(value):
            return str(Uuid(value.lower()))
        case "id" | "shard_id" | "peer_id":
            if not (value.isascii() and value.isdigit() and int(value) < 2**64):
                raise Refusal(Reason.BAD_TARGET, "An id in the path is none.")
            return str(int(value))
    return value
