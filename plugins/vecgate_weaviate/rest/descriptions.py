"""Descriptions: what the service says of itself, its nodes, shards, indexes and backups. From the description of 1.40.

Texts of failures may quote what is stored, and addresses are the operators': neither is told.
"""

from __future__ import annotations

from typing import Any, Final

from vecgate.operations.shapes import BOOLEAN, INTEGER, NUMBER, OBJECT, TEXT, ListOf, MapOf, Shape, nullable
from vecgate.operations.taking import take
from vecgate_weaviate.rest.kinds import CLASS, TENANT

FAILED: Final = "The database could not do this."

META: Final = Shape(nullable(version=TEXT, modules=OBJECT, grpcMaxMessageSize=INTEGER))
_MODULE: Final = frozenset({"name", "version", "documentationHref", "wordCount"})
"""What is told of a module; others have its addresses, buckets and settings."""
INDEX: Final = Shape(
    nullable(
        type=TEXT,
        status=TEXT,
        progress=NUMBER,
        taskId=TEXT,
        tokenization=TEXT,
        targetTokenization=TEXT,
        algorithm=TEXT,
        targetAlgorithm=TEXT,
    )
)
INDEXES: Final = Shape(
    nullable(
        collection=TEXT,
        properties=ListOf(Shape(nullable(name=TEXT, dataType=TEXT, description=TEXT, indexes=ListOf(INDEX)))),
    )
)
TASK: Final = Shape(nullable(taskId=TEXT, status=TEXT))
STATUS: Final = Shape(nullable(status=TEXT))
SHARDS: Final = ListOf(
    Shape(
        {"name": TEXT, **nullable(status=TEXT, per_node_status=MapOf(TEXT), vectorQueueSize=INTEGER)},
        frozenset({"name"}),
    )
)
HELD: Final = Shape({"name": TENANT, **nullable(activityStatus=TEXT)}, frozenset({"name"}))
ALIAS: Final = Shape({"alias": CLASS, "class": CLASS}, frozenset({"alias", "class"}))
_REPLICATED: Final = Shape(nullable(objectsPropagated=NUMBER, startDiffTimeUnixMillis=NUMBER, targetNode=TEXT))
_SHARD: Final = Shape(
    {
        **nullable(
            objectCount=NUMBER,
            vectorIndexingStatus=TEXT,
            compressed=BOOLEAN,
            vectorQueueLength=NUMBER,
            loaded=BOOLEAN,
            asyncReplicationStatus=ListOf(_REPLICATED),
            numberOfReplicas=INTEGER,
            replicationFactor=INTEGER,
        ),
        "name": TEXT,
        "class": TEXT,
    },
    frozenset({"name", "class"}),
)
NODES: Final = Shape(
    nullable(
        nodes=ListOf(
            Shape(
                nullable(
                    name=TEXT,
                    status=TEXT,
                    version=TEXT,
                    gitHash=TEXT,
                    operationalMode=TEXT,
                    stats=Shape(nullable(shardCount=NUMBER, objectCount=NUMBER)),
                    batchStats=Shape(nullable(queueLength=NUMBER, ratePerSecond=NUMBER)),
                    shards=ListOf(_SHARD),
                )
            )
        )
    )
)
BACKUP: Final = Shape(
    nullable(
        id=TEXT,
        classes=ListOf(TEXT),
        backend=TEXT,
        bucket=TEXT,
        path=TEXT,
        error=TEXT,
        status=TEXT,
        startedAt=TEXT,
        completedAt=TEXT,
        size=NUMBER,
        incremental_base_backup_id=TEXT,
    )
)


def service(document: Any) -> dict[str, Any]:
    """The version, limits and modules of the service. Raises Unmaskable."""
    given = take(META, document)
    shown = {name: given[name] for name in ("version", "grpcMaxMessageSize") if name in given}
    modules = {name: _module(one) for name, one in (given.get("modules") or {}).items()}
    return {**shown, "modules": modules}


def _module(one: Any) -> dict[str, Any]:
    given = one if type(one) is dict else {}
    return {name: given[name] for name in _MODULE & given.keys() if type(given[name]) in {str, int}}


def backup(document: Any) -> dict[str, Any]:
    """Raises Unmaskable."""
    given: dict[str, Any] = take(BACKUP, document)
    return given | {"error": FAILED} if given.get("error") else given
