"""Calls: the 12 gRPC calls. Each is the REST operation of the same name: same action, same effect, same shapes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from vecgate.operations.messages import GRPC
from vecgate.operations.model import Action
from vecgate.operations.shapes import Shape
from vecgate.operations.table import Row
from vecgate_pinecone import bodies
from vecgate_pinecone.rows import data

SERVICE: Final = "VectorService"
OPERATIONS: Final[Mapping[str, str]] = {
    "Query": "query",
    "Fetch": "fetch",
    "FetchByMetadata": "fetch_by_metadata",
    "List": "list",
    "Upsert": "upsert",
    "Update": "update",
    "Delete": "delete",
    "DescribeIndexStats": "describe_index_stats",
    "ListNamespaces": "list_namespaces",
    "CreateNamespace": "create_namespace",
    "DescribeNamespace": "describe_namespace",
    "DeleteNamespace": "delete_namespace",
}
"""The REST operation of each call."""

_SHAPES: Final = {
    "Fetch": bodies.FETCH_CALL,
    "List": Shape(bodies.LIST),
    "ListNamespaces": Shape(bodies.LIST_NAMESPACES),
    "DescribeNamespace": bodies.ONE_NAMESPACE,
    "DeleteNamespace": bodies.ONE_NAMESPACE,
}
_REST: Final = {row.operation: row for row in data.ROWS}


def _called(call: str, operation: str) -> Row:
    row = _REST[operation]
    return replace(
        row,
        operation=f"{SERVICE}/{call}",
        method=GRPC,
        path=f"/{SERVICE}/{call}",
        query={},
        repeated=frozenset(),
        body=_SHAPES.get(call, row.body),
        note=f"As `{operation}`.",
    )


ROWS: Final = (
    *(_called(call, operation) for call, operation in OPERATIONS.items()),
    *(
        Row(
            f"Health/{call}",
            GRPC,
            f"/grpc.health.v1.Health/{call}",
            Action.META,
            refused="The service has no health check.",
        )
        for call in ("Check", "Watch")
    ),
)
