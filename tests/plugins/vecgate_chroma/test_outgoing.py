from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.support.chroma_scene import (
    CHROMA,
    COLLECTION,
    DATABASE,
    OPEN,
    TENANT,
    UUID,
    decided,
    masks,
    reading,
    unbound,
)

from vecgate.masking.maskset import MaskSet
from vecgate.operations.messages import Request
from vecgate.operations.target import parse

VECTOR = [[1.0, 2.0]]


def sent(path: str, body: Any, mask: MaskSet) -> Any:
    outgoing = CHROMA.rewrite(reading("POST", f"{COLLECTION}/{path}", body), decided(mask))
    return msgspec.json.decode(outgoing.body)


@pytest.mark.parametrize(
    ("path", "body", "mask", "include"),
    [
        ("get", {}, OPEN, ["documents", "metadatas"]),
        ("get", {"include": None}, OPEN, ["documents", "metadatas"]),
        ("query", {"query_embeddings": VECTOR}, OPEN, ["documents", "metadatas", "distances"]),
        ("get", {"include": ["embeddings", "uris"]}, OPEN, ["embeddings", "uris"]),
        ("get", {"include": ["embeddings", "embeddings"]}, OPEN, ["embeddings"]),
        ("get", {"include": ["embeddings", "documents"]}, masks(), ["documents"]),
        ("get", {"include": ["embeddings"]}, masks(), []),
        ("get", {"include": ["embeddings"]}, masks(vectors="zero"), ["embeddings"]),
        ("query", {"query_embeddings": VECTOR}, masks({"#document": "drop"}), ["metadatas", "distances"]),
        ("get", {"include": ["documents", "uris"]}, masks({"#document": "redact", "#uri": "drop"}), ["documents"]),
    ],
)
def test_what_is_masked_is_not_asked_for(path: str, body: Any, mask: MaskSet, include: list[str]) -> None:
    assert sent(path, body, mask) == {**body, "include": include}


def test_a_search_does_not_select_what_is_masked() -> None:
    body = {"searches": [{"select": {"keys": ["#embedding", "#document", "#score", "title"]}}, {"select": None}, {}]}
    selected = sent("search", body, masks({"#document": "drop"}))["searches"]
    assert selected == [{"select": {"keys": ["#score", "title"]}}, {"select": None}, {}]
    assert sent("search", body, OPEN) == body


@pytest.mark.parametrize(
    ("method", "path", "upstream"),
    [
        ("GET", f"{DATABASE}/collections_count", f"{DATABASE}/collections"),
        ("GET", f"{DATABASE}/collections?limit=5&offset=2", f"{DATABASE}/collections"),
        ("GET", f"{TENANT}/databases?limit=5", f"{TENANT}/databases"),
        ("GET", f"{COLLECTION}/count?read_level=index_only", f"{COLLECTION}/count?read_level=index_only"),
        ("DELETE", f"{DATABASE}/collections/%61lpha", f"{DATABASE}/collections/alpha"),
        ("GET", f"{DATABASE}/collections/by-id/{UUID.upper()}", f"{DATABASE}/collections/by-id/{UUID}"),
        ("GET", "/api/v2/%68eartbeat", "/api/v2/heartbeat"),
    ],
)
def test_the_upstream_target_is_built_from_what_was_judged(method: str, path: str, upstream: str) -> None:
    outgoing = CHROMA.rewrite(reading(method, path), decided(OPEN))
    assert (outgoing.method, outgoing.path, outgoing.headers, outgoing.body) == (method, upstream, (), b"")


def test_a_collection_that_exists_is_read_and_never_created() -> None:
    read = reading("POST", f"{DATABASE}/collections", {"name": "alpha", "get_or_create": True, "metadata": {"a": 1}})
    outgoing = CHROMA.rewrite(read, decided(OPEN))
    assert (outgoing.method, outgoing.path, outgoing.body) == ("GET", f"{DATABASE}/collections/alpha", b"")


def test_bodies_go_out_as_json_whatever_the_client_called_them() -> None:
    request = Request("POST", parse(f"{COLLECTION}/get"), {}, b'{"where" : {"a\\u0062":1.50}}')
    outgoing = CHROMA.rewrite(CHROMA.read(request), decided(masks()))
    assert outgoing.headers == (("content-type", "application/json"),)
    assert outgoing.body == b'{"where":{"ab":1.50},"include":["documents","metadatas"]}'


def test_written_vectors_leave_byte_for_byte() -> None:
    numbers = b"[" + b",".join([b"0.10", b"1e-7", b"-0.0"] * 40) + b"]"
    body = b'{"ids":["a"],"embeddings":[' + numbers + b'],"metadatas":[{"n":9223372036854775807}]}'
    request = Request("POST", parse(f"{COLLECTION}/add"), {"content-type": "application/json"}, body)
    assert CHROMA.rewrite(CHROMA.read(request), decided(OPEN)).body == body


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", f"{COLLECTION.replace(UUID, UUID.upper())}/get", {"where": {"a": 1}, "limit": 3}),
        ("POST", f"{COLLECTION}/query", {"query_embeddings": VECTOR, "where_document": {"$contains": "x"}}),
        ("POST", f"{COLLECTION}/delete", {"ids": ["a"], "where": {"a": {"$in": [1, 2]}}}),
        ("PUT", COLLECTION, {"new_name": "gamma"}),
        ("POST", f"{COLLECTION}/upsert", {"ids": ["a"], "embeddings": ["AACAPw=="]}),
        ("DELETE", DATABASE, None),
    ],
)
def test_reading_the_sent_request_again_gives_the_same_operations(method: str, path: str, body: Any) -> None:
    read = unbound(method, path, body)
    outgoing = CHROMA.rewrite(read, decided(OPEN))
    again = CHROMA.read(Request(outgoing.method, parse(outgoing.path), dict(outgoing.headers), outgoing.body))
    for one, other in zip(read.operations, again.operations, strict=True):
        assert (one.resources, one.fields_used, one.risks, one.action) == (
            other.resources,
            other.fields_used,
            other.risks,
            other.action,
        )
