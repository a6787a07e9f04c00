"""The dialect against a real server, and real clients through the dialect."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import msgspec
import pytest
from tests.support.chroma_scene import (
    DATABASE,
    OPEN,
    TENANT,
    bound,
    decided,
    masks,
    through,
    unbound,
)

from vecgate.errors import Refusal
from vecgate.reasons import Reason

pytestmark = pytest.mark.real


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


@pytest.mark.parametrize(("method", "path", "body"), READS)
def test_a_cleared_caller_sees_the_real_servers_answer(
    server: httpx.Client, collection: str, method: str, path: str, body: Any
) -> None:
    direct = server.request(method, collection + path, json=body)
    shown = through(server, decided(OPEN), unbound(method, collection + path, body))
    assert shown.status == direct.status_code
    assert msgspec.json.decode(shown.body) == direct.json()


@pytest.mark.parametrize("path", CATALOGUE)
def test_a_cleared_caller_sees_the_real_servers_catalogue(server: httpx.Client, collection: str, path: str) -> None:
    direct = server.get(path)
    shown = through(server, decided(OPEN), unbound("GET", path))
    assert shown.status == direct.status_code
    if path != "/api/v2":
        assert msgspec.json.decode(shown.body) == direct.json()


@pytest.mark.parametrize(("method", "path", "body"), READS)
def test_a_masked_caller_sees_no_vector_and_no_masked_field(
    server: httpx.Client, collection: str, method: str, path: str, body: Any
) -> None:
    mask = masks({"ssn": "redact", "#document": "redact", "#uri": "drop", "owner": "hash"})
    shown = through(server, decided(mask), unbound(method, collection + path, body))
    for leak in (b"0.515625", b"3.53125", b"123-45", b"9-9", b"alpha text", b"beta text", b"u://", b"o@b"):
        assert leak not in shown.body


def test_a_masked_caller_sees_no_masked_field_of_a_collection(server: httpx.Client, collection: str) -> None:
    mask = masks({"owner": "redact"})
    for path in (f"{DATABASE}/collections", f"{DATABASE}/collections/masked"):
        shown = through(server, decided(mask), unbound("GET", path))
        assert shown.status == 200
        assert b"o@b.example" not in shown.body


def test_a_collections_life_goes_through(server: httpx.Client) -> None:
    """Every change that a single node supports, as a cleared caller."""
    decision = decided(OPEN)

    def step(method: str, path: str, body: Any = None, status: int = 200) -> Any:
        shown = through(server, decision, unbound(method, path, body))
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


def test_a_foreign_uuid_is_not_found_though_the_server_would_serve_it(server: httpx.Client, collection: str) -> None:
    foreign = collection.replace("default_tenant", "default_tenant2").replace("default_database", "other")
    assert server.post(f"{foreign}/get", json={}).json()["ids"] == ["a", "b", "c"], "the trap is still there"
    absent = collection[:-12] + "000000000000"
    for path in (foreign, absent):
        with pytest.raises(Refusal) as caught:
            bound(server, unbound("POST", f"{path}/get", {}))
        assert caught.value.reason is Reason.NOT_FOUND


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
