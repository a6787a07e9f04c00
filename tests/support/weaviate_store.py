"""A Weaviate's content in memory: collections, tenants, aliases, objects, and what filters and searches find in them.

Filters are in the one form that all wires are brought to: `Clause`.
"""

from __future__ import annotations

import math
import re
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

HNSW: Final[dict[str, Any]] = {
    "distance": "cosine",
    "cleanupIntervalSeconds": 300,
    "dynamicEfMin": 100,
    "dynamicEfMax": 500,
    "dynamicEfFactor": 8,
    "ef": -1,
    "efConstruction": 128,
    "flatSearchCutoff": 40000,
    "maxConnections": 32,
    "skip": False,
    "vectorCacheMaxObjects": 1_000_000_000_000,
    "filterStrategy": "sweeping",
}
DEFAULTS: Final[dict[str, Any]] = {
    "invertedIndexConfig": {
        "bm25": {"b": 0.75, "k1": 1.2},
        "cleanupIntervalSeconds": 60,
        "stopwords": {"preset": "en", "additions": None, "removals": None},
    },
    "multiTenancyConfig": {"enabled": False, "autoTenantCreation": False, "autoTenantActivation": False},
    "replicationConfig": {"factor": 1, "asyncEnabled": False, "deletionStrategy": "NoAutomatedResolution"},
    "shardingConfig": {
        "virtualPerPhysical": 128,
        "desiredCount": 1,
        "actualCount": 1,
        "desiredVirtualCount": 128,
        "actualVirtualCount": 128,
        "key": "_id",
        "strategy": "hash",
        "function": "murmur3",
    },
    "vectorIndexType": "hnsw",
    "vectorIndexConfig": HNSW,
    "vectorizer": "none",
}
BEACON: Final = re.compile(r"weaviate://localhost/(?:([^/]+)/)?([0-9a-f-]{36})")
_WORDS: Final = re.compile(r"\w+")


