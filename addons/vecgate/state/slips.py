"""Slips: small documents that end by themselves and can be taken once, in SQLite. Logins on their way are kept so."""

from __future__ import annotations

import sqlite3
from typing import Final

from vecgate.errors import Refusal
from vecgate.reasons import Reason

MOST: Final = 50_000
"""Slips kept at once: who floods the store with them stops logins, and nothing else."""


def put(db: sqlite3.Connection, key: str, document: bytes, until: float, now: float) -> bool:
    """Inside a transaction. Raises Refusal(too_many_pending)."""
    db.execute("DELETE FROM slips WHERE key = ? AND until <= ?", (key, now))
    (count,) = db.execute("SELECT count(*) FROM slips").fetchone()
    check(count)
    added = db.execute("INSERT INTO slips VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (key, until, document))
    return added.rowcount == 1


def take(db: sqlite3.Connection, key: str, now: float) -> bytes | None:
    """Inside a transaction."""
    row = db.execute("DELETE FROM slips WHERE key = ? RETURNING until, document", (key,)).fetchone()
    return row[1] if row and row[0] > now else None


def check(count: int) -> None:
    """Raises Refusal(too_many_pending)."""
    if count >= MOST:
        raise Refusal(Reason.TOO_MANY_PENDING, "Too many logins are under way.", {"retry-after": "60"})
