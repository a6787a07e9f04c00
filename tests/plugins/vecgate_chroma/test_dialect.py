from __future__ import annotations

import json  # noqa: TID251 - the clients' own way of writing bodies
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import httpx
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
    ask,
    decided,
    masks,
    reading,
    request,
    unbound,
)

from vecgate.errors import Refusal, Unmaskable
from vecgate.hookspecs import PROJECT
from vecgate.operations.dialect import Reading
from vecgate.operations.messages import Answer, Request
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


# From here on a real server answers.


@pytest.fixture(scope="module")
def server(chroma: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=chroma, timeout=30) as client:
        yield client


@pytest.fixture(scope="module")
def collection(server: httpx.Client) -> str:
    """A collection with three records; its path."""
    created = server.post(f"{DATABASE}/collections", json={"name": "masked", "metadata": {"owner": "o@b.example"}})
    path = f"{DATABASE}/collections/{created.json()['id']}"
    records = {
        "ids": ["a", "b", "c"],
        "embeddings": [[0.515625, 0.25], [1.5, 2.5], [3.53125, 4.5]],
        "documents": ["alpha text", "beta text", None],
        "metadatas": [{"ssn": "123-45", "n": 9223372036854775807, "f": [1.5, 2.0], "t": True}, {"ssn": "9-9"}, None],
        "uris": ["u://a", None, None],
    }
    assert server.post(f"{path}/add", json=records).status_code == 201
    return path


def bound(server: httpx.Client, method: str, path: str, body: Any = None) -> Reading:
    read = unbound(method, path, body)
    names = {lookup.key: CHROMA.learn(lookup, ask(server, lookup.request)) for lookup in CHROMA.lookups(read)}
    return CHROMA.bind(read, names)


def through(server: httpx.Client, decision: Decision, method: str, path: str, body: Any = None) -> Answer:
    read = bound(server, method, path, body)
    received = ask(server, CHROMA.rewrite(read, decision))
    return CHROMA.mask(read, decision, ALICE, received).answer


READS: list[tuple[str, str, Any]] = [
    ("POST", "/get", {}),
    ("POST", "/get", {"include": ["embeddings", "documents", "metadatas", "uris"]}),
    ("POST", "/get", {"include": ["distances"]}),
    ("POST", "/get", {"include": [], "ids": ["a"]}),
    ("POST", "/get", {"where": {"ssn": "9-9"}, "limit": 1}),
    ("POST", "/query", {"query_embeddings": [[1, 2], [3, 4]], "n_results": 2}),
    (
        "POST",
        "/query",
        {
            "query_embeddings": [[1, 2]],
            "n_results": 2,
            "include": ["embeddings", "documents", "metadatas", "distances", "uris"],
        },
    ),
    ("POST", "/query", {"query_embeddings": [[1, 2]], "include": []}),
    ("POST", "/query", {"query_embeddings": []}),
    ("POST", "/query?limit=1&offset=0", {"query_embeddings": [[1, 2]], "ids": ["a", "b"], "n_results": 2}),
    ("GET", "/count?read_level=index_and_wal", None),
    ("POST", "/search", {"searches": [{"limit": {"limit": 1}}]}),
    ("GET", "/fork_count", None),
    ("GET", "/functions/f", None),
]
CATALOGUE = [
    "/api/v2",
    "/api/v2/healthcheck",
    "/api/v2/version",
    "/api/v2/pre-flight-checks",
    TENANT,
    f"{TENANT}/databases",
    DATABASE,
    f"{DATABASE}/collections",
    f"{DATABASE}/collections?limit=1&offset=0",
    f"{DATABASE}/collections/masked",
    f"{DATABASE}/collections/absent",
    f"{DATABASE}/collections_count",
]


@pytest.mark.real
@pytest.mark.parametrize(("method", "path", "body"), READS)
def test_a_cleared_caller_sees_the_real_servers_answer(
    server: httpx.Client, collection: str, method: str, path: str, body: Any
) -> None:
    direct = server.request(method, collection + path, json=body)
    shown = through(server, decided(OPEN), method, collection + path, body)
    assert shown.status == direct.status_code
    assert msgspec.json.decode(shown.body) == direct.json()


@pytest.mark.real
@pytest.mark.parametrize("path", CATALOGUE)
def test_a_cleared_caller_sees_the_real_servers_catalogue(server: httpx.Client, collection: str, path: str) -> None:
    direct = server.get(path)
    shown = through(server, decided(OPEN), "GET", path)
    assert shown.status == direct.status_code
    if path != "/api/v2":
        assert msgspec.json.decode(shown.body) == direct.json()


