"""The calls of Milvus' gRPC services, one row each; those without a privilege option of their own among them.

A row's resources are written with `{database}` and `{collection}`, the names of the request after aliases are resolved.
"""

from __future__ import annotations

from typing import Final

from vecgate.operations.model import Action, Risk, Scope
from vecgate.operations.table import Row
from vecgate_milvus.calls import definitions, effects, searches
from vecgate_milvus.calls.administration import ADMINISTRATION
from vecgate_milvus.calls.rows import (
    of_collection,
    of_server,
    on_collection,
    on_database,
    on_server,
    read_collection,
    refused,
    row,
    service,
)

_COLUMNS: Final = ("fields_data", "group_by_field_values", "agg_buckets", "highlight_results")
_THREE: Final = "Judged with the alias, and with the collection that it stands for until now."
_UNCLEAR: Final = "What it answers is not described."

_CONNECTION: Final = (
    service("Connect", note="Of the client's description only its kind and version go on."),
    service("GetVersion"),
    service("CheckHealth", note="The reasons of a sick server stay with it."),
    service("AllocTimestamp"),
    service("GetCompactionState"),
    service("GetCompactionStateWithPlans"),
    service("ComputePhraseMatchSlop", note="Compares texts of the request with one another."),
    row("RunAnalyzer", Action.META, "{database}/{collection}", effect=effects.analyzed),
    of_server("GetComponentStates", Risk.DISCLOSURE),
    refused("GetMetrics", _UNCLEAR),
    refused("Dummy", "It tests connections between servers."),
    refused("RegisterLink", "It names another address to connect to."),
)

_COLLECTIONS: Final = (
    on_collection("CreateCollection", effect=definitions.create_collection),
    on_collection("DropCollection", Risk.DROP_COLLECTION, effect=effects.by_own_name),
    row(
        "HasCollection",
        Action.META,
        "{database}/{collection}",
        scope=Scope.LIST,
        note="A collection that the caller may not see does not exist.",
    ),
    on_collection("LoadCollection"),
    on_collection("ReleaseCollection"),
    of_collection("DescribeCollection"),
    of_collection("BatchDescribeCollection", effect=effects.several),
    read_collection("GetCollectionStatistics"),
    row(
        "ShowCollections",
        Action.META,
        "{database}/*",
        scope=Scope.LIST,
        note="Filtered; the names that `collection_names` may hold are judged one by one.",
        effect=effects.show_collections,
    ),
    on_collection("AlterCollection", Risk.SCHEMA_CHANGE, effect=definitions.alter),
    on_collection("AlterCollectionField", Risk.SCHEMA_CHANGE),
    on_collection("AddCollectionFunction", Risk.SCHEMA_CHANGE, effect=definitions.function),
    on_collection("AlterCollectionFunction", Risk.SCHEMA_CHANGE, effect=definitions.function),
    on_collection("DropCollectionFunction", Risk.SCHEMA_CHANGE),
    on_collection("AddCollectionField", Risk.SCHEMA_CHANGE),
    on_collection("AddCollectionStructField", Risk.SCHEMA_CHANGE),
    on_collection("AlterCollectionSchema", Risk.SCHEMA_CHANGE, effect=definitions.alter_schema),
    row("TruncateCollection", Action.DELETE, "{database}/{collection}", risks=(Risk.BULK_DELETE,)),
    on_collection("RenameCollection", Risk.ALIAS_CHANGE, copies=True, effect=effects.rename),
    on_collection("ManualCompaction"),
    on_collection("LoadBalance", Risk.CLUSTER_CHANGE),
    of_collection("GetReplicas", note="Addresses of nodes stay with the server."),
    read_collection("GetPersistentSegmentInfo"),
    read_collection("GetQuerySegmentInfo"),
    on_collection("BatchUpdateManifest", Risk.BULK_UPDATE),
    on_collection("RefreshExternalCollection", Risk.BULK_UPDATE, Risk.EGRESS, effect=effects.refresh),
    of_server("GetRefreshExternalCollectionProgress"),
    of_collection("ListRefreshExternalCollectionJobs", effect=effects.one_or_all),
)

_PARTITIONS: Final = (
    on_collection("CreatePartition"),
    on_collection("DropPartition", Risk.BULK_DELETE),
    of_collection("HasPartition"),
    on_collection("LoadPartitions"),
    on_collection("ReleasePartitions"),
    read_collection("GetPartitionStatistics"),
    of_collection("ShowPartitions"),
    on_collection("Prewarm"),
    of_server("DescribePrewarmTask"),
    on_collection("CreateNamespace"),
    read_collection("DescribeNamespace"),
    read_collection("ListNamespaces"),
    on_collection("DropNamespace", Risk.BULK_DELETE),
    of_collection("HasNamespace"),
    read_collection("GetNamespaceStats"),
    of_collection("GetLoadingProgress"),
    of_collection("GetLoadState"),
)

