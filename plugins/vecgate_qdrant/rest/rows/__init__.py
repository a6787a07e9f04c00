"""Rows: the 69 operations of the API description of 1.19, and the routes that it leaves out."""

from __future__ import annotations

from typing import Final

from vecgate.operations.table import Row
from vecgate_qdrant.rest.rows import collections, points, service, snapshots, undocumented

ROWS: Final[tuple[Row, ...]] = (
    *service.ROWS,
    *collections.ROWS,
    *snapshots.ROWS,
    *points.ROWS,
    *undocumented.ROWS,
)
