"""Administration: the bodies about aliases, shards, quotas and snapshots. From the API description of 1.19."""

from __future__ import annotations

from typing import Final

from vecgate.operations.shapes import BOOLEAN, OBJECT, TEXT, Kind, ListOf, Scalar, Shape, enumeration, nullable
from vecgate_qdrant.rest.kinds import NAME, SHARD_KEY, SIZE, UINT, Either


def _closed(members: dict[str, Kind], *required: str) -> Shape:
    return Shape(members, frozenset(required))


def _all(**members: Kind) -> Shape:
    return Shape(members, frozenset(members))


ALIASES: Final = _all(
    actions=ListOf(
        Either.single(
            {
                "create_alias": _all(collection_name=NAME, alias_name=NAME),
                "delete_alias": _all(alias_name=NAME),
                "rename_alias": _all(old_alias_name=NAME, new_alias_name=NAME),
            }
        )
    )
)

_METHOD: Final = enumeration("stream_records", "snapshot", "wal_delta", "resharding_stream_records")
_STATES: Final = (
    "Active",
    "Dead",
    "Partial",
    "Initializing",
    "Listener",
    "PartialSnapshot",
    "Recovery",
    "Resharding",
    "ReshardingScaleDown",
    "ActiveRead",
    "ManualRecovery",
)
CREATE_SHARD_KEY: Final = _closed(
    {
        "shard_key": SHARD_KEY,
        **nullable(
            shards_number=SIZE,
            replication_factor=SIZE,
            placement=ListOf(UINT),
            initial_state=enumeration(*_STATES),
        ),
    },
    "shard_key",
)
DROP_SHARD_KEY: Final = _all(shard_key=SHARD_KEY)
_TRANSFER: Final = {"shard_id": UINT, "to_peer_id": UINT, "from_peer_id": UINT}
_MOVED: Final = _closed({**_TRANSFER, **nullable(method=_METHOD)}, *_TRANSFER)
CLUSTER_OPERATIONS: Final[dict[str, Kind]] = {
    "move_shard": _MOVED,
    "replicate_shard": _MOVED,
    "abort_transfer": _all(**_TRANSFER),
    "drop_replica": _all(shard_id=UINT, peer_id=UINT),
    "create_sharding_key": CREATE_SHARD_KEY,
    "drop_sharding_key": DROP_SHARD_KEY,
    "restart_transfer": _all(**_TRANSFER, method=_METHOD),
    "start_resharding": _closed(
        {"direction": enumeration("up", "down"), **nullable(peer_id=UINT, shard_key=SHARD_KEY)}, "direction"
    ),
    "abort_resharding": Shape({}),
    "replicate_points": _closed(
        {"from_shard_key": SHARD_KEY, "to_shard_key": SHARD_KEY, **nullable(filter=OBJECT)},
        "from_shard_key",
        "to_shard_key",
    ),
}
CLUSTER: Final = Either.single(CLUSTER_OPERATIONS)

_PERCENT: Final = Scalar("percentage", frozenset({int}), lambda value: 0 <= value <= 100)
QUOTAS: Final = Shape(
    nullable(
        enabled=BOOLEAN,
        max_resident_memory_percent=_PERCENT,
        max_disk_usage_percent=_PERCENT,
        release_margin_percent=_PERCENT,
    )
)
RECOVER: Final = _closed(
    {
        "location": TEXT,
        **nullable(priority=enumeration("no_sync", "snapshot", "replica"), checksum=TEXT, api_key=TEXT),
    },
    "location",
)
