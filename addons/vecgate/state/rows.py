"""Rows of the SQLite store: revocations and epochs. Every function but `transaction` runs inside one, or only reads."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator

import msgspec

from vecgate.identity.revocation import Revocation, Source
from vecgate.state.mirror import REVOCATIONS

_decode = msgspec.json.Decoder(Revocation).decode
_encode = msgspec.json.Encoder().encode


@contextlib.contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    db.execute("BEGIN IMMEDIATE")
    try:
        yield db
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def revoke(db: sqlite3.Connection, revocation: Revocation, now: float) -> Revocation:
    """Keep it, or the longer one of its source that holds already; return what stands."""
    row = db.execute(
        "SELECT document FROM revocations WHERE key = ? AND source = ? AND (until IS NULL OR until > ?)",
        (revocation.key, revocation.source, now),
    ).fetchone()
    stands = revocation.joined(_decode(row[0]) if row else None)
    values = (stands.key, stands.source, stands.until, _encode(stands))
    db.execute("INSERT OR REPLACE INTO revocations VALUES (?, ?, ?, ?)", values)
    raise_epoch(db, REVOCATIONS)
    return stands


def restore(db: sqlite3.Connection, key: str, source: Source) -> None:
    db.execute("DELETE FROM revocations WHERE key = ? AND source = ?", (key, source))
    raise_epoch(db, REVOCATIONS)


def revocations(db: sqlite3.Connection, now: float) -> list[Revocation]:
    """Those that hold, the newest first."""
    found = db.execute("SELECT document FROM revocations WHERE until IS NULL OR until > ?", (now,)).fetchall()
    return sorted((_decode(document) for (document,) in found), key=lambda each: each.at, reverse=True)


def raise_epoch(db: sqlite3.Connection, name: str) -> int:
    """The epoch's new value."""
    (value,) = db.execute(
        "INSERT INTO epochs VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value",
        (name,),
    ).fetchone()
    return int(value)
