"""Qdrant's API, both wires in one table."""

from __future__ import annotations

from typing import Final

from vecgate.operations.table import Table
from vecgate_qdrant import calls, rest

TABLE: Final = Table("qdrant", "Qdrant", (*rest.ROWS, *calls.ROWS))
