"""The rules of the layout, read from the source itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOTS = ("addons", "plugins", "reports")
MODULES = sorted(path for root in ROOTS for path in (ROOT / root).rglob("*.py"))

PROXY = ("addons/vecgate/stages/", "addons/vecgate/serve/", "addons/gateway.py")
"""What may import mitmproxy."""

THINKING = (
    "approvals",
    "config",
    "evidence",
    "identity",
    "issuer",
    "limits",
    "masking",
    "operations",
    "policy",
    "saml",
    "secrets",
    "state",
)
"""Packages of vecgate that decide: they know nothing of who calls them."""

ADAPTERS = ("vecgate.stages", "vecgate.serve", "vecgate.cli", "vecgate.control", "vecgate.demo")

FRONT = ("addons/vecgate/cli/", "addons/vecgate/demo/")
"""Verbs may use what is bundled directly; the rest of vecgate meets it through hooks alone."""

IMPORTERS = ("import_module", "importlib.import_module", "__import__")

CEILING = 400
"""Lines of a source file; beyond it, a file holds more than one noun."""


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def imports(path: Path) -> frozenset[str]:
    """Every module that a file names in an import, wherever in the file it stands."""
    return frozenset(_imports(ast.parse(path.read_text(), str(path))))


def _imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports fail in a module that mitmproxy loads as a script"
            assert node.module is not None
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in IMPORTERS:
            name = node.args[0].values[0] if isinstance(node.args[0], ast.JoinedStr) else node.args[0]
            assert isinstance(name, ast.Constant), "what is imported by a computed name needs a literal package"
            yield str(name.value).rstrip(".")


def within(module: str, *packages: str) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


@pytest.mark.parametrize("path", [path for path in MODULES if not relative(path).startswith(PROXY)], ids=relative)
def test_only_stages_serve_and_the_entry_script_know_the_proxy(path: Path) -> None:
    assert [module for module in imports(path) if within(module, "mitmproxy", "mitmproxy_rs")] == []


@pytest.mark.parametrize(
    "path",
    [path for path in MODULES for package in THINKING if relative(path).startswith(f"addons/vecgate/{package}/")],
    ids=relative,
)
def test_what_thinks_knows_nothing_of_its_adapters(path: Path) -> None:
    assert [module for module in imports(path) if within(module, *ADAPTERS)] == []


@pytest.mark.parametrize("path", [path for path in MODULES if not relative(path).startswith("addons/")], ids=relative)
def test_bundled_plugins_know_nothing_of_the_adapters(path: Path) -> None:
    assert [module for module in imports(path) if within(module, *ADAPTERS)] == []


@pytest.mark.parametrize(
    "path",
    [path for path in MODULES if relative(path).startswith("addons/") and not relative(path).startswith(FRONT)],
    ids=relative,
)
def test_the_core_does_not_import_what_is_plugged_into_it(path: Path) -> None:
    bundled = [folder.name for root in ("plugins", "reports") for folder in (ROOT / root).iterdir() if folder.is_dir()]
    assert [module for module in imports(path) if within(module, *bundled)] == []


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_a_file_holds_one_noun(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= CEILING


def packages() -> list[str]:
    """Packages with code in them, as their path below the source root."""
    found = {path.parent for path in MODULES if path.name != "__init__.py" and path.parent.parent != ROOT}
    return sorted(path.relative_to(ROOT / path.relative_to(ROOT).parts[0]).as_posix() for path in found)


@pytest.mark.parametrize("package", packages())
def test_every_package_has_tests(package: str) -> None:
    homes = [ROOT / "tests" / package, ROOT / "tests" / "plugins" / package]
    if package.startswith("vecgate_reports"):
        homes.append(ROOT / "tests" / "reports")
    assert any(list(home.rglob("test_*.py")) for home in homes)


def test_every_package_is_typed_for_those_who_import_it() -> None:
    tops = [folder for root in ROOTS for folder in (ROOT / root).iterdir() if (folder / "__init__.py").exists()]
    assert [folder.name for folder in tops if not (folder / "py.typed").exists()] == []
