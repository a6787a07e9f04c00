"""What may be selected beneath `_additional`, as a table: of which kind each is, what it takes, what it consists of.

Source: the server's schema builder and its modules (1.40). What is not in the table is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final

from vecgate_weaviate.graphql import generation
from vecgate_weaviate.graphql.arguments import INTEGER, NUMBER, TEXT, TEXTS, Members
from vecgate_weaviate.reach import ALL, property_name

type Fields = Mapping[str, "Fields | None"]
"""Names of what an object consists of; None for what consists of nothing more."""


class Kind(Enum):
    PLAIN = auto()  # says nothing about content
    VECTOR = auto()  # a stored vector, or stored vectors by name
    DERIVED = auto()  # was computed from a stored vector
    SCORE = auto()  # one number of a ranked list
    TELLING = auto()  # says in words how a score came about
    GROUP = auto()  # objects of a group, with properties and vectors of their own
    MADE = auto()  # made by a model from properties that count as used


NONE: Final = Members({})


@dataclass(frozen=True)
class Member:
    kind: Kind
    fields: Fields | None = None
    arguments: Members = NONE
    egress: bool = False
    """Content goes to a model outside the database."""


class _AnyName(dict[str, Any]):
    """Named vectors are called anything."""

    def __contains__(self, name: object) -> bool:
        return True

    def __getitem__(self, name: str) -> None:
        return None


def _leaves(*names: str) -> Fields:
    return dict.fromkeys(names)


_PROPERTIES: Final = {"properties": TEXTS}
_PROJECTION: Final = Members(
    {
        "algorithm": TEXT,
        "dimensions": INTEGER,
        "learningRate": INTEGER,
        "iterations": INTEGER,
        "perplexity": INTEGER,
    }
)
_TOKENS: Final = Members({**_PROPERTIES, "certainty": NUMBER, "distance": NUMBER, "limit": INTEGER})
_STEPS: Final = ("distanceToQuery", "distanceToResult", "distanceToNext", "distanceToPrevious")
_ANSWER: Final = ("result", "startPosition", "endPosition", "property", "certainty", "distance", "hasAnswer")
_TOKEN: Final = ("property", "entity", "certainty", "distance", "word", "startPosition", "endPosition")
_CORRECTED: Final = _leaves("originalText", "didYouMean", "location", "numberOfCorrections")

ADDITIONAL: Final[Mapping[str, Member]] = {
    "id": Member(Kind.PLAIN),
    "creationTimeUnix": Member(Kind.PLAIN),
    "lastUpdateTimeUnix": Member(Kind.PLAIN),
    "isConsistent": Member(Kind.PLAIN),
    "classification": Member(Kind.PLAIN, _leaves("id", "basedOn", "scope", "classifiedFields", "completed")),
    "spellCheck": Member(Kind.PLAIN, {**_CORRECTED, "changes": _leaves("original", "corrected")}),
    "vector": Member(Kind.VECTOR),
    "vectors": Member(Kind.VECTOR, _AnyName()),
    "featureProjection": Member(Kind.DERIVED, _leaves("vector"), _PROJECTION),
    "nearestNeighbors": Member(Kind.DERIVED, {"neighbors": _leaves("concept", "distance")}),
    "semanticPath": Member(Kind.DERIVED, {"path": _leaves("concept", *_STEPS)}),
    "interpretation": Member(Kind.DERIVED, {"source": _leaves("concept", "weight", "occurrence")}),
    "distance": Member(Kind.SCORE),
    "certainty": Member(Kind.SCORE),
    "score": Member(Kind.SCORE),
    "rerank": Member(Kind.SCORE, _leaves("score"), Members({"query": TEXT, "property": TEXT}, "property"), egress=True),
    "explainScore": Member(Kind.TELLING),
    "queryProfile": Member(Kind.TELLING),
    "group": Member(Kind.GROUP),
    "summary": Member(Kind.MADE, _leaves("property", "result"), Members(_PROPERTIES), egress=True),
    "tokens": Member(Kind.MADE, _leaves(*_TOKEN), _TOKENS, egress=True),
    "answer": Member(Kind.MADE, _leaves(*_ANSWER), egress=True),
    "generate": Member(Kind.MADE, generation.FIELDS, generation.ARGUMENTS, egress=True),
}
GROUP: Final[Mapping[str, Member]] = {
    "id": Member(Kind.PLAIN),
    "count": Member(Kind.PLAIN),
    "groupedBy": Member(Kind.PLAIN, _leaves("path", "value")),  # the property counts as used
    "minDistance": Member(Kind.SCORE),
    "maxDistance": Member(Kind.SCORE),
}
"""Beside `hits`."""

_PROMPTED: Final = re.compile(r"\{([^{}]*)\}")


def used(name: str, arguments: Mapping[str, Any]) -> Iterator[str]:
    """The properties that a member sends to a model, or has its words from."""
    match name:
        case "rerank":
            yield property_name(arguments["property"])
        case "summary" | "tokens":
            yield from map(property_name, arguments.get("properties") or (ALL,))
        case "interpretation":
            yield ALL
        case "generate":
            yield from prompted(arguments.get("singleResult", {}).get("prompt", ""))
            if "groupedResult" in arguments:
                yield from map(property_name, arguments["groupedResult"].get("properties") or (ALL,))
            yield from map(property_name, generation.pictured(arguments))


def prompted(prompt: str) -> Iterator[str]:
    """The properties that a prompt such as `Summarise {title}` has in it."""
    yield from (property_name(name.strip()) for name in _PROMPTED.findall(prompt))
