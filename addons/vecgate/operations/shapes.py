"""Shapes: which members a query or body may have, and of which kind. What a shape does not name is refused."""

from __future__ import annotations

import binascii
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from vecgate.errors import Refusal
from vecgate.operations.document import Number, Numbers
from vecgate.reasons import Reason


class Kind(ABC):
    """What a value may be."""

    @abstractmethod
    def describe(self) -> str:
        """Its text in the reference and in refusals."""

    @abstractmethod
    def check(self, value: Any, path: str) -> None:
        """Raises Refusal: bad_body, or unknown_member. `path` names the member in the detail."""


@dataclass(frozen=True)
class Scalar(Kind):
    """One of some exact types, perhaps within bounds."""

    label: str
    types: frozenset[type]
    test: Callable[[Any], bool] | None = None

    def describe(self) -> str:
        return self.label

    def check(self, value: Any, path: str) -> None:
        if type(value) not in self.types or (self.test is not None and not self.test(value)):
            raise misfit(path, self)


@dataclass(frozen=True)
class Nullable(Kind):
    kind: Kind

    def describe(self) -> str:
        return f"{self.kind.describe()}?"

    def check(self, value: Any, path: str) -> None:
        if value is not None:
            self.kind.check(value, path)


@dataclass(frozen=True)
class ListOf(Kind):
    item: Kind

    def describe(self) -> str:
        return f"[{self.item.describe()}]"

    def check(self, value: Any, path: str) -> None:
        if type(value) is not list:
            raise misfit(path, self)
        item = self.item
        if isinstance(item, Scalar) and item.test is None:
            if not item.types.issuperset(map(type, value)):
                raise misfit(path, self)
            return
        for index, entry in enumerate(value):
            item.check(entry, f"{path}[{index}]")


@dataclass(frozen=True)
class MapOf(Kind):
    """Any member names, values of one kind."""

    item: Kind

    def describe(self) -> str:
        return f"{{*: {self.item.describe()}}}"

    def check(self, value: Any, path: str) -> None:
        if type(value) is not dict:
            raise misfit(path, self)
        for name, entry in value.items():
            self.item.check(entry, f"{path}.{name}")


@dataclass(frozen=True)
class OneOf(Kind):
    kinds: tuple[Kind, ...]

    def describe(self) -> str:
        return " | ".join(kind.describe() for kind in self.kinds)

    def check(self, value: Any, path: str) -> None:
        for kind in self.kinds:
            try:
                return kind.check(value, path)
            except Refusal:
                continue
        raise misfit(path, self)


@dataclass(frozen=True)
class Shape(Kind):
    """A closed object: members that are not named here are refused."""

    members: Mapping[str, Kind]
    required: frozenset[str] = field(default=frozenset())

    def describe(self) -> str:
        return "{" + ", ".join(self.members) + "}"

    def check(self, value: Any, path: str = "") -> None:
        if type(value) is not dict:
            raise misfit(path, OBJECT)
        for name, entry in value.items():
            kind = self.members.get(name)
            if kind is None:
                raise Refusal(Reason.UNKNOWN_MEMBER, f"The operation does not define {_shown(path, name)}.")
            kind.check(entry, f"{path}.{name}" if path else name)
        for name in self.required:
            if name not in value:
                raise Refusal(Reason.BAD_BODY, f"{_shown(path, name)} is missing.")


class Vectors(Kind):
    """An array of vectors: numbers, or base64 of little-endian float32. `nullable` admits null for "unchanged"."""

    def __init__(self, *, nullable: bool = False, encoded: bool = True) -> None:
        self.nullable = nullable
        self.encoded = encoded

    def describe(self) -> str:
        return "[vector?]" if self.nullable else "[vector]"

    def check(self, value: Any, path: str) -> None:
        if type(value) is not list:
            raise misfit(path, self)
        for vector in value:
            if type(vector) is Numbers or (vector is None and self.nullable):
                continue
            if type(vector) is list and _NUMERIC.issuperset(map(type, vector)):
                continue
            if not (type(vector) is str and self.encoded and _finite(vector)):
                raise misfit(path, self)


def misfit(path: str, kind: Kind) -> Refusal:
    return Refusal(Reason.BAD_BODY, f"{path or 'The body'} is not {kind.describe()}.")


def nullable(**members: Kind) -> dict[str, Kind]:
    """Members that may be null, which every client sends for what its caller left out."""
    return {name: Nullable(kind) for name, kind in members.items()}


def _shown(path: str, name: str) -> str:
    shown = name if name.isprintable() and len(name) <= 64 else "a member"
    return f"{path}.{shown}" if path else shown


def _finite(encoded: str) -> bool:
    try:
        raw = binascii.a2b_base64(encoded, strict_mode=True)
    except (ValueError, UnicodeError):
        return False
    return len(raw) % 4 == 0 and bool(np.isfinite(np.frombuffer(raw, "<f4")).all())


_NUMERIC = frozenset({int, float, Number})

TEXT = Scalar("text", frozenset({str}))
BOOLEAN = Scalar("boolean", frozenset({bool}))
INTEGER = Scalar("integer", frozenset({int}))
COUNT = Scalar("integer ≥ 0", frozenset({int}), lambda value: 0 <= value < 2**32)
POSITIVE = Scalar("integer ≥ 1", frozenset({int}), lambda value: 1 <= value < 2**32)
NUMBER = Scalar("number", _NUMERIC)
OBJECT = Scalar("object", frozenset({dict}))
ANY = Scalar("any", frozenset({str, bool, int, float, Number, Numbers, list, dict, type(None)}))


def enumeration(*values: str) -> Scalar:
    return Scalar(" | ".join(values), frozenset({str}), frozenset(values).__contains__)
