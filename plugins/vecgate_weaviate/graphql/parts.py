"""Parts: what a query asks of each collection: a Get, an Aggregate, or an Explore across all of them.

A part is one query of its own: it has its own arguments, its own operations, its own masks.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from vecgate.errors import Refusal
from vecgate.operations.model import Action, Operation, Resource, Risk, Scope
from vecgate.reasons import Reason
from vecgate_weaviate.graphql import aggregation, arguments
from vecgate_weaviate.graphql.aggregation import Aggregation
from vecgate_weaviate.graphql.selection import TYPE, Objects, Selecting
from vecgate_weaviate.graphql.steering import shown, steer
from vecgate_weaviate.graphql.telling import tell
from vecgate_weaviate.graphql.text import bad
from vecgate_weaviate.graphql.tree import Field, flat
from vecgate_weaviate.known import EVERYTHING
from vecgate_weaviate.reach import Reach, collection_name, tenant_name

USUAL: Final = 100
"""Objects of a Get without a limit: the server's default for GraphQL."""
MANY: Final = 1000
"""Objects from which reading is an export."""
_EXPLORED: Final = frozenset({"beacon", "className", "certainty", "distance"})
_EVIDENT: Final = frozenset({"consistencyLevel", "tenant"})
"""Arguments that evidence has elsewhere, or does not need."""


@dataclass(slots=True)
class Part:
    """`field` is what is asked of the collection, its arguments in their one form."""

    field: Field
    collection: str
    """As written; empty for Explore, which has none."""
    tenant: str
    selected: Objects | Aggregation | Mapping[str, Field]
    operations: tuple[Operation, ...] = ()


@dataclass(slots=True)
class Root:
    """`Get`, `Aggregate` or `Explore`; the names of types have no parts."""

    field: Field
    parts: dict[str, Part] = dataclasses.field(default_factory=dict)
    """By key; of Explore the only one stands under the empty key."""
    types: dict[str, Field] = dataclasses.field(default_factory=dict)


def roots(fields: Mapping[str, Field], operation: str) -> dict[str, Root]:
    """The roots of one query by key. `operation` names what is judged. Raises Refusal."""
    return {key: _root(one, operation) for key, one in fields.items()}


def resources(collection: str, tenant: str, first: bool) -> tuple[Resource, ...]:
    """The resources of a collection.

    Where a query with a tenant goes on into another collection, that one may have tenants, too: then it is the same
    tenant's part. Whether it has is not known here, so both count.
    """
    if not tenant:
        return (collection,)
    return (f"{collection}/{tenant}",) if first else (collection, f"{collection}/{tenant}")


def _root(one: Field, operation: str) -> Root:
    if one.name == TYPE and one.leaf and not one.arguments:
        return Root(one)
    make = _MAKERS.get(one.name)
    if make is None:
        raise Refusal(Reason.UNKNOWN_OPERATION, "Get, Aggregate and Explore are served; introspection is refused.")
    if one.name == "Explore":
        return Root(one, {"": make(one, operation)})
    if one.arguments:
        raise Refusal(Reason.UNKNOWN_MEMBER, f"{one.name} takes no arguments.")
    fields = flat(one, f"{one.name}ObjectsObj")
    if not fields:
        raise bad("a selection is empty")
    root = Root(one)
    for key, inner in fields.items():
        if inner.name == TYPE and inner.leaf and not inner.arguments:
            root.types[key] = inner
        else:
            root.parts[key] = make(inner, operation)
    return root


def _get(one: Field, operation: str) -> Part:
    collection, asked, tenant = _asked(one, arguments.GET)
    selecting = Selecting(Reach())
    step = selecting.reach.step(collection)
    step.returned = True
    searches = steer(asked, collection, selecting)
    selected = selecting.objects(_fields(one, collection), collection)
    tell(selecting.reach, selected)
    points = _points(asked, selecting)
    if asked.get("after") or points is None or points > MANY:
        step.risks[Risk.BULK_EXPORT] = None
    actions = (Action.SEARCH,) if searches else (Action.READ,)
    made = _operations(operation, actions, selecting, tenant, points=points, query=_evident(asked))
    return Part(one, collection, tenant, selected, made)


