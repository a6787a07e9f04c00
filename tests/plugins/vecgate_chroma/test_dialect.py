from __future__ import annotations

import json  # noqa: TID251 - the clients' own way of writing bodies
from contextlib import suppress
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.chroma_scene import (
    ALICE,
    CHROMA,
    COLLECTION,
    DATABASE,
    OPEN,
    PARENT,
    TENANT,
    UUID,
    answer,
    decided,
    reading,
    request,
    unbound,
)

from vecgate.errors import Refusal, Unmaskable
from vecgate.hookspecs import PROJECT
from vecgate.operations.messages import Request
from vecgate.operations.target import parse
from vecgate.policy.decision import Decision
from vecgate.reasons import Reason
from vecgate_chroma import ChromaDialect, vecgate_dialects

GET = f"{COLLECTION}/get"


def reason(method: str, path: str, body: Any, headers: dict[str, str] | None = None) -> Reason:
    with pytest.raises(Refusal) as caught:
        CHROMA.read(replace(request(method, path, body), headers=headers or {"content-type": "application/json"}))
    return caught.value.reason


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("POST", GET, b"", Reason.BAD_BODY),
        ("POST", GET, b"null", Reason.BAD_BODY),
        ("POST", GET, b"[]", Reason.BAD_BODY),
        ("POST", GET, b'{"ids":["a"],"ids":["b"]}', Reason.DUPLICATE_MEMBER),
        ("POST", GET, b'{"ids":["a"],"\\u0069ds":["b"]}', Reason.DUPLICATE_MEMBER),
        ("POST", GET, b'{"where":{"a":1,"a":2}}', Reason.DUPLICATE_MEMBER),
        ("POST", GET, '{"limit":1}'.encode("utf-16"), Reason.BAD_BODY),
        ("POST", GET, b"\x1f\x8b\x08\x00", Reason.BAD_BODY),
        ("POST", GET, {"with_vectors": True}, Reason.UNKNOWN_MEMBER),
        ("POST", GET, {"n_results": 3}, Reason.UNKNOWN_MEMBER),
        ("POST", GET, {"include": ["embeddings", "everything"]}, Reason.BAD_BODY),
        ("POST", GET, {"include": "embeddings"}, Reason.BAD_BODY),
        ("POST", GET, {"limit": -1}, Reason.BAD_BODY),
        ("POST", GET, {"limit": True}, Reason.BAD_BODY),
        ("POST", GET, {"limit": 1.5}, Reason.BAD_BODY),
        ("POST", GET, {"ids": [1]}, Reason.BAD_BODY),
        ("POST", GET, {"where": [1]}, Reason.BAD_BODY),
        ("POST", f"{GET}?limit=1", {}, Reason.UNKNOWN_MEMBER),
        ("POST", f"{GET}?source=x", {}, Reason.UNKNOWN_MEMBER),
        ("POST", f"{COLLECTION}/query", {}, Reason.BAD_BODY),
        ("POST", f"{COLLECTION}/query", b'{"query_embeddings":[[NaN]]}', Reason.BAD_BODY),
        ("POST", f"{COLLECTION}/query", b'{"query_embeddings":[[1e400]]}', Reason.BAD_BODY),
        ("POST", f"{COLLECTION}/query", {"query_embeddings": ["AACAPw=="]}, Reason.BAD_BODY),
        ("POST", f"{COLLECTION}/query", {"query_embeddings": [{"$file": "x"}]}, Reason.BAD_BODY),
        ("POST", f"{COLLECTION}/query?offset=x", {"query_embeddings": [[1]]}, Reason.BAD_TARGET),
        ("POST", f"{COLLECTION}/add", {"ids": ["a"], "embeddings": ["AADAfw=="]}, Reason.BAD_BODY),
        (
            "POST",
            f"{COLLECTION}/add",
            {"ids": ["a"], "embeddings": [[1]], "metadatas": [{"chroma:document": "x"}]},
            Reason.BAD_BODY,
        ),
        (
            "POST",
            f"{COLLECTION}/add",
            {"ids": ["a"], "embeddings": [[1]], "metadatas": [{"a": {"b": 1}}]},
            Reason.UNKNOWN_MEMBER,
        ),
        ("GET", f"{COLLECTION}/count", b"{}", Reason.BAD_BODY),
        ("DELETE", f"{DATABASE}/collections/alpha", b"{}", Reason.BAD_BODY),
        ("GET", f"{COLLECTION}/count?read_level=all", None, Reason.BAD_TARGET),
        ("GET", "/api/v2/heartbeat?x=/healthz", None, Reason.UNKNOWN_MEMBER),
    ],
)
def test_what_is_malformed_is_refused(method: str, path: str, body: Any, expected: Reason) -> None:
    assert reason(method, path, body) is expected


