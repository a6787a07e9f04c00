"""Bodies: the members of the data plane's requests, from its descriptions of 2025-10 and 2026-04, which are the same.

A gRPC message is judged by the same shapes, its fields named as in JSON (`calls`).
"""

from __future__ import annotations

from typing import Final

from vecgate.operations.shapes import (
    ANY,
    BOOLEAN,
    NUMBER,
    OBJECT,
    POSITIVE,
    TEXT,
    Kind,
    ListOf,
    MapOf,
    Nullable,
    Shape,
    enumeration,
    nullable,
)
from vecgate_pinecone.kinds import (
    FIELD_SCHEMA,
    ID,
    IDS,
    INDICES,
    METADATA,
    SPARSE,
    TOP_K,
    VECTOR,
    Never,
)
from vecgate_pinecone.names import NAMESPACE

_IN_NAMESPACE: Final = nullable(namespace=NAMESPACE)
QUERIES: Final = Never("queries is deprecated and refused: send one request for each vector.")

QUERY: Final = Shape(
    {
        **_IN_NAMESPACE,
        "topK": TOP_K,
        **nullable(
            filter=OBJECT,
            includeValues=BOOLEAN,
            includeMetadata=BOOLEAN,
            vector=VECTOR,
            sparseVector=SPARSE,
            id=ID,
            scanFactor=NUMBER,
            maxCandidates=POSITIVE,
        ),
        "queries": QUERIES,
    },
    frozenset({"topK"}),
)
RECORD: Final = Shape({"id": ID, **nullable(values=VECTOR, sparseValues=SPARSE, metadata=METADATA)}, frozenset({"id"}))
UPSERT: Final = Shape({**_IN_NAMESPACE, "vectors": ListOf(RECORD)}, frozenset({"vectors"}))
UPDATE: Final = Shape(
    {
        **_IN_NAMESPACE,
        **nullable(id=ID, values=VECTOR, sparseValues=SPARSE, setMetadata=METADATA, filter=OBJECT, dryRun=BOOLEAN),
    }
)
DELETE: Final = Shape({**_IN_NAMESPACE, **nullable(ids=IDS, deleteAll=BOOLEAN, filter=OBJECT)})
FETCH: Final[dict[str, Kind]] = {"ids": ID, "namespace": NAMESPACE}
FETCH_CALL: Final = Shape({"ids": IDS, "namespace": NAMESPACE})
FETCH_BY_METADATA: Final = Shape(
    {**_IN_NAMESPACE, **nullable(filter=OBJECT, limit=POSITIVE, paginationToken=TEXT)},
)
PAGE: Final[dict[str, Kind]] = {"limit": POSITIVE, "paginationToken": TEXT}
LIST: Final[dict[str, Kind]] = {**PAGE, "prefix": TEXT, "namespace": NAMESPACE}
LIST_NAMESPACES: Final[dict[str, Kind]] = {**PAGE, "prefix": TEXT}
STATS: Final = Shape(nullable(filter=OBJECT))
CREATE_NAMESPACE: Final = Shape({"name": NAMESPACE, "schema": Nullable(FIELD_SCHEMA)}, frozenset({"name"}))
ONE_NAMESPACE: Final = Shape({"namespace": NAMESPACE})

TEXT_RECORD: Final = Shape({"_id": ID})
"""A line of `records/…/upsert`, which has any fields besides (`ndjson`)."""
SEARCH: Final = Shape(
    {
        "query": Shape(
            {
                "top_k": TOP_K,
                **nullable(
                    filter=OBJECT,
                    inputs=MapOf(ANY),
                    vector=Shape(nullable(values=VECTOR, sparse_values=VECTOR, sparse_indices=INDICES)),
                    id=ID,
                    match_terms=Shape(nullable(strategy=enumeration("all"), terms=ListOf(TEXT))),
                ),
            },
            frozenset({"top_k"}),
        ),
        **nullable(
            fields=ListOf(TEXT),
            rerank=Shape(
                {
                    "model": TEXT,
                    "rank_fields": ListOf(TEXT),
                    **nullable(top_n=POSITIVE, parameters=MapOf(ANY), query=TEXT),
                },
                frozenset({"model", "rank_fields"}),
            ),
        ),
    },
    frozenset({"query"}),
)
START_IMPORT: Final = Shape(
    {
        "uri": TEXT,
        **nullable(integrationId=TEXT, errorMode=Shape(nullable(onError=enumeration("abort", "continue")))),
    },
    frozenset({"uri"}),
)
