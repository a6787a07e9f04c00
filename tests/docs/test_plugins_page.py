"""What docs/plugins.md shows works as shown."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from tests.support.pages import DOCS, blocks, module, sections

from vecgate import testing
from vecgate.config.models import Plugins
from vecgate.errors import PluginError
from vecgate.hooks import Hooks
from vecgate.operations.model import Action

SECTIONS = sections("plugins.md")


def test_the_page_leads_from_watching_to_configuration() -> None:
    assert list(SECTIONS) == ["Watch the hooks", "One file", "A package", "Configuration"]


def test_the_one_file_plugin_loads_as_the_page_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "office.py").write_text(blocks(SECTIONS["One file"], "python")[0])
    assert blocks(SECTIONS["One file"], "yaml")[0].strip() == 'plugins: {load: ["file:office.py"]}'
    monkeypatch.setenv("VECGATE_TRACE_HOOKS", "1")
    hooks = Hooks(Plugins(load=["file:office.py"]).load, folder=tmp_path)
    assert hooks.veto(testing.principal(), [testing.operation(Action.SEARCH)], "docs") is None
    printed = capsys.readouterr().err
    shown = blocks(SECTIONS["One file"], "console")[0]
    assert printed.replace("test_search", "get").partition(" [")[0] == shown.partition(" [")[0]


def test_the_message_about_a_misspelt_hook_is_the_one_on_the_page(tmp_path: Path) -> None:
    code = blocks(SECTIONS["One file"], "python")[0]
    (tmp_path / "office.py").write_text(code.replace("vecgate_veto(", "vecgate_vetoes("))
    with pytest.raises(PluginError) as raised:
        Hooks(["file:office.py"], folder=tmp_path)
    assert str(raised.value) == blocks(SECTIONS["One file"], "console")[1].strip()


def test_the_package_says_what_the_page_says() -> None:
    shown = tomllib.loads(blocks(SECTIONS["A package"], "toml")[0])
    package = tomllib.loads((DOCS / "example-plugin" / "pyproject.toml").read_text())
    assert shown["project"]["entry-points"] == package["project"]["entry-points"]


def test_the_test_kits_example_holds() -> None:
    made = module(blocks(SECTIONS["A package"], "python")[0])
    assert made.hooks.implements("vecgate_veto")


def test_the_page_lists_the_whole_test_kit() -> None:
    public = {name for name, value in vars(testing).items() if getattr(value, "__module__", "") == testing.__name__}
    assert {name for name in public if f"| `{name}(" not in SECTIONS["A package"]} <= {"Strategies"}
