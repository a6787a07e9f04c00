"""Effects: what a data request does, beyond what its row says. One set for REST and gRPC: `Call.document` is the JSON
form of either, and of a query string, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from vecgate.errors import Refusal
from vecgate.operations.document import plain
from vecgate.operations.model import Action, Operation, Risk, Scope
from vecgate.operations.table import Call
from vecgate.operations.vectors import summary
from vecgate.reasons import Reason
from vecgate_pinecone import bulk, cursors, filters
from vecgate_pinecone.cursors import ANY_FIELD
from vecgate_pinecone.names import NAMESPACE, canonical

DOCUMENT: Final = "#document"
VECTOR_FIELDS: Final = frozenset({"_values", "_sparse_values", "values", "sparse_values", "sparseValues"})
"""Names by which `fields` could ask for a record's vectors: the service's own, and those of its other answers."""

_ASKED: Final = ("filter", "topK", "id", "includeValues", "includeMetadata", "limit", "prefix", "deleteAll", "dryRun")


def query(call: Call) -> tuple[Operation, ...]:
    document = call.document
    most = document["topK"]
    asked = _asked(document)
    if (vector := document.get("vector")) is not None:
        asked["vectors"] = [summary(vector)]
    return (
        call.row.base(
            call,
            fields_used=filters.read(document.get("filter")).fields,
            vectors=bool(document.get("includeValues")),
            risks=bulk.exports(most),
            points=most,
            query=asked,
        ),
    )


def fetch(call: Call) -> tuple[Operation, ...]:
    """Raises Refusal: bad_target for a request without ids."""
    ids = call.document.get("ids")
    if not ids:
        raise Refusal(Reason.BAD_TARGET, "Name the ids to fetch.")
    return (
        call.row.base(
            call,
            vectors=True,
            risks=bulk.exports(len(ids)),
            count=len(ids),
            points=len(ids),
            query=_asked(call.document),
        ),
    )


def fetch_by_metadata(call: Call) -> tuple[Operation, ...]:
    """Values come back whatever is asked. What matches everything is an export, page by page."""
    document = call.document
    chosen = filters.read(document.get("filter"))
    limit = document.get("limit") or bulk.DEFAULT_LIMIT
    return (
        call.row.base(
            call,
            fields_used=(*chosen.fields, *cursors.steers(document.get("paginationToken"))),
            vectors=True,
            risks=bulk.exports(limit) if chosen.narrows else (Risk.BULK_EXPORT,),
            points=limit,
            query=_asked(document),
        ),
    )


def list_ids(call: Call) -> tuple[Operation, ...]:
    document = call.document
    limit = document.get("limit") or bulk.DEFAULT_LIMIT
    steered = cursors.steers(document.get("paginationToken"))
    return (call.row.base(call, fields_used=steered, points=limit, query=_asked(document)),)


def upsert(call: Call) -> tuple[Operation, ...]:
    return (_written(call, [record["id"] for record in call.document["vectors"]]),)


def upsert_records(call: Call) -> tuple[Operation, ...]:
    """Their text goes to the model that the index was made with."""
    operation = _written(call, [record.get("_id", record.get("id")) for record in call.document])
    return (replace(operation, risks=(*call.row.risks, *operation.risks)),)


def update(call: Call) -> tuple[Operation, ...]:
    """One record by its id, or all that a filter matches; the answer then says how many, `dryRun` or not: a count.

    Raises Refusal: bad_body for neither or both. `{}` is a filter, which could match everything.
    """
    document = call.document
    chosen = filters.read(document.get("filter"))
    if (document.get("id") is None) == (document.get("filter") is None):
        raise Refusal(Reason.BAD_BODY, "An update needs an id or a filter, and not both.")
    asked = {**_asked(document), "fields": sorted(document.get("setMetadata") or ())[: bulk.SHOWN]}
    if document.get("filter") is None:
        return (call.row.base(call, query=asked),)
    change = call.row.base(call, fields_used=chosen.fields, risks=(Risk.BULK_UPDATE,), query=asked)
    return (change, replace(change, action=Action.READ, risks=()))


def delete(call: Call) -> tuple[Operation, ...]:
    document = call.document
    ids = document.get("ids") or []
    few = 0 < len(ids) <= bulk.FEW and not document.get("deleteAll") and document.get("filter") is None
    return (
        call.row.base(
            call,
            fields_used=filters.read(document.get("filter")).fields,
            risks=() if few else (Risk.BULK_DELETE,),
            count=max(1, len(ids)),
            query=_asked(document),
        ),
    )


def stats(call: Call) -> tuple[Operation, ...]:
    """Names and counts; with a filter it counts in every namespace at once, so a grant must cover them all."""
    operation = call.row.base(call)
    chosen = filters.read(call.document.get("filter"))
    if not call.document.get("filter"):
        return (operation,)
    return (
        replace(
            operation, action=Action.READ, scope=Scope.NAMED, fields_used=chosen.fields, query=_asked(call.document)
        ),
    )


def list_namespaces(call: Call) -> tuple[Operation, ...]:
    """A token says after which name the page begins, and what page then comes says whether a hidden name follows it:
    so that nobody can search for names with tokens of their own making, that name must be one the caller may see.

    Raises Refusal: bad_body for a token that says more than the service's.
    """
    listed = call.row.base(call)
    place = cursors.position(call.document.get("paginationToken"))
    if place is None:
        return (listed,)
    NAMESPACE.check(place, "paginationToken")
    return (listed, replace(listed, scope=Scope.NAMED, resources=(f"{call.params['index']}/{canonical(place)}",)))


def create_namespace(call: Call) -> tuple[Operation, ...]:
    name = canonical(call.document["name"])
    return (call.row.base(call, resources=(f"{call.params['index']}/{name}",)),)


def search_records(call: Call) -> tuple[Operation, ...]:
    """`fields` left out are all; `inputs` and `rerank` send texts to a model; terms are looked for in a field that only
    the index's settings name."""
    document = call.document
    asked, rerank = document["query"], document.get("rerank") or {}
    fields: list[str] = [*filters.read(asked.get("filter")).fields, *rerank.get("rank_fields", ())]
    if asked.get("match_terms"):
        fields += (DOCUMENT, ANY_FIELD)
    sends = bool(asked.get("inputs") or rerank)
    most = asked["top_k"]
    said = {name: plain(asked[name]) for name in ("filter", "inputs", "id", "match_terms") if asked.get(name)}
    return (
        call.row.base(
            call,
            fields_used=tuple(dict.fromkeys(fields)),
            vectors=not VECTOR_FIELDS.isdisjoint(document.get("fields") or ()),
            risks=(*((Risk.EGRESS,) if sends else ()), *bulk.exports(most)),
            points=most,
            query={**said, "topK": most, "fields": document.get("fields"), "rerank": plain(rerank)},
        ),
    )


def start_import(call: Call) -> tuple[Operation, ...]:
    return (call.row.base(call, query={"uri": call.document["uri"]}),)


def _written(call: Call, ids: list[str]) -> Operation:
    return call.row.base(
        call,
        risks=bulk.changes(len(ids)),
        count=max(1, len(ids)),
        query={"ids": ids[: bulk.SHOWN], "records": len(ids)},
    )


def _asked(document: Mapping[str, Any]) -> dict[str, Any]:
    """What evidence keeps of a request: no vector, no token of pagination."""
    asked = {name: plain(document[name]) for name in _ASKED if document.get(name) is not None}
    if ids := document.get("ids"):
        asked |= {"ids": ids[: bulk.SHOWN], "records": len(ids)}
    return asked
