"""Outgoing: the request that is sent, built from the judged call. Names are resolved; masks are minded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from vecgate.operations import media
from vecgate.operations.dialect import Reading
from vecgate.operations.document import dump
from vecgate.operations.messages import Outgoing
from vecgate.operations.table import Call
from vecgate.policy.decision import Decision
from vecgate_qdrant import aliases
from vecgate_qdrant.masks import masks_of
from vecgate_qdrant.rest.reading import TABLE

PAYLOAD: Final = {
    "get_points": True,
    "scroll_points": True,
}
"""Whether payload comes back where the request does not say; not where an operation is missing."""


def built(reading: Reading, decision: Decision) -> Outgoing:
    """The upstream request of a bound reading."""
    call: Call = reading.detail
    params = dict(call.params)
    if "collection_name" in params and call.row.operation not in AS_WRITTEN:
        params["collection_name"] = aliases.resolved(reading, params["collection_name"])
    if call.row.operation == "get_point":
        return _one_point(call, params, decision)
    path = call.row.target(params, call.query)
    if call.document is None:
        return Outgoing(call.row.method, path)
    document = call.document
    if call.row.vectors:
        document = _asked(document, call.row.operation, reading, decision)
    return Outgoing(call.row.method, path, media.JSON, dump(document))


def point_id(text: str) -> int | str:
    """The id in a path as it stands in a document."""
    return int(text) if text.isdigit() else text


def _one_point(call: Call, params: Mapping[str, str], decision: Decision) -> Outgoing:
    """Vectors cannot be left out of a single point, so a list of one is asked for."""
    masks = masks_of(decision, params["collection_name"])
    document = {
        "ids": [point_id(params["id"])],
        "with_payload": True,
        "with_vector": masks.fetches_vectors,
    }
    path = TABLE["get_points"].target(params, call.query)
    return Outgoing("POST", path, media.JSON, dump(document))


def _asked(document: dict[str, Any], operation: str, reading: Reading, decision: Decision) -> dict[str, Any]:
    """The defaults of another server version must not bring back what was not judged, so they are made explicit."""
    if "searches" in document:
        return {**document, "searches": [_asked(one, operation, reading, decision) for one in document["searches"]]}
    call: Call = reading.detail
    masks = masks_of(decision, aliases.resolved(reading, call.params["collection_name"]))
    sent = {
        **document,
        "with_payload": _given(document.get("with_payload"), PAYLOAD.get(operation, False)),
        "with_vector": _given(document.get("with_vector"), False) if masks.fetches_vectors else False,
    }
    if (lookup := document.get("with_lookup")) is not None:
        sent["with_lookup"] = _lookup(lookup, reading, decision)
    return _resolved(sent, reading)


def _lookup(lookup: Any, reading: Reading, decision: Decision) -> dict[str, Any]:
    asked = {"collection": lookup} if type(lookup) is str else lookup
    name = aliases.resolved(reading, asked["collection"])
    fetches = masks_of(decision, name).fetches_vectors
    return {
        "collection": name,
        "with_payload": _given(asked.get("with_payload"), True),
        "with_vectors": _given(asked.get("with_vectors"), False) if fetches else False,
    }


def _resolved(document: dict[str, Any], reading: Reading) -> dict[str, Any]:
    """The names of `lookup_from`, in prefetches at any depth."""
    if (lookup := document.get("lookup_from")) is not None:
        name = aliases.resolved(reading, lookup["collection"])
        document = {**document, "lookup_from": {**lookup, "collection": name}}
    if (prefetch := document.get("prefetch")) is not None:
        one = type(prefetch) is dict
        document = {
            **document,
            "prefetch": _resolved(prefetch, reading) if one else [_resolved(each, reading) for each in prefetch],
        }
    return document


def _given(value: Any, default: Any) -> Any:
    return default if value is None else value


AS_WRITTEN: Final = frozenset(row.operation for row in TABLE if "{collection_name}" not in row.path) | {
    "create_collection",
    "delete_collection",
}
"""Names that are made or dropped, and rows without one."""
CHANGES_NAMES: Final = frozenset(
    {
        "create_collection",
        "delete_collection",
        "update_aliases",
        "recover_from_snapshot",
    }
)
