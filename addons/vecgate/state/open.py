"""Open the state store that a configuration names."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from vecgate.errors import ConfigError, Finding
from vecgate.state.memory import MemoryStore
from vecgate.state.sqlite import SqliteStore
from vecgate.state.store import StateStore

_SQLITE = "sqlite:///"
_HELP = "write memory:, sqlite:///relative/path.db or sqlite:////absolute/path.db"


def open_store(url: str, base: Path) -> StateStore:
    """`memory:` or `sqlite:///PATH`; a relative path is taken from `base`, the configuration's folder.

    Touches the disk. Raises ConfigError (key `state.url`) for any other url and for a file that cannot be used."""
    if url == "memory:":
        return MemoryStore()
    path = url.removeprefix(_SQLITE)
    if path == url or not path or path.startswith(":memory:") or any(mark in path for mark in "?#\0"):
        raise ConfigError(Finding(str(base), 0, 0, "state.url", f"{url!r} is not a state store; {_HELP}"))
    try:
        return SqliteStore(base / path)
    except (sqlite3.Error, OSError, ValueError) as error:
        raise ConfigError(Finding(str(base / path), 0, 0, "state.url", f"cannot be used: {error}")) from error
