"""Weaviate's API, all wires in one table."""

from __future__ import annotations

from typing import Final

from vecgate.operations.table import Table
from vecgate_weaviate import calls, graphql, rest

TABLE: Final = Table("weaviate", "Weaviate", (*rest.ROWS, *graphql.ROWS, *calls.ROWS))
GRAPHQL: Final = frozenset(row.operation for row in graphql.ROWS)
