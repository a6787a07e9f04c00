"""Configurations with the plugins they name, for verbs that work on one."""

from __future__ import annotations

from pathlib import Path

from vecgate.config.load import Loaded, load
from vecgate.hooks import Hooks


def configured(path: Path) -> tuple[Loaded, Hooks]:
    """A valid configuration and its plugins. Raises ConfigError, PluginError."""
    return load(path), hooks_at(path)


def hooks_at(path: Path | None) -> Hooks:
    """The plugins that a configuration names, whatever else is wrong with it; without one, the bundled ones.

    Raises ConfigError, PluginError.
    """
    if path is None:
        return Hooks()
    loaded = load(path, known=None)
    return Hooks(loaded.config.plugins.load, folder=loaded.base)
