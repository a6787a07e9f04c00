"""Reading: a request's row, its names, its document, and what the database says of those names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from vecgate.errors import Refusal
from vecgate.operations import media
from vecgate.operations.dialect import Lookup, Reading
from vecgate.operations.messages import Request
from vecgate.operations.table import Row, Table, query_items
from vecgate.reasons import Reason
from vecgate_weaviate.known import ALIASES, SCHEMA, Known
from vecgate_weaviate.rest import naming
from vecgate_weaviate.rest.call import RestCall
from vecgate_weaviate.rest.kinds import CLASS, PROPERTY, TENANT, UUID
from vecgate_weaviate.rest.rows import ROWS, service

TABLE: Final = Table("weaviate", "Weaviate over REST", ROWS)
_KINDS: Final = {
    "className": CLASS,
    "aliasName": CLASS,
    "id": UUID,
    "propertyName": PROPERTY,
    "tenantName": TENANT,
}
_NAMELESS: Final = frozenset(row.operation for row in service.ROWS) - {"backups.create", "backups.restore"}


def read(request: Request) -> Reading:
    """Raises Refusal."""
    row, params = TABLE.route(request.method, request.target.segments)
    for name, value in params.items():
        _check(row, name, value)
    items = query_items(row, request.target.query)
    document = None
    if row.body is not None:
        document = media.asked(request)
        row.body.check(document, "")
    elif request.body:
        raise Refusal(Reason.BAD_BODY, "The operation takes no body.")
    return judged(request, RestCall(row, params, items, document), {})


def lookups(reading: Reading) -> Sequence[Lookup]:
    """Aliases wherever a collection may be named, the schema where it says more than the request does."""
    call: RestCall = reading.detail
    if call.row.operation in _NAMELESS:
        return ()
    return (ALIASES, SCHEMA) if call.known.asked else (ALIASES,)


def bind(reading: Reading, names: Mapping[str, Any]) -> Reading:
    return judged(reading.request, reading.detail, names)


def judged(request: Request, call: RestCall, names: Mapping[str, Any]) -> Reading:
    """A reading with these names resolved. Raises Refusal."""
    known = Known.of(names)
    at = naming.path(call.row.operation, call.params, known)
    sent = naming.document(call.row.operation, call.document, known, at)
    resolved = RestCall(call.row, call.params, call.query, call.document, known, at, sent)
    return Reading(request, _operations(resolved), sent, resolved, names)


def _operations(call: RestCall) -> Any:
    """Templates are filled with the collections' own names."""
    if call.row.effect is not None:
        return call.row.effect(call)
    resources = tuple(template.format_map(call.at) for template in call.row.resources)
    return (call.row.base(call, resources=resources),)


def _check(row: Row, name: str, value: str) -> None:
    kind = _KINDS.get(name)
    if kind is None or (name == "id" and row.operation.startswith("backups.")):
        if not value.isprintable() or value in {".", ".."}:
            raise Refusal(Reason.BAD_TARGET, "A name in the path cannot be one.")
        return
    try:
        kind.check(value, name)
    except Refusal as refusal:
        raise Refusal(Reason.BAD_TARGET, f"In the path, {refusal.detail}") from None
