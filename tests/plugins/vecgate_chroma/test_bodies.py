from __future__ import annotations

from typing import Any

import pytest

from vecgate.errors import Refusal
from vecgate.operations.document import parse
from vecgate.operations.shapes import Kind
from vecgate.reasons import Reason
from vecgate_chroma.bodies import ADD, CONFIGURATION, CREATE_COLLECTION, METADATA, NAME, SCHEMA, UPDATE

DEFAULT_FUNCTION = {"name": "default", "type": "known", "config": {}}
# What the Python client 1.5.9 makes of `Schema()` with an index of its own.
PYTHON_SCHEMA = {
    "defaults": {
        "string": {
            "fts_index": {"enabled": False, "config": {}},
            "string_inverted_index": {"enabled": True, "config": {}},
        },
        "float_list": {
            "vector_index": {"enabled": False, "config": {"embedding_function": DEFAULT_FUNCTION, "space": "l2"}}
        },
        "sparse_vector": {
            "sparse_vector_index": {"enabled": False, "config": {"embedding_function": {"type": "unknown"}}}
        },
        "int": {"int_inverted_index": {"enabled": True, "config": {}}},
        "float": {"float_inverted_index": {"enabled": True, "config": {}}},
        "bool": {"bool_inverted_index": {"enabled": True, "config": {}}},
    },
    "keys": {"title": {"string": {"string_inverted_index": {"enabled": True, "config": {}}}}},
}
LONG = parse(b"[" + b"1.5," * 60 + b"2]")


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (SCHEMA, PYTHON_SCHEMA),
        (CONFIGURATION, {"hnsw": {"space": "l2", "ef_search": 5, "resize_factor": 1.2}, "spann": None}),
        (CONFIGURATION, {"spann": {"space": "cosine", "search_nprobe": 3}, "embedding_function": DEFAULT_FUNCTION}),
        (METADATA, {"a": 1, "b": 1.5, "c": "x", "d": True, "e": None, "f": [1, 2], "g": LONG, "h:i": ""}),
        (METADATA, {"v": {"#type": "sparse_vector", "indices": [1], "values": [0.5], "tokens": None}}),
        (METADATA, {"v": {"indices": [1], "values": LONG}}),
        (ADD, {"ids": ["a"], "embeddings": [LONG], "documents": [None], "metadatas": [None], "uris": None}),
        (UPDATE, {"ids": ["a"], "embeddings": [None]}),
        (NAME, "kb_public"),
        (NAME, "naïve name"),
    ],
)
def test_what_clients_send_passes(kind: Kind, value: Any) -> None:
    kind.check(value, "")


@pytest.mark.parametrize(
    ("kind", "value", "reason"),
    [
        (SCHEMA, {"defaults": {}}, Reason.BAD_BODY),
        (SCHEMA, {"defaults": {}, "keys": {}, "cmek": {"gcp": "projects/p"}}, Reason.UNKNOWN_MEMBER),
        (SCHEMA, {"defaults": {}, "keys": {"a": {"string": {"ngram_index": {}}}}}, Reason.UNKNOWN_MEMBER),
        (CONFIGURATION, {"hnsw": {"space": "l1"}}, Reason.BAD_BODY),
        (CONFIGURATION, {"hnsw": {"path": "/etc"}}, Reason.UNKNOWN_MEMBER),
        (CONFIGURATION, {"embedding_function": {"name": "x"}}, Reason.BAD_BODY),
        (CONFIGURATION, {"embedding_function": {"type": "legacy", "url": "http://x"}}, Reason.UNKNOWN_MEMBER),
        (CREATE_COLLECTION, {"name": "abc", "id": "x"}, Reason.UNKNOWN_MEMBER),
        (METADATA, {"chroma:document": "x"}, Reason.BAD_BODY),
        (METADATA, {"chroma:uri": "x"}, Reason.BAD_BODY),
        (METADATA, {"#document": "x"}, Reason.BAD_BODY),
        (METADATA, {"$set": 1}, Reason.BAD_BODY),
        (METADATA, {"a": [[1]]}, Reason.BAD_BODY),
        (METADATA, {"a": [None]}, Reason.BAD_BODY),
        (METADATA, {"a": {"b": 1}}, Reason.UNKNOWN_MEMBER),
        (METADATA, {"a": {"#type": "file", "indices": [], "values": []}}, Reason.BAD_BODY),
        (METADATA, {"a": {"indices": ["1"], "values": [1]}}, Reason.BAD_BODY),
        (ADD, {"ids": ["a"]}, Reason.BAD_BODY),
        (ADD, {"ids": ["a"], "embeddings": None}, Reason.BAD_BODY),
        (ADD, {"ids": ["a"], "embeddings": [None]}, Reason.BAD_BODY),
    ],
)
def test_nothing_else_does(kind: Kind, value: Any, reason: Reason) -> None:
    with pytest.raises(Refusal) as caught:
        kind.check(value, "x")
    assert caught.value.reason is reason
