"""The methods of Pinecone's Python client for an index, over REST and gRPC alike: what reads, what is denied."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import msgspec
import pandas as pd  # type: ignore[import-untyped]  # comes with no stubs

type Calling = Callable[[Any], Any]
"""Something done with an `Index` or a `GrpcIndex`."""

QUERY: Final = [0.5, 0.5, 0.5]
SSN: Final = {"ssn": {"$eq": "900-1"}}
RECENT: Final = {"year": {"$gte": 2001}}
NEW: Final[list[Any]] = [("n1", [0.1, 0.2, 0.3], {"title": "new"}), {"id": "n2", "values": [0.1, 0.2, 0.4]}]

READS: Final[Mapping[str, Calling]] = {
    "query": lambda index: index.query(
        namespace="kb", vector=QUERY, top_k=3, include_values=True, include_metadata=True
    ),
    "query by id": lambda index: index.query(
        namespace="kb", id="r1", top_k=3, include_values=True, include_metadata=True, filter=RECENT
    ),
    "query_namespaces": lambda index: index.query_namespaces(
        vector=QUERY, namespaces=["kb"], metric="dotproduct", top_k=3, include_values=True, include_metadata=True
    ),
    "fetch": lambda index: index.fetch(namespace="kb", ids=["r1", "r2", "nothing"]),
    "fetch_by_metadata": lambda index: index.fetch_by_metadata(namespace="kb", filter={"title": "t1"}),
    "fetch_by_metadata in pages": lambda index: _pages(index, {"title": {"$in": ["t1", "t2", "t3"]}}),
    "list": lambda index: list(index.list(namespace="kb", prefix="r", limit=2)),
    "list_paginated": lambda index: index.list_paginated(namespace="kb", limit=3),
    "search": lambda index: index.search(namespace="kb", inputs={"text": "t1"}, top_k=3),
    "search for a field": lambda index: index.search(namespace="kb", inputs={"text": "t1"}, top_k=3, fields=["title"]),
    "search for the vector": lambda index: index.search(
        namespace="kb", inputs={"text": "t1"}, top_k=3, fields=["title", "ssn", "_values"]
    ),
    "search_records": lambda index: index.search_records(namespace="kb", query={"inputs": {"text": "t1"}, "top_k": 3}),
}
"""They show records of `kb`, each as much of them as it can."""

FACTS: Final[Mapping[str, Calling]] = {
    "describe_index_stats": lambda index: index.describe_index_stats(),
    "list_namespaces": lambda index: list(index.list_namespaces()),
    "list_namespaces_paginated": lambda index: index.list_namespaces_paginated(limit=10),
    "describe_namespace": lambda index: index.describe_namespace(name="kb"),
}
"""They show no record."""

DENIED: Final[Mapping[str, tuple[Calling, str]]] = {
    "query": (lambda index: index.query(namespace="hr", vector=QUERY, top_k=1), "no_grant"),
    "query of the default namespace": (lambda index: index.query(vector=QUERY, top_k=1), "no_grant"),
    "query by a masked field": (
        lambda index: index.query(namespace="kb", vector=QUERY, top_k=1, filter=SSN),
        "masked_field_used",
    ),
    "query by a masked field, nested": (
        lambda index: index.query(
            namespace="kb", vector=QUERY, top_k=1, filter={"$or": [RECENT, {"$and": [RECENT, SSN]}]}
        ),
        "masked_field_used",
    ),
    "query_namespaces": (
        lambda index: index.query_namespaces(vector=QUERY, namespaces=["hr"], metric="cosine", top_k=1),
        "no_grant",
    ),
    "fetch": (lambda index: index.fetch(namespace="hr", ids=["r1"]), "no_grant"),
    "fetch of the default namespace": (lambda index: index.fetch(namespace="__default__", ids=["r1"]), "no_grant"),
    "fetch_by_metadata": (lambda index: index.fetch_by_metadata(namespace="hr", filter=RECENT), "no_grant"),
    "fetch_by_metadata by a masked field": (
        lambda index: index.fetch_by_metadata(namespace="kb", filter=SSN),
        "masked_field_used",
    ),
    "list": (lambda index: list(index.list(namespace="hr")), "no_grant"),
    "list_paginated": (lambda index: index.list_paginated(), "no_grant"),
    "search": (lambda index: index.search(namespace="hr", inputs={"text": "t1"}, top_k=1), "no_grant"),
    "search by a masked field": (
        lambda index: index.search(namespace="kb", inputs={"text": "t1"}, top_k=1, filter=SSN),
        "masked_field_used",
    ),
    "search ranked by a masked field": (
        lambda index: index.search(
            namespace="kb", inputs={"text": "t1"}, top_k=1, rerank={"model": "small", "rank_fields": ["ssn"]}
        ),
        "masked_field_used",
    ),
    "search_records": (
        lambda index: index.search_records(namespace="hr", query={"inputs": {"text": "t1"}, "top_k": 1}),
        "no_grant",
    ),
    "describe_namespace": (lambda index: index.describe_namespace(name="hr"), "no_grant"),
    "describe_index_stats with a filter": (lambda index: index.describe_index_stats(filter=RECENT), "no_grant"),
    "upsert": (lambda index: index.upsert(namespace="kb", vectors=NEW), "no_grant"),
    "upsert_records": (
        lambda index: index.upsert_records(namespace="kb", records=[{"_id": "n1", "title": "new"}]),
        "no_grant",
    ),
    "upsert_from_dataframe": (
        lambda index: index.upsert_from_dataframe(_frame(), namespace="kb", show_progress=False, on_error="raise"),
        "no_grant",
    ),
    "update": (lambda index: index.update(namespace="kb", id="r1", set_metadata={"title": "x"}), "no_grant"),
    "update by a filter": (
        lambda index: index.update(namespace="kb", filter=RECENT, set_metadata={"title": "x"}, dry_run=True),
        "no_grant",
    ),
    "delete": (lambda index: index.delete(namespace="kb", ids=["r1"]), "no_grant"),
    "delete by a filter": (lambda index: index.delete(namespace="kb", filter=RECENT), "no_grant"),
    "delete all": (lambda index: index.delete(namespace="kb", delete_all=True), "no_grant"),
    "create_namespace": (lambda index: index.create_namespace(name="mine"), "no_grant"),
    "delete_namespace": (lambda index: index.delete_namespace(name="kb"), "no_grant"),
    "start_import": (lambda index: index.start_import("s3://bucket/folder"), "no_grant"),
    "describe_import": (lambda index: index.describe_import("1"), "no_grant"),
    "cancel_import": (lambda index: index.cancel_import("1"), "no_grant"),
    "list_imports": (lambda index: list(index.list_imports()), "no_grant"),
    "list_imports_paginated": (lambda index: index.list_imports_paginated(), "no_grant"),
}
"""What a reader of `docs/kb` is refused, and why."""


def said(result: Any) -> Any:
    """All that a result holds, as plain values; not the headers that it came with."""
    match result:
        case msgspec.Struct():
            named = {name: getattr(result, name) for name in result.__struct_fields__ if name != "response_info"}
            return said(named)
        case dict():
            return {name: said(value) for name, value in result.items()}
        case list() | tuple() | Iterator():
            return [said(each) for each in result]
    return said(vars(result)) if hasattr(result, "__dict__") else result


def _pages(index: Any, wanted: dict[str, Any]) -> list[Any]:
    pages: list[Any] = []
    token = None
    while not pages or token:
        page = index.fetch_by_metadata(namespace="kb", filter=wanted, limit=1, pagination_token=token)
        token = page.pagination.next if page.pagination else None
        pages.append(page)
    return pages


def _frame() -> Any:
    return pd.DataFrame([{"id": "n1", "values": [0.1, 0.2, 0.3]}])
