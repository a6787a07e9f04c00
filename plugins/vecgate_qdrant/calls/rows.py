"""Rows: the calls of Qdrant's public services, each what the REST operation of the same intent is.

From the .proto files of 1.19. The internal services are refused by name; the older names of calls are their own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from vecgate.operations.model import Action, Operation, Risk, Scope
from vecgate.operations.table import GRPC, Call, Row
from vecgate_qdrant import bulk
from vecgate_qdrant.calls import changes, queries, reads, writes

type Effect = Callable[[Call], tuple[Operation, ...]]

_NAMED: Final = ("{collection_name}",)
_WHOLE: Final = ("**",)
_SNAPSHOT: Final = (Risk.SNAPSHOT,)
_STEERS: Final = ("filter", "params.idf.corpus", "prefetch[].filter", "query.order_by", "query.formula")
_LOOKUPS: Final = "The collections of `lookup_from`, at any depth, and `with_lookup` are resources, too."
_EGRESS: Final = "`egress` where text or images go to an inference service."
_EXPORT: Final = f"`bulk_export` above {bulk.MANY} records."
_FEW: Final = f"`bulk_delete` unless it names at most {bulk.FEW} ids."
_SOME: Final = f"`bulk_update` unless it names at most {bulk.MANY} ids."
_ALONE: Final = "Each request of the batch is the operations that it would be alone."
_INTERNAL: Final = "The database's nodes speak so with each other, past its access control."


def _row(call: str, action: Action, resources: tuple[str, ...] = _NAMED, **more: Any) -> Row:
    return Row(call, GRPC, f"/qdrant.{call}", action, resources, **more)


def _ranked(call: str, effect: Effect, note: str, fields: tuple[str, ...] = ("filter",)) -> Row:
    """A ranking: its scores, vectors and payload come back."""
    hits = {"vectors": ("result[].vectors",), "payload": ("result[].payload",), "scores": ("result[].score",)}
    return _row(call, Action.SEARCH, fields=fields, note=note, effect=effect, **hits)


def _change(call: str, action: Action, reader: writes.Reader, note: str) -> Row:
    stores = reader is writes.store
    fields = ("update_filter",) if stores else ("points.filter",)
    return _row(call, action, fields=fields, note=note, effect=writes.alone(reader))


_SERVICE: Final = (
    Row("Health/Check", GRPC, "/grpc.health.v1.Health/Check", Action.META, scope=Scope.SERVICE),
    _row("Qdrant/HealthCheck", Action.META, (), scope=Scope.SERVICE),
)
_COLLECTIONS: Final = (
    _row("Collections/List", Action.META, ("*",), scope=Scope.LIST, note="Filtered to what the caller may see."),
    _row(
        "Collections/Get",
        Action.META,
        payload=("result.config.metadata", "result.payload_schema"),
        note="Without masked fields in `payload_schema`.",
    ),
    _row(
        "Collections/CollectionExists",
        Action.META,
        scope=Scope.LIST,
        note="A collection that the caller may not see does not exist.",
    ),
    _row("Collections/Create", Action.ADMIN),
    _row(
        "Collections/Update",
        Action.ADMIN,
        risks=(Risk.SCHEMA_CHANGE,),
        note="`index_rebuild` with settings of vectors or indexes, `access_change` with strict mode.",
        effect=changes.update_collection,
    ),
    _row(
        "Collections/Delete",
        Action.ADMIN,
        risks=(Risk.DROP_COLLECTION,),
        note="Its aliases go with it. An alias is not resolved.",
    ),
    _row(
        "Collections/ListAliases",
        Action.META,
        ("*",),
        scope=Scope.LIST,
        note="Filtered to the collections that the caller may see.",
    ),
    _row("Collections/ListCollectionAliases", Action.META),
    _row(
        "Collections/UpdateAliases",
        Action.ADMIN,
        (),
        risks=(Risk.ALIAS_CHANGE,),
        note="Each action is an operation on every name in it, and on what its aliases stand for until then.",
        effect=changes.aliases,
    ),
    _row("Collections/ListShardKeys", Action.READ, risks=(Risk.DISCLOSURE,)),
    _row("Collections/CreateShardKey", Action.ADMIN, risks=(Risk.CLUSTER_CHANGE,)),
    _row(
        "Collections/DeleteShardKey",
        Action.ADMIN,
        risks=(Risk.CLUSTER_CHANGE, Risk.BULK_DELETE),
        note="Every point of the shard key goes with it.",
    ),
    _row("Collections/CollectionClusterInfo", Action.ADMIN, risks=(Risk.DISCLOSURE,)),
    _row(
        "Collections/UpdateCollectionClusterSetup",
        Action.ADMIN,
        risks=(Risk.CLUSTER_CHANGE,),
        fields=("replicate_points.filter",),
        note="`bulk_delete` to drop replicas or keys, `bulk_update` and `disclosure` to copy points between keys.",
        effect=changes.cluster,
    ),
)
_INDEXES: Final = (
    _row(
        "Points/CreateFieldIndex",
        Action.ADMIN,
        risks=(Risk.SCHEMA_CHANGE, Risk.INDEX_REBUILD),
        fields=("field_name",),
        effect=changes.create_index,
    ),
    _row("Points/DeleteFieldIndex", Action.ADMIN, risks=(Risk.SCHEMA_CHANGE,)),
    _row("Points/CreateVectorName", Action.ADMIN, risks=(Risk.SCHEMA_CHANGE,)),
    _row(
        "Points/DeleteVectorName",
        Action.ADMIN,
        risks=(Risk.SCHEMA_CHANGE, Risk.BULK_DELETE),
        note="The vector of every point goes with its name.",
    ),
)
_SNAPSHOTS: Final = (
    *(_row(f"Snapshots/{name}", Action.ADMIN, risks=_SNAPSHOT) for name in ("List", "Create", "Delete")),
    *(_row(f"Snapshots/{name}Full", Action.ADMIN, _WHOLE, risks=_SNAPSHOT) for name in ("List", "Create", "Delete")),
)
_CHANGES: Final = (
    _change("Points/Upsert", Action.WRITE, writes.store, f"`bulk_update` above {bulk.MANY} points. {_EGRESS}"),
    _change("Points/UpdateVectors", Action.WRITE, writes.store, f"`bulk_update` above {bulk.MANY} points. {_EGRESS}"),
    _change("Points/SetPayload", Action.WRITE, writes.change, _SOME),
    _change("Points/OverwritePayload", Action.WRITE, writes.change, _SOME),
    _change("Points/Delete", Action.DELETE, writes.delete, _FEW),
    _change("Points/DeleteVectors", Action.DELETE, writes.delete, _FEW),
    _change("Points/DeletePayload", Action.DELETE, writes.delete, _FEW),
    _change("Points/ClearPayload", Action.DELETE, writes.delete, _FEW),
    _row(
        "Points/UpdateBatch",
        Action.WRITE,
        fields=("operations[].*.filter", "operations[].*.update_filter"),
        note="Each member is the operation that it would be alone.",
        effect=writes.batch,
    ),
)
_READS: Final = (
    _row(
        "Points/Get",
        Action.READ,
        vectors=("result[].vectors",),
        payload=("result[].payload",),
        note=_EXPORT,
        effect=reads.by_ids,
    ),
    _row(
        "Points/Scroll",
        Action.READ,
        fields=("filter", "order_by"),
        vectors=("result[].vectors",),
        payload=("result[].payload", "result[].order_value"),
        note=_EXPORT,
        effect=reads.scroll,
    ),
    _row("Points/Count", Action.READ, fields=("filter",), effect=reads.count),
    _row("Points/Facet", Action.READ, fields=("key", "filter"), payload=("hits[].value",), effect=reads.facet),
    _ranked(
        "Points/Query",
        reads.asked(queries.stage),
        f"Without a query, or to sort or sample, it reads. {_LOOKUPS} {_EXPORT} {_EGRESS}",
        _STEERS,
    ),
    _ranked("Points/QueryBatch", reads.batched(queries.stage), _ALONE, _STEERS),
    _ranked(
        "Points/QueryGroups",
        reads.asked(queries.stage),
        f"{_LOOKUPS} {_EXPORT} {_EGRESS}",
        (*_STEERS, "group_by"),
    ),
    *(
        _row(
            f"Points/SearchMatrix{form}",
            Action.SEARCH,
            fields=("filter",),
            scores=scores,
            note="Ids of a sample, and how alike they are: each of the sample counts as a query.",
            effect=reads.matrix,
        )
        for form, scores in (("Pairs", ("result.pairs[].score",)), ("Offsets", ("result.scores",)))
    ),
)
_OLDER: Final = (
    *(
        _ranked(f"Points/{name}", reads.asked(stage), _LOOKUPS)
        for name, stage in (
            ("Search", queries.search),
            ("Recommend", queries.recommend),
            ("Discover", queries.discover),
        )
    ),
    *(
        _ranked(f"Points/{name}Batch", reads.batched(stage), _ALONE, ("*[].filter",))
        for name, stage in (
            ("Search", queries.search),
            ("Recommend", queries.recommend),
            ("Discover", queries.discover),
        )
    ),
    *(
        _ranked(f"Points/{name}Groups", reads.asked(stage), _LOOKUPS, ("filter", "group_by"))
        for name, stage in (("Search", queries.search), ("Recommend", queries.recommend))
    ),
)
_REFUSED: Final[dict[str, tuple[str, ...]]] = {
    "CollectionsInternal": (
        *("Get", "Initiate", "WaitForShardState", "GetShardRecoveryPoint", "UpdateShardCutoffPoint"),
        *("GetShardOptimizations", "GetShardMemoryReport"),
    ),
    "PointsInternal": (
        *("Upsert", "Sync", "Delete", "UpdateVectors", "DeleteVectors", "SetPayload", "OverwritePayload"),
        *("DeletePayload", "ClearPayload", "CreateFieldIndex", "DeleteFieldIndex", "CreateVectorName"),
        *("DeleteVectorName", "UpdateBatch", "CoreSearchBatch", "Scroll", "Count", "Recommend", "Get", "QueryBatch"),
        "Facet",
    ),
    "QdrantInternal": (
        *("GetConsensusCommit", "WaitOnConsensusCommit", "GetTelemetry", "GetAuditLog", "GetQuotaUsage"),
    ),
    "Raft": ("Send", "WhoIs", "AddPeerToKnown", "AddPeerAsParticipant"),
    "ShardSnapshots": ("Create", "List", "Delete", "Recover"),
    "StorageRead": (
        *("ListFiles", "FileExists", "FileLength", "ReadBytes", "ReadBytesStream", "ReadWhole", "ReadBatch"),
    ),
}
_BY_NAME: Final = (
    *(
        _row(f"{service}/{name}", Action.ADMIN, (), refused=_INTERNAL)
        for service, names in _REFUSED.items()
        for name in names
    ),
    *(
        Row(
            f"{service}/{name}",
            GRPC,
            f"/{package}.{service}/{name}",
            Action.ADMIN,
            refused="Reflection and watching are not served.",
        )
        for package, service, name in (
            ("grpc.health.v1", "Health", "Watch"),
            ("grpc.reflection.v1", "ServerReflection", "ServerReflectionInfo"),
        )
    ),
)

ROWS: Final[tuple[Row, ...]] = (
    *_SERVICE,
    *_COLLECTIONS,
    *_INDEXES,
    *_SNAPSHOTS,
    *_CHANGES,
    *_READS,
    *_OLDER,
    *_BY_NAME,
)
