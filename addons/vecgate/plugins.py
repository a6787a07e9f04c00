"""Plugins: finding, importing and checking them.

Nothing is imported that is neither bundled nor named in configuration, and whatever is wrong with a plugin stops the
start: a refusal that a misspelt hook would have made must not be missing silently.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from importlib.metadata import EntryPoint, entry_points
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Final

import pluggy

from vecgate import hookspecs
from vecgate.errors import PluginError
from vecgate.hookspecs import PROJECT

FILE: Final = "file:"


@dataclass(frozen=True, slots=True)
class Plugin:
    """What `vecgate plugins` shows. `source` is the distribution, or the file, that it comes from."""

    name: str
    version: str
    source: str
    bundled: bool
    hooks: tuple[str, ...] = ()


def bundled() -> Iterator[tuple[Plugin, object]]:
    """The parts that come with vecgate, imported, by name. Raises PluginError."""
    found = {point.name: point for point in entry_points(group=PROJECT) if _is_bundled(point)}
    for name, point in sorted(found.items()):
        yield _described(point), _import(name, point.load)


def named(load: Sequence[str], folder: Path) -> Iterator[tuple[Plugin, object]]:
    """The plugins that configuration names, imported: entry points, or `file:PATH` relative to `folder`.

    Raises PluginError.
    """
    found = entry_points(group=PROJECT)
    for name in dict.fromkeys(load):
        if name.startswith(FILE):
            path = (folder / name.removeprefix(FILE)).resolve()
            yield Plugin(name, "", str(path), bundled=False), _import(name, partial(_module, path))
        elif not _is_bundled(point := _only(name, found)):
            yield _described(point), _import(name, point.load)


def implemented(name: str, plugin: object, manager: pluggy.PluginManager) -> Iterator[str]:
    """The hooks that a plugin implements. Raises PluginError for what looks like one and would not work as one."""
    for attribute in dir(plugin):
        function = getattr(plugin, attribute, None)
        marks = manager.parse_hookimpl_opts(plugin, attribute)
        if marks is None:
            if not attribute.startswith(f"{PROJECT}_") or not callable(function) or inspect.isclass(function):
                continue
            raise PluginError(name, f"{attribute} is no function marked with vecgate.hookspecs.hookimpl")
        hook = marks["specname"] or attribute
        if not hasattr(hookspecs, hook):
            raise PluginError(name, f"there is no hook {hook}")
        if marks["wrapper"] or marks["hookwrapper"]:
            raise PluginError(name, f"{attribute} is a wrapper: it could undo what another plugin refuses")
        if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
            raise PluginError(name, f"{attribute} must be a plain function, neither async nor a generator")
        yield hook


def _is_bundled(point: EntryPoint) -> bool:
    return point.dist is not None and point.dist.name == PROJECT


def _described(point: EntryPoint) -> Plugin:
    source, version = (point.dist.name, point.dist.version) if point.dist else ("", "")
    return Plugin(point.name, version, source, _is_bundled(point))


def _only(name: str, found: Sequence[EntryPoint]) -> EntryPoint:
    """The entry point of that name. An editable install may list the same one twice."""
    points = {_described(point).source: point for point in found if point.name == name}
    if not points:
        others = ", ".join(sorted({point.name for point in found if not _is_bundled(point)})) or "none"
        raise PluginError(name, f"it is not installed; installed are: {others}")
    if len(points) > 1:
        raise PluginError(name, f"several distributions have a plugin of this name: {', '.join(sorted(points))}")
    return next(iter(points.values()))


def _import(name: str, load: Callable[[], object]) -> object:
    try:
        return load()
    except (Exception, SystemExit) as error:
        raise PluginError(name, f"it cannot be imported: {type(error).__name__}: {error}") from error


def _module(path: Path) -> object:
    """A file as a module, imported once a process: a reload of the configuration does not reload code."""
    name = f"{PROJECT}_file_{path.stem}_{sha256(str(path).encode()).hexdigest()[:16]}"
    if name in sys.modules:
        return sys.modules[name]
    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file")
    module = module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
