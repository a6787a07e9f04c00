"""Formulas: the payload fields that an expression reads, and whether it reads scores."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from vecgate.operations.document import Number
from vecgate.operations.shapes import NUMBER, TEXT, Shape, nullable
from vecgate_qdrant.rest import filters
from vecgate_qdrant.rest.filters import bad, unknown
from vecgate_qdrant.steering import Steering

_SCORE: Final = re.compile(r"\$score(?:\[\d{1,6}\])?")
_GEO: Final = Shape({"origin": filters.GEO_POINT, "to": TEXT}, frozenset({"origin", "to"}))


def read(value: Any, steering: Steering, at: str) -> None:
    """Read an expression. Raises Refusal."""
    kind = type(value)
    if kind in {int, float, Number}:
        return
    if kind is str:
        variable(value, steering, at)
    elif kind is not dict:
        raise bad(f"{at} is no expression")
    elif (operator := next((name for name in value if name in _OPERATORS), None)) is None:
        filters.condition(value, steering, at)
    elif len(value) != 1:
        raise bad(f"{at} could be read in two ways")
    else:
        _OPERATORS[operator](value[operator], steering, f"{at}.{operator}")


def defaults(value: Any, steering: Steering, at: str) -> None:
    """Values for variables that a point lacks. Raises Refusal."""
    if value is None:
        return
    if type(value) is not dict:
        raise bad(f"{at} is not an object")
    for name in value:
        variable(name, steering, at)


def variable(name: str, steering: Steering, at: str) -> None:
    if name.startswith("$"):
        if not _SCORE.fullmatch(name):
            raise bad(f"{at} has an unknown variable")
        steering.scores = True
    elif not name:
        raise bad(f"{at} names no field")
    else:
        steering.use(name)


def _many(value: Any, steering: Steering, at: str) -> None:
    if type(value) is not list:
        raise bad(f"{at} is not a list of expressions")
    for one in value:
        read(one, steering, at)


def _members(*names: str, numbers: tuple[str, ...] = (), optional: tuple[str, ...] = ()) -> Callable[..., None]:
    """An object of expressions, and of numbers."""
    kinds = nullable(**dict.fromkeys(numbers, NUMBER))
    known = {*names, *numbers, *optional}

    def check(value: Any, steering: Steering, at: str) -> None:
        if type(value) is not dict or not value.keys() >= set(names):
            raise bad(f"{at} needs {' and '.join(names)}")
        if not value.keys() <= known:
            raise unknown(at)
        for name, one in value.items():
            if name in kinds:
                kinds[name].check(one, f"{at}.{name}")
            elif one is not None or name in names:
                read(one, steering, f"{at}.{name}")

    return check


def _constant(value: Any, steering: Steering, at: str) -> None:
    TEXT.check(value, at)


def _field(value: Any, steering: Steering, at: str) -> None:
    TEXT.check(value, at)
    steering.use(value)


def _geo_distance(value: Any, steering: Steering, at: str) -> None:
    _GEO.check(value, at)
    steering.use(value["to"])


_DECAY: Final = _members("x", numbers=("scale", "midpoint"), optional=("target",))
_OPERATORS: Final[dict[str, Callable[[Any, Steering, str], None]]] = {
    "geo_distance": _geo_distance,
    "datetime": _constant,
    "datetime_key": _field,
    "mult": _many,
    "sum": _many,
    "neg": read,
    "abs": read,
    "sqrt": read,
    "exp": read,
    "log10": read,
    "ln": read,
    "div": _members("left", "right", numbers=("by_zero_default",)),
    "pow": _members("base", "exponent"),
    "lin_decay": _DECAY,
    "exp_decay": _DECAY,
    "gauss_decay": _DECAY,
}
