"""Reading: a request's row, its names in their one spelling, its document checked and, where need be, translated."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from vecgate.errors import Refusal
from vecgate.operations import media
from vecgate.operations.dialect import Reading
from vecgate.operations.messages import GRPC, Pairs, Request, Target
from vecgate.operations.table import Call, Row, query_items
from vecgate.reasons import Reason
from vecgate_pinecone import calls, names, ndjson, translation, versions
from vecgate_pinecone.descriptors import DESCRIPTORS
from vecgate_pinecone.table import TABLE


def read(request: Request) -> Reading:
    """Raises Refusal."""
    versions.sent(request.headers)
    if request.method == GRPC:
        return _call(request)
    row, params, target = _located(request.method, request.target)
    document = None
    if row.operation == "upsert_records":
        document = ndjson.asked(request)
    elif row.body is not None:
        document = media.asked(request)
        if versions.is_newer(request.headers):
            document = translation.asked(row.operation, document)
        row.body.check(document)
    elif request.body:
        raise Refusal(Reason.BAD_BODY, "The operation takes no body.")
    seen = _of_query(row, target.query) if document is None else document
    sent = Request(request.method, target, request.headers, request.body, request.site)
    return _judged(sent, row, params, seen, document)


def _call(request: Request) -> Reading:
    row, _ = TABLE.route(GRPC, request.target.segments)
    message = DESCRIPTORS.read(row.path, request.body, closed=True)
    return _judged(request, row, {}, calls.view(row, message), message)


def _judged(request: Request, row: Row, params: Mapping[str, str], seen: Any, document: Any) -> Reading:
    """`seen` is what is judged; `document`, what it was read from, is what is sent."""
    places = {
        "index": names.index_of(request.site, request.headers.get("host", "")),
        "namespace": names.canonical(seen.get("namespace") if type(seen) is dict else None),
        **params,
    }
    call = Call(row, places, request.target.query, seen)
    return Reading(request, row.operations(call), document, call)


@lru_cache(maxsize=1024)
def _located(method: str, target: Target) -> tuple[Row, Mapping[str, str], Target]:
    """The row of a target, its parameters, and the target in its one spelling. Raises Refusal."""
    row, params = TABLE.route(method, target.segments)
    params = {slot: names.path_name(slot, value) for slot, value in params.items()}
    return row, MappingProxyType(params), Target(row.segments(params), query_items(row, target.query))


def _of_query(row: Row, items: Pairs) -> dict[str, Any]:
    """The query as an object: lists of what may be repeated, a limit as the number it is."""
    seen: dict[str, Any] = {}
    for name, value in items:
        if name in row.repeated:
            seen.setdefault(name, []).append(value)
        else:
            seen[name] = int(value) if name == "limit" else value
    return seen