@pytest.mark.parametrize(
    "media", ["text/plain", "application/x-ndjson", "application/json; charset=utf-16", "text/json"]
)
def test_a_body_is_json(media: str) -> None:
    assert reason("POST", GET, {}, {"content-type": media}) is Reason.UNSUPPORTED_MEDIA


@pytest.mark.parametrize("media", [None, "application/json", "Application/JSON", "application/json; charset=UTF-8"])
def test_a_body_may_be_json_without_saying_so(media: str | None) -> None:
    headers = {} if media is None else {"content-type": media}
    assert CHROMA.read(replace(request("POST", GET, {}), headers=headers)).operations


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(
    ["ids", "where", "where_document", "limit", "offset", "include", "n_results", "query_embeddings", "x", "embeddings"]
)


@given(st.sampled_from(["get", "query", "delete", "add", "update", "search"]), st.dictionaries(NAMES, JSON, max_size=4))
def test_any_body_is_refused_or_read_the_same_when_sent(path: str, body: dict[str, Any]) -> None:
    with suppress(Refusal):
        read = unbound("POST", f"{COLLECTION}/{path}", json.dumps(body).encode())
        outgoing = CHROMA.rewrite(read, decided(OPEN))
        again = CHROMA.read(Request(outgoing.method, parse(outgoing.path), dict(outgoing.headers), outgoing.body))
        for one, other in zip(read.operations, again.operations, strict=True):
            assert replace(one, query={}) == replace(other, query={})


def test_public_routes_are_liveness_and_version_alone() -> None:
    for method, path in CHROMA.public:
        (operation,) = unbound(method, path).operations
        assert operation.name in {"root_heartbeat", "heartbeat", "healthcheck", "version"}


def test_the_hook_contributes_the_dialect() -> None:
    (dialect,) = vecgate_dialects()
    assert isinstance(dialect, ChromaDialect)
    assert hasattr(vecgate_dialects, f"{PROJECT}_impl")


@pytest.mark.parametrize(
    ("method", "path", "body", "changes"),
    [
        ("POST", GET, {}, False),
        ("GET", f"{DATABASE}/collections", None, False),
        ("PUT", COLLECTION, {"new_name": "gamma"}, True),
        ("DELETE", f"{DATABASE}/collections/alpha", None, True),
        ("DELETE", DATABASE, None, True),
        ("POST", f"{DATABASE}/collections", {"name": "new"}, True),
        ("POST", f"{COLLECTION}/fork", {"new_name": "copy"}, True),
    ],
)
def test_what_may_change_names_says_so(method: str, path: str, body: Any, changes: bool) -> None:
    assert CHROMA.changes_names(unbound(method, path, body)) is changes


def identity(databases: Any, decision: Decision) -> Any:
    read = unbound("GET", "/api/v2/auth/identity")
    (lookup,) = CHROMA.lookups(read)
    assert lookup.request.path == f"{TENANT}/databases"
    names = {lookup.key: CHROMA.learn(lookup, answer(databases))}
    local = CHROMA.local(CHROMA.bind(read, names), ALICE, decision)
    assert local is not None
    return msgspec.json.decode(local.body)


def test_identity_is_answered_by_the_gateway() -> None:
    databases = [{"id": UUID, "name": name, "tenant": "default_tenant"} for name in ("default_database", "hr")]
    seen = decided(OPEN, lambda resource: resource == PARENT)
    assert identity(databases, seen) == {
        "user_id": "alice",
        "tenant": "default_tenant",
        "databases": ["default_database"],
    }
    assert identity(databases, decided(OPEN, lambda resource: False)) == {
        "user_id": "alice",
        "tenant": "*",
        "databases": ["*"],
    }
    with pytest.raises(Unmaskable):
        identity({"databases": []}, seen)


def test_everything_else_is_forwarded() -> None:
    assert CHROMA.local(reading("POST", GET, {}), ALICE, decided(OPEN)) is None
