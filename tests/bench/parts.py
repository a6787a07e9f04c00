"""What single parts cost: classifying a day's traffic, and masking a hundred vectors of 1536 dimensions in a reply."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

import numpy as np

from tests.support import milvus_calls, pinecone_scene, qdrant_calls, weaviate_calls
from vecgate.hooks import Hooks
from vecgate.operations import grpc
from vecgate.operations.classify import classify
from vecgate.operations.dialect import Dialect
from vecgate_pinecone.descriptors import DESCRIPTORS

RECORDS: Final = 100
DIMENSION: Final = 1536
VECTOR: Final = [number / 16 for number in range(16)]
_CHROMA: Final = "/api/v2/tenants/t/databases/d/collections/5b7c6b1e-8f0e-4b5e-9f5e-0123456789ab"
_WEAVIATE: Final = weaviate_calls.SERVICE
_MILVUS: Final = "milvus.proto.milvus.MilvusService/Query"
LINES: Final[Mapping[str, tuple[dict[str, Any], ...]]] = {
    "chroma": (
        {"method": "POST", "path": f"{_CHROMA}/query", "body": {"query_embeddings": [VECTOR], "where": {"a": "x"}}},
        {"method": "POST", "path": f"{_CHROMA}/get", "body": {"ids": ["1"], "include": ["metadatas"]}},
        {"method": "POST", "path": f"{_CHROMA}/delete", "body": {"where": {"a": {"$gt": 5}}}},
    ),
    "milvus": (
        {"grpc": _MILVUS, "message": {"collection_name": "kb", "expr": 'a == "x" and b > 5', "output_fields": ["a"]}},
        {
            "method": "POST",
            "path": "/v2/vectordb/entities/search",
            "body": {"collectionName": "kb", "data": [VECTOR], "annsField": "vector", "filter": "year > 5"},
        },
        {"grpc": "milvus.proto.milvus.MilvusService/Delete", "message": {"collection_name": "kb", "expr": "id in [1]"}},
    ),
    "qdrant": (
        {"method": "POST", "path": "/collections/kb/points/query", "body": {"query": VECTOR, "limit": 5}},
        {"method": "POST", "path": "/collections/kb/points/scroll", "body": {"limit": 5, "with_payload": ["a"]}},
        {"method": "POST", "path": "/collections/kb/points/delete", "body": {"points": [1, 2]}},
        {"grpc": "qdrant.Points/Scroll", "message": {"collection_name": "kb", "limit": 5}},
    ),
    "weaviate": (
        {
            "grpc": f"{_WEAVIATE}/Search",
            "message": {"collection": "Kb", "limit": 5, "near_vector": weaviate_calls.NEAR},
        },
        {"method": "POST", "path": "/v1/graphql", "body": {"query": "{Get{Kb(limit:5){title _additional{id}}}}"}},
        {"method": "GET", "path": f"/v1/objects/Kb/{weaviate_calls.UUID}"},
        {"method": "POST", "path": "/v1/objects", "body": {"class": "Kb", "properties": {"a": "x"}, "vector": VECTOR}},
    ),
    "pinecone": (
        {"method": "POST", "path": "/query", "body": {"vector": VECTOR, "topK": 5, "filter": {"a": {"$eq": "x"}}}},
        {"method": "GET", "path": "/vectors/fetch?ids=1&namespace=kb"},
        {"method": "POST", "path": "/vectors/upsert", "body": {"vectors": [{"id": "1", "values": VECTOR}]}},
        {"grpc": "VectorService/Query", "message": {"vector": VECTOR, "topK": 5, "namespace": "kb"}},
    ),
}
"""A search, a read and a write of each engine."""


def parts() -> str:
    """Markdown."""
    dialects = Hooks().dialects()
    lines = ["| classify, one process | requests/s |", "|---|---:|"]
    for name, batch in LINES.items():
        seconds = per_call(partial(_classified, dialects[name], batch))
        lines.append(f"| {name} | {len(batch) / seconds:,.0f} |")
    lines += [
        "",
        f"| drop {RECORDS} × {DIMENSION} floats from a gRPC reply, read to rebuilt | ms of CPU |",
        "|---|---:|",
    ]
    lines += (f"| {name} | {per_call(made()) * 1000:.2f} |" for name, made in MASKED.items())
    return "\n".join(lines) + "\n"


def _classified(dialect: Dialect, batch: tuple[dict[str, Any], ...]) -> None:
    for line in batch:
        if error := classify(dialect, line)["error"]:
            raise ValueError(f"{line}: {error}")


def per_call(function: Callable[[], object], seconds: float = 1.0) -> float:
    """CPU seconds, the best of five rounds."""
    function()
    best = float("inf")
    for _ in range(5):
        count, begun = 0, time.process_time()
        while (used := time.process_time() - begun) < seconds / 5:
            function()
            count += 1
        best = min(best, used / count)
    return best


def _milvus() -> Callable[[], object]:
    reply = milvus_calls.made("milvus.QueryResults", collection_name="kb")
    floats = np.random.default_rng(1).random(RECORDS * DIMENSION, dtype=np.float32)
    column = milvus_calls.column
    reply.fields_data.extend(
        [
            column("id", "long_data", range(RECORDS), 5),
            column("title", "string_data", [f"title {number}" for number in range(RECORDS)], 21),
            milvus_calls.vectors("dense", "float_vector", floats, DIMENSION),
        ]
    )
    read = milvus_calls.reading("Query", {"collection_name": "kb", "output_fields": ["*"]})
    body, masks = reply.SerializeToString(), milvus_calls.masks()
    done = milvus_calls.masked(read, masks, body)
    assert done.answer.messages is not None
    assert len(done.answer.messages[0]) < len(body) / 50
    return lambda: milvus_calls.masked(read, masks, body)


def _qdrant() -> Callable[[], object]:
    reply = qdrant_calls.made("GetResponse")
    for number, vector in enumerate(np.random.default_rng(1).random((RECORDS, DIMENSION), dtype=np.float32)):
        point = reply.result.add()
        point.id.num = number
        point.payload["title"].string_value = f"title {number}"
        point.vectors.vector.dense.data.extend(vector)
    read = qdrant_calls.reading("Points/Get", {"collection_name": "kb", "with_vectors": {"enable": True}})
    body, masks = reply.SerializeToString(), qdrant_calls.masks()
    return lambda: qdrant_calls.masked(read, masks, body)


def _weaviate() -> Callable[[], object]:
    reply = weaviate_calls.reply("SearchReply")
    for number, vector in enumerate(np.random.default_rng(1).random((RECORDS, DIMENSION), dtype=np.float32)):
        found = reply.results.add()
        found.properties.target_collection = "Docs"
        found.properties.non_ref_props.fields["title"].text_value = f"title {number}"
        found.metadata.id = weaviate_calls.UUID
        found.metadata.vectors.add(name="default", vector_bytes=vector.tobytes(), type=1)
    read = weaviate_calls.reading("Search", {"collection": "Docs", "near_vector": weaviate_calls.NEAR})
    body, masks = grpc.answered(reply.SerializeToString()), weaviate_calls.masks()
    return lambda: weaviate_calls.masked(read, masks, body)


def _pinecone() -> Callable[[], object]:
    reply: Any = DESCRIPTORS.type("FetchResponse")()
    for number, vector in enumerate(np.random.default_rng(1).random((RECORDS, DIMENSION), dtype=np.float32)):
        record = reply.vectors[f"r{number}"]
        record.id = f"r{number}"
        record.values.extend(vector)
        record.metadata["title"] = f"title {number}"
    read = pinecone_scene.called("Fetch", ids=[f"r{number}" for number in range(RECORDS)], namespace="kb")
    answer, decision = grpc.answered(reply.SerializeToString()), pinecone_scene.decided(pinecone_scene.masks())
    return lambda: pinecone_scene.PINECONE.mask(read, decision, pinecone_scene.ALICE, answer)


MASKED: Final[Mapping[str, Callable[[], Callable[[], object]]]] = {
    "milvus": _milvus,
    "qdrant": _qdrant,
    "weaviate": _weaviate,
    "pinecone": _pinecone,
}
