"""Changes: what is done to collections, aliases, indexes, shards and snapshots, where the row alone cannot say it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, Final

from vecgate.errors import Refusal
from vecgate.operations.model import Operation, Risk
from vecgate.operations.table import Call
from vecgate.reasons import Reason
from vecgate_qdrant.rest import filters
from vecgate_qdrant.steering import Steering

_REBUILDS: Final = ("vectors", "hnsw_config", "quantization_config", "optimizers_config", "sparse_vectors")
_DROPS: Final = frozenset({"drop_sharding_key", "drop_replica"})
_ARCHIVE: Final = re.compile(r"(?:file:///(?:[\w.@+-]+/)*)?[\w.@+-]+\.snapshot")


def update_collection(call: Call) -> tuple[Operation, ...]:
    """Strict mode guards the others of a collection: switching it changes what is allowed to them."""
    risks = list(call.row.risks)
    if any(call.document.get(name) is not None for name in _REBUILDS):
        risks.append(Risk.INDEX_REBUILD)
    if call.document.get("strict_mode_config") is not None:
        risks.append(Risk.ACCESS_CHANGE)
    return (call.row.base(call, risks=tuple(risks)),)


def create_index(call: Call) -> tuple[Operation, ...]:
    """An index says which values there are, and how many points have the field."""
    if not call.document["field_name"]:
        raise filters.bad("field_name is empty")
    return (call.row.base(call, fields_used=(call.document["field_name"],)),)


def aliases(call: Call) -> tuple[Operation, ...]:
    """Each action is an operation on every name in it; `bind` adds what an alias stands for until then."""
    found = []
    for action in call.document["actions"]:
        ((_, names),) = action.items()
        found.append(call.row.base(call, resources=tuple(dict.fromkeys(names.values()))))
    return tuple(found) or (call.row.base(call, resources=("**",)),)


def cluster(call: Call) -> tuple[Operation, ...]:
    """Points copied from one shard key to another go from one tenant to another."""
    ((name, inner),) = call.document.items()
    operation = call.row.base(call)
    if name in _DROPS:
        return (replace(operation, risks=(*operation.risks, Risk.BULK_DELETE)),)
    if name == "replicate_points":
        steering = Steering()
        filters.read(inner.get("filter"), steering, "replicate_points.filter")
        risks = (*operation.risks, Risk.BULK_UPDATE, Risk.DISCLOSURE)
        return (replace(operation, risks=risks, fields_used=tuple(steering.fields)),)
    return (operation,)


def recover(call: Call) -> tuple[Operation, ...]:
    """An archive in the database's own folder may be any collection's. Raises Refusal for what it would fetch."""
    location: Any = call.document["location"]
    if call.document.get("api_key") is not None or not _ARCHIVE.fullmatch(location) or "/../" in f"/{location}/":
        raise Refusal(
            Reason.UNKNOWN_OPERATION, "The database is not made to fetch archives, nor files of another kind."
        )
    return (call.row.base(call),)
