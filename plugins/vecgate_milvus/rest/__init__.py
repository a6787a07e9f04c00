"""Milvus' RESTful API, one of the two wires."""

from __future__ import annotations

from typing import Final

from vecgate.errors import Refusal, Unmaskable
from vecgate.operations import media
from vecgate.operations.dialect import Masked, Reading
from vecgate.operations.document import dump
from vecgate.operations.messages import Answer, Outgoing, Request
from vecgate.operations.table import Table, query_items
from vecgate.policy.decision import Decision
from vecgate.reasons import Reason
from vecgate_milvus.rest import answers, errors, outgoing
from vecgate_milvus.rest.call import HEADER, RestCall, called
from vecgate_milvus.rest.envelope import Envelope
from vecgate_milvus.rest.errors import refuse, turned_away
from vecgate_milvus.rest.names import bind, learn, lookups
from vecgate_milvus.rest.table import ROWS

__all__ = [
    "CHANGES_NAMES",
    "HEADERS",
    "ROWS",
    "bind",
    "learn",
    "local",
    "lookups",
    "mask",
    "read",
    "refuse",
    "rewrite",
    "turned_away",
]

HEADERS: Final = frozenset({HEADER, outgoing.INT64})
"""Header fields that mean something to the server. All others, its `Request-Timeout` too, end at the gateway."""

_TABLE: Final = Table("milvus", "Milvus", ROWS)
CHANGES_NAMES: Final = frozenset(
    f"rest {route}"
    for route in (
        "collections/create",
        "collections/drop",
        "collections/rename",
        "collections/alter_properties",
        "collections/drop_properties",
        "collections/fields/alter_properties",
        "databases/create",
        "databases/drop",
        "aliases/create",
        "aliases/drop",
        "aliases/alter",
    )
)


def read(request: Request) -> Reading:
    """Raises Refusal."""
    row, _ = _TABLE.route(request.method, request.target.segments)
    query_items(row, request.target.query)
    body = media.asked(request) if request.body else {}
    assert row.body is not None
    row.body.check(body)
    call = called(row, request, body)
    _check_filled(call)
    return Reading(request, row.operations(call), call.document, call)


def local(reading: Reading, decision: Decision) -> Answer | None:
    """A collection that the caller may not see does not exist: the database is not asked."""
    call: RestCall = reading.detail
    if call.row.operation != "rest collections/has" or decision.visible(reading.operations[0].resources[0]):
        return None
    return Answer(200, media.JSON, dump({"code": 0, "data": {"has": False}}))


def rewrite(reading: Reading, decision: Decision) -> Outgoing:
    call: RestCall = reading.detail
    masks = None
    if outgoing.asks(call):
        resource = reading.operations[0].resources[0]
        masks = decision.masks.get(resource) or decision.masks_for(resource)
    return outgoing.built(reading.request, call, masks)


def mask(reading: Reading, decision: Decision, answer: Answer) -> Masked:
    """Raises Unmaskable."""
    call: RestCall = reading.detail
    if answer.status != 200:
        if not 400 <= answer.status <= 599:
            raise Unmaskable("The database answered with an unexpected status.")
        return Masked(errors.normalised(answer.status, _parsed(answer)))
    envelope = Envelope.of(media.answered(answer), bare=call.row.operation == "rest resource_groups/describe")
    if not envelope.succeeded:
        return Masked(errors.failed(envelope.code), error=str(envelope.code))
    context = answers.Context(call, reading.operations, decision, envelope.facts)
    rebuilt = answers.rebuild(context, envelope.data)
    return Masked(
        Answer(200, media.JSON, dump(envelope.with_data(rebuilt.data))),
        rebuilt.points,
        rebuilt.records,
        tuple(sorted(rebuilt.masked)),
    )


def _check_filled(call: RestCall) -> None:
    """The server takes a missing member and an empty one for the same."""
    if call.row.operation == "rest entities/search" and not call.document["data"]:
        raise Refusal(Reason.BAD_BODY, "data is empty.")
    if call.row.operation.endswith(("hybrid_search", "advanced_search")) and not call.document.get("search"):
        raise Refusal(Reason.BAD_BODY, "search is empty.")


def _parsed(answer: Answer) -> object:
    try:
        return media.answered(answer)
    except Unmaskable:
        return None
