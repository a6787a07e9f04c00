"""Data: the 18 operations on an index's own host, and what its gRPC description binds to HTTP besides."""

from __future__ import annotations

from typing import Final

from vecgate.operations.model import Action, Risk, Scope
from vecgate.operations.table import Row
from vecgate_pinecone import bodies, effects
from vecgate_pinecone.bulk import FEW, MANY

HERE: Final = ("{index}/{namespace}",)
ALL: Final = ("{index}/*",)
NAMESPACE_NOTE: Final = "The namespace is the body's; none is `__default__`."
RECORDS: Final = ("vectors.*.values", "vectors.*.sparseValues")
_IMPORTS: Final = "/bulk/imports"
_TEXTS: Final = "/records/namespaces/{namespace}"

VECTORS: Final = (
    Row(
        "query",
        "POST",
        "/query",
        Action.SEARCH,
        HERE,
        body=bodies.QUERY,
        fields=("filter",),
        vectors=("matches.*.values", "matches.*.sparseValues"),
        payload=("matches.*.metadata",),
        scores=("matches.*.score",),
        note=f"{NAMESPACE_NOTE} `bulk_export` from a topK of {MANY + 1}.",
        effect=effects.query,
    ),
    Row(
        "fetch",
        "GET",
        "/vectors/fetch",
        Action.READ,
        HERE,
        query=bodies.FETCH,
        repeated=frozenset({"ids"}),
        vectors=RECORDS,
        payload=("vectors.*.metadata",),
        note=f"Always returns values. `bulk_export` from {MANY + 1} ids.",
        effect=effects.fetch,
    ),
    Row(
        "fetch_by_metadata",
        "POST",
        "/vectors/fetch_by_metadata",
        Action.READ,
        HERE,
        body=bodies.FETCH_BY_METADATA,
        fields=("filter", "paginationToken"),
        vectors=RECORDS,
        payload=("vectors.*.metadata",),
        note="Always returns values. `bulk_export` where the filter does not narrow, or from a limit of 1001.",
        effect=effects.fetch_by_metadata,
    ),
    Row(
        "list",
        "GET",
        "/vectors/list",
        Action.READ,
        HERE,
        query=bodies.LIST,
        fields=("paginationToken",),
        effect=effects.list_ids,
    ),
    Row(
        "upsert",
        "POST",
        "/vectors/upsert",
        Action.WRITE,
        HERE,
        body=bodies.UPSERT,
        note=f"{NAMESPACE_NOTE} `bulk_update` from {MANY + 1} records.",
        effect=effects.upsert,
    ),
    Row(
        "update",
        "POST",
        "/vectors/update",
        Action.WRITE,
        HERE,
        body=bodies.UPDATE,
        fields=("filter",),
        note=(
            f"{NAMESPACE_NOTE} With a filter it is `bulk_update`, and `read` as well: the answer, also of `dryRun`, "
            "counts what matches."
        ),
        effect=effects.update,
    ),
    Row(
        "delete",
        "POST",
        "/vectors/delete",
        Action.DELETE,
        HERE,
        body=bodies.DELETE,
        fields=("filter",),
        note=f"{NAMESPACE_NOTE} `bulk_delete` with a filter, `deleteAll`, or more than {FEW} ids.",
        effect=effects.delete,
    ),
    Row(
        "delete_by_query",
        "DELETE",
        "/vectors/delete",
        Action.DELETE,
        refused="Delete with POST: the form with query parameters is refused.",
    ),
)
NAMESPACES: Final = (
    Row(
        "describe_index_stats",
        "POST",
        "/describe_index_stats",
        Action.META,
        ALL,
        Scope.LIST,
        body=bodies.STATS,
        fields=("filter",),
        note="Counts the namespaces that the caller may see. With a filter it is `read` on all namespaces.",
        effect=effects.stats,
    ),
    Row(
        "describe_index_stats_get",
        "GET",
        "/describe_index_stats",
        Action.META,
        ALL,
        Scope.LIST,
        note="Not in the OpenAPI file; the gRPC description binds it.",
    ),
    Row(
        "list_namespaces",
        "GET",
        "/namespaces",
        Action.META,
        ALL,
        Scope.LIST,
        query=bodies.LIST_NAMESPACES,
        note="Filtered to what the caller may see, and so are its counts. The name that a token continues after is a "
        "resource, too.",
        effect=effects.list_namespaces,
    ),
    Row(
        "create_namespace",
        "POST",
        "/namespaces",
        Action.ADMIN,
        body=bodies.CREATE_NAMESPACE,
        note="The resource is the body's `name` in the index.",
        effect=effects.create_namespace,
    ),
    Row("describe_namespace", "GET", "/namespaces/{namespace}", Action.META, HERE),
    Row(
        "delete_namespace",
        "DELETE",
        "/namespaces/{namespace}",
        Action.ADMIN,
        HERE,
        risks=(Risk.DROP_COLLECTION, Risk.BULK_DELETE),
        note="All its records go with it.",
    ),
)
TEXTS: Final = (
    Row(
        "upsert_records",
        "POST",
        f"{_TEXTS}/upsert",
        Action.WRITE,
        HERE,
        body=bodies.TEXT_RECORD,
        risks=(Risk.EGRESS,),
        note=f"One JSON object a line (`application/x-ndjson`), each with `_id` and any fields; {MANY} at most.",
        effect=effects.upsert_records,
    ),
    Row(
        "search_records",
        "POST",
        f"{_TEXTS}/search",
        Action.SEARCH,
        HERE,
        body=bodies.SEARCH,
        fields=("query.filter", "query.match_terms", "rerank.rank_fields"),
        payload=("result.hits.*.fields",),
        scores=("result.hits.*._score",),
        note=(
            "`egress` with `inputs` or `rerank`. Terms are looked for in a field that only the index's settings name: "
            "they count as any field."
        ),
        effect=effects.search_records,
    ),
)
IMPORTS: Final = (
    Row("list_imports", "GET", _IMPORTS, Action.META, ALL, query=bodies.PAGE, note="They name addresses: for all."),
    Row(
        "start_import",
        "POST",
        _IMPORTS,
        Action.ADMIN,
        ALL,
        body=bodies.START_IMPORT,
        risks=(Risk.EGRESS, Risk.BULK_UPDATE),
        note="The server reads the address; its folders are the namespaces, so it is on all of the index.",
        effect=effects.start_import,
    ),
    Row("describe_import", "GET", f"{_IMPORTS}/{{import_id}}", Action.META, ALL),
    Row("cancel_import", "DELETE", f"{_IMPORTS}/{{import_id}}", Action.ADMIN, ALL),
)
ROWS: Final = (*VECTORS, *NAMESPACES, *TEXTS, *IMPORTS)
