"""Known: what only loaded plugins can tell about a configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vecgate.hooks import Hooks
from vecgate.masking.masker import KEY_BYTES, Masker
from vecgate.operations.dialect import Dialect


@dataclass(frozen=True)
class Known:
    """`masker` knows every strategy; its key is of no account here."""

    dialects: Mapping[str, Dialect]
    masker: Masker

    def depth(self, dialect: str) -> int | None:
        """Segments of the dialect's narrowest resource, by its table; None if it does not say."""
        if dialect not in self.dialects:
            return None
        rows = self.dialects[dialect].table
        return max((template.count("/") + 1 for row in rows for template in row.resources), default=None)


def from_plugins(names: Sequence[str], folder: Path) -> Known:
    """What the bundled plugins and the named ones contribute; `folder` is the configuration's. Raises PluginError."""
    return from_hooks(Hooks(names, folder=folder))


def from_hooks(hooks: Hooks) -> Known:
    """What these hooks contribute. Raises PluginError."""
    return Known(hooks.dialects(), Masker(bytes(KEY_BYTES), hooks.mask_strategies()))
