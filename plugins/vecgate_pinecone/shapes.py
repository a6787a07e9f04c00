"""Shapes: the members of Pinecone's answers, from its descriptions.

Numbers of 64 bits may come as texts (proto3 JSON).
"""

from __future__ import annotations

import re
from typing import Final

from vecgate.operations.document import Number
from vecgate.operations.shapes import (
    ANY,
    BOOLEAN,
    TEXT,
    ListOf,
    MapOf,
    OneOf,
    Scalar,
    Shape,
)
from vecgate_pinecone.kinds import FIELD_SCHEMA, INDICES, TAGS, VECTOR
from vecgate_pinecone.names import INDEX
from vecgate_pinecone.settings import PARAMETERS

_DIGITS: Final = re.compile(r"\d{1,20}")
NUMERIC: Final = Scalar("number", frozenset({int, float, Number}))
AMOUNT: Final = Scalar(
    "amount",
    frozenset({int, str}),
    lambda value: value >= 0 if type(value) is int else _DIGITS.fullmatch(value) is not None,
)

PAGINATION: Final = Shape({"next": TEXT})
USAGE: Final = Shape({"readUnits": AMOUNT, "writeUnits": AMOUNT})
SPARSE: Final = Shape({"indices": INDICES, "values": VECTOR})
_RECORD: Final = {"id": TEXT, "values": VECTOR, "sparseValues": SPARSE, "metadata": MapOf(ANY)}
MATCHES: Final = Shape(
    {
        "matches": ListOf(Shape({**_RECORD, "score": NUMERIC}, frozenset({"id"}))),
        "namespace": TEXT,
        "usage": USAGE,
    }
)
FETCHED: Final = Shape(
    {"vectors": MapOf(Shape(_RECORD)), "namespace": TEXT, "usage": USAGE, "pagination": PAGINATION},
)
LISTED: Final = Shape(
    {
        "vectors": ListOf(Shape({"id": TEXT}, frozenset({"id"}))),
        "pagination": PAGINATION,
        "namespace": TEXT,
        "usage": USAGE,
    }
)
HITS: Final = Shape(
    {
        "result": Shape(
            {"hits": ListOf(Shape({"_id": TEXT, "_score": NUMERIC, "fields": MapOf(ANY)}, frozenset({"_id"})))},
            frozenset({"hits"}),
        ),
        "usage": Shape({"read_units": AMOUNT, "embed_total_tokens": AMOUNT, "rerank_units": AMOUNT}),
    },
    frozenset({"result"}),
)
STATS: Final = Shape(
    {
        "namespaces": MapOf(Shape({"vectorCount": AMOUNT})),
        "dimension": AMOUNT,
        "indexFullness": NUMERIC,
        "totalVectorCount": AMOUNT,
        "metric": TEXT,
        "vectorType": TEXT,
        "memory_fullness": NUMERIC,
        "storage_fullness": NUMERIC,
    }
)
NAMESPACE: Final = Shape(
    {
        "name": TEXT,
        "record_count": AMOUNT,
        "schema": FIELD_SCHEMA,
        "indexed_fields": Shape({"fields": ListOf(TEXT)}),
        "size_bytes": AMOUNT,
    },
)
NAMESPACES: Final = Shape({"namespaces": ListOf(NAMESPACE), "pagination": PAGINATION, "total_count": AMOUNT})
IMPORT: Final = Shape(
    {
        "id": TEXT,
        "uri": TEXT,
        "status": TEXT,
        "createdAt": TEXT,
        "finishedAt": TEXT,
        "percentComplete": NUMERIC,
        "recordsImported": AMOUNT,
        "error": TEXT,
    }
)
IMPORTS: Final = Shape({"data": ListOf(IMPORT), "pagination": PAGINATION})

