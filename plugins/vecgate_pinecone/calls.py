"""Calls: a gRPC message in the form that its REST sibling's JSON has, so that the same shapes and effects judge both.

What is sent is the message itself, which holds nothing that the descriptors do not know. Vectors stay in it: of the
query's own, evidence gets its summary.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Mapping
from typing import Any, Final

from vecgate.errors import Refusal
from vecgate.operations.document import Numbers
from vecgate.operations.table import Row
from vecgate.reasons import Reason
from vecgate_pinecone import bodies, structs

type View = dict[str, Any]


def view(row: Row, message: Any) -> View:
    """The message as JSON, without what is absent or a default. Raises Refusal: as the row's shape, or bad_body."""
    seen = {name: value for name, value in _VIEWS[row.operation](message).items() if value is not None}
    if row.body is not None:
        row.body.check(seen)
    return seen


def _query(message: Any) -> View:
    if message.queries:
        bodies.QUERIES.check(None, "queries")
    return {
        "namespace": message.namespace,
        "topK": message.top_k,
        "filter": structs.optional(message, "filter"),
        "includeValues": message.include_values,
        "includeMetadata": message.include_metadata,
        "id": message.id or None,
        "vector": _vector(message.vector),
    }


def _fetch(message: Any) -> View:
    return {"namespace": message.namespace, "ids": list(message.ids)}


def _fetch_by_metadata(message: Any) -> View:
    return {
        "namespace": message.namespace,
        "filter": structs.optional(message, "filter"),
        **_page(message),
    }


def _list(message: Any) -> View:
    return {"namespace": message.namespace, "prefix": message.prefix or None, **_page(message)}


def _upsert(message: Any) -> View:
    return {
        "namespace": message.namespace,
        "vectors": [
            {"id": record.id, "metadata": structs.optional(record, "metadata") or {}} for record in message.vectors
        ],
    }


def _update(message: Any) -> View:
    return {
        "namespace": message.namespace,
        "id": message.id or None,
        "setMetadata": structs.optional(message, "set_metadata"),
        "filter": structs.optional(message, "filter"),
        "dryRun": message.dry_run or None,
    }


def _delete(message: Any) -> View:
    return {
        "namespace": message.namespace,
        "ids": list(message.ids),
        "deleteAll": message.delete_all or None,
        "filter": structs.optional(message, "filter"),
    }


def _stats(message: Any) -> View:
    return {"filter": structs.optional(message, "filter")}


def _namespaces(message: Any) -> View:
    return {"prefix": message.prefix or None, **_page(message)}


def _named(message: Any) -> View:
    return {"name": message.name}


def _namespace(message: Any) -> View:
    return {"namespace": message.namespace}


def _page(message: Any) -> View:
    return {
        "limit": message.limit if message.HasField("limit") else None,
        "paginationToken": message.pagination_token or None,
    }


def _vector(values: Any) -> Numbers | None:
    """Raises Refusal: bad_body for one that is not finite, as in JSON."""
    if not values:
        return None
    numbers = list(values)
    if not math.isfinite(sum(numbers)):
        raise Refusal(Reason.BAD_BODY, "The vector has a number that is not finite.")
    return Numbers(numbers, array("f", numbers).tobytes())


_VIEWS: Final[Mapping[str, Callable[[Any], View]]] = {
    "VectorService/Query": _query,
    "VectorService/Fetch": _fetch,
    "VectorService/FetchByMetadata": _fetch_by_metadata,
    "VectorService/List": _list,
    "VectorService/Upsert": _upsert,
    "VectorService/Update": _update,
    "VectorService/Delete": _delete,
    "VectorService/DescribeIndexStats": _stats,
    "VectorService/ListNamespaces": _namespaces,
    "VectorService/CreateNamespace": _named,
    "VectorService/DescribeNamespace": _namespace,
    "VectorService/DeleteNamespace": _namespace,
}
