"""Arguments: what each may be, as a table, and the one form they are judged and sent in.

GraphQL lets a single value stand for a list of it, and JSON variables spell enumerations as texts; null says that there
is nothing. All of that is settled here: lists are lists, enumerations are `Enum`, null is left out.
Source: the server's schema builders (1.40).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from vecgate.errors import Refusal
from vecgate.operations.document import Number, Numbers
from vecgate.reasons import Reason
from vecgate_weaviate.graphql.text import bad
from vecgate_weaviate.graphql.tree import Enum


class Input(ABC):
    """The type of an argument."""

    @abstractmethod
    def read(self, value: Any, name: str) -> Any:
        """The value in its one form. Raises Refusal: bad_body or unknown_member. `name` says where, in details."""


@dataclass(frozen=True)
class One(Input):
    """A scalar of some exact Python types."""

    label: str
    types: frozenset[type]
    bound: int = 0

    def read(self, value: Any, name: str) -> Any:
        if type(value) not in self.types or (self.bound and not -self.bound <= value < self.bound):
            raise bad(f"{name} is not {self.label}")
        return value


@dataclass(frozen=True)
class Choice(Input):
    names: frozenset[str]

    def read(self, value: Any, name: str) -> Any:
        if not isinstance(value, str) or value not in self.names:
            raise bad(f"{name} is none of {', '.join(sorted(self.names))}")
        return Enum(value)


@dataclass(frozen=True)
class Many(Input):
    item: Input

    def read(self, value: Any, name: str) -> Any:
        if isinstance(value, Numbers) and self.item in (NUMBER, INTEGER):
            return value
        return [self.item.read(one, name) for one in (value if isinstance(value, list | Numbers) else [value])]


@dataclass(frozen=True)
class OneOrMany(Input):
    """The filters' own scalars, which know the two apart."""

    item: Input

    def read(self, value: Any, name: str) -> Any:
        return Many(self.item).read(value, name) if isinstance(value, list | Numbers) else self.item.read(value, name)


class Vector(Input):
    """Numbers, or for several vectors lists of them, to any depth the query has."""

    def read(self, value: Any, name: str) -> Any:
        if isinstance(value, Numbers):
            return value
        if not isinstance(value, list):
            raise bad(f"{name} is not a vector")
        return [self.read(one, name) if isinstance(one, list | Numbers) else NUMBER.read(one, name) for one in value]


@dataclass(frozen=True)
class Map(Input):
    """Any names, such as those of vectors."""

    item: Input

    def read(self, value: Any, name: str) -> Any:
        if not isinstance(value, Mapping):
            raise bad(f"{name} is not an object")
        return {key: self.item.read(one, name) for key, one in value.items() if one is not None}


class Members(Input):
    """A closed object. `needs` are the members that it cannot be without."""

    def __init__(self, members: Mapping[str, Input], *needs: str) -> None:
        self.members = dict(members)
        self.needs = needs

    def read(self, value: Any, name: str) -> Any:
        if not isinstance(value, Mapping):
            raise bad(f"{name} is not an object")
        read: dict[str, Any] = {}
        for key, one in value.items():
            kind = self.members.get(key)
            if kind is None:
                raise Refusal(Reason.UNKNOWN_MEMBER, f"The query has a member that {name} does not define.")
            if one is not None:
                read[key] = kind.read(one, key)
        for key in self.needs:
            if key not in read:
                raise bad(f"{name} lacks {key}")
        return read


TEXT: Final = One("a text", frozenset({str}))
BOOLEAN: Final = One("a boolean", frozenset({bool}))
INTEGER: Final = One("an integer", frozenset({int}), 2**31)
NUMBER: Final = One("a number", frozenset({int, float, Number}))
LONG: Final = One("an integer", frozenset({int}), 2**63)
TEXTS: Final = Many(TEXT)
VECTOR: Final = Vector()

