"""Milvus' API: both wires in one table. Ports are connections: 19530 serves gRPC and REST alike."""

from __future__ import annotations

from typing import Final

from vecgate.operations.table import Table
from vecgate_milvus import calls, rest

TABLE: Final = Table("milvus", "Milvus", (*calls.ROWS, *rest.ROWS))
