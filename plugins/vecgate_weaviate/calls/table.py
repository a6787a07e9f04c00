"""The calls of Weaviate's gRPC server, one row each; those that are refused, and of servers inside a cluster, by name.

Rows' resources are of the collection that a call names; what it reaches through references is judged beside it.
"""

from __future__ import annotations

from typing import Any, Final

from vecgate.operations.messages import GRPC
from vecgate.operations.model import Action, Scope
from vecgate.operations.table import Row
from vecgate_weaviate.calls import effects

SERVICE: Final = "weaviate.v1.Weaviate"
HEALTH: Final = "grpc.health.v1.Health"

_INSIDE: Final = {
    "clusterapi.FileReplicationService": """
        CreateReplicaSnapshot ReleaseReplicaSnapshot GetReplicaSnapshotFileMetadata GetReplicaSnapshotFile
        StartChangeCapture GetChangeLog SnapshotChangeLogLSN FinalizeChangeLog StopChangeCapture
        """,
    "clusterapi.ReplicationService": """
        PutObject PutObjects MergeObject DeleteObject DeleteObjects AddReferences Commit Abort FetchObject FetchObjects
        DigestObjects DigestObjectsInRange CompareDigests OverwriteObjects FindUUIDs HashTreeLevel CompareHashTreeRoots
        CountObjects CreateAsyncCheckpoint DeleteAsyncCheckpoint GetAsyncCheckpointStatus
        """,
    "weaviate.v1.FileReplicationService": """
        PauseFileActivity ResumeFileActivity ListFiles GetFileMetadata GetFile
        """,
    "weaviate.internal.cluster.ClusterService": "RemovePeer JoinPeer NotifyPeer Apply Query",
}
"""Services of a server for the others of its cluster, and their calls."""


def _row(method: str, action: Action, *resources: str, within: str = SERVICE, **more: Any) -> Row:
    return Row(f"{within.rpartition('.')[2]}/{method}", GRPC, f"/{within}/{method}", action, resources, **more)


def _refused(method: str, why: str, within: str = SERVICE) -> Row:
    name = f"Weaviate/{method}" if within == SERVICE else f"{within}/{method}"
    return Row(name, GRPC, f"/{within}/{method}", Action.ADMIN, ("**",), refused=why)


ROWS: Final[tuple[Row, ...]] = (
    _row(
        "Search",
        Action.SEARCH,
        "{Collection}",
        fields=(
            *("filters", "sort_by", "group_by", "bm25_search.properties", "hybrid_search.properties", "boost"),
            *("generative", "rerank.property"),
        ),
        vectors=tuple(f"results.metadata.{name}" for name in ("vector", "vector_bytes", "vectors")),
        payload=("results.properties", "group_by_results.objects", "generative_grouped_results"),
        scores=tuple(f"results.metadata.{name}" for name in ("distance", "certainty", "score", "rerank_score")),
        note="`read` where nothing is searched, and `read` of each collection that a reference or a filter leads to.",
        effect=effects.search,
    ),
    _row(
        "Aggregate",
        Action.READ,
        "{Collection}",
        fields=("filters", "aggregations.property", "group_by", "hybrid.properties"),
        payload=("single_result", "grouped_results"),
        note="`search`, too, where something is searched.",
        effect=effects.aggregate,
    ),
    _row(
        "BatchObjects",
        Action.WRITE,
        "{Collection}",
        note="Each object's collection and tenant, and the collections that references lead to.",
        effect=effects.objects,
    ),
    _row(
        "BatchReferences",
        Action.WRITE,
        "{Collection}",
        note="Each reference's collection and tenant, and the collection that it leads to.",
        effect=effects.references,
    ),
    _row("BatchDelete", Action.DELETE, "{Collection}", fields=("filters",), effect=effects.delete),
    _row(
        "TenantsGet",
        Action.META,
        "{Collection}/*",
        scope=Scope.LIST,
        note="Filtered; tenants that are named are judged one by one.",
        effect=effects.tenants,
    ),
    _refused("BatchStream", "It is a stream in both directions: use BatchObjects and BatchReferences."),
    _row("Check", Action.META, within=HEALTH, scope=Scope.SERVICE, note="Answers without a token."),
    _refused("Watch", "Streams are not served.", HEALTH),
    *(
        _refused(method, "The server's old API is gone.", "weaviategrpc.Weaviate")
        for method in ("Search", "BatchObjects")
    ),
    *(
        _refused("ServerReflectionInfo", "Reflection is not served.", f"grpc.reflection.{version}.ServerReflection")
        for version in ("v1", "v1alpha")
    ),
    *(
        _refused(method, "Servers of one cluster ask this of each other.", service)
        for service, methods in _INSIDE.items()
        for method in methods.split()
    ),
)
CHANGES_NAMES: Final[frozenset[str]] = frozenset()
"""A write may create a collection, but no alias, and references that led nowhere until then. Where a reference leads to
is everywhere as long as it is not known."""
