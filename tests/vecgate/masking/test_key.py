from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from vecgate.errors import ConfigError
from vecgate.masking.key import load_key


def write(path: Path, data: bytes, mode: int = 0o600) -> None:
    path.write_bytes(data)
    path.chmod(mode)


def test_the_operators_file_wins_and_is_relative_to_the_configuration(tmp_path: Path) -> None:
    write(tmp_path / "mask.key", b"o" * 40)
    assert load_key("file:mask.key", "memory:", tmp_path) == b"o" * 40
    assert load_key(f"file:{tmp_path}/mask.key", "sqlite:///state.db", Path("/")) == b"o" * 40


def test_a_key_is_made_once_beside_the_state_for_the_owner_alone(tmp_path: Path) -> None:
    key = load_key(None, "sqlite:///var/state.db", tmp_path)
    made = tmp_path / "var" / "masking.key"
    assert len(key) == 32
    assert made.stat().st_mode & 0o777 == 0o600
    assert load_key(None, f"sqlite:///{tmp_path}/var/state.db", Path("/")) == key
    assert [path.name for path in made.parent.iterdir()] == ["masking.key"]


def test_gateways_that_start_together_share_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: load_key(None, "sqlite:///state.db", tmp_path), range(16)))
    assert len(keys) == 1


def test_with_memory_state_the_key_outlives_a_reload_but_not_the_process(tmp_path: Path) -> None:
    key = load_key(None, "memory:", tmp_path)
    assert len(key) == 32
    assert load_key(None, "memory:", tmp_path) == key
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("reference", "state", "message"),
    [
        ("file:short.key", "memory:", "has 31 bytes"),
        ("file:absent.key", "memory:", "cannot be read"),
        ("env:KEY", "memory:", "write file:PATH"),
        ("file:", "memory:", "write file:PATH"),
        ("s3cr3t", "memory:", "write file:PATH"),
        (None, "redis://127.0.0.1:1", "must be set"),
        (None, "sqlite:///short.key/state.db", "cannot be made"),
    ],
)
def test_no_key_no_start(tmp_path: Path, reference: str | None, state: str, message: str) -> None:
    write(tmp_path / "short.key", b"s" * 31)
    with pytest.raises(ConfigError, match=message):
        load_key(reference, state, tmp_path)


def test_a_cut_key_beside_the_state_is_not_replaced(tmp_path: Path) -> None:
    write(tmp_path / "masking.key", b"")
    with pytest.raises(ConfigError, match="has 0 bytes"):
        load_key(None, "sqlite:///state.db", tmp_path)


def test_a_key_that_others_can_read_is_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write(tmp_path / "mask.key", b"o" * 32, 0o644)
    with caplog.at_level(logging.WARNING):
        load_key("file:mask.key", "memory:", tmp_path)
    assert "can be read by others" in caplog.text
