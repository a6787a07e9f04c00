"""docs/example-plugin is a project that installs, loads and passes its own tests."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.support.pages import DOCS

pytestmark = pytest.mark.real
PROJECT = DOCS / "example-plugin"

PROGRAM = """
from vecgate.hooks import Hooks
from vecgate.operations.model import Action
from vecgate.testing import masks, operation, principal

assert not [plugin for plugin in Hooks().describe() if plugin.name == "office"]
hooks = Hooks(["office"])
found = next(plugin for plugin in hooks.describe() if plugin.name == "office")
print(found.version, found.source, *found.hooks)
print(masks({"author": "initials"}, hooks.mask_strategies()).payload({"author": "Ada Lovelace"})[0]["author"])
print(hooks.veto(principal(), [operation(Action.DELETE)], "docs"))
hooks.approval_opened({"id": "t1", "name": "alice", "rule": "destructive"})
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the project is installed into, as `pip install` would."""
    target = tmp_path_factory.mktemp("site")
    run(sys.executable, "-m", "uv", "pip", "install", "-q", "--no-deps", "--target", str(target), str(PROJECT))
    return target


def run(*command: str, cwd: Path | None = None, **environment: str) -> str:
    done = subprocess.run(
        command, cwd=cwd, env={**os.environ, **environment}, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_installed_plugin_does_its_work_once_it_is_named(installed: Path, tmp_path: Path) -> None:
    hours = {"PYTHONPATH": str(installed), "OFFICE_NOTICES": str(tmp_path / "notices.txt"), "OFFICE_HOURS": closed()}
    version, initials, veto = run(sys.executable, "-c", PROGRAM, cwd=tmp_path, **hours).splitlines()
    assert version.split() == [
        "0.1.0", "vecgate-office", "vecgate_approval_opened", "vecgate_mask_strategies", "vecgate_veto"
    ]  # fmt: skip
    assert initials == "A. L."
    assert veto.startswith("Changes are made from Monday to Friday")
    assert (tmp_path / "notices.txt").read_text() == "t1: alice waits for a reviewer (destructive)\n"


def closed() -> str:
    """Office hours that do not contain the present, nor the next minutes."""
    return "0-1" if 2 <= datetime.now(UTC).hour < 23 else "12-13"


def test_hours_that_are_not_understood_stop_the_start_with_the_plugins_name(installed: Path, tmp_path: Path) -> None:
    program = "from vecgate.hooks import Hooks\ntry: Hooks(['office'])\nexcept Exception as error: print(error)"
    said = run(sys.executable, "-c", program, cwd=tmp_path, PYTHONPATH=str(installed), OFFICE_HOURS="nine to five")
    assert said.startswith("plugin office: it cannot be imported: ValueError: OFFICE_HOURS")


def test_the_plugins_own_tests_pass(installed: Path, tmp_path: Path) -> None:
    command = (
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-c",
        os.devnull,
        "--rootdir",
        str(tmp_path),
    )
    said = run(*command, str(PROJECT / "tests"), cwd=tmp_path, PYTHONPATH=str(installed), PYTHONDONTWRITEBYTECODE="1")
    assert " passed" in said


@pytest.mark.parametrize("tool", [("ruff", "check"), ("ruff", "format", "--check"), ("mypy", "vecgate_office")])
def test_the_project_is_clean_by_its_own_settings(tool: tuple[str, ...], tmp_path: Path) -> None:
    cache = ("--cache-dir", str(tmp_path))
    run(sys.executable, "-m", *tool, *cache, cwd=PROJECT, MYPYPATH=str(DOCS.parent / "addons"))
