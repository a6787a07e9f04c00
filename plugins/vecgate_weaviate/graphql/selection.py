"""Selection: what a query selects of the objects of one collection, understood member by member.

Everything that works on objects later follows this: what is sent asks for its members, an answer may have its keys and
no others. Keys are names or aliases; what is judged and masked are names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from vecgate.errors import Refusal
from vecgate.operations.model import Risk
from vecgate.reasons import Reason
from vecgate_weaviate.graphql import members
from vecgate_weaviate.graphql.members import ADDITIONAL, GROUP, Fields, Kind
from vecgate_weaviate.graphql.text import bad
from vecgate_weaviate.graphql.tree import Field, flat
from vecgate_weaviate.reach import Reach, collection_name

TYPE: Final = "__typename"
_PROPERTY: Final = re.compile(r"[A-Za-z][_0-9A-Za-z]*")


@dataclass(slots=True)
class Property:
    """A property, or the name of the objects' type. What is nested in it stands in `field`."""

    field: Field


@dataclass(slots=True)
class Reference:
    """A property that leads to objects of other collections."""

    field: Field
    types: dict[str, Objects]
    """By collection, as written. Beside them only `__typename` may be selected."""


@dataclass(slots=True)
class Extra:
    """What stands beneath `_additional`."""

    field: Field
    kind: Kind
    group: Group | None = None


@dataclass(slots=True)
class Group:
    """The members of a group by key; `hits` are the keys of its objects."""

    members: dict[str, Extra] = field(default_factory=dict)
    hits: dict[str, Objects] = field(default_factory=dict)


@dataclass(slots=True)
class Additional:
    field: Field
    members: dict[str, Extra]


@dataclass(slots=True)
class Objects:
    """Members by key."""

    collection: str
    members: dict[str, Property | Reference | Additional] = field(default_factory=dict)


@dataclass(slots=True)
class Selecting:
    """Reads selections, and finds out what they do on the way."""

    reach: Reach
    scores: bool = False
    """A score threshold steers what is made."""

    def objects(self, fields: Mapping[str, Field], collection: str) -> Objects:
        """Raises Refusal: bad_body, unknown_member, unknown_operation."""
        read = Objects(collection)
        for key, one in fields.items():
            if one.name == "_additional":
                read.members[key] = self._additional(one, collection)
            elif one.name == TYPE:
                read.members[key] = Property(_leaf(one))
            elif one.types:
                read.members[key] = self._reference(one)
            else:
                read.members[key] = Property(_nested(one))
        _once(one for one in fields.values() if one.name != "_additional" and not one.types)
        return read

    def _reference(self, one: Field) -> Reference:
        _without_arguments(one)
        named(one)
        if any(inner.name != TYPE for inner in one.fields.values()):
            raise bad("members of a reference are selected without saying of which collection")
        types: dict[str, Objects] = {}
        for written, fields in one.types.items():
            if written == "Beacon":
                raise bad("references are not answered as beacons")
            collection = collection_name(written)
            if collection in types:
                raise bad("a reference names a collection twice")
            self.reach.step(collection).returned = True
            types[collection] = self.objects(fields, collection)
        return Reference(one, types)

    def _additional(self, one: Field, collection: str) -> Additional:
        _without_arguments(one)
        fields = flat(one, f"{collection}Additional")
        if not fields:
            raise bad("a selection is empty")
        return Additional(one, {key: self._extra(inner, collection) for key, inner in fields.items()})

    def _extra(self, one: Field, collection: str) -> Extra:
        if one.name == TYPE:
            return Extra(_leaf(one), Kind.PLAIN)
        member = _known(ADDITIONAL, one)
        one.arguments = member.arguments.read(one.arguments, one.name)
        if member.kind is Kind.GROUP:
            return Extra(one, Kind.GROUP, self._group(one, collection))
        consists(one, member.fields)
        self.reach.uses(collection, members.used(one.name, one.arguments))
        if member.kind is Kind.VECTOR or member.kind is Kind.DERIVED:
            self.reach.step(collection).vectors = True
        if member.egress:
            self.reach.step(collection).risks[Risk.EGRESS] = None
        return Extra(one, member.kind)

    def _group(self, one: Field, collection: str) -> Group:
        group = Group()
        for key, inner in flat(one, f"{collection}AdditionalGroup").items():
            if inner.name == "hits":
                _without_arguments(inner)
                group.hits[key] = self.objects(flat(inner, f"{collection}AdditionalGroupHits"), collection)
            else:
                member = _known(GROUP, inner)
                _without_arguments(inner)
                consists(inner, member.fields)
                group.members[key] = Extra(inner, member.kind)
        return group


def _known(table: Mapping[str, members.Member], one: Field) -> members.Member:
    found = table.get(one.name)
    if found is None:
        raise Refusal(Reason.UNKNOWN_MEMBER, "The query selects something that the gateway does not know.")
    return found


def consists(one: Field, fields: Fields | None) -> None:
    """Raises Refusal for a selection that is not made of these fields."""
    if fields is None:
        if not one.leaf:
            raise bad(f"{one.name} consists of nothing more")
        return
    if one.types or one.leaf:
        raise bad(f"{one.name} is not selected by its members")
    for inner in one.fields.values():
        if inner.name == TYPE:
            _leaf(inner)
            continue
        if inner.name not in fields:
            raise Refusal(Reason.UNKNOWN_MEMBER, f"The query selects a member that {one.name} does not have.")
        _without_arguments(inner)
        consists(inner, fields[inner.name])


def _nested(one: Field) -> Field:
    """A property, with whatever is nested in it. Raises Refusal."""
    _without_arguments(one)
    named(one)
    if one.types:
        raise bad("a reference stands within an object")
    for inner in one.fields.values():
        if inner.name != TYPE:
            _nested(inner)
    _once(one.fields.values())
    return one


def _once(fields: Iterable[Field]) -> None:
    """An object within an object has one key: what stands under two could not be told apart by names."""
    seen: dict[str, bool] = {}
    for one in fields:
        if not (seen.get(one.name, True) and (one.leaf or one.name not in seen)):
            raise bad("an object within an object is selected under two keys")
        seen[one.name] = one.leaf


def named(one: Field) -> None:
    if not _PROPERTY.fullmatch(one.name):
        raise Refusal(Reason.UNKNOWN_OPERATION, "Introspection is refused: it lists every collection.")


def _leaf(one: Field) -> Field:
    _without_arguments(one)
    if not one.leaf:
        raise bad(f"{one.name} consists of nothing more")
    return one


def _without_arguments(one: Field) -> None:
    if one.arguments:
        raise Refusal(Reason.UNKNOWN_MEMBER, f"{one.name[:64]} takes no arguments.")
