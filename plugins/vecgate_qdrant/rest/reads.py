"""Reads: what asking for points does, by id, filter or similarity. Bounds of points follow the server's defaults."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from vecgate.operations.document import Numbers, plain
from vecgate.operations.model import Action, Operation
from vecgate.operations.table import Call
from vecgate_qdrant import bulk
from vecgate_qdrant.rest import filters, queries, vectors
from vecgate_qdrant.rest.filters import bad
from vecgate_qdrant.steering import Steering

type Stage = Callable[[dict[str, Any], Steering, str], dict[str, Any]]
"""Reads what one query asks with; returns what evidence keeps of it."""

_KEPT: Final = (
    "filter",
    "limit",
    "offset",
    "using",
    "group_by",
    "group_size",
    "order_by",
    "key",
    "with_payload",
    "exact",
)


def one_point(call: Call) -> tuple[Operation, ...]:
    return (call.row.base(call, vectors=True, points=1, query={"ids": [call.params["id"]], "records": 1}),)


def by_ids(call: Call) -> tuple[Operation, ...]:
    ids = call.document["ids"]
    operation = call.row.base(
        call,
        vectors=wants_vectors(call.document.get("with_vector")),
        points=len(ids),
        risks=bulk.exports(len(ids)),
        query={"ids": list(ids[: bulk.SHOWN]), "records": len(ids)},
    )
    return (operation,)


def scroll(call: Call) -> tuple[Operation, ...]:
    document, steering = call.document, Steering()
    filters.read(document.get("filter"), steering)
    if document.get("order_by") is not None:
        queries.order_by(document["order_by"], steering, "order_by")
    points = document.get("limit") or bulk.DEFAULT_LIMIT
    return (
        call.row.base(
            call,
            vectors=wants_vectors(document.get("with_vector")),
            points=points,
            query=_kept(document),
            **steering.facts(bulk.exports(points)),
        ),
    )


def count(call: Call) -> tuple[Operation, ...]:
    steering = Steering()
    filters.read(call.document.get("filter"), steering)
    return (call.row.base(call, query=_kept(call.document), **steering.facts()),)


def facet(call: Call) -> tuple[Operation, ...]:
    document, steering = call.document, Steering()
    _field(document["key"], "key", steering)
    filters.read(document.get("filter"), steering)
    return (call.row.base(call, query=_kept(document), **steering.facts()),)


def matrix(call: Call) -> tuple[Operation, ...]:
    """Ids of a random sample and the similarity of each to its neighbours."""
    document, steering = call.document, Steering()
    filters.read(document.get("filter"), steering)
    points = document.get("sample") or bulk.DEFAULT_MATRIX_SAMPLE
    facts = steering.facts(bulk.exports(points), count=points)
    return (call.row.base(call, points=points, query=_kept(document), **facts),)


def query(call: Call) -> tuple[Operation, ...]:
    return _query(call, call.document, queries.stage)


def query_batch(call: Call) -> tuple[Operation, ...]:
    return _batch(call, queries.stage)


def search(call: Call) -> tuple[Operation, ...]:
    return _query(call, call.document, _search)


def search_batch(call: Call) -> tuple[Operation, ...]:
    return _batch(call, _search)


def recommend(call: Call) -> tuple[Operation, ...]:
    return _query(call, call.document, _recommend)


def recommend_batch(call: Call) -> tuple[Operation, ...]:
    return _batch(call, _recommend)


def discover(call: Call) -> tuple[Operation, ...]:
    return _query(call, call.document, _discover)


def discover_batch(call: Call) -> tuple[Operation, ...]:
    return _batch(call, _discover)


def wants_vectors(with_vector: Any) -> bool:
    return bool(with_vector)


def _batch(call: Call, stage: Stage) -> tuple[Operation, ...]:
    """Each search is as many operations as if it were asked alone."""
    found = tuple(one for document in call.document["searches"] for one in _query(call, document, stage))
    return found or (call.row.base(call),)


def _query(call: Call, document: dict[str, Any], stage: Stage) -> tuple[Operation, ...]:
    """The query itself, what it looks up in other collections, and what it looks up for its groups."""
    steering = Steering()
    asked = stage(document, steering, "")
    limit = document.get("limit") or bulk.DEFAULT_LIMIT
    points = limit
    if "group_by" in document:
        _field(document["group_by"], "group_by", steering)
        points = limit * (document.get("group_size") or bulk.DEFAULT_GROUP_SIZE)
    risks = bulk.exports(points)
    operation = call.row.base(
        call,
        vectors=wants_vectors(document.get("with_vector")),
        points=points,
        query={**_kept(document), **asked},
        **steering.facts(risks),
    )
    first, *others = steering.actions
    found = [replace(operation, action=first)]
    found += [replace(operation, action=action, vectors=False, count=1, points=0) for action in others]
    found += [looked_up(call, name, Action.SEARCH) for name in steering.lookups]
    if (lookup := document.get("with_lookup")) is not None:
        found.append(_with_lookup(call, lookup, limit))
    return tuple(found)


def looked_up(call: Call, collection: str, action: Action, **more: Any) -> Operation:
    """The part of a query that another collection plays."""
    return replace(call.row.base(call, resources=(collection,), risks=(), **more), action=action)


def _with_lookup(call: Call, lookup: Any, groups: int) -> Operation:
    """One record of the other collection for each group, whole unless it says otherwise."""
    if type(lookup) is str:
        return looked_up(call, lookup, Action.READ, points=groups)
    wanted = wants_vectors(lookup.get("with_vectors"))
    return looked_up(call, lookup["collection"], Action.READ, points=groups, vectors=wanted)


def _common(document: dict[str, Any], steering: Steering) -> None:
    """What the legacy routes have beside their vectors."""
    queries.stage(
        {name: document.get(name) for name in ("filter", "params", "score_threshold", "lookup_from")}, steering
    )
    steering.searches, steering.scrolls = True, False


def _search(document: dict[str, Any], steering: Steering, at: str) -> dict[str, Any]:
    """A vector, or `{name, vector}`."""
    _common(document, steering)
    vector = document["vector"]
    if type(vector) is dict:
        if vector.keys() != {"name", "vector"} or type(vector["name"]) is not str:
            raise bad("vector is not a vector with its name")
        vector = vector["vector"]
    if not isinstance(vector, list | Numbers | dict):
        raise bad("vector is not a vector")
    return {"vector": vectors.asked(vector, steering, "vector")}


def _recommend(document: dict[str, Any], steering: Steering, at: str) -> dict[str, Any]:
    _common(document, steering)
    return queries.recommend(document, steering, "recommend")


def _discover(document: dict[str, Any], steering: Steering, at: str) -> dict[str, Any]:
    _common(document, steering)
    return queries.discover(document, steering, "discover")


def _field(key: str, at: str, steering: Steering) -> None:
    if not key:
        raise bad(f"{at} names no field")
    steering.use(key)


def _kept(document: dict[str, Any]) -> dict[str, Any]:
    """What evidence keeps besides the query: it has no vectors in it."""
    return {name: plain(document[name]) for name in _KEPT if document.get(name) is not None}
