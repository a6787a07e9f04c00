from __future__ import annotations

import functools
import itertools
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from types import FunctionType, SimpleNamespace
from typing import Any

import pytest

from vecgate.errors import PluginError
from vecgate.hooks import Hooks
from vecgate.hookspecs import hookimpl
from vecgate.identity.principal import Principal

NUMBERS = itertools.count()
PRINCIPAL = Principal("https://idp.example/", "alice")

VETO = """
    from vecgate.hookspecs import hookimpl

    @hookimpl
    def vecgate_veto(connection):
        return "{}"
"""

type Install = Callable[..., str]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Puts a distribution with one plugin where Python finds it; returns the name of its module."""
    before = set(sys.modules)

    def add(name: str, code: str = VETO, distribution: str = "") -> str:
        number = next(NUMBERS)
        distribution = distribution or f"plugin-{number}"
        module = f"installed_plugin_{number}"
        site = tmp_path / str(number)
        info = site / f"{distribution.replace('-', '_')}-1.2.dist-info"
        info.mkdir(parents=True)
        (site / f"{module}.py").write_text(dedent(code))
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.2\n")
        (info / "entry_points.txt").write_text(f"[vecgate]\n{name} = {module}\n")
        monkeypatch.syspath_prepend(site)
        return module

    yield add
    for module in set(sys.modules) - before:
        del sys.modules[module]


def test_bundled_parts_are_loaded_without_being_named() -> None:
    bundled = {plugin.name: plugin for plugin in Hooks().describe()}
    assert {"chroma", "report"} <= set(bundled)
    assert all(plugin.bundled and plugin.source == "vecgate" for plugin in bundled.values())


def test_an_installed_plugin_is_imported_only_if_it_is_named(install: Install) -> None:
    module = install("office-hours")
    hooks = Hooks()
    assert module not in sys.modules
    assert not hooks.implements("vecgate_veto")
    hooks = Hooks(["office-hours"])
    assert hooks.implements("vecgate_veto")
    found = hooks.describe()[-1]
    assert (found.name, found.version, found.bundled, found.hooks) == ("office-hours", "1.2", False, ("vecgate_veto",))
    assert found.source.startswith("plugin-")


def test_plugins_are_called_in_the_order_they_are_named(install: Install) -> None:
    install("a", VETO.format("a"))
    install("b", VETO.format("b"))
    assert Hooks(["a", "b"]).veto(PRINCIPAL, [], "docs") == "a"
    assert Hooks(["b", "a", "b"]).veto(PRINCIPAL, [], "docs") == "b"


def test_naming_a_bundled_part_changes_nothing() -> None:
    assert Hooks(["chroma"]).describe() == Hooks().describe()


def test_a_name_that_is_not_installed_stops_the_start(install: Install) -> None:
    install("office-hours")
    with pytest.raises(PluginError, match=r"plugin ofice-hours: it is not installed; installed are: .*office-hours"):
        Hooks(["ofice-hours"])


def test_a_name_that_two_distributions_have_stops_the_start(install: Install) -> None:
    install("office-hours")
    install("office-hours")
    with pytest.raises(PluginError, match="several distributions"):
        Hooks(["office-hours"])


def test_a_plugin_cannot_take_the_place_of_a_bundled_part(install: Install) -> None:
    module = install("chroma")
    assert all(plugin.bundled for plugin in Hooks().describe())
    assert module not in sys.modules
    with pytest.raises(PluginError, match="several distributions"):
        Hooks(["chroma"])


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import nothing_of_this_name", "ModuleNotFoundError"),
        ("raise RuntimeError('no licence')", "RuntimeError: no licence"),
        ("raise SystemExit(0)", "SystemExit"),
        ("syntax error", "SyntaxError"),
        ("x = 1", "implements no hook"),
    ],
)
def test_a_plugin_that_cannot_be_imported_stops_the_start_with_its_name(
    install: Install, code: str, message: str
) -> None:
    install("broken", code)
    with pytest.raises(PluginError, match=f"plugin broken: .*{message}") as raised:
        Hooks(["broken"])
    assert raised.value.plugin == "broken"


def test_a_one_file_plugin_is_named_by_its_path_from_the_configurations_folder(tmp_path: Path) -> None:
    (tmp_path / "hours.py").write_text(dedent(VETO.format("closed")))
    for name in ("file:hours.py", f"file:{tmp_path / 'hours.py'}"):
        hooks = Hooks([name], folder=tmp_path)
        assert hooks.veto(PRINCIPAL, [], "docs") == "closed"
        assert hooks.describe()[-1].source == str(tmp_path / "hours.py")


def test_a_reload_of_the_configuration_does_not_reload_code(tmp_path: Path) -> None:
    (tmp_path / "hours.py").write_text(dedent(VETO.format("closed")))
    Hooks(["file:hours.py"], folder=tmp_path)
    (tmp_path / "hours.py").write_text(dedent(VETO.format("open")))
    assert Hooks(["file:hours.py"], folder=tmp_path).veto(PRINCIPAL, [], "docs") == "closed"


@pytest.mark.parametrize("name", ["file:absent.py", "file:", "file:broken.py", "file:notes.txt"])
def test_a_file_that_is_no_plugin_stops_the_start(tmp_path: Path, name: str) -> None:
    (tmp_path / "broken.py").write_text("raise RuntimeError")
    (tmp_path / "notes.txt").write_text("notes")
    for _ in range(2):
        with pytest.raises(PluginError, match="cannot be imported"):
            Hooks([name], folder=tmp_path)


def marked(function: Callable[..., Any], **marks: Any) -> Callable[..., Any]:
    """A copy of the function, marked as an implementation."""
    copy = FunctionType(function.__code__, function.__globals__, function.__name__)
    mark: Callable[[Callable[..., Any]], Callable[..., Any]] = hookimpl(**marks)
    return mark(copy)


def veto(principal: Any, operations: Any, connection: Any) -> str:
    return "closed"


async def later(connection: str) -> None:
    return None


def pieces(connection: str) -> Iterator[str]:
    yield "closed"


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"vecgate_vetoes": marked(veto)}, "there is no hook vecgate_vetoes"),
        ({"vecgate_vetoes": marked(veto, optionalhook=True)}, "there is no hook vecgate_vetoes"),
        ({"vecgate_check": marked(veto, specname="vecgate_check")}, "there is no hook vecgate_check"),
        ({"check": marked(veto, specname="vecgate_check")}, "there is no hook vecgate_check"),
        ({"check": marked(pieces, specname="vecgate_veto", wrapper=True)}, "could undo"),
        ({"vecgate_veto": lambda connection: "closed"}, "no function marked with vecgate.hookspecs.hookimpl"),
        ({"vecgate_veto": functools.partial(veto)}, "no function marked"),
        ({"vecgate_veto": hookimpl(lambda user: "closed")}, "user"),
        ({"vecgate_veto": marked(later)}, "plain function"),
        ({"vecgate_veto": marked(pieces)}, "plain function"),
        ({"vecgate_veto": marked(pieces, wrapper=True)}, "could undo what another plugin refuses"),
        ({"vecgate_veto": marked(pieces, hookwrapper=True)}, "could undo what another plugin refuses"),
        ({}, "implements no hook"),
    ],
)
def test_what_would_not_work_as_a_hook_is_refused(attributes: dict[str, Any], message: str) -> None:
    with pytest.raises(PluginError, match=f"plugin hours: .*{message}"):
        Hooks.of(hours=SimpleNamespace(**attributes))


def test_one_object_is_no_two_plugins() -> None:
    one = SimpleNamespace(vecgate_veto=hookimpl(lambda connection: "closed"))
    with pytest.raises(PluginError, match="loaded already"):
        Hooks.of(a=one, b=one)


def test_classes_and_modules_of_such_a_name_are_no_hooks() -> None:
    given = SimpleNamespace(
        vecgate_veto=hookimpl(lambda connection: None), vecgate_module=sys, vecgate_Class=type("Class", (), {})
    )
    assert Hooks.of(a=given).describe()[0].hooks == ("vecgate_veto",)
