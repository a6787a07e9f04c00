"""Scripts that drive the stock JavaScript clients, beside the clients as the lock file has them. Needs node and npm."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

SOURCES: Final = Path(__file__).parents[1] / "real" / "javascript"


@pytest.fixture(scope="session")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install(SOURCES, tmp_path_factory.mktemp("javascript") / "client")


def install(source: Path, folder: Path) -> Path:
    """A copy of a folder, with what its lock file names."""
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("node_modules"))
    done = subprocess.run(
        ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return folder


def run(script: Path, **variables: str) -> dict[str, Any]:
    """What each call of a script gave."""
    environment = os.environ | variables
    done = subprocess.run(["node", script], env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return dict(msgspec.json.decode(done.stdout))
