"""Reads: what asking for points does, by id, filter or similarity. Bounds of points follow the server's defaults."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from vecgate.operations.budget import Budget
from vecgate.operations.model import Action, Operation
from vecgate.operations.table import Call
from vecgate_qdrant import bulk
from vecgate_qdrant.calls import queries, walk
from vecgate_qdrant.rest.kinds import NAME
from vecgate_qdrant.steering import Steering, conditions

type Stage = Callable[[Any, Steering], dict[str, Any]]

BATCHES: Final = {
    "SearchBatchPoints": "search_points",
    "RecommendBatchPoints": "recommend_points",
    "DiscoverBatchPoints": "discover_points",
    "QueryBatchPoints": "query_points",
}
"""The requests in a batch's message."""

_KEPT: Final = (
    *("filter", "limit", "offset", "using", "vector_name", "group_by", "group_size", "order_by", "key"),
    *("with_payload", "exact", "sample"),
)


def by_ids(call: Call) -> tuple[Operation, ...]:
    ids = [queries.point_id(one) for one in call.document.ids]
    operation = call.row.base(
        call,
        vectors=wants_vectors(call.document),
        points=len(ids),
        risks=bulk.exports(len(ids)),
        query={"ids": ids[: bulk.SHOWN], "records": len(ids)},
    )
    return (operation,)


def scroll(call: Call) -> tuple[Operation, ...]:
    message = call.document
    steering = steered(message, "filter", "order_by")
    points = message.limit or bulk.DEFAULT_LIMIT
    facts = steering.facts(bulk.exports(points))
    kept = queries.shown(message, *_KEPT)
    return (call.row.base(call, vectors=wants_vectors(message), points=points, query=kept, **facts),)


def count(call: Call) -> tuple[Operation, ...]:
    facts = steered(call.document, "filter").facts()
    return (call.row.base(call, query=queries.shown(call.document, *_KEPT), **facts),)


def facet(call: Call) -> tuple[Operation, ...]:
    steering = Steering()
    walk.use(call.document.key, steering)
    steered(call.document, "filter", into=steering)
    return (call.row.base(call, query=queries.shown(call.document, *_KEPT), **steering.facts()),)


def matrix(call: Call) -> tuple[Operation, ...]:
    """Ids of a random sample and the similarity of each to its neighbours."""
    points = call.document.sample or bulk.DEFAULT_MATRIX_SAMPLE
    facts = steered(call.document, "filter").facts(bulk.exports(points), count=points)
    return (call.row.base(call, points=points, query=queries.shown(call.document, *_KEPT), **facts),)


def asked(stage: Stage) -> Callable[[Call], tuple[Operation, ...]]:
    """The effect of a query or a search."""
    return lambda call: _asked(call, call.document, stage, conditions())


def batched(stage: Stage) -> Callable[[Call], tuple[Operation, ...]]:
    """Each request of a batch is as many operations as if it came alone."""

    def effect(call: Call) -> tuple[Operation, ...]:
        inner = getattr(call.document, BATCHES[call.document.DESCRIPTOR.name])
        budget = conditions()
        return tuple(one for message in inner for one in _asked(call, message, stage, budget)) or (call.row.base(call),)

    return effect


def wants_vectors(message: Any) -> bool:
    """Unless it says no; one that names none brings none."""
    selector = message.with_vectors
    return bool(selector.enable or selector.include.names)


def steered(message: Any, *names: str, into: Steering | None = None) -> Steering:
    steering = Steering() if into is None else into
    for name in names:
        if message.HasField(name):
            walk.read(getattr(message, name), steering)
    return steering


def _asked(call: Call, message: Any, stage: Stage, budget: Budget) -> tuple[Operation, ...]:
    """The query itself, what it looks up in other collections, and what it looks up for its groups."""
    steering = Steering(budget)
    kept = stage(message, steering)
    limit = message.limit or bulk.DEFAULT_LIMIT
    points = limit
    grouped = "group_by" in message.DESCRIPTOR.fields_by_name
    if grouped:
        walk.use(message.group_by, steering)
        points = limit * (message.group_size or bulk.DEFAULT_GROUP_SIZE)
    operation = call.row.base(
        call,
        vectors=wants_vectors(message),
        points=points,
        query={**queries.shown(message, *_KEPT), **kept},
        **steering.facts(bulk.exports(points)),
    )
    first, *others = steering.actions
    found = [replace(operation, action=first)]
    found += [replace(operation, action=action, vectors=False, count=1, points=0) for action in others]
    found += [_looked_up(call, name, Action.SEARCH) for name in steering.lookups]
    if grouped and message.HasField("with_lookup"):
        lookup = message.with_lookup
        wanted = wants_vectors(lookup)
        found.append(_looked_up(call, lookup.collection, Action.READ, points=limit, vectors=wanted))
    return tuple(found)


def _looked_up(call: Call, collection: str, action: Action, **more: Any) -> Operation:
    """The part of a query that another collection plays."""
    NAME.check(collection, "collection")
    return replace(call.row.base(call, resources=(collection,), risks=(), **more), action=action)
