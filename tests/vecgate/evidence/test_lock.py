from __future__ import annotations

from pathlib import Path

import pytest

from vecgate.evidence.lock import DirectoryLock, Locked, held, locked


def test_one_holder_at_a_time_and_nothing_is_left_behind(tmp_path: Path) -> None:
    assert not held(tmp_path)
    lock = DirectoryLock(tmp_path)
    assert held(tmp_path)
    with pytest.raises(Locked):
        DirectoryLock(tmp_path, patience=0.0)
    lock.release()
    assert not held(tmp_path)
    with locked(tmp_path):
        assert held(tmp_path)
    assert not held(tmp_path)
    assert list(tmp_path.iterdir()) == []
