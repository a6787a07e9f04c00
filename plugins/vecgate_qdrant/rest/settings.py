"""Settings: the bodies about collections and indexes. From the API description of 1.19."""

from __future__ import annotations

from typing import Final

from vecgate.operations.shapes import (
    BOOLEAN,
    NUMBER,
    OBJECT,
    TEXT,
    Kind,
    MapOf,
    Nullable,
    OneOf,
    Shape,
    enumeration,
    nullable,
)
from vecgate_qdrant.rest.kinds import SIZE, TEXTS, UINT, Either

_MEMORY: Final = enumeration("cold", "cached", "pinned")
_ON_DISK: Final = nullable(on_disk=BOOLEAN, memory=_MEMORY)
_RAM: Final = nullable(always_ram=BOOLEAN, memory=_MEMORY)
_DATATYPE: Final = enumeration("float32", "float16", "uint8", "turbo4")
_DISTANCE: Final = enumeration("Cosine", "Euclid", "Dot", "Manhattan")
_SHARDING: Final = enumeration("auto", "custom")


def _closed(members: dict[str, Kind], *required: str) -> Shape:
    return Shape(members, frozenset(required))


_HNSW: Final = Shape(
    {
        **nullable(m=UINT, ef_construct=UINT, full_scan_threshold=UINT, max_indexing_threads=UINT, payload_m=UINT),
        **_ON_DISK,
        **nullable(inline_storage=BOOLEAN),
    }
)
_WAL: Final = Shape(nullable(wal_capacity_mb=SIZE, wal_segments_ahead=UINT, wal_retain_closed=UINT))
_OPTIMIZERS: Final = Shape(
    nullable(
        deleted_threshold=NUMBER,
        vacuum_min_vector_number=UINT,
        default_segment_number=UINT,
        max_segment_size=UINT,
        memmap_threshold=UINT,
        indexing_threshold=UINT,
        flush_interval_sec=UINT,
        max_optimization_threads=OneOf((UINT, enumeration("auto"))),
        prevent_unoptimized=BOOLEAN,
    )
)
_QUANTIZED: Final[dict[str, Kind]] = {
    "scalar": _closed({"type": enumeration("int8"), **nullable(quantile=NUMBER), **_RAM}, "type"),
    "product": _closed({"compression": enumeration("x4", "x8", "x16", "x32", "x64"), **_RAM}, "compression"),
    "binary": Shape(
        {
            **_RAM,
            **nullable(
                encoding=enumeration("one_bit", "two_bits", "one_and_half_bits"),
                query_encoding=enumeration("default", "binary", "scalar4bits", "scalar8bits"),
            ),
        }
    ),
    "turbo": Shape({**_RAM, **nullable(bits=enumeration("bits1", "bits1_5", "bits2", "bits4"))}),
}
_QUANTIZATION: Final = Either.single(_QUANTIZED)
_REQUANTIZATION: Final = OneOf((_QUANTIZATION, enumeration("Disabled")))
_MULTIVECTOR: Final = _closed({"comparator": enumeration("max_sim")}, "comparator")
_VECTOR: Final = _closed(
    {
        "size": SIZE,
        "distance": _DISTANCE,
        **nullable(
            hnsw_config=_HNSW, quantization_config=_QUANTIZATION, datatype=_DATATYPE, multivector_config=_MULTIVECTOR
        ),
        **_ON_DISK,
    },
    "size",
    "distance",
)
_MODIFIER: Final = enumeration("none", "idf")
_SPARSE: Final = MapOf(
    Shape(
        nullable(
            index=Shape({**nullable(full_scan_threshold=UINT, datatype=_DATATYPE), **_ON_DISK}), modifier=_MODIFIER
        )
    )
)
_STRICT: Final = Shape(
    {
        **nullable(
            enabled=BOOLEAN,
            unindexed_filtering_retrieve=BOOLEAN,
            unindexed_filtering_update=BOOLEAN,
            search_allow_exact=BOOLEAN,
            search_max_oversampling=NUMBER,
            multivector_config=MapOf(Shape(nullable(max_vectors=SIZE))),
            sparse_config=MapOf(Shape(nullable(max_length=SIZE))),
        ),
        **nullable(
            **dict.fromkeys(
                (
                    "max_query_limit",
                    "max_timeout",
                    "search_max_hnsw_ef",
                    "upsert_max_batchsize",
                    "search_max_batchsize",
                    "max_collection_vector_size_bytes",
                    "read_rate_limit",
                    "write_rate_limit",
                    "max_collection_payload_size_bytes",
                    "max_points_count",
                    "filter_max_conditions",
                    "condition_max_size",
                    "max_payload_index_count",
                    "max_resident_memory_percent",
                ),
                UINT,
            )
        ),
    }
)
_PAYLOAD: Final = Shape(nullable(memory=_MEMORY))
_COMMON: Final = nullable(
    hnsw_config=_HNSW,
    optimizers_config=_OPTIMIZERS,
    sparse_vectors=_SPARSE,
    strict_mode_config=_STRICT,
    metadata=OBJECT,
)
CREATE_COLLECTION: Final = Shape(
    {
        **_COMMON,
        **nullable(
            vectors=OneOf((_VECTOR, MapOf(_VECTOR))),
            shard_number=SIZE,
            sharding_method=_SHARDING,
            replication_factor=SIZE,
            write_consistency_factor=SIZE,
            on_disk_payload=BOOLEAN,
            payload=_PAYLOAD,
            wal_config=_WAL,
            quantization_config=_QUANTIZATION,
        ),
    }
)
UPDATE_COLLECTION: Final = Shape(
    {
        **_COMMON,
        **nullable(
            vectors=MapOf(Shape({**nullable(hnsw_config=_HNSW, quantization_config=_REQUANTIZATION), **_ON_DISK})),
            params=Shape(
                nullable(
                    replication_factor=SIZE,
                    write_consistency_factor=SIZE,
                    read_fan_out_factor=UINT,
                    read_fan_out_delay_ms=UINT,
                    on_disk_payload=BOOLEAN,
                    payload=_PAYLOAD,
                )
            ),
            quantization_config=_REQUANTIZATION,
        ),
    }
)
VECTOR_NAME: Final = Either.single(
    {
        "dense": _closed(
            {"size": SIZE, "distance": _DISTANCE, **nullable(multivector_config=_MULTIVECTOR, datatype=_DATATYPE)},
            "size",
            "distance",
        ),
        "sparse": Shape(nullable(modifier=_MODIFIER, datatype=_DATATYPE)),
    }
)

