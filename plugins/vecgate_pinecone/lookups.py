"""Look-ups: a backup and a restore job are named by an id, and only the service knows of which index they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Final

from vecgate.errors import Unmaskable
from vecgate.operations import media
from vecgate.operations.dialect import Lookup
from vecgate.operations.messages import Answer, Outgoing
from vecgate.operations.model import Operation, Resource
from vecgate.operations.shapes import Shape
from vecgate.operations.table import Call
from vecgate.operations.taking import take
from vecgate_pinecone import shapes, versions
from vecgate_pinecone.administration import EVERYTHING
from vecgate_pinecone.table import TABLE

_KINDS: Final[Mapping[str, tuple[str, Shape, str, str]]] = {
    "backup_id": ("describe_backup", shapes.BACKUP, "source_index_name", "backup_id"),
    "job_id": ("describe_restore_job", shapes.JOB, "target_index_name", "restore_job_id"),
}
"""By the parameter of the path: the operation that tells, its answer, the members of the index's name and of the id."""
_HEADERS: Final = versions.sent({})


def of(call: Call) -> Lookup | None:
    """What must be asked before the call can be judged."""
    return next((_asking(slot, call.params[slot]) for slot in _KINDS if slot in call.params), None)


@lru_cache(maxsize=4096)
def _asking(slot: str, value: str) -> Lookup:
    path = TABLE[_KINDS[slot][0]].target({slot: value})
    return Lookup(f"{slot}:{value}", Outgoing("GET", path, _HEADERS), value)


def learnt(lookup: Lookup, answer: Answer) -> Resource | None:
    """The index of what was looked up, None for what does not exist. Raises Unmaskable for any other answer."""
    slot = lookup.key.partition(":")[0]
    _, shape, member, own = _KINDS[slot]
    if answer.status == 404:
        media.answered(answer)
        return None
    if answer.status != 200:
        raise Unmaskable("The database did not say which index something is of.")
    document = take(shape, media.answered(answer))
    if document[own] != lookup.name:
        raise Unmaskable("The database spoke of another thing than was looked up.")
    name: Resource = document[member]
    return name


def bound(call: Call, resource: Resource | None) -> tuple[Operation, ...]:
    """The operations on the index. What does not exist could be of any: who may not do it to all is denied, as for what
    exists, and who may is told by the service."""
    slot = next(slot for slot in _KINDS if slot in call.params)
    place = EVERYTHING if resource is None else resource
    operations = call.row.operations(Call(call.row, {**call.params, slot: place}, call.query, call.document))
    return operations if resource is not None else tuple(map(_of_any, operations))


def _of_any(operation: Operation) -> Operation:
    """On everything. Nothing is there to be copied; the service makes the ids, so none comes to be meanwhile."""
    places = (EVERYTHING if place.startswith(EVERYTHING) else place for place in operation.resources)
    return replace(operation, resources=tuple(dict.fromkeys(places)), copies=False)
