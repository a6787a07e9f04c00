"""The keyring's file: made once, 0600, shared by workers, whole or not at all."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.support.state import Clock

from vecgate.errors import Unavailable
from vecgate.issuer.keyring import Ring
from vecgate.issuer.ringfile import RingFile

NOW = 1_790_000_000.0


def ring(path: Path, *, lifetime: float = 600.0, clock: Clock | None = None) -> RingFile:
    made = RingFile(path, lifetime, 86_400.0, clock or Clock(NOW))
    made.open()
    return made


def test_it_is_made_once_and_kept_over_restarts(tmp_path: Path) -> None:
    path = tmp_path / "var" / "issuer.jwks"
    first = ring(path).signer().kid
    assert path.stat().st_mode & 0o777 == 0o600
    assert ring(path).signer().kid == first
    assert [each.name for each in path.parent.iterdir()] == ["issuer.jwks"]


def test_workers_that_start_together_have_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        kids = set(pool.map(lambda _: ring(tmp_path / "issuer.jwks").signer().kid, range(8)))
    assert len(kids) == 1


def test_workers_that_find_a_key_due_rotate_once(tmp_path: Path) -> None:
    clock = Clock(NOW)
    workers = [ring(tmp_path / "issuer.jwks", clock=clock) for _ in range(8)]
    clock.now += 86_400
    with ThreadPoolExecutor(8) as pool:
        kids = set(pool.map(lambda worker: worker.signer().kid, workers))
    assert len(kids) == 1
    assert len(workers[0].published()) == 2


def test_a_rotation_by_another_process_is_seen_at_the_next_use(tmp_path: Path) -> None:
    gateway, command = ring(tmp_path / "issuer.jwks"), ring(tmp_path / "issuer.jwks")
    before = gateway.signer().kid
    after = command.rotate().signer.material.kid
    assert gateway.signer().kid == after != before


def test_tokens_that_live_longer_are_remembered(tmp_path: Path) -> None:
    path = tmp_path / "issuer.jwks"
    for lifetime in (600.0, 3600.0, 60.0):
        ring(path, lifetime=lifetime)
    assert Ring.parse(path.read_bytes()).signer.lifetime == 3600.0


def test_a_file_that_others_can_read_is_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    ring(tmp_path / "issuer.jwks")
    (tmp_path / "issuer.jwks").chmod(0o644)
    with caplog.at_level(logging.WARNING):
        ring(tmp_path / "issuer.jwks")
    assert "0600" in caplog.text


def test_a_broken_file_is_refused_and_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "issuer.jwks"
    path.write_bytes(b"{")
    with pytest.raises(ValueError, match="not JSON"):
        ring(path)
    assert path.read_bytes() == b"{"


def test_a_file_that_went_away_signs_nothing_and_is_not_made_anew(tmp_path: Path) -> None:
    made = ring(tmp_path / "issuer.jwks")
    (tmp_path / "issuer.jwks").unlink()
    with pytest.raises(Unavailable):
        made.signer()
    with pytest.raises(OSError, match="issuer"):
        made.rotate()
    assert not (tmp_path / "issuer.jwks").exists()
