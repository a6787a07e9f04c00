"""Outgoing: the request that is sent, built from the judged call. What is masked is not asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from vecgate.masking.maskset import MaskSet
from vecgate.operations.document import dump
from vecgate.operations.messages import Outgoing, Pairs
from vecgate.operations.table import Call
from vecgate_chroma import effects
from vecgate_chroma.filters import DOCUMENT, URI
from vecgate_chroma.table import TABLE

_JSON: Final[Pairs] = (("content-type", "application/json"),)
_DEFAULTS: Final = {"collection_get": effects.DEFAULT_GET, "collection_query": effects.DEFAULT_QUERY}

_MASKED: Final = {
    "embeddings": "vectors",
    "#embedding": "vectors",
    "documents": DOCUMENT,
    DOCUMENT: DOCUMENT,
    "uris": URI,
}
"""Members that a client may ask for by name, and the masked field that each is."""


def built(call: Call, masks: MaskSet | None) -> Outgoing:
    """The upstream request of a call. `masks` are those of the resource whose records come back."""
    match call.row.operation:
        case "count_collections":
            return _get("list_collections", call)  # the caller's collections are counted, not the database's
        case "list_collections" | "list_databases" as operation:
            return _get(operation, call)  # whole: a page is cut from what the caller may see
    path = call.row.target(call.params, call.query)
    if call.document is None:
        return Outgoing(call.row.method, path)
    return Outgoing(call.row.method, path, _JSON, dump(_document(call, masks)))


def withheld(call: Call, masks: MaskSet) -> set[str]:
    """What was asked for and is not fetched, as evidence names it."""
    return {_MASKED[name] for name in _asked(call) if name in _MASKED and not _wanted(name, masks)}


def _asked(call: Call) -> Iterator[str]:
    if default := _DEFAULTS.get(call.row.operation):
        yield from effects.included(call.document, default)
    for one in call.document.get("searches") or ():
        yield from (one.get("select") or {}).get("keys") or ()


def _get(operation: str, call: Call) -> Outgoing:
    return Outgoing("GET", TABLE[operation].target(call.params))


def _document(call: Call, masks: MaskSet | None) -> dict[str, Any]:
    document: dict[str, Any] = call.document
    if masks is None:
        return document
    if default := _DEFAULTS.get(call.row.operation):
        # The defaults of another server version must not bring back what was not judged, so they are made explicit.
        include = effects.included(document, default)
        return {**document, "include": [name for name in include if _wanted(name, masks)]}
    if call.row.operation == "collection_search":
        return {**document, "searches": [_searched(one, masks) for one in document["searches"]]}
    return document


def _searched(one: dict[str, Any], masks: MaskSet) -> dict[str, Any]:
    keys = (one.get("select") or {}).get("keys")
    if not keys:
        return one
    return {**one, "select": {"keys": [name for name in keys if _wanted(name, masks)]}}


def _wanted(name: str, masks: MaskSet) -> bool:
    match _MASKED.get(name):
        case None:
            return True
        case "vectors":
            return masks.fetches_vectors
        case field:
            return masks.strategy(field) != "drop"
