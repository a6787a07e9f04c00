"""Results: the form of those that hold nothing to mask."""

from __future__ import annotations

from typing import Final

from vecgate.operations.document import Number, Numbers
from vecgate.operations.shapes import (
    BOOLEAN,
    OBJECT,
    TEXT,
    Kind,
    ListOf,
    MapOf,
    Nullable,
    OneOf,
    Scalar,
    Shape,
    enumeration,
    nullable,
)
from vecgate_qdrant.rest.kinds import IDS, NUMBERS, SHARD_KEY, UINT

_DONE: Final = Scalar("true", frozenset({bool}))
_UPDATED: Final = Shape(
    {"status": enumeration("acknowledged", "completed", "wait_timeout"), **nullable(operation_id=UINT)},
    frozenset({"status"}),
)
_SNAPSHOT: Final = Shape(
    {"name": TEXT, "size": UINT, **nullable(creation_time=TEXT, checksum=TEXT)}, frozenset({"name"})
)
OFFSETS: Final = Shape(
    {"offsets_row": NUMBERS, "offsets_col": NUMBERS, "scores": NUMBERS, "ids": IDS},
    frozenset({"offsets_row", "offsets_col", "scores", "ids"}),
)
_FACT: Final = Scalar("scalar", frozenset({str, bool, int, float, Number, type(None)}))
_FACTS: Final = OneOf((_FACT, ListOf(OneOf((_FACT, OBJECT))), OBJECT, Scalar("[number]", frozenset({Numbers}))))
_PERCENT: Final = nullable(resident_memory_percent=UINT, disk_usage_percent=UINT)
_CHANGES: Final = (
    "upsert_points",
    "delete_points",
    "update_vectors",
    "delete_vectors",
    "set_payload",
    "overwrite_payload",
)
SHAPES: Final[dict[str, Kind]] = {
    "recover_current_peer": _DONE,
    "remove_peer": _DONE,
    "cluster_status": MapOf(_FACTS),
    "get_quotas": Shape(
        {
            "config": MapOf(_FACT),
            "usage": Shape(_PERCENT),
            **nullable(peers=MapOf(Shape({"exceeded": BOOLEAN, **_PERCENT}))),
        },
        frozenset({"config", "usage"}),
    ),
    "update_quotas": _DONE,
    "clear_issues": _DONE,
    "collection_exists": Shape({"exists": BOOLEAN}, frozenset({"exists"})),
    "create_collection": _DONE,
    "update_collection": _DONE,
    "delete_collection": _DONE,
    "update_aliases": _DONE,
    "create_field_index": _UPDATED,
    "delete_field_index": _UPDATED,
    "create_vector_name": _UPDATED,
    "delete_vector_name": _UPDATED,
    "get_optimizations": MapOf(_FACTS),
    "list_shard_keys": Shape({"shard_keys": Nullable(ListOf(Shape({"key": SHARD_KEY})))}),
    "create_shard_key": _DONE,
    "delete_shard_key": _DONE,
    "collection_cluster_info": MapOf(_FACTS),
    "update_collection_cluster": _DONE,
    **{f"list_{kind}snapshots": ListOf(_SNAPSHOT) for kind in ("", "full_", "shard_")},
    **{f"create_{kind}snapshot": Nullable(_SNAPSHOT) for kind in ("", "full_", "shard_")},
    **{f"delete_{kind}snapshot": Nullable(_DONE) for kind in ("", "full_", "shard_")},
    "recover_from_snapshot": Nullable(_DONE),
    "recover_shard_from_snapshot": Nullable(_DONE),
    **dict.fromkeys((*_CHANGES, "delete_payload", "clear_payload"), _UPDATED),
    "batch_update": ListOf(_UPDATED),
    "count_points": Shape({"count": UINT}, frozenset({"count"})),
    "facet": Shape(
        {"hits": ListOf(Shape({"value": _FACT, "count": UINT}, frozenset({"value", "count"})))}, frozenset({"hits"})
    ),
}
