"""Outgoing: the query that is sent: the judged one without what masks hide, its names resolved.

Beside what the client asked for it asks for each object's id, which evidence keeps, and for the collection of each
object that a reference leads to, which masks hang on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from vecgate.masking.maskset import MaskSet
from vecgate_weaviate.graphql.aggregation import Aggregation
from vecgate_weaviate.graphql.members import Kind
from vecgate_weaviate.graphql.parts import Part, Root
from vecgate_weaviate.graphql.selection import TYPE, Additional, Extra, Group, Objects, Property, Reference
from vecgate_weaviate.graphql.text import OWN
from vecgate_weaviate.graphql.tree import Field
from vecgate_weaviate.reach import collection_name, property_name

ID: Final = f"{OWN}id"
"""The key under which an object's id is asked for."""
COLLECTION: Final = f"{OWN}collection"
"""The key under which the collection of a reference's object is asked for."""

_ID: Final = Field(ID, "_additional", fields={"id": Field("id", "id")})
_COLLECTION: Final = Field(COLLECTION, TYPE)
_BEACON: Final = re.compile(r"(weaviate://localhost/)([^/]+)(/.*)", re.DOTALL)

_AS_WRITTEN: Final = frozenset({"vector", "vectorPerTarget", "weights"})
"""Members whose own members have any names."""

type Resolve = Callable[[str], str]
"""A collection's own name, for the name that a query has."""


def sent(roots: Mapping[str, Root], masks: Callable[[Part, str], MaskSet], resolve: Resolve) -> dict[str, Field]:
    """The root fields. `masks` are those of a collection as a part reaches it."""
    return {key: _root(root, masks, resolve) for key, root in roots.items()}


def _root(root: Root, masks: Callable[[Part, str], MaskSet], resolve: Resolve) -> Field:
    if root.field.leaf:
        return root.field
    if (explored := root.parts.get("")) is not None:
        return _part(explored, masks, resolve)
    fields = {key: _part(part, masks, resolve) for key, part in root.parts.items()}
    return replace(root.field, fields=root.types | fields, types={})


def _part(part: Part, masks: Callable[[Part, str], MaskSet], resolve: Resolve) -> Field:
    asked = {name: _renamed(name, value, resolve) for name, value in part.field.arguments.items()}
    match part.selected:
        case Objects():
            fields = Sending(lambda collection: masks(part, collection), resolve).objects(part.selected)
        case Aggregation():
            fields = part.selected.members
        case _:
            fields = dict(part.selected)
    name = resolve(part.collection) if part.collection else part.field.name
    return Field(part.field.key, name, asked, fields)


@dataclass(frozen=True, slots=True)
class Sending:
    masks: Callable[[str], MaskSet]
    """Of a collection as it is written."""
    resolve: Resolve

    def objects(self, objects: Objects) -> dict[str, Field]:
        masks = self.masks(objects.collection)
        sent = {}
        identified = False
        for key, member in objects.members.items():
            match member:
                case Property(one) if one.name == TYPE or masks.strategy(property_name(one.name)) != "drop":
                    sent[key] = one
                case Reference() if leads(member, masks):
                    types = {self.resolve(name): self.objects(inner) for name, inner in member.types.items()}
                    sent[key] = replace(member.field, fields={COLLECTION: _COLLECTION}, types=types)
                case Additional(one, extras):
                    kept = {name: self._extra(extra) for name, extra in extras.items() if shows(extra, masks)}
                    identified |= any(inner.name == "id" for inner in kept.values())
                    if kept:
                        sent[key] = replace(one, fields=kept, types={})
        if not identified:
            sent[ID] = _ID
        return sent

    def _extra(self, extra: Extra) -> Field:
        return extra.field if extra.group is None else self._group(extra.field, extra.group)

    def _group(self, one: Field, group: Group) -> Field:
        fields = {key: extra.field for key, extra in group.members.items()}
        for key, hits in group.hits.items():
            fields[key] = Field(key, "hits", fields=self.objects(hits))
        return replace(one, fields=fields, types={})


def leads(reference: Reference, masks: MaskSet) -> bool:
    """The property is open, and so is what lies beneath it. Masks of the other collection are another matter."""
    return masks.used((property_name(reference.field.name),)) is None


def shows(extra: Extra, masks: MaskSet) -> bool:
    """Something of it may be shown, so it is asked for."""
    match extra.kind:
        case Kind.VECTOR:
            return masks.fetches_vectors
        case Kind.DERIVED:
            return not masks.hides_vectors
        case Kind.TELLING:  # numbers and words of objects in a sentence
            return not masks.hides_vectors and masks.ranking.spec == "keep" and not masks.fields
    return True


def _renamed(name: str, value: Any, resolve: Resolve) -> Any:
    """An argument with the collections in its paths and beacons resolved."""
    if name in _AS_WRITTEN:
        return value
    if name == "path" or (name == "groupBy" and isinstance(value, list)):
        return [resolve(collection_name(step)) if index % 2 else step for index, step in enumerate(value)]
    if name == "beacon":
        found = _BEACON.fullmatch(value)
        assert found is not None
        return f"{found[1]}{resolve(collection_name(found[2]))}{found[3]}"
    if isinstance(value, Mapping):
        return {inner: _renamed(inner, one, resolve) for inner, one in value.items()}
    if type(value) is list:
        return [_renamed("", one, resolve) for one in value]
    return value
