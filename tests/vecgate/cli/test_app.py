"""The application knows its verbs, and nothing heavy is imported before one is used."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.cli import run
from tests.support.configs import HEAD, write

from vecgate.cli.app import VERBS, verb

HEAVY = ("mitmproxy", "pydantic", "numpy", "httpx", "joserfc", "ruamel", "vecgate.config", "vecgate.hooks")
PLUGIN = '''
from vecgate.hookspecs import hookimpl

@hookimpl
def vecgate_cli(app):
    @app.command()
    def hello(name: str):
        """Greet somebody."""
        print(f"Hello {name}")
'''


@pytest.mark.parametrize("name", VERBS)
def test_every_verb_is_listed_with_the_first_line_of_its_own_help(name: str) -> None:
    module, summary = VERBS[name]

    assert (verb(module, name).help or "").splitlines()[0] == summary


def test_help_lists_every_verb_and_imports_nothing_heavy() -> None:
    code = f"""
import sys
from vecgate.cli.app import app
app(["--help"], standalone_mode=False)
print([name for name in {HEAVY!r} if name in sys.modules])
"""
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert all(f" {name} " in shown for name in VERBS)
    assert shown.splitlines()[-1] == "[]"


@pytest.mark.parametrize("args", [["check"], ["nosuch"], ["check", "--nosuch"], ["classify", "--dialect", "chroma"]])
def test_wrong_use_exits_2_with_a_message_on_standard_error(args: list[str]) -> None:
    code, out, err = run(*args)

    assert (code, out) == (2, "")
    assert err


def test_a_plugin_of_the_configuration_adds_verbs(tmp_path: Path) -> None:
    write(tmp_path, PLUGIN, "greeting.py")
    config = write(tmp_path, HEAD + "plugins: {load: ['file:greeting.py']}")

    assert run("-c", config, "hello", "Anna") == (0, "Hello Anna\n", "")
    assert run("hello", "Anna")[0] == 2


def test_a_broken_configuration_exits_2_with_every_mistake(tmp_path: Path) -> None:
    config = write(tmp_path, HEAD + "polcy: {}\nstat: {}")

    explain = ("explain", "-c", config, "--connection", "docs", "--as", "{}", "--batch", "-")
    for args in (explain, ("plugins", "-c", config)):
        code, out, err = run(*args)
        assert (code, out) == (2, "")
        assert err.splitlines() == [
            f"{config}:4:1: polcy: unknown key; did you mean policy?",
            f"{config}:5:1: stat: unknown key; did you mean state?",
        ]
