"""Aggregation: what an Aggregate selects: counts, values of groups, and figures of properties, which count as used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from vecgate.errors import Refusal
from vecgate.reasons import Reason
from vecgate_weaviate.graphql.arguments import INTEGER, Members
from vecgate_weaviate.graphql.selection import TYPE, consists, named
from vecgate_weaviate.graphql.text import bad
from vecgate_weaviate.graphql.tree import Field
from vecgate_weaviate.reach import Reach, property_name

_FIGURES: Final = dict.fromkeys(
    (
        "count",
        "type",
        "sum",
        "minimum",
        "maximum",
        "mean",
        "mode",
        "median",
        "totalTrue",
        "totalFalse",
        "percentageTrue",
        "percentageFalse",
        "pointingTo",
    )
)
_OCCURRENCES: Final = {"value": None, "occurs": None}
_LIMITED: Final = Members({"limit": INTEGER})


@dataclass(slots=True)
class Aggregation:
    """Members by key: `meta`, `groupedBy`, or properties with figures."""

    collection: str
    members: dict[str, Field] = field(default_factory=dict)


def read(fields: Mapping[str, Field], collection: str, reach: Reach) -> Aggregation:
    """Raises Refusal: bad_body, unknown_member, unknown_operation."""
    for one in fields.values():
        if one.arguments:
            raise Refusal(Reason.UNKNOWN_MEMBER, f"{one.name[:64]} takes no arguments.")
        match one.name:
            case "__typename" if one.leaf:
                pass
            case "meta":
                consists(one, {"count": None})
            case "groupedBy":
                consists(one, {"path": None, "value": None})
            case _:
                named(one)
                reach.uses(collection, (property_name(one.name),))
                _figures(one)
    return Aggregation(collection, dict(fields))


def _figures(one: Field) -> None:
    if one.types or one.leaf:
        raise bad("an aggregated property is not selected by its figures")
    for inner in one.fields.values():
        if inner.name == "topOccurrences":
            inner.arguments = _LIMITED.read(inner.arguments, inner.name)
            consists(inner, _OCCURRENCES)
        elif inner.name not in _FIGURES and inner.name != TYPE:
            raise Refusal(Reason.UNKNOWN_MEMBER, "The query selects a figure that the gateway does not know.")
        elif inner.arguments or not inner.leaf:
            raise bad("a figure consists of nothing more")