_INDEX: Final = {**_ON_DISK, **nullable(enable_hnsw=BOOLEAN)}
_STOPWORDS: Final = OneOf((TEXT, Shape(nullable(languages=TEXTS, custom=TEXTS))))
_STEMMER: Final = OneOf(
    (
        _closed({"type": enumeration("snowball"), "language": TEXT}, "type", "language"),
        _closed({"type": enumeration("none")}, "type"),
    )
)
INDEX_TYPES: Final = ("keyword", "integer", "float", "geo", "text", "bool", "datetime", "uuid")
_PARAMETERS: Final[dict[str, dict[str, Kind]]] = {
    "keyword": nullable(is_tenant=BOOLEAN, prefix=BOOLEAN),
    "integer": nullable(lookup=BOOLEAN, range=BOOLEAN, is_principal=BOOLEAN),
    "float": nullable(is_principal=BOOLEAN),
    "geo": {},
    "text": nullable(
        tokenizer=enumeration("prefix", "whitespace", "word", "multilingual"),
        min_token_len=UINT,
        max_token_len=UINT,
        lowercase=BOOLEAN,
        ascii_folding=BOOLEAN,
        phrase_matching=BOOLEAN,
        stopwords=_STOPWORDS,
        stemmer=_STEMMER,
    ),
    "bool": {},
    "datetime": nullable(is_principal=BOOLEAN),
    "uuid": nullable(is_tenant=BOOLEAN),
}
CREATE_INDEX: Final = _closed(
    {
        "field_name": TEXT,
        "field_schema": Nullable(
            OneOf(
                (
                    enumeration(*INDEX_TYPES),
                    *(
                        _closed({"type": enumeration(name), **_INDEX, **members}, "type")
                        for name, members in _PARAMETERS.items()
                    ),
                )
            )
        ),
    },
    "field_name",
)
