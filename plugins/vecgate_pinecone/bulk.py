"""Bulk: from when on reading is an export, deleting and changing are bulk operations. One rule for both wires."""

from __future__ import annotations

from typing import Final

from vecgate.operations.model import Risk

FEW: Final = 10
"""Ids up to which a delete is not a bulk one."""
MANY: Final = 1000
"""Records from which reading is an export and changing is a bulk update."""
SHOWN: Final = 100
"""Ids that evidence keeps of one request."""
DEFAULT_LIMIT: Final = 100
"""Of `list` and `fetch_by_metadata` where the request has none."""


def exports(points: int) -> tuple[Risk, ...]:
    return (Risk.BULK_EXPORT,) if points > MANY else ()


def changes(records: int) -> tuple[Risk, ...]:
    return (Risk.BULK_UPDATE,) if records > MANY else ()
