"""Aggregates: what Aggregate and Explore answer, rebuilt."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from vecgate.errors import Unmaskable
from vecgate.masking.maskset import MaskSet
from vecgate_weaviate.beacons import Visible, points, told
from vecgate_weaviate.graphql.aggregation import Aggregation
from vecgate_weaviate.graphql.columns import Columns
from vecgate_weaviate.graphql.replies import Found, listed, members, plain
from vecgate_weaviate.graphql.selection import TYPE
from vecgate_weaviate.graphql.tree import Field
from vecgate_weaviate.known import EVERYTHING
from vecgate_weaviate.reach import property_name

_COUNTED: Final = frozenset({TYPE, "meta", "groupedBy"})
_BEACON: Final = re.compile(r"weaviate://localhost/([A-Za-z][_0-9A-Za-z]*)/([0-9a-fA-F-]{36})")


def shown(value: Any, aggregation: Aggregation, masks: MaskSet, visible: Visible) -> list[dict[str, Any] | None] | None:
    """The groups of an Aggregate. Raises Unmaskable."""
    if value is None:
        return None
    return [None if one is None else _group(one, aggregation, masks, visible) for one in listed(value)]


def _group(value: Any, aggregation: Aggregation, masks: MaskSet, visible: Visible) -> dict[str, Any]:
    given = members(value, aggregation.members)
    group: dict[str, Any] = {}
    for key, one in aggregation.members.items():
        if one.name not in _COUNTED and masks.used((property_name(one.name),)) is not None:
            raise Unmaskable("a masked property is aggregated")
        figures = plain(given.get(key), one)
        for name, inner in one.fields.items():
            if isinstance(figures, dict) and inner.name in _LEADS:
                figures[name] = _LEADS[inner.name](figures.get(name), visible)
        group[key] = figures
    return group


def _pointing(value: Any, visible: Visible) -> Any:
    """Where a reference leads: beacons, or names of collections."""
    if value is None:
        return None
    if not all(isinstance(one, str) for one in listed(value)):
        raise Unmaskable("a reference points to nothing")
    return [one for one in value if points(one, visible)]


_LEADS: Final = {"pointingTo": _pointing, "value": told}
"""Figures that may name other collections."""


def explored(value: Any, fields: Mapping[str, Field], masks: MaskSet, found: Found) -> Any:
    """The objects of an Explore: where they are, and scores. Raises Unmaskable."""
    if value is None:
        return None
    columns, ranked = Columns(), []
    for one in listed(value):
        given = members(one, fields)
        score: list[float] = []
        shown: dict[str, Any] = {}
        for key, inner in fields.items():
            if inner.name in {"certainty", "distance"}:
                columns.put(given.get(key), inner, shown, ("", key), score)
            else:
                shown[key] = plain(given.get(key), inner)
        beacons = [given.get(key) for key, inner in fields.items() if inner.name == "beacon"]
        place = _BEACON.fullmatch(beacons[0]) if beacons and isinstance(beacons[0], str) else None
        found.records.append((place[1] if place else EVERYTHING, place[2] if place else "", {}, score))
        ranked.append(shown)
    if columns.settle(lambda _: masks):
        found.masked.add("scores")
    return ranked
