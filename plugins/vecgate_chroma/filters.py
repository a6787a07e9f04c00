"""Filters: which fields a `where`, a `where_document` or a search steers by, and whether it narrows anything.

The grammar is the server's own: one member an object, one operator a field. What it would not take is refused here,
so that no other reading of a filter is left to judge.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from vecgate.errors import Refusal
from vecgate.operations.document import Number, Numbers
from vecgate.reasons import Reason

DOCUMENT: Final = "#document"
URI: Final = "#uri"
SCORES: Final = frozenset({"#score", "#embedding"})
"""Fields by which a filter would read scores or vectors."""

# The server keeps texts and addresses as metadata under these keys, and filters by them (measured on 1.5.9).
_STORED_AS = {"chroma:document": DOCUMENT, "chroma:uri": URI}
_SCALAR = frozenset({str, bool, int, float, Number})


@dataclass(frozen=True, slots=True)
class Filter:
    """`narrows` is whether the filter asks for some value, so that it is not known to match everything."""

    fields: tuple[str, ...] = ()
    narrows: bool = False


NONE: Final = Filter()


def where(value: Any) -> Filter:
    """Read a metadata filter; null and `{}` are none. Raises Refusal: bad_body."""
    return _read(value, _condition) if value else _none(value, "where")


def where_document(value: Any) -> Filter:
    """Read a full-text filter; null and `{}` are none. Raises Refusal: bad_body."""
    return _read(value, _text_condition) if value else _none(value, "where_document")


def patterns(value: Any) -> Iterator[str]:
    """The regular expressions of a full-text filter that has been read."""
    for operator, operand in (value or {}).items():
        if operator in {"$and", "$or"}:
            yield from (pattern for part in operand for pattern in patterns(part))
        elif operator in {"$regex", "$not_regex"}:
            yield operand


def field(name: str) -> str:
    """The field that a key of the server's stands for. Raises Refusal: bad_body for a reserved one."""
    if name.startswith("chroma:"):
        if name not in _STORED_AS:
            raise bad(f"a filter uses a reserved key, {name[:64]!r}")
        return _STORED_AS[name]
    if name.startswith("$"):
        raise bad("a filter uses an unknown operator")
    return name


def rank(value: Any) -> tuple[tuple[str, ...], bool]:
    """The fields of a ranking expression, and whether it is a formula over scores. Raises Refusal: bad_body."""
    if not value:
        _none(value, "rank")
        return (), False
    fields: list[str] = []
    _rank(value, fields)
    return tuple(dict.fromkeys(fields)), "$knn" not in value


def keys(value: Any) -> tuple[str, ...]:
    """A list of keys, or one key, as fields. Raises Refusal: bad_body."""
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not all(type(name) is str for name in names):
        raise bad("keys are not texts")
    return tuple(field(name) for name in names)


def bad(detail: str) -> Refusal:
    return Refusal(Reason.BAD_BODY, f"The body is refused: {detail}.")


def _none(value: Any, member: str) -> Filter:
    if value not in (None, {}):
        raise bad(f"{member} is not an object")
    return NONE


def _read(value: Any, leaf: Callable[[str, Any], Filter]) -> Filter:
    if type(value) is not dict or len(value) != 1:
        raise bad("a filter needs exactly one member in each object")
    ((name, operand),) = value.items()
    if name not in {"$and", "$or"}:
        return leaf(name, operand)
    # An empty list matches every record (measured); no client sends one.
    if type(operand) is not list or not operand:
        raise bad(f"{name} needs a list of filters")
    parts = [_read(part, leaf) for part in operand]
    fields = tuple(dict.fromkeys(name for part in parts for name in part.fields))
    narrowing = [part.narrows for part in parts]
    return Filter(fields, any(narrowing) if name == "$and" else all(narrowing))


def _condition(name: str, operand: Any) -> Filter:
    steered = (field(name),)
    if type(operand) in _SCALAR:
        return Filter(steered, narrows=True)
    if type(operand) is not dict or len(operand) != 1:
        raise bad("a condition needs a value or exactly one operator")
    ((operator, value),) = operand.items()
    if operator in {"$in", "$nin"}:
        if not isinstance(value, list | Numbers) or not value or not _SCALAR.issuperset(map(type, value)):
            raise bad(f"{operator} needs a list of values")
    elif operator in {"$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$contains", "$not_contains"}:
        if type(value) not in _SCALAR:
            raise bad(f"{operator} needs a value")
    elif operator not in {"$regex", "$not_regex"} or type(value) is not str:
        raise bad("a filter uses an unknown operator")
    return Filter(steered, narrows=operator in {"$eq", "$in"} or (operator == "$contains" and value != ""))


def _text_condition(operator: str, value: Any) -> Filter:
    if operator not in {"$contains", "$not_contains", "$regex", "$not_regex"} or type(value) is not str:
        raise bad("a full-text filter uses an unknown operator")
    return Filter((DOCUMENT,), narrows=operator == "$contains" and value != "")


def _rank(value: Any, fields: list[str]) -> None:
    if type(value) is not dict or len(value) != 1:
        raise bad("a rank needs exactly one operator in each object")
    ((operator, operand),) = value.items()
    if operator == "$knn":
        _knn(operand, fields)
    elif operator == "$val":
        if type(operand) not in _SCALAR - {str, bool}:
            raise bad("$val needs a number")
    elif operator in {"$sum", "$mul", "$max", "$min"}:
        if type(operand) is not list:
            raise bad(f"{operator} needs a list of ranks")
        for part in operand:
            _rank(part, fields)
    elif operator in {"$sub", "$div"}:
        if type(operand) is not dict or set(operand) != {"left", "right"}:
            raise bad(f"{operator} needs left and right")
        _rank(operand["left"], fields)
        _rank(operand["right"], fields)
    elif operator in {"$abs", "$exp", "$log"}:
        _rank(operand, fields)
    else:
        raise bad("a rank uses an unknown operator")


_KNN: Final = {
    "query": (list, Numbers, dict, str),
    "key": (str,),
    "limit": (int,),
    "default": (int, float, Number, type(None)),
    "return_rank": (bool,),
}


def _knn(operand: Any, fields: list[str]) -> None:
    if type(operand) is not dict or "query" not in operand:
        raise bad("$knn needs a query")
    for name, value in operand.items():
        if name not in _KNN:
            raise Refusal(Reason.UNKNOWN_MEMBER, "The operation does not define a member of $knn.")
        if type(value) not in _KNN[name]:
            raise bad(f"{name} of $knn is of the wrong kind")
    key = operand.get("key", "#embedding")
    if key != "#embedding":
        fields.append(field(key))
