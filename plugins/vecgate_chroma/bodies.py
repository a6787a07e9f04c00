"""Bodies: the members that each operation's body may have. From the server's OpenAPI file and measured answers."""

from __future__ import annotations

from typing import Any, Final

from vecgate.errors import Refusal
from vecgate.operations.document import Number, Numbers
from vecgate.operations.shapes import (
    ANY,
    BOOLEAN,
    COUNT,
    NUMBER,
    OBJECT,
    TEXT,
    Kind,
    ListOf,
    MapOf,
    Nullable,
    OneOf,
    Scalar,
    Shape,
    Vectors,
    enumeration,
    misfit,
    nullable,
)
from vecgate.reasons import Reason

INCLUDE: Final = ("distances", "documents", "embeddings", "metadatas", "uris")
READ_LEVEL: Final = enumeration("index_and_wal", "index_only", "index_and_bounded_wal")

_RESERVED = ("#", "$", "chroma:")
_FORBIDDEN = frozenset('/\\*?[]{}"')


class Name(Kind):
    """A name that can stand in a resource: no separator, no wildcard, nothing invisible."""

    def describe(self) -> str:
        return "name"

    def check(self, value: Any, path: str) -> None:
        if type(value) is not str or not _is_name(value):
            raise Refusal(
                Reason.BAD_BODY, f"{path}: Expected a name of 1 to 512 printable characters, none of them {_SHOWN}"
            )


def _is_name(value: str) -> bool:
    return 0 < len(value) <= 512 and value.isprintable() and value not in {".", ".."} and _FORBIDDEN.isdisjoint(value)


_SHOWN = " ".join(sorted(_FORBIDDEN))
NAME: Final = Name()


class Metadata(Kind):
    """Scalars, lists of one kind of scalar, sparse vectors. Reserved keys are refused: a text written as
    `chroma:document` would become the record's document (measured)."""

    def describe(self) -> str:
        return "metadata"

    def check(self, value: Any, path: str) -> None:
        if type(value) is not dict:
            raise misfit(path, self)
        for name, entry in value.items():
            if name.startswith(_RESERVED):
                raise Refusal(Reason.BAD_BODY, f"{path} has a reserved key.")
            if type(entry) is dict:
                SPARSE.check(entry, path)
            elif type(entry) is list and not _SCALARS.issuperset(map(type, entry)):
                raise misfit(path, self)


_SCALARS = frozenset({str, bool, int, float, Number})
SPARSE: Final = Shape(
    {
        "#type": enumeration("sparse_vector"),
        "indices": OneOf((ListOf(Scalar("integer", frozenset({int}))), Scalar("numbers", frozenset({Numbers})))),
        "values": OneOf((ListOf(NUMBER), Scalar("numbers", frozenset({Numbers})))),
        "tokens": Nullable(ListOf(TEXT)),
    },
    frozenset({"indices", "values"}),
)
METADATA: Final = Metadata()
TEXTS: Final = ListOf(TEXT)
OPTIONAL_TEXTS: Final = ListOf(Scalar("text?", frozenset({str, type(None)})))
METADATAS: Final = ListOf(Nullable(METADATA))
INCLUDES: Final = ListOf(enumeration(*INCLUDE))

_SIZE = nullable(
    ef_construction=COUNT,
    ef_search=COUNT,
    max_neighbors=COUNT,
    sync_threshold=COUNT,
    batch_size=COUNT,
    num_threads=COUNT,
    resize_factor=NUMBER,
)
_SPANN = nullable(
    ef_construction=COUNT,
    ef_search=COUNT,
    max_neighbors=COUNT,
    merge_threshold=COUNT,
    reassign_neighbor_count=COUNT,
    search_nprobe=COUNT,
    split_threshold=COUNT,
    write_nprobe=COUNT,
)
_SPANN_INDEX = {
    **_SPANN,
    **nullable(
        center_drift_threshold=NUMBER,
        initial_lambda=NUMBER,
        nreplica_count=COUNT,
        num_centers_to_merge_to=COUNT,
        num_samples_kmeans=COUNT,
        search_rng_epsilon=NUMBER,
        search_rng_factor=NUMBER,
        write_rng_epsilon=NUMBER,
        write_rng_factor=NUMBER,
        quantize=enumeration("none", "four_bit_rabit_q_with_u_search"),
    ),
}
_SPACE = nullable(space=enumeration("l2", "cosine", "ip"))
EMBEDDING_FUNCTION: Final = Shape(
    {"type": enumeration("legacy", "known", "unknown"), "name": TEXT, "config": ANY}, frozenset({"type"})
)
CONFIGURATION: Final = Shape(
    nullable(hnsw=Shape({**_SIZE, **_SPACE}), spann=Shape({**_SPANN, **_SPACE}), embedding_function=EMBEDDING_FUNCTION)
)


