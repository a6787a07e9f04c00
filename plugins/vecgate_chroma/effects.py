"""Effects: what a row of the table cannot say because it hangs on the body."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from vecgate.errors import Refusal
from vecgate.operations.document import plain
from vecgate.operations.model import Action, Operation, Risk
from vecgate.operations.table import Call
from vecgate.operations.vectors import summary
from vecgate.reasons import Reason
from vecgate_chroma import filters
from vecgate_chroma.embedding import refuse_code

FEW: Final = 10
"""Ids up to which a delete is not a bulk one."""
MANY: Final = 1000
"""Records from which reading is an export and changing is a bulk update."""
SHOWN: Final = 100
"""Ids that evidence keeps of one request."""
DEFAULT_RESULTS: Final = 10
DEFAULT_GET: Final = ("documents", "metadatas")
DEFAULT_QUERY: Final = ("documents", "metadatas", "distances")


def create_tenant(call: Call) -> tuple[Operation, ...]:
    return (call.row.base(call, resources=(call.document["name"],)),)


def create_database(call: Call) -> tuple[Operation, ...]:
    return (call.row.base(call, resources=(f"{call.params['tenant']}/{call.document['name']}",)),)


def get_database(call: Call) -> tuple[Operation, ...]:
    """Raises Refusal: bad_target for a query that names another tenant than the path."""
    if any(value != call.params["tenant"] for _, value in call.query):
        raise Refusal(Reason.BAD_TARGET, "The query names another tenant than the path.")
    return (call.row.base(call),)


def create_collection(call: Call) -> tuple[Operation, ...]:
    """The strongest effect: whether `get_or_create` only reads is known when the name is resolved."""
    refuse_code(call.document)
    return (call.row.base(call, resources=(sibling(call, call.document["name"]),)),)


def read_existing(call: Call) -> tuple[Operation, ...]:
    """`get_or_create` of a collection that exists."""
    operation = create_collection(call)[0]
    return (replace(operation, action=Action.READ, risks=()),)


def update_collection(call: Call) -> tuple[Operation, ...]:
    refuse_code(call.document)
    operation = call.row.base(call)
    new_name = call.document.get("new_name")
    if new_name is None:
        return (operation,)
    return (
        replace(
            operation,
            resources=(*operation.resources, sibling(call, new_name)),
            risks=(*operation.risks, Risk.ALIAS_CHANGE),
        ),
    )


def fork(call: Call) -> tuple[Operation, ...]:
    return _copy(call, call.document["new_name"])


def attach(call: Call) -> tuple[Operation, ...]:
    return _copy(call, call.document["output_collection"])


def detach(call: Call) -> tuple[Operation, ...]:
    """The output collection that goes with it is not named: a grant must cover whichever it is."""
    operation = call.row.base(call)
    if not call.document.get("delete_output"):
        return (operation,)
    return (replace(operation, resources=(*operation.resources, sibling(call, "*")), risks=(Risk.DROP_COLLECTION,)),)


def add(call: Call) -> tuple[Operation, ...]:
    return (_written(call),)


def change(call: Call) -> tuple[Operation, ...]:
    operation = _written(call)
    return (replace(operation, risks=(Risk.BULK_UPDATE,)) if operation.count > MANY else operation,)


def delete(call: Call) -> tuple[Operation, ...]:
    chosen = _filter(call.document)
    ids = call.document.get("ids")
    operation = call.row.base(
        call,
        fields_used=chosen.fields,
        risks=() if ids and len(ids) <= FEW else (Risk.BULK_DELETE,),
        count=max(1, len(ids or ())),
        query=_asked(call.document),
    )
    return (operation,)


def get(call: Call) -> tuple[Operation, ...]:
    document = call.document
    chosen = _filter(document)
    ids, limit = document.get("ids"), document.get("limit")
    bounds = [bound for bound in (limit, None if ids is None else len(ids)) if bound is not None]
    points = min(bounds) if bounds else None
    export = points > MANY if points is not None else not chosen.narrows
    operation = call.row.base(
        call,
        fields_used=chosen.fields,
        vectors="embeddings" in included(document, DEFAULT_GET),
        risks=(Risk.BULK_EXPORT,) if export else (),
        points=points,
        query=_asked(document),
    )
    return (operation,)


def query(call: Call) -> tuple[Operation, ...]:
    document = call.document
    vectors = document["query_embeddings"]
    results = document.get("n_results")
    results = DEFAULT_RESULTS if results is None else results
    operation = call.row.base(
        call,
        fields_used=_filter(document).fields,
        vectors="embeddings" in included(document, DEFAULT_QUERY),
        risks=(Risk.BULK_EXPORT,) if results * len(vectors) > MANY else (),
        count=max(1, len(vectors)),
        points=results * len(vectors),
        query={**_asked(document), "n_results": results, "vectors": [summary(vector) for vector in vectors[:FEW]]},
    )
    return (operation,)


def search(call: Call) -> tuple[Operation, ...]:
    """One operation for each search: a batch is as many."""
    return tuple(_search(call, one) for one in call.document["searches"]) or (call.row.base(call),)


def sibling(call: Call, name: str) -> str:
    """Another collection of the same database."""
    return f"{call.params['tenant']}/{call.params['database']}/{name}"


def included(document: dict[str, Any], default: tuple[str, ...]) -> tuple[str, ...]:
    include = document.get("include")
    return default if include is None else tuple(dict.fromkeys(include))


def _copy(call: Call, name: str) -> tuple[Operation, ...]:
    operation = call.row.base(call)
    return (replace(operation, resources=(*operation.resources, sibling(call, name))),)


def _written(call: Call) -> Operation:
    ids = call.document["ids"]
    return call.row.base(call, count=max(1, len(ids)), query={"ids": ids[:SHOWN], "records": len(ids)})


def _filter(document: dict[str, Any]) -> filters.Filter:
    metadata, text = filters.where(document.get("where")), filters.where_document(document.get("where_document"))
    if metadata is text:
        return metadata  # both are none
    return filters.Filter(tuple(dict.fromkeys(metadata.fields + text.fields)), metadata.narrows or text.narrows)


def _asked(document: dict[str, Any]) -> dict[str, Any]:
    asked = {
        name: plain(document[name])
        for name in ("where", "where_document", "limit", "offset", "include")
        if document.get(name) is not None
    }
    if ids := document.get("ids"):
        asked |= {"ids": ids[:SHOWN], "records": len(ids)}
    return asked


def _search(call: Call, one: dict[str, Any]) -> Operation:
    chosen = _search_filter(one.get("filter"))
    ranked, formula = filters.rank(one.get("rank"))
    group = one.get("group_by") or {}
    grouped = filters.keys(group.get("keys") or []) + tuple(_aggregated(group.get("aggregate")))
    page = one.get("limit") or {}
    limit = page.get("limit")
    keys = (one.get("select") or {}).get("keys") or []
    fields = tuple(dict.fromkeys((*chosen.fields, *ranked, *grouped)))
    return call.row.base(
        call,
        fields_used=tuple(name for name in fields if name not in filters.SCORES),
        vectors="#embedding" in keys,
        scores_steer=formula or not filters.SCORES.isdisjoint(chosen.fields),
        risks=(Risk.BULK_EXPORT,) if (not chosen.narrows if limit is None else limit > MANY) else (),
        points=limit,
        query={"filter": plain(one.get("filter")), "group_by": plain(group), "limit": page, "select": list(keys)},
    )


def _search_filter(value: Any) -> filters.Filter:
    """The client sends a bare condition, the API description has one in `where_clause` beside `query_ids`."""
    if not value or not set(value) <= {"where_clause", "query_ids"}:
        return filters.where(value)
    ids = value.get("query_ids") or []
    if type(ids) is not list or not all(type(entry) is str for entry in ids):
        raise filters.bad("query_ids are not texts")
    chosen = filters.where(value.get("where_clause"))
    return filters.Filter(chosen.fields, chosen.narrows or bool(ids))


def _aggregated(value: Any) -> Iterator[str]:
    if not value:
        return
    ((operator, operand),) = value.items() if len(value) == 1 else (("", None),)
    if operator not in {"$min_k", "$max_k"} or type(operand) is not dict or set(operand) != {"keys", "k"}:
        raise filters.bad("group_by has an unknown aggregate")
    if type(operand["k"]) is not int:
        raise filters.bad("k of an aggregate is not an integer")
    yield from (name for name in filters.keys(operand["keys"]) if name != "#score")
