"""Settings: the members of the control plane's and inference's requests, from their descriptions of 2026-04."""

from __future__ import annotations

from typing import Final

from vecgate.operations.shapes import (
    ANY,
    BOOLEAN,
    COUNT,
    POSITIVE,
    TEXT,
    ListOf,
    MapOf,
    OneOf,
    Shape,
    enumeration,
    nullable,
)
from vecgate_pinecone.kinds import FIELD_SCHEMA, TAGS
from vecgate_pinecone.names import INDEX

PROTECTION: Final = enumeration("enabled", "disabled")
METRIC: Final = enumeration("cosine", "euclidean", "dotproduct")
PARAMETERS: Final = MapOf(ANY)
READ_CAPACITY: Final = Shape(
    {
        "mode": TEXT,
        **nullable(
            dedicated=Shape(
                nullable(node_type=TEXT, scaling=TEXT, manual=Shape(nullable(replicas=COUNT, shards=COUNT))),
            )
        ),
    },
    frozenset({"mode"}),
)
_COMMON = nullable(deletion_protection=PROTECTION, tags=TAGS)


def _one(**members: Shape) -> OneOf:
    """An object with exactly one of these members."""
    return OneOf(tuple(Shape({name: shape}, frozenset({name})) for name, shape in members.items()))


CREATE_INDEX: Final = Shape(
    {
        "name": INDEX,
        "spec": _one(
            serverless=Shape(
                {
                    "cloud": TEXT,
                    "region": TEXT,
                    **nullable(read_capacity=READ_CAPACITY, source_collection=INDEX, schema=FIELD_SCHEMA),
                },
                frozenset({"cloud", "region"}),
            ),
            pod=Shape(
                {
                    "environment": TEXT,
                    "pod_type": TEXT,
                    **nullable(
                        replicas=POSITIVE,
                        shards=POSITIVE,
                        pods=POSITIVE,
                        metadata_config=Shape(nullable(indexed=ListOf(TEXT))),
                        source_collection=INDEX,
                    ),
                },
                frozenset({"environment", "pod_type"}),
            ),
            byoc=Shape(
                {"environment": TEXT, **nullable(read_capacity=READ_CAPACITY, schema=FIELD_SCHEMA)},
                frozenset({"environment"}),
            ),
        ),
        **nullable(dimension=POSITIVE, metric=METRIC, vector_type=enumeration("dense", "sparse")),
        **_COMMON,
    },
    frozenset({"name", "spec"}),
)
CREATE_FOR_MODEL: Final = Shape(
    {
        "name": INDEX,
        "cloud": TEXT,
        "region": TEXT,
        "embed": Shape(
            {
                "model": TEXT,
                "field_map": MapOf(TEXT),
                **nullable(metric=METRIC, dimension=POSITIVE, read_parameters=PARAMETERS, write_parameters=PARAMETERS),
            },
            frozenset({"model", "field_map"}),
        ),
        **nullable(schema=FIELD_SCHEMA, read_capacity=READ_CAPACITY),
        **_COMMON,
    },
    frozenset({"name", "cloud", "region", "embed"}),
)
CONFIGURE_INDEX: Final = Shape(
    {
        **nullable(
            spec=_one(
                serverless=Shape(nullable(read_capacity=READ_CAPACITY)),
                pod=Shape(nullable(replicas=POSITIVE, pod_type=TEXT)),
                byoc=Shape(nullable(read_capacity=READ_CAPACITY)),
            ),
            embed=Shape(
                nullable(model=TEXT, field_map=MapOf(TEXT), read_parameters=PARAMETERS, write_parameters=PARAMETERS)
            ),
        ),
        **_COMMON,
    }
)
CREATE_COLLECTION: Final = Shape({"name": INDEX, "source": INDEX}, frozenset({"name", "source"}))
CREATE_BACKUP: Final = Shape(nullable(name=TEXT, description=TEXT))
RESTORE: Final = Shape({"name": INDEX, **_COMMON}, frozenset({"name"}))

EMBED: Final = Shape(
    {"model": TEXT, "inputs": ListOf(Shape(nullable(text=TEXT))), **nullable(parameters=PARAMETERS)},
    frozenset({"model", "inputs"}),
)
RERANK: Final = Shape(
    {
        "model": TEXT,
        "query": TEXT,
        "documents": ListOf(MapOf(ANY)),
        **nullable(top_n=POSITIVE, return_documents=BOOLEAN, rank_fields=ListOf(TEXT), parameters=PARAMETERS),
    },
    frozenset({"model", "query", "documents"}),
)
