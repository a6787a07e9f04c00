"""Known: what the database has said of the names in a call: what aliases stand for, where references lead.

Only its REST port can tell (configuration's `names:` says which connection that is). All aliases are asked for at once,
and so is the schema, by those calls whose reach hangs on it: a reference that leads into one collection does not say
into which.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from vecgate.errors import Unmaskable
from vecgate.operations.dialect import Lookup
from vecgate.operations.document import parse
from vecgate.operations.messages import Answer, Outgoing
from vecgate.operations.model import Resource
from vecgate_weaviate.reach import collection_name

EVERYTHING: Final = "**"
"""Stands for a collection that is not known: only a grant that covers all covers it."""
ALIASES: Final = Lookup("aliases", Outgoing("GET", "/v1/aliases"), catalogue=True)
SCHEMA: Final = Lookup("schema", Outgoing("GET", "/v1/schema"))

_CLASS: Final = re.compile(r"[A-Z][_0-9A-Za-z]{0,254}")
_DEPTH: Final = 32
"""Objects within objects whose properties are known."""
_MISSING: Final = 404
"""Servers before 1.32 have no aliases."""


@dataclass(frozen=True, slots=True)
class Collection:
    """What the schema says of one collection."""

    properties: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By property, `home.town` for one within an object, the collections that it leads to; none for values."""
    tenants: bool = False
    """It consists of tenants."""
    makes_tenants: bool = False
    """A write makes the tenant that it names."""
    _objects: frozenset[str] = field(init=False, repr=False, compare=False)
    """Properties with properties of their own."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "_objects", frozenset(name.rpartition(".")[0] for name in self.properties) - {""})

    def lacks(self, name: str) -> bool:
        """A property that the server would make. What it takes for the parts of a value, such as a place's, is none."""
        if name in self.properties:
            return False
        within, dot, _ = name.rpartition(".")
        return not dot or within in self._objects


@dataclass(frozen=True, slots=True)
class Known:
    """`schema` has every collection; None before the database was asked."""

    aliases: Mapping[str, str] = field(default_factory=dict)
    schema: Mapping[str, Collection] | None = None
    asked: set[str] = field(default_factory=set, compare=False)
    """Collections whose schema would have been looked at."""

    @classmethod
    def of(cls, names: Mapping[str, Any]) -> Known:
        """From what look-ups have brought."""
        return cls(names.get(ALIASES.key) or {}, names.get(SCHEMA.key))

    def collection(self, written: str) -> str:
        """The collection's own name. Raises Refusal: bad_body."""
        name = collection_name(written)
        return self.aliases.get(name, name)

    def target(self, collection: str, name: str, written: str) -> str:
        """Where a reference leads. If into one collection only, the server goes there, whichever one is named."""
        targets = self._described(collection).properties.get(name, ())
        if len(targets) == 1:
            return targets[0]
        named = self.collection(written) if written else EVERYTHING
        return named if self.schema is None or named in targets else EVERYTHING

    def only(self, collection: str, name: str) -> str:
        """Where a reference leads that may lead into one collection only."""
        return self.target(collection, name, "")

    def has(self, collection: str) -> bool:
        """The collection exists, as far as is known."""
        self.asked.add(collection)
        return self.schema is None or collection in self.schema

    def lacks(self, collection: str, properties: Iterable[str]) -> bool:
        """The collection exists and does not have one of these properties: a write makes it."""
        if not self.has(collection) or self.schema is None:
            return False
        return any(map(self.schema[collection].lacks, properties))

    def makes_tenants(self, collection: str) -> bool:
        return self._described(collection).makes_tenants

    def tenanted(self, collection: str) -> bool:
        """The collection may have tenants: it does, or nobody knows."""
        self.asked.add(collection)
        described = (self.schema or {}).get(collection)
        return described is None or described.tenants

    def led(self, collection: str, tenant: str) -> tuple[Resource, ...]:
        """What a reference from an object of this tenant leads to: the same tenant, where the collection has any."""
        if not tenant or collection == EVERYTHING or not self.tenanted(collection):
            return (collection,)
        within = f"{collection}/{tenant}"
        return (within,) if self.has(collection) and self.schema is not None else (collection, within)

    def _described(self, collection: str) -> Collection:
        self.asked.add(collection)
        return (self.schema or {}).get(collection) or _NOTHING


_NOTHING: Final = Collection()


def learnt(answer: Answer, lookup: Lookup) -> Mapping[str, Any]:
    """What an answer says. Raises Unmaskable."""
    if lookup.key == ALIASES.key:
        listed = [] if answer.status == _MISSING else _listed(answer, "aliases")
        return {_text(one, "alias"): _text(one, "class") for one in listed}
    return {_text(one, "class"): _collection(one) for one in _listed(answer, "classes")}


def _listed(answer: Answer, name: str) -> list[Any]:
    if answer.status != 200:
        raise Unmaskable("The database did not say what names stand for.")
    document = parse(answer.body)
    listed = document.get(name) if type(document) is dict else None
    if listed is not None and type(listed) is not list:
        raise Unmaskable("What the database says of names is not a list.")
    return listed or []


def _collection(described: Any) -> Collection:
    tenancy = described.get("multiTenancyConfig") or {}
    if type(tenancy) is not dict:
        raise Unmaskable("What a collection says of tenants is no object.")
    tenants = tenancy.get("enabled") is True
    return Collection(
        dict(_properties(described.get("properties"), "")),
        tenants,
        tenants and tenancy.get("autoTenantCreation") is True,
    )


def _properties(described: Any, above: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    if described is not None and type(described) is not list:
        raise Unmaskable("The properties of a collection are no list.")
    for one in described or ():
        kinds = one.get("dataType") if type(one) is dict else None
        if type(kinds) is not list or not all(isinstance(kind, str) for kind in kinds):
            raise Unmaskable("A property has no type.")
        name = above + _text(one, "name")
        yield name, tuple(map(_target, filter(_is_collection, kinds)))
        if above.count(".") < _DEPTH:
            yield from _properties(one.get("nestedProperties"), f"{name}.")


def _is_collection(kind: str) -> bool:
    """Types of values begin with a small letter; a collection of a namespace has a colon."""
    return kind[:1].isupper() or ":" in kind


def _target(kind: str) -> str:
    return kind if _CLASS.fullmatch(kind) else EVERYTHING


def _text(one: Any, name: str) -> str:
    value = one.get(name) if type(one) is dict else None
    if not isinstance(value, str):
        raise Unmaskable("A name is not a text.")
    return value
