"""The SQLite schema, versioned by `PRAGMA user_version`."""

from __future__ import annotations

import sqlite3

APPLICATION = 0x76656367
"""`application_id`: "vecg". A file of another program is left alone."""
VERSION = 2

_TABLES = """
CREATE TABLE clock (one INTEGER PRIMARY KEY CHECK (one = 1), boot TEXT, offset REAL, latest REAL, uptime REAL) STRICT;
CREATE TABLE windows (bucket TEXT PRIMARY KEY, ends REAL NOT NULL, state BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX windows_ends ON windows (ends);
CREATE TABLE tickets (
    id TEXT PRIMARY KEY, binding TEXT NOT NULL, owner TEXT NOT NULL, state TEXT NOT NULL,
    opened REAL NOT NULL, expires REAL NOT NULL, ended REAL NOT NULL, document BLOB NOT NULL
) STRICT;
CREATE INDEX tickets_binding ON tickets (binding);
CREATE INDEX tickets_state ON tickets (state, expires);
CREATE TABLE revocations (
    key TEXT NOT NULL, source TEXT NOT NULL, until REAL, document BLOB NOT NULL, PRIMARY KEY (key, source)
) STRICT, WITHOUT ROWID;
CREATE TABLE documents (
    shelf TEXT NOT NULL, name TEXT NOT NULL, document BLOB NOT NULL, PRIMARY KEY (shelf, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE slips (key TEXT PRIMARY KEY, until REAL NOT NULL, document BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX slips_until ON slips (until);
CREATE TABLE epochs (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
"""


def prepare(db: sqlite3.Connection) -> None:
    """Create the tables in an empty file; inside a transaction. Raises ValueError for a file that is not ours."""
    (application,) = db.execute("PRAGMA application_id").fetchone()
    (version,) = db.execute("PRAGMA user_version").fetchone()
    (objects,) = db.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if not objects:
        for statement in filter(str.strip, _TABLES.split(";")):
            db.execute(statement)
        db.execute(f"PRAGMA application_id = {APPLICATION}")
        db.execute(f"PRAGMA user_version = {VERSION}")
    elif application != APPLICATION:
        raise ValueError("the file is a database of another program")
    elif version != VERSION:
        raise ValueError(f"the file has schema version {version}; this vecgate reads version {VERSION}")
