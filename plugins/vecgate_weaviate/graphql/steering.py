"""Steering: what the arguments of a collection do: which properties, scores and other collections decide what comes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from vecgate.operations.document import Number, Numbers
from vecgate.operations.model import Risk
from vecgate.operations.vectors import is_vector, summary
from vecgate_weaviate.graphql.arguments import SEARCHES
from vecgate_weaviate.graphql.selection import Selecting
from vecgate_weaviate.graphql.text import bad
from vecgate_weaviate.reach import collection_name, searched

_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_BEACON: Final = re.compile(rf"weaviate://localhost/([^/]+)/{_UUID.pattern}")
_THRESHOLDS: Final = frozenset({"certainty", "distance", "maxVectorDistance"})
_LONG: Final = 1000
"""Characters of a text that evidence keeps; a longer one is a picture or a sound."""


def steer(arguments: Mapping[str, Any], collection: str, selecting: Selecting) -> bool:
    """Mark what the arguments do. Says whether they search. Raises Refusal: bad_body."""
    reach = selecting.reach
    if "where" in arguments:
        reach.where(collection, arguments["where"])
    for one in arguments.get("sort", ()):
        reach.walk(collection, one["path"])
    if "groupBy" in arguments:
        grouped = arguments["groupBy"]
        reach.walk(collection, grouped["path"] if isinstance(grouped, Mapping) else grouped)
    if arguments.get("after"):
        _identity(arguments["after"])
    # Both cut where scores jump, or where vectors lie closely together.
    selecting.scores |= "group" in arguments or arguments.get("autocut", -1) >= 0
    searches = [name for name in SEARCHES if name in arguments]
    for name in searches:
        _search(name, arguments[name], collection, selecting)
    return bool(searches)


def _search(name: str, search: Mapping[str, Any], collection: str, selecting: Selecting) -> None:
    reach = selecting.reach
    if name == "bm25" or (name == "hybrid" and ("query" in search or "properties" in search)):
        reach.uses(collection, searched(search.get("properties")))
    if name == "ask":
        reach.uses(collection, searched(search.get("properties")))
        reach.step(collection).risks[Risk.EGRESS] = None
    for one in (search, *(inner for sub in search.get("searches", ()) for inner in sub.values())):
        selecting.scores |= not _THRESHOLDS.isdisjoint(one)
        for place in _objects(one):
            if "id" in place:
                _identity(place["id"])
            if "beacon" in place:
                reach.step(_collection(place["beacon"]))


def _objects(search: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The objects near which something is to be, each with an id or a beacon."""
    yield search
    for name in ("moveTo", "moveAwayFrom"):
        yield from search.get(name, {}).get("objects", ())


def _identity(text: str) -> None:
    """An object's id is nothing but that: the server makes beacons from it. Raises Refusal: bad_body."""
    if not _UUID.fullmatch(text):
        raise bad("an object's id is not a UUID")


def _collection(beacon: str) -> str:
    """The collection of the object that a beacon means. Raises Refusal: bad_body, also for one that names none."""
    found = _BEACON.fullmatch(beacon)
    if found is None:
        raise bad("a beacon is not of the form weaviate://localhost/Collection/uuid")
    return collection_name(found[1])


def shown(value: Any) -> Any:
    """An argument as evidence keeps it: no vectors, no pictures, no values that properties of others are compared with.

    A value is compared with a property of another collection where the path leads there; whether that one is masked is
    not known here.
    """
    if is_vector(value) and value:
        return summary(value)
    if isinstance(value, Mapping):
        hidden = len(value.get("path") or ()) > 1
        return {name: shown(one) for name, one in value.items() if not (hidden and name.startswith("value"))}
    if isinstance(value, list | Numbers):
        return [shown(one) for one in value]
    if isinstance(value, str):
        return str(value) if len(value) <= _LONG else summary(value)
    return float(value) if type(value) is Number else value
