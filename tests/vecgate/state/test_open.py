from __future__ import annotations

import sqlite3
import stat
from pathlib import Path

import pytest

from vecgate.errors import ConfigError
from vecgate.state.memory import MemoryStore
from vecgate.state.open import open_store


def test_memory(tmp_path: Path) -> None:
    assert isinstance(open_store("memory:", tmp_path), MemoryStore)


async def test_a_relative_path_starts_at_the_configurations_folder_and_the_file_is_private(tmp_path: Path) -> None:
    store = open_store("sqlite:///var/state.db", tmp_path)
    await store.close()
    assert stat.S_IMODE((tmp_path / "var/state.db").stat().st_mode) == 0o600


async def test_four_slashes_make_an_absolute_path(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/absolute.db", Path("/nowhere"))
    await store.close()
    assert (tmp_path / "absolute.db").exists()


@pytest.mark.parametrize(
    "url",
    ["", "redis://localhost", "sqlite:state.db", "sqlite:///", "sqlite:///:memory:", "sqlite:///a?mode=ro", "memory"],
)
def test_anything_else_says_what_to_write(url: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"state.url: .*write memory:, sqlite:///"):
        open_store(url, tmp_path)


def test_a_file_of_another_program_is_left_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "other.db") as db:
        db.execute("CREATE TABLE theirs (x)")
    db.close()
    with pytest.raises(ConfigError, match="another program"):
        open_store("sqlite:///other.db", tmp_path)


async def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    await open_store("sqlite:///state.db", tmp_path).close()
    with sqlite3.connect(tmp_path / "state.db") as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(ConfigError, match="schema version 99"):
        open_store("sqlite:///state.db", tmp_path)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "state.db").write_bytes(b"not a database, but long enough to be read as one" * 40)
    with pytest.raises(ConfigError, match="cannot be used"):
        open_store("sqlite:///state.db", tmp_path)