_TARGETS: Final = Members(
    {
        "targetVectors": TEXTS,
        "combinationMethod": Choice(frozenset({"minimum", "average", "sum", "manualWeights", "relativeScore"})),
        "weights": Map(OneOrMany(NUMBER)),
    }
)
_NEAR: Final = {"certainty": NUMBER, "distance": NUMBER, "targetVectors": TEXTS, "targets": _TARGETS}
_MOVE: Final = Members(
    {"concepts": TEXTS, "objects": Many(Members({"id": TEXT, "beacon": TEXT})), "force": NUMBER}, "force"
)
_OPERATOR: Final = Members(
    {"operator": Choice(frozenset({"And", "Or", "AndCross"})), "minimumOrTokensMatch": INTEGER}, "operator"
)
NEAR_TEXT: Final = Members(
    {**_NEAR, "concepts": TEXTS, "moveTo": _MOVE, "moveAwayFrom": _MOVE, "autocorrect": BOOLEAN}, "concepts"
)
NEAR_VECTOR: Final = Members({**_NEAR, "vector": VECTOR, "vectorPerTarget": Map(VECTOR)})
BM25: Final = Members({"query": TEXT, "properties": TEXTS, "searchOperator": _OPERATOR})
HYBRID: Final = Members(
    {
        "query": TEXT,
        "alpha": NUMBER,
        "maxVectorDistance": NUMBER,
        "vector": VECTOR,
        "properties": TEXTS,
        "fusionType": Choice(frozenset({"rankedFusion", "relativeScoreFusion"})),
        "targetVectors": TEXTS,
        "targets": _TARGETS,
        "bm25SearchOperator": _OPERATOR,
        "searches": Many(Members({"nearText": NEAR_TEXT, "nearVector": NEAR_VECTOR})),
    }
)
ASK: Final = Members(
    {
        "question": TEXT,
        "certainty": NUMBER,
        "distance": NUMBER,
        "properties": TEXTS,
        "rerank": BOOLEAN,
        "autocorrect": BOOLEAN,
    },
    "question",
)


def _where() -> Members:
    geo = Members(
        {
            "geoCoordinates": Members({"latitude": NUMBER, "longitude": NUMBER}, "latitude", "longitude"),
            "distance": Members({"max": NUMBER}, "max"),
        },
        "geoCoordinates",
        "distance",
    )
    operators = (
        "And Or Not Equal NotEqual GreaterThan GreaterThanEqual LessThan LessThanEqual Like IsNull WithinGeoRange "
        "ContainsAny ContainsAll ContainsNone"
    )
    where = Members(
        {
            "operator": Choice(frozenset(operators.split())),
            "path": TEXTS,
            "valueInt": OneOrMany(LONG),
            "valueNumber": OneOrMany(NUMBER),
            "valueBoolean": OneOrMany(BOOLEAN),
            "valueString": OneOrMany(TEXT),
            "valueText": OneOrMany(TEXT),
            "valueDate": OneOrMany(TEXT),
            "valueGeoRange": geo,
        },
        "operator",
    )
    where.members["operands"] = Many(where)
    return where


WHERE: Final = _where()
SEARCHES: Final[Mapping[str, Input]] = {
    "nearVector": NEAR_VECTOR,
    "nearObject": Members({**_NEAR, "id": TEXT, "beacon": TEXT}),
    "nearText": NEAR_TEXT,
    "hybrid": HYBRID,
    "bm25": BM25,
    "ask": ASK,
    **{
        name: Members({**_NEAR, member: TEXT}, member)
        for name, member in {
            "nearImage": "image",
            "nearAudio": "audio",
            "nearVideo": "video",
            "nearDepth": "depth",
            "nearThermal": "thermal",
            "nearIMU": "imu",
        }.items()
    },
}
GET: Final = Members(
    {
        **SEARCHES,
        "where": WHERE,
        "sort": Many(Members({"path": TEXTS, "order": Choice(frozenset({"asc", "desc"}))}, "path")),
        "group": Members({"type": Choice(frozenset({"closest", "merge"})), "force": NUMBER}, "type", "force"),
        "groupBy": Members({"path": TEXTS, "groups": INTEGER, "objectsPerGroup": INTEGER}, "path"),
        "after": TEXT,
        "limit": INTEGER,
        "offset": INTEGER,
        "autocut": INTEGER,
        "tenant": TEXT,
        "consistencyLevel": Choice(frozenset({"ONE", "QUORUM", "ALL"})),
    }
)
AGGREGATE: Final = Members(
    {
        **{name: kind for name, kind in SEARCHES.items() if name != "bm25"},
        "where": WHERE,
        "groupBy": TEXTS,
        "limit": INTEGER,
        "objectLimit": INTEGER,
        "tenant": TEXT,
    }
)
EXPLORE: Final = Members(
    {
        **{name: kind for name, kind in SEARCHES.items() if name not in {"bm25", "hybrid"}},
        "limit": INTEGER,
        "offset": INTEGER,
    }
)
