"""Replies: the data of an answer, rebuilt by following the selections that were sent.

Whatever a selection does not account for is withheld with the whole answer. What was not asked for, since masks hide
it, is answered with null, as the server answers what an object does not have.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from vecgate.errors import Unmaskable
from vecgate.masking import payloads
from vecgate.masking.maskset import MaskSet
from vecgate.operations.dialect import Record
from vecgate.operations.document import Number, Numbers
from vecgate.operations.model import Resource
from vecgate.operations.vectors import is_embedding, is_vector
from vecgate_weaviate.beacons import Visible, scrubbed, told
from vecgate_weaviate.graphql.columns import Columns, Place
from vecgate_weaviate.graphql.members import Kind
from vecgate_weaviate.graphql.outgoing import COLLECTION, ID, Resolve, leads, shows
from vecgate_weaviate.graphql.selection import TYPE, Additional, Extra, Group, Objects, Property, Reference
from vecgate_weaviate.graphql.tree import Field
from vecgate_weaviate.reach import property_name

FAILED: Final = "The model failed."
_SCALARS: Final = frozenset({str, int, float, bool, type(None), Number})


@dataclass(slots=True)
class Found:
    """What one answer disclosed. Records are resource, id, payload and score; the last may come later."""

    records: list[tuple[Resource, str, Mapping[str, Any], list[float]]] = field(default_factory=list)
    masked: set[str] = field(default_factory=set)

    def evidence(self) -> tuple[Record, ...]:
        return tuple(Record(name, identity, kept, *(score or (None,))) for name, identity, kept, score in self.records)


@dataclass(slots=True)
class Showing:
    """The objects of one part, rebuilt. `masks` and `resource` are of a collection as the query has it."""

    masks: Callable[[str], MaskSet]
    resource: Callable[[str], Resource]
    resolve: Resolve
    visible: Visible
    found: Found
    columns: Columns = field(default_factory=Columns)

    def ranked(self, value: Any, objects: Objects) -> list[dict[str, Any] | None] | None:
        """One ranked list, best first; the server has null for what it could not answer. Raises Unmaskable."""
        if value is None:
            return None
        return self._ranked(listed(value), lambda one: self._object(one, objects))

    def _ranked(self, value: list[Any], rebuild: Callable[[Any], dict[str, Any]]) -> list[dict[str, Any] | None]:
        outer, self.columns = self.columns, Columns()
        shown = [None if one is None else rebuild(one) for one in value]
        if self.columns.settle(self.masks):
            self.found.masked.add("scores")
        self.columns = outer
        return shown

    def _object(self, value: Any, objects: Objects) -> dict[str, Any]:
        given = members(value, {ID, *objects.members})
        masks = self.masks(objects.collection)
        identity = self._identity(given, objects)
        payload = {
            property_name(member.field.name): by_name(member.field, given[key])
            for key, member in objects.members.items()
            if isinstance(member, Property) and member.field.name != TYPE and key in given
        }
        open_, kept = payloads.masked(payload, masks, self.found.masked)
        score: list[float] = []
        self.found.records.append((self.resource(objects.collection), identity, kept, score))
        shown: dict[str, Any] = {}
        for key, member in objects.members.items():
            match member:
                case Property(one) if one.name == TYPE:
                    shown[key] = self._type(given.get(key), objects)
                case Property(one):
                    shown[key] = by_key(one, open_.get(property_name(one.name)))
                    if key not in given:
                        self.found.masked.add(property_name(one.name))
                case Reference():
                    shown[key] = self._reference(given.get(key), member) if leads(member, masks) else None
                case Additional():
                    shown[key] = self._additional(given.get(key), member, (objects.collection, key), score)
        return shown

    def _identity(self, given: Mapping[str, Any], objects: Objects) -> str:
        """The object's id, from wherever it was asked for; empty for an object that has none, such as a merged one."""
        places = [(ID, "id")]
        for key, member in objects.members.items():
            if isinstance(member, Additional):
                places += [(key, name) for name, extra in member.members.items() if extra.field.name == "id"]
        for key, name in places:
            extras = given.get(key)
            if isinstance(extras, dict) and isinstance(identity := extras.get(name), str):
                return identity
        return ""

    def _type(self, value: Any, objects: Objects) -> str | None:
        if value is not None and value != self.resolve(objects.collection):
            raise Unmaskable("an object is of another collection than was asked")
        return value if isinstance(value, str) else None

    def _reference(self, value: Any, reference: Reference) -> list[dict[str, Any] | None] | None:
        if value is None:
            return None
        types = {self.resolve(name): objects for name, objects in reference.types.items()}
        return self._ranked(listed(value), lambda one: self._led(one, reference, types))

    def _led(self, value: Any, reference: Reference, types: Mapping[str, Objects]) -> dict[str, Any]:
        """An object that a reference leads to: of one of the collections that were asked for, or empty."""
        if type(value) is not dict or not isinstance(name := value.get(COLLECTION), str):
            raise Unmaskable("an object of a reference does not say of which collection it is")
        rest = {key: one for key, one in value.items() if key != COLLECTION}
        objects = types.get(name)
        if objects is None:
            members(rest, frozenset())
            return dict.fromkeys(reference.field.fields)
        return dict.fromkeys(reference.field.fields, name) | self._object(rest, objects)

    def _additional(self, value: Any, additional: Additional, place: Place, score: list[float]) -> Any:
        extras = additional.members
        if value is None:  # nothing of it was asked for, or the server has nothing of it
            masks = self.masks(place[0])
            hidden = {extra.field.name for extra in extras.values() if not shows(extra, masks)}
            self.found.masked |= set(map(_said, hidden))
            return dict.fromkeys(extras) if hidden else None
        return self._extras(members(value, extras), extras, place, score)

    def _extras(
        self, given: Mapping[str, Any], extras: Mapping[str, Extra], place: Place, score: list[float]
    ) -> dict[str, Any]:
        shown: dict[str, Any] = {}
        masks = self.masks(place[0])
        for key, extra in extras.items():
            if extra.kind is Kind.SCORE:
                self.columns.put(given.get(key), extra.field, shown, (*place, key), score)
            else:
                shown[key] = self._extra(given.get(key), extra, masks, (*place, key))
        return shown

    def _extra(self, value: Any, extra: Extra, masks: MaskSet, place: Place) -> Any:
        if not shows(extra, masks):
            self.found.masked.add(_said(extra.field.name))
            return None
        match extra.kind:
            case Kind.VECTOR:
                return self._vectors(value, extra.field, masks)
            case Kind.DERIVED:
                return plain(value, extra.field, numeric=True)
            case Kind.GROUP:
                return None if value is None or extra.group is None else self._group(value, extra.group, place)
            case Kind.MADE:
                return self._told(_made(plain(value, extra.field), extra.field))
        return plain(value, extra.field)

    def _told(self, value: Any) -> Any:
        """What a model made, without beacons into what the caller may not know."""
        if isinstance(value, str):
            return scrubbed(value, self.visible)
        if type(value) is dict:
            return {key: self._told(one) for key, one in value.items()}
        return [self._told(one) for one in value] if type(value) is list else value

    def _vectors(self, value: Any, one: Field, masks: MaskSet) -> Any:
        if value is None:
            return None
        if one.name == "vectors":
            named = members(value, one.fields)
            return {key: self._vector(named.get(key), masks) for key in one.fields}
        return self._vector(value, masks)

    def _vector(self, value: Any, masks: MaskSet) -> Any:
        if value is None:
            return None
        several = type(value) is list and bool(value) and all(map(is_vector, value))
        if not several and not is_vector(value):
            raise Unmaskable("a vector is not one")
        if not masks.hides_vectors or not value:  # a collection whose vectors have names answers with an empty one
            return value
        self.found.masked.add("vectors")
        if not several:
            return masks.vector(value)
        rows = [masks.vector(row) for row in value]
        return None if None in rows else rows

    def _group(self, value: Any, group: Group, place: Place) -> Any:
        given = members(value, group.members.keys() | group.hits.keys())
        shown = self._extras(given, group.members, place, [])
        for key, member in group.members.items():
            if member.field.name == "groupedBy" and type(by := shown[key]) is dict:
                shown[key] = {name: told(one, self.visible) for name, one in by.items()}
        for key, hits in group.hits.items():  # into the same object: it is where scores go to
            shown[key] = self.ranked(given.get(key), hits)
        return shown