_ALIASES: Final = (
    on_collection("CreateAlias", Risk.ALIAS_CHANGE, effect=effects.set_alias, note=_THREE),
    on_collection("AlterAlias", Risk.ALIAS_CHANGE, effect=effects.set_alias, note=_THREE),
    row(
        "DropAlias",
        Action.ADMIN,
        "{database}/{alias}",
        risks=(Risk.ALIAS_CHANGE,),
        effect=effects.of_alias,
        note="Judged with the collection behind it.",
    ),
    row(
        "DescribeAlias",
        Action.META,
        "{database}/{alias}",
        effect=effects.of_alias,
        note="Judged with the collection behind it.",
    ),
    row(
        "ListAliases",
        Action.META,
        "{database}/*",
        scope=Scope.LIST,
        effect=effects.list_aliases,
        note="Of one collection, if it is named; else filtered.",
    ),
)

_INDEXES: Final = (
    on_collection("CreateIndex"),
    on_collection("AlterIndex", Risk.INDEX_REBUILD),
    on_collection("DropIndex", Risk.INDEX_REBUILD),
    of_collection("DescribeIndex"),
    of_collection("GetIndexStatistics"),
    of_collection("GetIndexState"),
    of_collection("GetIndexBuildProgress"),
    refused("ListIndexedSegment", "What lies inside indexes is not served."),
    refused("DescribeSegmentIndexData", "What lies inside indexes is not served."),
)

_RECORDS: Final = (
    row("Insert", Action.WRITE, "{database}/{collection}", effect=effects.insert),
    row("Upsert", Action.WRITE, "{database}/{collection}", effect=effects.upsert),
    row("Delete", Action.DELETE, "{database}/{collection}", fields=("expr",), effect=searches.delete),
    row(
        "Search",
        Action.SEARCH,
        "{database}/{collection}",
        fields=("dsl", "search_params", "function_score", "highlighter", "search_aggregation", "sub_reqs"),
        vectors=("results.fields_data",),
        payload=tuple(f"results.{name}" for name in _COLUMNS),
        scores=("results.scores", "results.distances", "results.agg_buckets"),
        note="`search_aggregation`, `sub_reqs`: read at every depth. `function_chains` are refused.",
        effect=searches.search,
    ),
    row(
        "HybridSearch",
        Action.SEARCH,
        "{database}/{collection}",
        fields=("requests", "rank_params", "function_score"),
        vectors=("results.fields_data",),
        payload=tuple(f"results.{name}" for name in _COLUMNS),
        scores=("results.scores", "results.distances"),
        note="Each of `requests` names the same collection, or none.",
        effect=searches.hybrid,
    ),
    row(
        "Query",
        Action.READ,
        "{database}/{collection}",
        fields=("expr", "query_params", "output_fields"),
        vectors=("fields_data",),
        payload=("fields_data",),
        effect=searches.query,
    ),
    row("Flush", Action.WRITE, "{database}/{collection}", effect=effects.several),
    on_server("FlushAll", Risk.CLUSTER_CHANGE),
    row("GetFlushState", Action.META, "{database}/{collection}", effect=effects.flush_state),
    of_server("GetFlushAllState"),
    refused("CalcDistance", "It reads stored vectors of any collection by their ids."),
    on_collection("Import", Risk.BULK_UPDATE, Risk.EGRESS, effect=effects.imported),
    row("GetImportState", Action.READ, "**", note="A task's number does not say whose it is."),
    read_collection("ListImportTasks", effect=effects.one_or_all),
)

_DATABASES: Final = (
    on_database("CreateDatabase"),
    row(
        "DropDatabase",
        Action.ADMIN,
        "{database}",
        "{database}/*",
        risks=(Risk.DROP_COLLECTION,),
        note="All its collections go with it.",
    ),
    row("ListDatabases", Action.META, "*", scope=Scope.LIST),
    on_database("AlterDatabase", Risk.CLUSTER_CHANGE),
    row("DescribeDatabase", Action.META, "{database}"),
)

ROWS: Final[tuple[Row, ...]] = (
    *_CONNECTION,
    *_DATABASES,
    *_COLLECTIONS,
    *_PARTITIONS,
    *_ALIASES,
    *_INDEXES,
    *_RECORDS,
    *ADMINISTRATION,
)

CHANGES_NAMES: Final = frozenset(
    {
        f"MilvusService/{method}"
        for method in (
            *("CreateCollection", "DropCollection", "RenameCollection", "AlterCollection", "AlterCollectionField"),
            *("AddCollectionFunction", "AlterCollectionFunction", "DropCollectionFunction", "AddCollectionField"),
            *("AddCollectionStructField", "AlterCollectionSchema", "CreateAlias", "AlterAlias", "DropAlias"),
            *("CreateDatabase", "DropDatabase", "AlterDatabase", "RestoreSnapshot", "RestoreExternalSnapshot"),
        )
    }
)
