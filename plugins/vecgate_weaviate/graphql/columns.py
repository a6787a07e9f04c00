"""Columns: the scores of one ranked list, gathered while it is rebuilt and masked once it is whole.

Each key of the answer is a column: `distance`, `certainty`, a re-ranker's `score`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from vecgate.errors import Unmaskable
from vecgate.masking.maskset import MaskSet
from vecgate.operations.document import Number
from vecgate_weaviate.graphql.tree import Field

_NUMERIC: Final = frozenset({int, float, Number})

type Place = tuple[str, ...]
"""A collection, as the query has it, and keys beneath its objects."""


@dataclass(slots=True)
class Cell:
    """A score as it came, and where it goes."""

    value: Any
    number: float | None
    holder: dict[str, Any]
    key: str
    score: list[float]
    """Where evidence has the object's score."""


@dataclass(slots=True)
class Columns:
    cells: dict[Place, list[Cell]] = field(default_factory=dict)

    def put(self, value: Any, one: Field, holder: dict[str, Any], place: Place, score: list[float]) -> None:
        """Take in a score, which stands in `holder` from `settle` on; of a re-ranker, a list of objects with one."""
        key = place[-1]
        holder[key] = None
        if one.leaf:
            cell = Cell(value, _number(value), holder, key, score)
            self.cells.setdefault(place, []).append(cell)
        elif value is not None:
            holder[key] = self._reranked(value, one, place, score)

    def settle(self, masks: Callable[[str], MaskSet]) -> bool:
        """Put the scores in, as the caller may see them. Says whether any was masked."""
        masked = False
        for place, cells in self.cells.items():
            before = [cell.number for cell in cells]
            after = masks(place[0]).scores(before)
            masked |= after != before and bool(before)
            for cell, number in zip(cells, after or [None] * len(cells), strict=True):
                texts = isinstance(cell.value, str) and number is not None
                cell.holder[cell.key] = cell.value if number == cell.number else str(number) if texts else number
                if number is not None and not cell.score:
                    cell.score.append(float(number))
        return masked

    def _reranked(self, value: Any, one: Field, place: Place, score: list[float]) -> list[dict[str, Any]]:
        if type(value) is not list:
            raise Unmaskable("scores of a re-ranker are not a list")
        shown = []
        for index, given in enumerate(value):
            if type(given) is not dict or not given.keys() <= one.fields.keys():
                raise Unmaskable("a score of a re-ranker is not one")
            inner: dict[str, Any] = {}
            for key, each in one.fields.items():
                if each.name == "score":
                    self.put(given.get(key), each, inner, (*place, str(index), key), score)
                else:
                    inner[key] = _name(given, key)
            shown.append(inner)
        return shown


def _number(value: Any) -> float | None:
    """The number of a score, which stands in a text where the server has made it one."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            raise Unmaskable("a score is not a number") from None
        if value - value != 0:
            raise Unmaskable("a score is not finite")
    if value is not None and type(value) not in _NUMERIC:
        raise Unmaskable("a score is not a number")
    return value if value is None else float(value)


def _name(given: Mapping[str, Any], key: str) -> str | None:
    """The name of a type."""
    value = given.get(key)
    if value is not None and not isinstance(value, str):
        raise Unmaskable("the name of a type is not a text")
    return value
