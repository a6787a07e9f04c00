"""Telling: what a model is told of objects that references lead to: whatever is selected of them, before any mask."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from vecgate_weaviate.graphql.members import Kind
from vecgate_weaviate.graphql.selection import TYPE, Additional, Objects, Property, Reference
from vecgate_weaviate.graphql.text import bad
from vecgate_weaviate.reach import Reach, property_name

_TOLD: Final = "generate"


def tell(reach: Reach, objects: Objects) -> None:
    """Where a model makes something of the objects, what is selected behind references counts as used.

    Raises Refusal: bad_body for vectors, which nobody asks a model about.
    """
    if any(extra.field.name == _TOLD for one in _additional(objects) for extra in one.members.values()):
        _led(reach, objects)


def _led(reach: Reach, objects: Objects) -> None:
    for member in objects.members.values():
        if isinstance(member, Reference):
            for collection, inner in member.types.items():
                reach.uses(collection, _names(inner))
                _led(reach, inner)
    for one in _additional(objects):
        for extra in one.members.values():
            for hits in extra.group.hits.values() if extra.group else ():
                _led(reach, hits)


def _names(objects: Objects) -> Iterator[str]:
    for member in objects.members.values():
        match member:
            case Property(one) if one.name != TYPE:
                yield property_name(one.name)
            case Reference(one):
                yield property_name(one.name)
            case Additional(_, extras) if any(extra.kind in {Kind.VECTOR, Kind.DERIVED} for extra in extras.values()):
                raise bad("vectors of references are not asked for beside what a model makes")


def _additional(objects: Objects) -> Iterator[Additional]:
    return (one for one in objects.members.values() if isinstance(one, Additional))
