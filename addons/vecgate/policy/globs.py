"""Globs over resources: `*` stays within a segment, `**` spans any number of segments, none included.

Time is linear in the resource's length for a given pattern, whatever either of them holds: segments are matched by
searching for the literal parts in order, paths by stepping through all positions of the pattern at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from vecgate.operations.model import Resource

ANY = "**"
_SPECIAL = frozenset("?[]{}\\")


class Segment:
    """One segment of a pattern: literal text with `*` for any run of characters."""

    __slots__ = ("_first", "_last", "_least", "_literal", "_middle")

    def __init__(self, text: str) -> None:
        parts = text.split("*")
        self._literal = text if len(parts) == 1 else None
        self._first, *self._middle = parts
        self._last = self._middle.pop() if self._middle else ""
        self._least = len(self._first) + len(self._last)

    def matches(self, name: str) -> bool:
        if self._literal is not None:
            return name == self._literal
        if len(name) < self._least or not (name.startswith(self._first) and name.endswith(self._last)):
            return False
        at, end = len(self._first), len(name) - len(self._last)
        for part in self._middle:
            found = name.find(part, at, end)
            if found < 0:
                return False
            at = found + len(part)
        return True


@dataclass(frozen=True)
class Glob:
    """A compiled pattern. A segment of None is `**`."""

    text: str
    segments: tuple[Segment | None, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises ValueError, saying what to write instead."""
        names = text.split("/")
        if not all(names):
            raise ValueError("has an empty segment: write names with one / between them")
        if any(ANY in name and name != ANY for name in names):
            raise ValueError("** stands for whole segments: write it between slashes")
        if special := _SPECIAL.intersection(text):
            raise ValueError(f"{min(special)} has no meaning here: only * and ** stand for other characters")
        if not text.isprintable():
            raise ValueError("has a character that cannot be printed")
        return cls(text, tuple(None if name == ANY else Segment(name) for name in names))

    @property
    def longest(self) -> int | None:
        """How many segments a resource that matches can have; None if any number."""
        return None if None in self.segments else len(self.segments)

    def covers(self, resource: Resource) -> bool:
        """The pattern matches every name that the resource stands for.

        A segment `*` of a resource stands for every name, so that only `*` and `**` cover it; `**` only by `**`.
        """
        return len(self.segments) in self._after(resource.split("/"))

    def beneath(self, resource: Resource) -> bool:
        """The pattern matches something below the resource: the resource is an ancestor of what is granted.

        For the list `parent/*` ask with `parent`; an empty text is the root.
        """
        names = resource.split("/") if resource else []
        return any(position < len(self.segments) for position in self._after(names))

    def below(self, resource: Resource) -> bool:
        """The pattern matches something two or more levels below: the resource has a child that is an ancestor."""
        names = resource.split("/") if resource else []
        last = len(self.segments) - 1
        return any(
            position < last or (position == last and self.segments[last] is None) for position in self._after(names)
        )

    def _after(self, names: list[str]) -> set[int]:
        """Every position in the pattern that can be reached once these names are consumed."""
        positions = set(self._open(0))
        for name in names:
            positions = {
                later for position in positions if position < len(self.segments) for later in self._step(position, name)
            }
            if not positions:
                break
        return positions

    def _step(self, position: int, name: str) -> Iterator[int]:
        segment = self.segments[position]
        if segment is None:
            yield from self._open(position)
        elif name != ANY and segment.matches(name):
            yield from self._open(position + 1)

    def _open(self, position: int) -> Iterator[int]:
        """This position, and those behind it that are reached because `**` may stand for nothing."""
        yield position
        while position < len(self.segments) and self.segments[position] is None:
            position += 1
            yield position
