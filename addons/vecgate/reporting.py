"""Reporting: what plugins contribute to a session's report. Text only: the report escapes every piece."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Section:
    """One section of a report: paragraphs, then a table if there are rows.

    Everything is text and is shown as text; markup in it is shown, not followed. Rows are as long as `columns`.
    Raises ValueError where they are not.
    """

    title: str
    paragraphs: Sequence[str] = ()
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()

    def __post_init__(self) -> None:
        if any(len(row) != len(self.columns) for row in self.rows):
            raise ValueError(f"section {self.title!r}: every row needs {len(self.columns)} cells")
