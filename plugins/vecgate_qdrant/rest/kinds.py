"""Kinds of values that many bodies share: names, ids, shard keys, selections of payload and vectors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

from vecgate.errors import Refusal
from vecgate.operations.document import Number, Numbers
from vecgate.operations.shapes import (
    BOOLEAN,
    NUMBER,
    TEXT,
    Kind,
    ListOf,
    OneOf,
    Scalar,
    Shape,
    misfit,
)
from vecgate.reasons import Reason

_FORBIDDEN: Final = frozenset('/\\*?<>:"|')
_SHOWN: Final = " ".join(sorted(_FORBIDDEN))
# Every spelling that the server takes: in braces, as a URN, without dashes, in any case.
UUID: Final = re.compile(r"(?:urn:uuid:)?(\{)?[0-9a-f]{8}(-?)(?:[0-9a-f]{4}\2){3}[0-9a-f]{12}(?(1)\})", re.IGNORECASE)


class Name(Kind):
    """The name of a collection or an alias: what the server lets be created, and what can stand in a resource."""

    def describe(self) -> str:
        return "name"

    def check(self, value: Any, path: str) -> None:
        if type(value) is not str or not _is_name(value):
            raise Refusal(
                Reason.BAD_BODY, f"{path}: Expected a name of 1 to 255 printable characters, none of them {_SHOWN}"
            )


def _is_name(value: str) -> bool:
    return 0 < len(value) <= 255 and value.isprintable() and value not in {".", ".."} and _FORBIDDEN.isdisjoint(value)


class PointId(Kind):
    """An unsigned integer, or a UUID in any spelling."""

    def describe(self) -> str:
        return "point id"

    def check(self, value: Any, path: str) -> None:
        if not is_id(value):
            raise misfit(path, self)


def is_id(value: Any) -> bool:
    if type(value) is int:
        return 0 <= value < 2**64
    return type(value) is str and UUID.fullmatch(value) is not None


class Ids(Kind):
    """A list of point ids."""

    def describe(self) -> str:
        return "[point id]"

    def check(self, value: Any, path: str) -> None:
        if type(value) not in {list, Numbers} or not all(map(is_id, value)):
            raise misfit(path, self)


class ListOfValues(Kind):
    """A list of texts or of integers."""

    def describe(self) -> str:
        return "[text] | [integer]"

    def check(self, value: Any, path: str) -> None:
        if type(value) not in {list, Numbers} or not {str, int}.issuperset(map(type, value)):
            raise misfit(path, self)


@dataclass(frozen=True)
class Either(Shape):
    """An object of one of several shapes, told apart by a member that only one of them has."""

    choices: Mapping[str, Kind] = field(default_factory=dict)

    @classmethod
    def of(cls, choices: Mapping[str, Shape]) -> Self:
        return cls({name: kind for shape in choices.values() for name, kind in shape.members.items()}, choices=choices)

    @classmethod
    def single(cls, kinds: Mapping[str, Kind]) -> Self:
        """An object of exactly one of these members."""
        return cls.of({name: Shape({name: kind}, frozenset({name})) for name, kind in kinds.items()})

    def describe(self) -> str:
        return " | ".join(f"{{{name}}}" for name in self.choices)

    def check(self, value: Any, path: str = "") -> None:
        if type(value) is not dict:
            raise misfit(path, self)
        found = [name for name in self.choices if name in value]
        if len(found) != 1:
            raise misfit(path, self)
        self.choices[found[0]].check(value, path)


NAME: Final = Name()
POINT_ID: Final = PointId()
IDS: Final = Ids()
VALUES: Final = ListOfValues()
TEXTS: Final = ListOf(TEXT)
UINT: Final = Scalar("integer ≥ 0", frozenset({int}), lambda value: 0 <= value < 2**64)
SIZE: Final = Scalar("integer ≥ 1", frozenset({int}), lambda value: 1 <= value < 2**64)
NUMBERS: Final = OneOf((Scalar("[number]", frozenset({Numbers})), ListOf(NUMBER)))
SHARD_KEY: Final = OneOf((TEXT, UINT))
SHARD_KEYS: Final = OneOf(
    (
        TEXT,
        UINT,
        ListOf(SHARD_KEY),
        Scalar("[integer]", frozenset({Numbers})),
        Shape({"target": SHARD_KEY, "fallback": SHARD_KEY}, frozenset({"target", "fallback"})),
    )
)
WITH_VECTOR: Final = OneOf((BOOLEAN, TEXTS))
WITH_PAYLOAD: Final = OneOf(
    (
        BOOLEAN,
        TEXTS,
        Shape({"include": TEXTS}, frozenset({"include"})),
        Shape({"exclude": TEXTS}, frozenset({"exclude"})),
    )
)
VALUE: Final = Scalar("text | integer | boolean", frozenset({str, int, bool}))
BOUND: Final = Scalar("number | date", frozenset({str, int, float, Number}))
