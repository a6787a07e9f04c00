"""Writes: what changes points. To choose them by neither ids nor filter is refused: nobody says what it means."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from vecgate.operations.budget import Budget
from vecgate.operations.model import Action, Operation, Risk
from vecgate.operations.table import Call
from vecgate_qdrant import bulk
from vecgate_qdrant.calls import walk
from vecgate_qdrant.calls.queries import document, point_id
from vecgate_qdrant.calls.reads import steered
from vecgate_qdrant.rest.filters import bad
from vecgate_qdrant.steering import Steering, conditions

type Facts = tuple[Action, dict[str, Any]]
"""What a member of a batch does, whether it comes alone or not."""
type Reader = Callable[[Any, Budget], Facts]


def store(message: Any, budget: Budget) -> Facts:
    """Points with their vectors, or vectors alone."""
    steering = steered(message, "update_filter", into=Steering(budget))
    walk.written(message.points, steering)
    ids = [point_id(one.id) for one in message.points]
    return Action.WRITE, _facts(steering, ids, bulk.changes(len(ids)))


def change(message: Any, budget: Budget) -> Facts:
    return Action.WRITE, _selected(_selector(message), Steering(budget), bulk.changes)


def delete(message: Any, budget: Budget) -> Facts:
    return Action.DELETE, _selected(_selector(message), Steering(budget), bulk.deletes)


READERS: Final[Mapping[str, tuple[str, Reader]]] = {
    "upsert": ("Points/Upsert", store),
    "delete_deprecated": ("Points/Delete", delete),
    "delete_points": ("Points/Delete", delete),
    "set_payload": ("Points/SetPayload", change),
    "overwrite_payload": ("Points/OverwritePayload", change),
    "delete_payload": ("Points/DeletePayload", delete),
    "clear_payload_deprecated": ("Points/ClearPayload", delete),
    "clear_payload": ("Points/ClearPayload", delete),
    "update_vectors": ("Points/UpdateVectors", store),
    "delete_vectors": ("Points/DeleteVectors", delete),
}
"""By the name that a change has in a batch: the call that it is alone."""


def alone(reader: Reader) -> Callable[[Call], tuple[Operation, ...]]:
    """The effect of a row that makes one kind of change."""

    def effect(call: Call) -> tuple[Operation, ...]:
        _, facts = reader(call.document, conditions())
        return (call.row.base(call, **facts),)

    return effect


def batch(call: Call) -> tuple[Operation, ...]:
    """Each member is the operation that it would be alone."""
    found, budget = [], conditions()
    for member in bulk.bounded(call.document.operations):
        kind = member.WhichOneof("operation")
        if kind is None:
            raise bad("a member of the batch is empty")
        name, reader = READERS[kind]
        action, facts = reader(getattr(member, kind), budget)
        found.append(replace(call.row.base(call, **facts), name=name, action=action))
    return tuple(found) or (call.row.base(call),)


def _selector(message: Any) -> Any:
    """The points that are chosen, whatever the member is called that says so."""
    if message.DESCRIPTOR.name == "PointsSelector":
        return message
    name = "points_selector" if "points_selector" in message.DESCRIPTOR.fields_by_name else "points"
    return getattr(message, name)


def _selected(selector: Any, steering: Steering, risks: Callable[[int | None], tuple[Risk, ...]]) -> dict[str, Any]:
    match selector.WhichOneof("points_selector_one_of"):
        case "points":
            ids = [point_id(one) for one in selector.points.ids]
            return _facts(steering, ids, risks(len(ids)))
        case "filter":
            walk.read(selector.filter, steering)
            kept = {"filter": document(selector.filter)}
            return steering.facts(risks(None), count=1, query=kept)
    raise bad("it needs either points or filter")


def _facts(steering: Steering, ids: list[int | str], risks: tuple[Risk, ...]) -> dict[str, Any]:
    kept = {"ids": ids[: bulk.SHOWN], "records": len(ids)}
    return steering.facts(risks, count=max(1, len(ids)), query=kept)