def listed(value: Any) -> list[Any]:
    if type(value) is not list:
        raise Unmaskable("a member of the answer is not a list")
    return value


def members(value: Any, known: Any) -> dict[str, Any]:
    """An object that has no other members than these. Raises Unmaskable."""
    if type(value) is not dict or not all(key in known for key in value):
        raise Unmaskable("an object of the answer has other members than were asked for")
    return value


def plain(value: Any, one: Field, *, numeric: bool = False) -> Any:
    """A value of which nothing is masked, with the members that were asked for. `numeric` allows lists of numbers."""
    if value is None or type(value) in _SCALARS:
        if value is not None and not one.leaf:
            raise Unmaskable("a member of the answer is not an object")
        return value
    if type(value) is Numbers or type(value) is list:
        if not numeric and is_embedding(value):
            raise Unmaskable("the answer has a vector where none was asked for")
        return value if type(value) is Numbers and one.leaf else [plain(each, one, numeric=numeric) for each in value]
    if one.leaf:
        raise Unmaskable("the answer has an object where none was asked for")
    given = members(value, one.fields)
    return {key: plain(given[key], inner, numeric=numeric) for key, inner in one.fields.items() if key in given}


def by_name(one: Field, value: Any) -> Any:
    """A property's value with its members called as the collection calls them, which is what masks go by."""
    if one.leaf:
        if type(value) is dict or (type(value) is list and any(type(each) in {dict, list} for each in value)):
            raise Unmaskable("the answer has an object where none was asked for")
        return value
    if type(value) is list:
        return [by_name(one, each) for each in value]
    if value is None:
        return None
    given = members(value, one.fields)
    return {inner.name: by_name(inner, given[key]) for key, inner in one.fields.items() if key in given}


def by_key(one: Field, value: Any) -> Any:
    """The same way back."""
    if one.leaf or value is None:
        return value
    if type(value) is list:
        return [by_key(one, each) for each in value]
    if type(value) is dict:
        return {key: by_key(inner, value.get(inner.name)) for key, inner in one.fields.items()}
    return value


def _made(value: Any, one: Field) -> Any:
    """What a model made. Why it failed could quote what it was given, and how it is reached."""
    if type(value) is not dict:
        return value
    failures = [key for key, inner in one.fields.items() if inner.name == "error" and value.get(key) is not None]
    return value | dict.fromkeys(failures, FAILED)


def _said(name: str) -> str:
    """What evidence calls it."""
    return "vectors" if name not in {"explainScore", "queryProfile"} else "scores"
