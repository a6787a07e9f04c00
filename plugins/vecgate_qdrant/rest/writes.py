"""Writes: what changes points. To choose them by both ids and filter, or by neither, is refused: nobody says what it
means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from vecgate.operations.document import plain
from vecgate.operations.model import Action, Operation, Risk
from vecgate.operations.table import Call
from vecgate_qdrant import bulk
from vecgate_qdrant.rest import filters, vectors
from vecgate_qdrant.rest.filters import bad
from vecgate_qdrant.steering import Steering

type Facts = tuple[Action, dict[str, Any]]
"""What a member of a batch does, whether it comes alone or not."""


def upsert(document: dict[str, Any]) -> Facts:
    steering = Steering()
    filters.read(document.get("update_filter"), steering, "update_filter")
    if (batch := document.get("batch")) is not None:
        ids = list(batch["ids"])
        vectors.batch(batch["vectors"], steering, "batch.vectors")
    else:
        ids = [point["id"] for point in document["points"]]
        for point in document["points"]:
            vectors.stored(point["vector"], steering, "points.vector")
    return Action.WRITE, _facts(steering, ids, bulk.changes(len(ids)))


def update_vectors(document: dict[str, Any]) -> Facts:
    steering = Steering()
    filters.read(document.get("update_filter"), steering, "update_filter")
    for point in document["points"]:
        vectors.stored(point["vector"], steering, "points.vector")
    ids = [point["id"] for point in document["points"]]
    return Action.WRITE, _facts(steering, ids, bulk.changes(len(ids)))


def change_payload(document: dict[str, Any]) -> Facts:
    return Action.WRITE, _selected(document, bulk.changes)


def delete(document: dict[str, Any]) -> Facts:
    return Action.DELETE, _selected(document, bulk.deletes)


READERS: Final[dict[str, Callable[[dict[str, Any]], Facts]]] = {
    "upsert": upsert,
    "delete": delete,
    "set_payload": change_payload,
    "overwrite_payload": change_payload,
    "delete_payload": delete,
    "clear_payload": delete,
    "update_vectors": update_vectors,
    "delete_vectors": delete,
}
"""By the name that a change has in a batch."""
OPERATIONS: Final = {
    "upsert": "upsert_points",
    "delete": "delete_points",
    **{name: name for name in READERS if name not in {"upsert", "delete"}},
}
"""The operation that each is when it comes alone."""


def alone(name: str) -> Callable[[Call], tuple[Operation, ...]]:
    """The effect of a row that makes one kind of change."""

    def effect(call: Call) -> tuple[Operation, ...]:
        _, facts = READERS[name](call.document)
        return (call.row.base(call, **facts),)

    return effect


def batch(call: Call) -> tuple[Operation, ...]:
    """Each member is the operation that it would be alone."""
    found = []
    for member in call.document["operations"]:
        ((name, document),) = member.items()
        action, facts = READERS[name](document)
        found.append(replace(call.row.base(call, **facts), name=OPERATIONS[name], action=action))
    return tuple(found) or (call.row.base(call),)


def _selected(document: dict[str, Any], risks: Callable[[int | None], tuple[Risk, ...]]) -> dict[str, Any]:
    steering = Steering()
    points, chosen = document.get("points"), document.get("filter")
    if (points is None) is (chosen is None):
        raise bad("it needs either points or filter")
    ids = None if points is None else list(points)
    filters.read(chosen, steering)
    facts = _facts(steering, ids, risks(None if ids is None else len(ids)))
    if chosen is not None:
        facts["query"] |= {"filter": plain(chosen)}
    return facts


def _facts(steering: Steering, ids: list[Any] | None, risks: tuple[Risk, ...]) -> dict[str, Any]:
    kept = {} if ids is None else {"ids": ids[: bulk.SHOWN], "records": len(ids)}
    return steering.facts(risks, count=max(1, len(ids or ())), query=kept)
