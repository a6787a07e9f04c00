"""Changes: what is done to collections, aliases, indexes and shards, where the row alone cannot say it."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from vecgate.operations.model import Operation, Risk
from vecgate.operations.table import Call
from vecgate_qdrant import bulk
from vecgate_qdrant.calls import walk
from vecgate_qdrant.calls.reads import steered
from vecgate_qdrant.rest.filters import bad
from vecgate_qdrant.rest.kinds import NAME
from vecgate_qdrant.steering import Steering

_REBUILDS: Final = (
    *("vectors_config", "hnsw_config", "quantization_config", "optimizers_config", "sparse_vectors_config"),
)
_DROPS: Final = frozenset({"delete_shard_key", "drop_replica"})


def update_collection(call: Call) -> tuple[Operation, ...]:
    """Strict mode guards the others of a collection: switching it changes what is allowed to them."""
    risks = list(call.row.risks)
    if any(call.document.HasField(name) for name in _REBUILDS):
        risks.append(Risk.INDEX_REBUILD)
    if call.document.HasField("strict_mode_config"):
        risks.append(Risk.ACCESS_CHANGE)
    return (call.row.base(call, risks=tuple(risks)),)


def create_index(call: Call) -> tuple[Operation, ...]:
    """An index says which values there are, and how many points have the field."""
    steering = Steering()
    walk.use(call.document.field_name, steering)
    return (call.row.base(call, fields_used=tuple(steering.fields)),)


def aliases(call: Call) -> tuple[Operation, ...]:
    """Each action is an operation on every name in it; `bind` adds what an alias stands for until then."""
    found = []
    for action in bulk.bounded(call.document.actions):
        kind = action.WhichOneof("action")
        if kind is None:
            raise bad("an action is empty")
        inner = getattr(action, kind)
        names = [getattr(inner, field.name) for field in inner.DESCRIPTOR.fields]
        for name in names:
            NAME.check(name, "actions")
        found.append(call.row.base(call, resources=tuple(dict.fromkeys(names))))
    return tuple(found) or (call.row.base(call, resources=("**",)),)


def cluster(call: Call) -> tuple[Operation, ...]:
    """Points copied from one shard key to another go from one tenant to another."""
    name = call.document.WhichOneof("operation")
    if name is None:
        raise bad("the operation is empty")
    operation = call.row.base(call)
    if name in _DROPS:
        return (replace(operation, risks=(*operation.risks, Risk.BULK_DELETE)),)
    if name == "replicate_points":
        steering = steered(call.document.replicate_points, "filter")
        risks = (*operation.risks, Risk.BULK_UPDATE, Risk.DISCLOSURE)
        return (replace(operation, risks=risks, fields_used=tuple(steering.fields)),)
    return (operation,)
