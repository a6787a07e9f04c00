"""What may be selected beneath `_additional`, as a table: of which kind each is, and what arguments it takes.

Source: the server's schema builder and its modules (1.40). What is not in the table is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final

from vecgate_weaviate.graphql.arguments import BOOLEAN, INTEGER, NUMBER, TEXT, TEXTS, Members
from vecgate_weaviate.graphql.reach import ALL, property_name


class Kind(Enum):
    PLAIN = auto()  # says nothing about content
    VECTOR = auto()  # a stored vector, or what was computed from it
    SCORE = auto()  # one number of a ranked list
    TELLING = auto()  # says in words how a score came about
    GROUP = auto()  # objects of a group, with properties and vectors of their own
    DERIVED = auto()  # made by a model from properties that count as used


@dataclass(frozen=True)
class Member:
    kind: Kind
    arguments: Members = Members({})
    egress: bool = False
    """Content goes to a model outside the database."""


_PROPERTIES: Final = {"properties": TEXTS}
ADDITIONAL: Final[Mapping[str, Member]] = {
    "id": Member(Kind.PLAIN),
    "creationTimeUnix": Member(Kind.PLAIN),
    "lastUpdateTimeUnix": Member(Kind.PLAIN),
    "isConsistent": Member(Kind.PLAIN),
    "classification": Member(Kind.PLAIN),
    "spellCheck": Member(Kind.PLAIN),
    "vector": Member(Kind.VECTOR),
    "vectors": Member(Kind.VECTOR),
    "featureProjection": Member(
        Kind.VECTOR,
        Members(
            {
                "algorithm": TEXT,
                "dimensions": INTEGER,
                "learningRate": INTEGER,
                "iterations": INTEGER,
                "perplexity": INTEGER,
            }
        ),
    ),
    "nearestNeighbors": Member(Kind.VECTOR),
    "semanticPath": Member(Kind.VECTOR),
    "interpretation": Member(Kind.VECTOR),
    "distance": Member(Kind.SCORE),
    "certainty": Member(Kind.SCORE),
    "score": Member(Kind.SCORE),
    "explainScore": Member(Kind.TELLING),
    "queryProfile": Member(Kind.TELLING),
    "group": Member(Kind.GROUP),
    "rerank": Member(Kind.SCORE, Members({"query": TEXT, "property": TEXT}, "property"), egress=True),
    "summary": Member(Kind.DERIVED, Members(_PROPERTIES), egress=True),
    "tokens": Member(
        Kind.DERIVED, Members({**_PROPERTIES, "certainty": NUMBER, "distance": NUMBER, "limit": INTEGER}), egress=True
    ),
    "answer": Member(Kind.DERIVED, egress=True),
    "generate": Member(
        Kind.DERIVED,
        Members(
            {
                "singleResult": Members({"prompt": TEXT, "debug": BOOLEAN}, "prompt"),
                "groupedResult": Members({"task": TEXT, "properties": TEXTS, "debug": BOOLEAN}, "task"),
            }
        ),
        egress=True,
    ),
}
VECTORS: Final = frozenset(name for name, member in ADDITIONAL.items() if member.kind is Kind.VECTOR)
GROUP: Final[Mapping[str, Kind]] = {
    "id": Kind.PLAIN,
    "count": Kind.PLAIN,
    "groupedBy": Kind.PLAIN,  # the property counts as used
    "minDistance": Kind.SCORE,
    "maxDistance": Kind.SCORE,
}
"""Beside `hits`."""
_PROMPTED: Final = re.compile(r"\{([^{}]*)\}")


def used(name: str, arguments: Mapping[str, Any]) -> Iterator[str]:
    """The properties that a member sends to a model or lets steer the ranking."""
    match name:
        case "rerank":
            yield property_name(arguments["property"])
        case "summary" | "tokens":
            yield from map(property_name, arguments.get("properties") or (ALL,))
        case "generate":
            yield from prompted(arguments.get("singleResult", {}).get("prompt", ""))
            if "groupedResult" in arguments:
                yield from map(property_name, arguments["groupedResult"].get("properties") or (ALL,))


def prompted(prompt: str) -> Iterator[str]:
    """The properties that a prompt such as `Summarise {title}` has in it."""
    yield from (property_name(name.strip()) for name in _PROMPTED.findall(prompt))
