"""Rows: the 123 operations of the API description of 1.40, but for GraphQL's two, and the routes that it leaves out."""

from __future__ import annotations

from typing import Final

from vecgate.operations.table import Row
from vecgate_weaviate.rest.rows import objects, schema, service

ROWS: Final[tuple[Row, ...]] = (*service.ROWS, *schema.ROWS, *objects.ROWS)