def _aggregate(one: Field, operation: str) -> Part:
    collection, asked, tenant = _asked(one, arguments.AGGREGATE)
    selecting = Selecting(Reach())
    selecting.reach.step(collection)
    searches = steer(asked, collection, selecting)
    selected = aggregation.read(_fields(one, f"Aggregate{collection}"), collection, selecting.reach)
    actions = (Action.READ, Action.SEARCH) if searches else (Action.READ,)
    return Part(
        one, collection, tenant, selected, _operations(operation, actions, selecting, tenant, query=_evident(asked))
    )


def _explore(one: Field, operation: str) -> Part:
    """Searches all collections alike, so it is for whoever may search all."""
    one.arguments = asked = arguments.EXPLORE.read(one.arguments, one.name)
    selecting = Selecting(Reach())
    selecting.reach.step(EVERYTHING)
    steer(asked, EVERYTHING, selecting)
    fields = flat(one, "ExploreObj")
    for inner in fields.values():
        if inner.arguments or not inner.leaf or inner.name not in _EXPLORED | {TYPE}:
            raise Refusal(Reason.UNKNOWN_MEMBER, "The query selects something that Explore does not have.")
    if not fields:
        raise bad("a selection is empty")
    made = _operations(
        operation, (Action.SEARCH,), selecting, "", points=_points(asked, selecting), query=_evident(asked)
    )
    return Part(one, "", "", fields, made)


_MAKERS: Final[Mapping[str, Callable[[Field, str], Part]]] = {
    "Get": _get,
    "Aggregate": _aggregate,
    "Explore": _explore,
}


def _asked(one: Field, kind: arguments.Members) -> tuple[str, dict[str, Any], str]:
    """The collection, its arguments in their one form, and the tenant."""
    collection = collection_name(one.name)
    one.arguments = asked = kind.read(one.arguments, "the collection")
    return collection, asked, tenant_name(asked["tenant"]) if "tenant" in asked else ""


def _fields(one: Field, kind: str) -> Mapping[str, Field]:
    fields = flat(one, kind)
    if not fields:
        raise bad("a selection is empty")
    return fields


def _operations(
    name: str, actions: tuple[Action, ...], selecting: Selecting, tenant: str, **asked: Any
) -> tuple[Operation, ...]:
    """One operation for each collection; of the first, one for each action. What was `asked` is the first one's."""
    (collection, step), *others = selecting.reach.steps.items()
    facts: dict[str, Any] = {
        "fields_used": tuple(step.fields),
        "vectors": step.vectors,
        "scores_steer": selecting.scores,
        "risks": tuple(step.risks),
    }
    names = resources(collection, tenant, first=True)
    first = [Operation(name, action, names, count=0, **facts) for action in actions[1:]]
    return (
        Operation(name, actions[0], names, **facts, **asked),
        *first,
        *(
            Operation(
                name,
                Action.READ,
                resources(other, tenant, first=False),
                fields_used=tuple(walked.fields),
                vectors=walked.vectors,
                risks=tuple(walked.risks),
                count=0,
                points=None if walked.returned else 0,
            )
            for other, walked in others
        ),
    )


def _points(asked: Mapping[str, Any], selecting: Selecting) -> int | None:
    """How many objects come back at most. Without a limit a threshold alone decides."""
    limit = asked.get("limit", -1 if selecting.scores else USUAL)
    if "groupBy" in asked:
        grouped = asked["groupBy"]
        groups, objects = grouped.get("groups", -1), grouped.get("objectsPerGroup", -1)
        return groups * (objects + 1) if groups >= 0 and objects >= 0 else None
    return limit if limit >= 0 else None


def _evident(asked: Mapping[str, Any]) -> dict[str, Any]:
    return {name: shown(value) for name, value in asked.items() if name not in _EVIDENT}


def service(operation: str) -> Operation:
    """What a query comes to that asks of no collection."""
    return Operation(operation, Action.META, scope=Scope.SERVICE)
