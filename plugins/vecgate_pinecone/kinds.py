"""Kinds: what the members of Pinecone's bodies may be."""

from __future__ import annotations

from typing import Any, Final

from vecgate.errors import Refusal
from vecgate.operations.document import Number, Numbers
from vecgate.operations.shapes import (
    BOOLEAN,
    TEXT,
    Kind,
    ListOf,
    MapOf,
    OneOf,
    Scalar,
    Shape,
    misfit,
    nullable,
)
from vecgate.operations.vectors import is_vector
from vecgate.reasons import Reason

_VALUES: Final = frozenset({str, bool, int, float, Number})


class Vector(Kind):
    """Numbers; none of them where only sparse values are given."""

    def describe(self) -> str:
        return "[number]"

    def check(self, value: Any, path: str) -> None:
        if not is_vector(value):
            raise misfit(path, self)


class Metadata(Kind):
    """An object of scalars and lists of scalars."""

    def describe(self) -> str:
        return "metadata"

    def check(self, value: Any, path: str) -> None:
        if type(value) is not dict:
            raise misfit(path, self)
        for entry in value.values():
            values = entry if type(entry) is list else (entry,)
            if type(entry) is not Numbers and not _VALUES.issuperset(map(type, values)):
                raise misfit(path, self)


class Never(Kind):
    """A member that is refused by name."""

    def __init__(self, why: str) -> None:
        self.why = why

    def describe(self) -> str:
        return "refused"

    def check(self, value: Any, path: str) -> None:
        raise Refusal(Reason.UNKNOWN_MEMBER, self.why)


VECTOR: Final = Vector()
METADATA: Final = Metadata()
INDICES: Final = OneOf((ListOf(Scalar("integer ≥ 0", frozenset({int}), lambda value: value >= 0)), VECTOR))
ID: Final = Scalar("id", frozenset({str}), lambda value: 1 <= len(value) <= 512)
IDS: Final = ListOf(ID)
TOP_K: Final = Scalar("integer 1 to 10000", frozenset({int}), lambda value: 1 <= value <= 10_000)
SPARSE: Final = Shape({"indices": INDICES, "values": VECTOR}, frozenset({"indices", "values"}))
TAGS: Final = MapOf(TEXT)
FIELD_SCHEMA: Final = Shape({"fields": MapOf(Shape(nullable(filterable=BOOLEAN)))}, frozenset({"fields"}))