_CAPACITY: Final = Shape(
    {
        "mode": TEXT,
        "dedicated": Shape(
            {"node_type": TEXT, "scaling": TEXT, "manual": Shape({"replicas": AMOUNT, "shards": AMOUNT})},
        ),
        "status": Shape({"state": TEXT, "current_replicas": AMOUNT, "current_shards": AMOUNT, "error_message": TEXT}),
    }
)
_SPEC: Final = Shape(
    {
        "serverless": Shape(
            {
                "cloud": TEXT,
                "region": TEXT,
                "read_capacity": _CAPACITY,
                "source_collection": TEXT,
                "schema": FIELD_SCHEMA,
            },
            frozenset({"cloud", "region"}),
        ),
        "pod": Shape(
            {
                "environment": TEXT,
                "replicas": AMOUNT,
                "shards": AMOUNT,
                "pod_type": TEXT,
                "pods": AMOUNT,
                "metadata_config": Shape({"indexed": ListOf(TEXT)}),
                "source_collection": TEXT,
            },
            frozenset({"environment", "pod_type"}),
        ),
        "byoc": Shape(
            {"environment": TEXT, "read_capacity": _CAPACITY, "schema": FIELD_SCHEMA}, frozenset({"environment"})
        ),
    }
)
INDEX_MODEL: Final = Shape(
    {
        "name": INDEX,
        "dimension": AMOUNT,
        "metric": TEXT,
        "deletion_protection": TEXT,
        "tags": TAGS,
        "embed": Shape(
            {
                "model": TEXT,
                "metric": TEXT,
                "dimension": AMOUNT,
                "vector_type": TEXT,
                "field_map": MapOf(TEXT),
                "read_parameters": PARAMETERS,
                "write_parameters": PARAMETERS,
            }
        ),
        "spec": _SPEC,
        "status": Shape({"ready": BOOLEAN, "state": TEXT}, frozenset({"ready", "state"})),
        "vector_type": TEXT,
    },
    frozenset({"name", "metric", "spec", "status"}),
)
INDEXES: Final = Shape({"indexes": ListOf(INDEX_MODEL)})
BACKUP: Final = Shape(
    {
        "backup_id": TEXT,
        "source_index_name": INDEX,
        "source_index_id": TEXT,
        "name": TEXT,
        "description": TEXT,
        "status": TEXT,
        "cloud": TEXT,
        "region": TEXT,
        "dimension": AMOUNT,
        "metric": TEXT,
        "schema": FIELD_SCHEMA,
        "record_count": AMOUNT,
        "namespace_count": AMOUNT,
        "size_bytes": AMOUNT,
        "tags": TAGS,
        "created_at": TEXT,
    },
    frozenset({"backup_id", "source_index_name"}),
)
BACKUPS: Final = Shape({"data": ListOf(BACKUP), "pagination": PAGINATION})
JOB: Final = Shape(
    {
        "restore_job_id": TEXT,
        "backup_id": TEXT,
        "target_index_name": INDEX,
        "target_index_id": TEXT,
        "status": TEXT,
        "created_at": TEXT,
        "completed_at": TEXT,
        "percent_complete": NUMERIC,
    },
    frozenset({"restore_job_id", "target_index_name"}),
)
JOBS: Final = Shape({"data": ListOf(JOB), "pagination": PAGINATION})
RESTORED: Final = Shape({"restore_job_id": TEXT, "index_id": TEXT}, frozenset({"restore_job_id"}))
COLLECTION: Final = Shape(
    {
        "name": TEXT,
        "size": AMOUNT,
        "status": TEXT,
        "dimension": AMOUNT,
        "vector_count": AMOUNT,
        "environment": TEXT,
    }
)
COLLECTIONS: Final = Shape({"collections": ListOf(COLLECTION)})
EMBEDDED: Final = Shape(
    {
        "model": TEXT,
        "vector_type": TEXT,
        "data": ListOf(
            Shape(
                {
                    "values": VECTOR,
                    "vector_type": TEXT,
                    "sparse_values": VECTOR,
                    "sparse_indices": INDICES,
                    "sparse_tokens": ListOf(TEXT),
                }
            )
        ),
        "usage": Shape({"total_tokens": AMOUNT}),
    }
)
RERANKED: Final = Shape(
    {
        "model": TEXT,
        "data": ListOf(Shape({"index": AMOUNT, "score": NUMERIC}, frozenset({"index", "score"}))),
        "usage": Shape({"rerank_units": AMOUNT}),
    },
    frozenset({"data"}),
)
_SCALAR: Final = OneOf((TEXT, NUMERIC, BOOLEAN))
MODEL: Final = Shape(
    {
        "model": TEXT,
        "short_description": TEXT,
        "type": TEXT,
        "vector_type": TEXT,
        "default_dimension": AMOUNT,
        "modality": TEXT,
        "max_sequence_length": AMOUNT,
        "max_batch_size": AMOUNT,
        "provider_name": TEXT,
        "supported_dimensions": INDICES,
        "supported_metrics": ListOf(TEXT),
        "supported_parameters": ListOf(
            Shape(
                {
                    "parameter": TEXT,
                    "type": TEXT,
                    "value_type": TEXT,
                    "required": BOOLEAN,
                    "allowed_values": ListOf(_SCALAR),
                    "min": NUMERIC,
                    "max": NUMERIC,
                    "default": _SCALAR,
                }
            )
        ),
    }
)
MODELS: Final = Shape({"models": ListOf(MODEL)})
UPSERTED: Final = Shape({"upsertedCount": AMOUNT})
UPDATED: Final = Shape({"matchedRecords": AMOUNT})
STARTED: Final = Shape({"id": TEXT})
