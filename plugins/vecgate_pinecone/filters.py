"""Filters: the metadata fields that a filter steers by, and whether it narrows anything.

The grammar is the service's: members are joined by AND, `$and` and `$or` hold lists, and a field has a value or an
object of operators. What is outside it is refused, so that no other reading is left to judge.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from vecgate.errors import Refusal
from vecgate.operations.document import Number, Numbers
from vecgate.reasons import Reason

_SCALAR: Final = frozenset({str, bool, int, float, Number})
_NUMERIC: Final = frozenset({int, float, Number})
_COMPARED: Final = frozenset({"$eq", "$ne"})
_ORDERED: Final = frozenset({"$gt", "$gte", "$lt", "$lte"})
_LISTED: Final = frozenset({"$in", "$nin"})
_NARROWING: Final = frozenset({"$eq", "$in"})


@dataclass(frozen=True, slots=True)
class Filter:
    """`narrows` is whether the filter asks for some value, so that it is not known to match everything."""

    fields: tuple[str, ...] = ()
    narrows: bool = False


NONE: Final = Filter()


def read(value: Any) -> Filter:
    """Read a filter; null and `{}` are none. Raises Refusal: bad_body."""
    if not value:
        if value not in (None, {}):
            raise _bad("a filter is not an object")
        return NONE
    fields: dict[str, None] = {}
    return Filter(narrows=_all(value, fields), fields=tuple(fields))


def _all(value: Any, fields: dict[str, None]) -> bool:
    """Every member of one object must hold. Returns whether they narrow."""
    if type(value) is not dict or not value:
        raise _bad("a filter is not an object with members")
    narrowing = [_member(name, operand, fields) for name, operand in value.items()]  # all of them: each has fields
    return any(narrowing)


def _member(name: str, operand: Any, fields: dict[str, None]) -> bool:
    if name in ("$and", "$or"):
        if type(operand) is not list or not operand:
            raise _bad(f"{name} needs a list of filters")
        parts = [_all(part, fields) for part in operand]
        return any(parts) if name == "$and" else all(parts)
    if name.startswith("$") or not name:
        raise _bad("it uses an unknown operator")
    fields[name] = None
    if type(operand) in _SCALAR:
        return True
    if type(operand) is not dict or not operand:
        raise _bad("a condition needs a value or operators")
    for operator, compared in operand.items():
        _check(operator, compared)
    return not _NARROWING.isdisjoint(operand)


def _check(operator: str, value: Any) -> None:
    kind = type(value)
    if operator in _COMPARED:
        fits = kind in _SCALAR
    elif operator in _ORDERED:
        fits = kind in _NUMERIC
    elif operator in _LISTED:
        fits = kind is Numbers or (kind is list and _SCALAR.issuperset(map(type, value)))
    elif operator == "$exists":
        fits = kind is bool
    else:
        raise _bad("it uses an unknown operator")
    if not fits:
        raise _bad(f"{operator} has a value of the wrong kind")


def _bad(detail: str) -> Refusal:
    return Refusal(Reason.BAD_BODY, f"The filter is refused: {detail}.")
