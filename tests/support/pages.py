"""Pages of docs/ in tests: their sections and code blocks."""

from __future__ import annotations

import re
from itertools import count
from pathlib import Path
from types import ModuleType

DOCS = Path(__file__).parents[2] / "docs"
_NUMBERS = count()


def sections(page: str) -> dict[str, str]:
    """The text below each second-level heading."""
    _, *parts = re.split(r"^## (.+)$", (DOCS / page).read_text(), flags=re.MULTILINE)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def blocks(text: str, language: str) -> list[str]:
    """The fenced code blocks of a language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)


def module(code: str) -> ModuleType:
    """A code block as a module."""
    made = ModuleType(f"docs_example_{next(_NUMBERS)}")
    exec(compile(code, made.__name__, "exec"), made.__dict__)
    return made