class Refused(Exception):
    """The database does not do this: a status of its REST API, and a text."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


@dataclass(frozen=True)
class Clause:
    """`operator` as GraphQL writes it; `path` is a property, or reference, collection, … and at last a property."""

    operator: str
    path: tuple[str, ...] = ()
    value: Any = None
    operands: tuple[Clause, ...] = ()


@dataclass
class Stored:
    """One object. `vectors` are the named ones."""

    collection: str
    id: str
    properties: dict[str, Any]
    vector: list[float] = field(default_factory=list)
    vectors: dict[str, list[float]] = field(default_factory=dict)
    tenant: str = ""


@dataclass
class Store:
    schema: dict[str, dict[str, Any]] = field(default_factory=dict)
    tenants: dict[str, dict[str, str]] = field(default_factory=dict)
    """By collection, each with its status."""
    aliases: dict[str, str] = field(default_factory=dict)
    objects: dict[str, dict[str, Stored]] = field(default_factory=dict)
    """By collection and id."""

    def own(self, name: str) -> str:
        """Raises Refused for a name that is neither a collection's nor an alias."""
        found = self.aliases.get(upper(name), upper(name))
        if found not in self.schema:
            raise Refused(404, f"class {name} not found in schema, canary-schema")
        return found

    def create(self, config: dict[str, Any]) -> dict[str, Any]:
        name = upper(config["class"])
        if name in self.schema or name in self.aliases:
            raise Refused(422, f"class name {name} already exists")
        made = DEFAULTS | config | {"class": name}
        if "vectorConfig" in config:
            made.pop("vectorizer"), made.pop("vectorIndexType"), made.pop("vectorIndexConfig")
            for one in made["vectorConfig"].values():
                one |= {"vectorIndexType": "hnsw", "vectorIndexConfig": HNSW}
        made["multiTenancyConfig"] = DEFAULTS["multiTenancyConfig"] | config.get("multiTenancyConfig", {})
        made["properties"] = [described(one) for one in config.get("properties") or []]
        self.schema[name] = made
        self.objects[name] = {}
        return made

    def drop(self, name: str) -> None:
        self.schema.pop(name, None)
        self.objects.pop(name, None)
        self.tenants.pop(name, None)

    def targets(self, collection: str, name: str) -> list[str]:
        """The collections that a property leads to; none for one that is no reference."""
        for one in self.schema[collection]["properties"]:
            if one["name"] == name:
                return [kind for kind in one["dataType"] if kind[:1].isupper()]
        return []

    def put(self, one: Stored) -> None:
        """Raises Refused."""
        self.within(one.collection, one.tenant)
        self.objects[one.collection][one.id] = one

    def within(self, collection: str, tenant: str) -> list[Stored]:
        """The objects of a collection, or of its tenant. Raises Refused for the one that it does not have."""
        has = self.schema[collection]["multiTenancyConfig"]["enabled"]
        if has and tenant not in self.tenants.get(collection, {}):
            raise Refused(422, f'tenant not found: "{tenant}"')
        if tenant and not has:
            raise Refused(422, f"class {collection} has multi-tenancy disabled, but request was with tenant")
        return sorted(
            (one for one in self.objects[collection].values() if one.tenant == tenant), key=lambda one: one.id
        )

    def one(self, collection: str, key: str, tenant: str = "") -> Stored:
        for one in self.within(collection, tenant):
            if one.id == key:
                return one
        raise Refused(404, "no such object")

    def led(self, one: Stored, name: str) -> Iterator[Stored]:
        """The objects that a reference leads to."""
        for link in one.properties.get(name) or ():
            found = BEACON.fullmatch(link["beacon"])
            assert found is not None
            collection = found[1] or self.targets(one.collection, name)[0]
            if (led := self.objects.get(collection, {}).get(found[2])) is not None:
                yield led

    def matches(self, one: Stored, clause: Clause) -> bool:
        inner = [self.matches(one, operand) for operand in clause.operands]
        match clause.operator:
            case "And":
                return all(inner)
            case "Or":
                return any(inner)
            case "Not":
                return not all(inner)
        return any(_compares(clause.operator, value, clause.value) for value in self._values(one, clause.path))

    def _values(self, one: Stored, path: Sequence[str]) -> Iterator[Any]:
        if len(path) > 1:
            for led in self.led(one, path[0]):
                if led.collection == path[1]:
                    yield from self._values(led, path[2:])
            return
        name, length = path[0], path[0].startswith("len(")
        if name in {"id", "_id"}:
            yield one.id
            return
        value = one.properties.get(name[4:-1] if length else name)
        if length:
            yield len(value or ())
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            yield len(value)  # of a reference, how many there are
        else:
            yield value


def described(one: dict[str, Any]) -> dict[str, Any]:
    """A property as the server describes it, its defaults filled in."""
    kind = one["dataType"][0]
    more = {} if kind[:1].isupper() else {"indexFilterable": True, "indexSearchable": kind in {"text", "text[]"}}
    tokens = {"tokenization": "word"} if kind in {"text", "text[]"} else {}
    nested = [described(inner) for inner in one.get("nestedProperties") or ()]
    made = {"indexRangeFilters": False} | more | tokens | one
    return made | {"nestedProperties": nested} if nested else made


def _compares(operator: str, value: Any, wanted: Any) -> bool:
    match operator:
        case "Equal":
            return bool(value == wanted)
        case "NotEqual":
            return bool(value != wanted)
        case "IsNull":
            return (value is None) is wanted
        case "Like":
            pattern = re.escape(wanted).replace(r"\*", ".*").replace(r"\?", ".")
            return isinstance(value, str) and re.fullmatch(pattern, value) is not None
        case "ContainsAny":
            return any(item in wanted for item in (value if isinstance(value, list) else [value]))
    if value is None:
        return False
    compared = {"GreaterThan": value > wanted, "LessThan": value < wanted}
    compared |= {"GreaterThanEqual": value >= wanted, "LessThanEqual": value <= wanted}
    return bool(compared[operator])


def distance(one: Sequence[float], other: Sequence[float]) -> float:
    """Cosine distance."""
    product = sum(a * b for a, b in zip(one, other, strict=True))
    return 1 - product / (math.hypot(*one) * math.hypot(*other))


def words(text: str) -> list[str]:
    return _WORDS.findall(text.lower())


def upper(name: str) -> str:
    return name[:1].upper() + name[1:]


def new_id() -> str:
    return str(uuid.uuid4())