@pytest.mark.real
@pytest.mark.parametrize(("method", "path", "body"), READS)
def test_a_masked_caller_sees_no_vector_and_no_masked_field(
    server: httpx.Client, collection: str, method: str, path: str, body: Any
) -> None:
    mask = masks({"ssn": "redact", "#document": "redact", "#uri": "drop", "owner": "hash"})
    shown = through(server, decided(mask), method, collection + path, body)
    for leak in (b"0.515625", b"3.53125", b"123-45", b"9-9", b"alpha text", b"beta text", b"u://", b"o@b"):
        assert leak not in shown.body


@pytest.mark.real
def test_a_masked_caller_sees_no_masked_field_of_a_collection(server: httpx.Client, collection: str) -> None:
    mask = masks({"owner": "redact"})
    for path in (f"{DATABASE}/collections", f"{DATABASE}/collections/masked"):
        shown = through(server, decided(mask), "GET", path)
        assert shown.status == 200
        assert b"o@b.example" not in shown.body


@pytest.mark.real
def test_a_collections_life_goes_through(server: httpx.Client) -> None:
    """Every change that a single node supports, as a cleared caller."""
    decision = decided(OPEN)

    def step(method: str, path: str, body: Any = None, status: int = 200) -> Any:
        shown = through(server, decision, method, path, body)
        assert shown.status == status, shown.body
        return msgspec.json.decode(shown.body)

    step("POST", "/api/v2/tenants", {"name": "acme"})
    step("PATCH", "/api/v2/tenants/acme", {"resource_name": "acme_alias"})
    step("POST", "/api/v2/tenants/acme/databases", {"name": "library"})
    base = "/api/v2/tenants/acme/databases/library"
    created = step("POST", f"{base}/collections", {"name": "books", "get_or_create": True, "metadata": {"a": 1}})
    again = step("POST", f"{base}/collections", {"name": "books", "get_or_create": True, "metadata": {"a": 2}})
    assert (again["id"], again["metadata"]) == (created["id"], {"a": 1})
    assert step("POST", f"{base}/collections", {"name": "books"}, 409)["message"] == "Collection [books] already exists"
    path = f"{base}/collections/{created['id'].upper()}"
    step("POST", f"{path}/add", {"ids": ["a"], "embeddings": ["AACAPwAAAEA="], "documents": ["x"]}, 201)
    step("POST", f"{path}/upsert", {"ids": ["b"], "embeddings": [[1, 2]], "metadatas": [{"k": 1}]})
    step("POST", f"{path}/update", {"ids": ["b"], "embeddings": [None], "metadatas": [{"k": 2, "z": None}]})
    assert step("GET", f"{path}/count") == 2
    step(
        "PUT", path, {"new_name": "novels", "new_metadata": {"b": 1}, "new_configuration": {"hnsw": {"ef_search": 50}}}
    )
    assert step("GET", f"{base}/collections/novels")["metadata"] == {"b": 1}
    assert step("GET", f"{base}/collections/by-id/{created['id']}")["name"] == "novels"
    assert step("POST", f"{path}/query", {"query_embeddings": [[1]]}, 400)["message"].endswith("got 1")
    step("POST", f"{path}/fork", {"new_name": "copy"}, 501)
    step("POST", f"{path}/functions/attach", {"name": "f", "function_id": "x", "output_collection": "o_o"}, 501)
    step("POST", f"{path}/attached_functions/f/detach", {"delete_output": True}, 501)
    assert step("POST", f"{path}/delete", {"where": {"k": 2}}) == {"deleted": 1}
    step("DELETE", f"{base}/collections/novels")
    step("DELETE", base)


@pytest.mark.real
def test_a_foreign_uuid_is_not_found_though_the_server_would_serve_it(server: httpx.Client, collection: str) -> None:
    foreign = collection.replace("default_tenant", "default_tenant2").replace("default_database", "other")
    assert server.post(f"{foreign}/get", json={}).json()["ids"] == ["a", "b", "c"], "the trap is still there"
    absent = collection[:-12] + "000000000000"
    for path in (foreign, absent):
        with pytest.raises(Refusal) as caught:
            bound(server, "POST", f"{path}/get", {})
        assert caught.value.reason is Reason.NOT_FOUND


@pytest.mark.real
@pytest.mark.parametrize(
    ("where", "field"),
    [
        ({"chroma:document": "alpha text"}, "#document"),
        ({"#document": {"$contains": "alpha"}}, "#document"),
        ({"chroma:uri": "u://a"}, "#uri"),
        ({"ssn": "123-45"}, "ssn"),
    ],
)
def test_every_filter_that_the_server_honours_names_its_field(
    server: httpx.Client, collection: str, where: Any, field: str
) -> None:
    assert server.post(f"{collection}/get", json={"where": where}).json()["ids"] == ["a"], "the server filters by it"
    assert unbound("POST", f"{collection}/get", {"where": where}).operations[0].fields_used == (field,)
