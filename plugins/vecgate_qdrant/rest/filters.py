"""Filters: which payload fields a filter steers by. The grammar is the server's own, and closed: an object that could
be read as two kinds of condition is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from vecgate.errors import Refusal
from vecgate.operations.shapes import BOOLEAN, NUMBER, TEXT, Kind, ListOf, Shape, nullable
from vecgate.reasons import Reason
from vecgate_qdrant.rest.kinds import BOUND, IDS, SIZE, UINT, VALUE, VALUES
from vecgate_qdrant.steering import Steering

_GEO: Final = Shape({"lon": NUMBER, "lat": NUMBER}, frozenset({"lon", "lat"}))
_LINE: Final = Shape({"points": ListOf(_GEO)}, frozenset({"points"}))
_MATCH: Final = Shape(
    {
        "value": VALUE,
        "text": TEXT,
        "text_any": TEXT,
        "phrase": TEXT,
        "prefix": TEXT,
        "any": VALUES,
        "except": VALUES,
    }
)
_FIELD: Final = Shape(
    {
        "key": TEXT,
        **nullable(
            match=_MATCH,
            range=Shape(nullable(lt=BOUND, gt=BOUND, gte=BOUND, lte=BOUND)),
            geo_bounding_box=Shape({"top_left": _GEO, "bottom_right": _GEO}, frozenset({"top_left", "bottom_right"})),
            geo_radius=Shape({"center": _GEO, "radius": NUMBER}, frozenset({"center", "radius"})),
            geo_polygon=Shape({"exterior": _LINE, **nullable(interiors=ListOf(_LINE))}, frozenset({"exterior"})),
            values_count=Shape(nullable(lt=UINT, gt=UINT, gte=UINT, lte=UINT)),
            is_empty=BOOLEAN,
            is_null=BOOLEAN,
        ),
    },
    frozenset({"key"}),
)
_KEY: Final = Shape({"key": TEXT}, frozenset({"key"}))
_CLAUSES: Final = frozenset({"should", "must", "must_not"})
GEO_POINT: Final = _GEO


def read(value: Any, steering: Steering, at: str = "filter", prefix: str = "") -> None:
    """Read a filter; null and `{}` are none. `prefix` is the path of the `nested` keys around it. Raises Refusal."""
    if value is None:
        return
    if type(value) is not dict:
        raise bad(f"{at} is not an object")
    for name, clause in value.items():
        if name in _CLAUSES:
            _conditions(clause, steering, f"{at}.{name}", prefix)
        elif name == "min_should":
            _min_should(clause, steering, f"{at}.{name}", prefix)
        else:
            raise unknown(at)


def condition(value: Any, steering: Steering, at: str, prefix: str = "") -> None:
    """Read one condition. Raises Refusal."""
    steering.budget.spend()
    if type(value) is not dict:
        raise bad(f"{at} is not an object")
    if "key" in value:
        _FIELD.check(value, at)
        if len(value.get("match") or "1") != 1:
            raise bad(f"{at}.match needs exactly one member")
        _use(value["key"], steering, at, prefix)
    elif (single := next((name for name in value if name in _SINGLE), None)) is not None:
        if len(value) != 1:
            raise bad(f"{at} could be read in two ways")
        _SINGLE[single](value[single], steering, f"{at}.{single}", prefix)
    else:
        read(value, steering, at, prefix)


def bad(detail: str) -> Refusal:
    return Refusal(Reason.BAD_BODY, f"The body is refused: {detail}.")


def unknown(at: str) -> Refusal:
    return Refusal(Reason.UNKNOWN_MEMBER, f"The operation does not define a member of {at}.")


def _conditions(value: Any, steering: Steering, at: str, prefix: str) -> None:
    if value is None:
        return
    for one in value if type(value) is list else (value,):
        condition(one, steering, at, prefix)


def _min_should(value: Any, steering: Steering, at: str, prefix: str) -> None:
    if value is None:
        return
    if type(value) is not dict or value.keys() != {"conditions", "min_count"} or type(value["conditions"]) is not list:
        raise bad(f"{at} needs conditions and min_count")
    UINT.check(value["min_count"], f"{at}.min_count")
    _conditions(value["conditions"], steering, at, prefix)


def _use(key: str, steering: Steering, at: str, prefix: str) -> str:
    if not key:
        raise bad(f"{at} names no field")
    path = f"{prefix}.{key}" if prefix else key
    steering.use(path)
    return path


def _by_key(value: Any, steering: Steering, at: str, prefix: str) -> None:
    _KEY.check(value, at)
    _use(value["key"], steering, at, prefix)


def _nested(value: Any, steering: Steering, at: str, prefix: str) -> None:
    if type(value) is not dict or value.keys() != {"key", "filter"} or type(value["key"]) is not str:
        raise bad(f"{at} needs key and filter")
    if type(value["filter"]) is not dict:
        raise bad(f"{at}.filter is not an object")
    read(value["filter"], steering, f"{at}.filter", _use(value["key"], steering, at, prefix))


def _checked(kind: Kind) -> Callable[[Any, Steering, str, str], None]:
    """A condition that uses no payload field."""

    def check(value: Any, steering: Steering, at: str, prefix: str) -> None:
        kind.check(value, at)

    return check


_SINGLE: Final[dict[str, Callable[[Any, Steering, str, str], None]]] = {
    "is_empty": _by_key,
    "is_null": _by_key,
    "has_id": _checked(IDS),
    "has_vector": _checked(TEXT),
    "slice": _checked(Shape({"total": SIZE, "index": UINT}, frozenset({"total", "index"}))),
    "nested": _nested,
}