def _index(**config: Kind) -> Shape:
    return Shape({"enabled": BOOLEAN, "config": Shape(config)})


VALUE_TYPES: Final = Shape(
    nullable(
        string=Shape(nullable(fts_index=_index(), string_inverted_index=_index())),
        int=Shape(nullable(int_inverted_index=_index())),
        float=Shape(nullable(float_inverted_index=_index())),
        bool=Shape(nullable(bool_inverted_index=_index())),
        float_list=Shape(
            nullable(
                vector_index=_index(
                    **_SPACE,
                    **nullable(
                        embedding_function=EMBEDDING_FUNCTION,
                        source_key=TEXT,
                        hnsw=Shape(_SIZE),
                        spann=Shape(_SPANN_INDEX),
                    ),
                )
            )
        ),
        sparse_vector=Shape(
            nullable(
                sparse_vector_index=_index(
                    **nullable(
                        embedding_function=EMBEDDING_FUNCTION,
                        source_key=TEXT,
                        bm25=BOOLEAN,
                        algorithm=enumeration("wand", "max_score"),
                    )
                )
            )
        ),
    )
)
SCHEMA: Final = Shape({"defaults": VALUE_TYPES, "keys": MapOf(VALUE_TYPES)}, frozenset({"defaults", "keys"}))

CREATE_TENANT: Final = Shape({"name": NAME}, frozenset({"name"}))
UPDATE_TENANT: Final = Shape({"resource_name": NAME}, frozenset({"resource_name"}))
CREATE_DATABASE: Final = Shape({"name": NAME}, frozenset({"name"}))
CREATE_COLLECTION: Final = Shape(
    {
        "name": NAME,
        **nullable(metadata=METADATA, configuration=CONFIGURATION, schema=SCHEMA, get_or_create=BOOLEAN),
    },
    frozenset({"name"}),
)
UPDATE_COLLECTION: Final = Shape(nullable(new_name=NAME, new_metadata=METADATA, new_configuration=CONFIGURATION))
FORK: Final = Shape({"new_name": NAME}, frozenset({"new_name"}))
ATTACH: Final = Shape(
    {"name": NAME, "function_id": TEXT, "output_collection": NAME, "params": ANY},
    frozenset({"name", "function_id", "output_collection"}),
)
DETACH: Final = Shape(nullable(delete_output=BOOLEAN))

_RECORDS = {"ids": TEXTS, **nullable(documents=OPTIONAL_TEXTS, metadatas=METADATAS, uris=OPTIONAL_TEXTS)}
ADD: Final = Shape({**_RECORDS, "embeddings": Vectors()}, frozenset({"ids", "embeddings"}))
UPDATE: Final = Shape({**_RECORDS, "embeddings": Nullable(Vectors(nullable=True))}, frozenset({"ids"}))
_WHERE = nullable(where=OBJECT, where_document=OBJECT)
GET: Final = Shape({**_WHERE, **nullable(ids=TEXTS, limit=COUNT, offset=COUNT, include=INCLUDES)})
QUERY: Final = Shape(
    {
        **_WHERE,
        **nullable(ids=TEXTS, n_results=COUNT, include=INCLUDES),
        "query_embeddings": Vectors(encoded=False),
    },
    frozenset({"query_embeddings"}),
)
DELETE: Final = Shape({**_WHERE, **nullable(ids=TEXTS, limit=COUNT)})
_SEARCH = Shape(
    nullable(
        filter=OBJECT,
        rank=OBJECT,
        group_by=Shape(nullable(keys=OneOf((TEXT, TEXTS)), aggregate=OBJECT)),
        limit=Shape(nullable(limit=COUNT, offset=COUNT)),
        select=Shape(nullable(keys=TEXTS)),
    )
)
SEARCH: Final = Shape({"searches": ListOf(_SEARCH), **nullable(read_level=READ_LEVEL)}, frozenset({"searches"}))
