"""Attacks through a gateway in front of a real Chroma (threats C, L): what the byte-level double cannot know, because
only the engine decides what a request really does."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import msgspec
import pytest
from tests.support.chroma import chroma
from tests.support.gateway import Gateway, gateway
from tests.support.under_attack import CANARY, COLLECTIONS, check_canaries

__all__ = ["chroma"]
pytestmark = pytest.mark.real

OTHER = COLLECTIONS.replace("default_tenant", "other_tenant")
POLICY = """
policy:
  grants:
    - name: read-public
      to: {groups: [readers]}
      on: &public {resources: ["default_tenant/default_database/kb_public"]}
      allow: [meta, search, read]
    - {name: write-public, to: {groups: [writers]}, on: *public, allow: [meta, search, read, write, delete]}
    - {name: root, to: {groups: [admins]}, allow: [meta, search, read, write, delete, admin]}
    - name: tenant-a
      to: {groups: [tenants]}
      on: {resources: ["default_tenant/**"]}
      allow: [meta, search, read, write, delete, admin]
  masks:
    - {name: vectors, vectors: drop, clearance: {groups: [cleared]}}
    - {name: personal, fields: {ssn: redact, salary: drop, email: hash}, clearance: {groups: [cleared]}}
"""
VECTORS = [[0.8675309, 2.0, 3.0], [4.0, 0.8675309, 6.0], [7.0, 8.0, 0.8675309]]


@dataclass
class Scene:
    gateway: Gateway
    direct: httpx.Client
    public: str
    secret: str
    foreign: str

    def ask(self, method: str, path: str, body: object = None, *groups: str) -> httpx.Response:
        headers = self.gateway.headers("alice", *(groups or ("readers",)))
        reply = self.gateway.http.request(method, path, json=body, headers=headers)
        if "cleared" not in groups:
            assert CANARY not in reply.text
            assert "0.8675309" not in reply.text
            assert "0.867530" not in reply.text
        return reply

    def make(self, name: str, parent: str = COLLECTIONS) -> str:
        reply = self.direct.post(parent, json={"name": name, "metadata": {"ssn": CANARY, "title": "open"}})
        assert reply.status_code == 200, reply.text
        uuid: str = reply.json()["id"]
        records = {
            "ids": ["a", "b", "c"],
            "embeddings": VECTORS,
            "documents": ["alpha", "beta", f'{{"ssn":"{CANARY}"}}'],
            "metadatas": [
                {"ssn": CANARY, "salary": 4711, "title": "one", "email": "a@b.example"},
                {"title": "two", "js": f'{{"a":{{"ssn":"{CANARY}"}}}}', "v": [0.8675309] * 20},
                {"title": "three", "person.ssn": CANARY},
            ],
        }
        assert self.direct.post(f"{parent}/{uuid}/add", json=records).status_code == 201
        return uuid


@pytest.fixture(scope="module")
def scene(chroma: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("chroma_attacked")
    with (
        httpx.Client(base_url=chroma, timeout=30) as direct,
        gateway(folder, chroma, POLICY, more=("--log-level", "debug")) as running,
    ):
        direct.post("/api/v2/tenants", json={"name": "other_tenant"})
        direct.post("/api/v2/tenants/other_tenant/databases", json={"name": "default_database"})
        made = Scene(running, direct, "", "", "")
        made.public, made.secret = made.make("kb_public"), made.make("secret")
        made.foreign = made.make("kb_public", OTHER)
        yield made
        made.gateway.terminate()
        assert check_canaries(running, [], [CANARY, "0.8675309"]) == []
        ids = [record["exchange"] for record in running.records() if record["kind"] == "outcome"]
        assert len(ids) == len(set(ids))


EVERYTHING = ["embeddings", "documents", "metadatas", "uris", "distances"]
READS: dict[str, tuple[str, dict[str, Any]]] = {
    "C2 get": ("get", {}),
    "C2 get everything": ("get", {"include": EVERYTHING}),
    "C2 get vectors alone": ("get", {"include": ["embeddings"]}),
    "C2 vectors twice": ("get", {"include": ["embeddings", "embeddings"]}),
    "C2 get by ids": ("get", {"ids": ["a", "b", "c"], "include": EVERYTHING}),
    "C2 query": ("query", {"query_embeddings": [[1, 2, 3]]}),
    "C2 query everything": ("query", {"query_embeddings": [[1, 2, 3]], "include": EVERYTHING}),
    "C2 a batch": ("query", {"query_embeddings": VECTORS, "include": EVERYTHING, "n_results": 3}),
    "L1 a stored vector": ("query", {"query_embeddings": VECTORS[:1], "include": ["distances"], "n_results": 1}),
    "L1 one record": ("query", {"query_embeddings": [[1, 0, 0]], "ids": ["a"], "include": ["distances"]}),
    "search": ("search", {"searches": [{"select": {"keys": ["#embedding", "#score", "ssn"]}}]}),
    "a page": ("get", {"limit": 1, "offset": 1, "include": EVERYTHING}),
    "a filter": ("get", {"where": {"title": "one"}, "include": EVERYTHING}),
}


@pytest.mark.parametrize(("verb", "body"), READS.values(), ids=READS)
@pytest.mark.parametrize("groups", [("readers",), ("writers",), ("admins",)])
def test_no_vector_and_no_masked_value_comes_back(
    verb: str, body: dict[str, Any], groups: tuple[str, ...], scene: Scene
) -> None:
    reply = scene.ask("POST", f"{COLLECTIONS}/{scene.public}/{verb}", body, *groups)
    assert reply.status_code == (501 if verb == "search" else 200)
    document = reply.json()
    assert document.get("embeddings") in (None, [[None]])
    assert "salary" not in reply.text
    assert "a@b.example" not in reply.text


def test_distances_are_ranks(scene: Scene) -> None:
    for vector in ([1, 0, 0], [0, 1, 0], VECTORS[2]):
        body = {"query_embeddings": [vector], "n_results": 3, "include": ["distances"]}
        assert scene.ask("POST", f"{COLLECTIONS}/{scene.public}/query", body).json()["distances"] == [[0.0, 1.0, 2.0]]


CATALOGUE = [COLLECTIONS, f"{COLLECTIONS}?limit=10", f"{COLLECTIONS}/kb_public", f"{COLLECTIONS}/by-id/{{public}}"]


@pytest.mark.parametrize("path", CATALOGUE)
def test_the_catalogue_is_filtered_and_masked(path: str, scene: Scene) -> None:
    reply = scene.ask("GET", path.replace("{public}", scene.public))
    assert reply.status_code == 200
    assert "secret" not in reply.text.replace("[redacted]", "")
    assert '"ssn":"[redacted]"' in reply.text


def test_get_or_create_shows_what_a_read_shows(scene: Scene) -> None:
    reply = scene.ask("POST", COLLECTIONS, {"name": "kb_public", "get_or_create": True})
    assert (reply.status_code, reply.json()["metadata"]) == (200, {"ssn": "[redacted]", "title": "open"})
    assert scene.ask("GET", f"{DATABASE}/collections_count").text == "1"


DATABASE = COLLECTIONS.rpartition("/")[0]


@pytest.mark.parametrize("groups", [("readers",), ("tenants",), ("admins",)])
@pytest.mark.parametrize(("method", "verb"), [("POST", "get"), ("GET", "count"), ("POST", "query"), ("POST", "delete")])
def test_another_tenants_uuid_under_the_own_path_is_not_found(
    method: str, verb: str, groups: tuple[str, ...], scene: Scene
) -> None:
    body = {"get": {}, "query": {"query_embeddings": [[1, 2, 3]]}, "delete": {"ids": ["a"]}}.get(verb)
    direct = scene.direct.get(f"{COLLECTIONS}/{scene.foreign}/count")
    assert direct.json() == 3, "the engine itself does not bind the UUID to the path"
    reply = scene.ask(method, f"{COLLECTIONS}/{scene.foreign}/{verb}", body, *groups)
    assert (reply.status_code, reply.json()["reason"]) == (404, "not_found")
    renamed = scene.ask("PUT", f"{COLLECTIONS}/{scene.foreign}", {"new_name": "stolen"}, *groups)
    assert renamed.status_code == 404
    assert scene.direct.get(f"{OTHER}/kb_public").json()["id"] == scene.foreign


def test_another_tenants_path_needs_its_grant(scene: Scene) -> None:
    for groups in (("readers",), ("tenants",)):
        reply = scene.ask("POST", f"{OTHER}/{scene.foreign}/get", {}, *groups)
        assert (reply.status_code, reply.json()["reason"]) == (403, "no_grant")
    assert scene.ask("POST", f"{OTHER}/{scene.foreign}/get", {}, "admins").status_code == 200


def test_what_one_writes_one_does_not_read_back(scene: Scene) -> None:
    base = f"{COLLECTIONS}/{scene.public}"
    own = {"ids": ["own"], "embeddings": [[0.8675309, 1, 1]], "metadatas": [{"ssn": CANARY, "title": "own"}]}
    for verb in ("upsert", "update", "add"):
        reply = scene.ask("POST", f"{base}/{verb}", own, "writers")
        assert (reply.status_code in (200, 201), reply.json()) == (True, {})
    reply = scene.ask("POST", f"{base}/get", {"ids": ["own"], "include": EVERYTHING}, "writers")
    assert reply.json()["metadatas"] == [{"ssn": "[redacted]", "title": "own"}]
    deleted = scene.ask("POST", f"{base}/delete", {"ids": ["own"]}, "writers")
    assert (deleted.status_code, set(deleted.json()) <= {"deleted"}) == (200, True)


ORACLES: list[dict[str, Any]] = [
    {"where": {"ssn": CANARY}},
    {"where": {"salary": {"$gt": 4000}}},
    {"where": {"person.ssn": CANARY}},
    {"where": {"$and": [{"title": "one"}, {"salary": {"$lt": 5000}}]}},
    {"ids": ["a"], "where": {"email": {"$regex": "^a"}}},
]


@pytest.mark.parametrize("body", ORACLES)
def test_nothing_is_counted_by_a_masked_field(body: dict[str, Any], scene: Scene) -> None:
    for verb in ("get", "delete"):
        reply = scene.ask("POST", f"{COLLECTIONS}/{scene.public}/{verb}", body, "writers")
        assert (reply.status_code, reply.json()["reason"]) == (403, "masked_field_used")
    assert scene.direct.get(f"{COLLECTIONS}/{scene.public}/count").json() == 3


MISTAKES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "a wrong dimension": ("POST", "query", {"query_embeddings": [[1]]}),
    "a wrong dimension of a record": ("POST", "upsert", {"ids": ["z"], "embeddings": [[1, 2]]}),
    "a broken pattern": ("POST", "get", {"where_document": {"$regex": "("}}),
    "mixed values": ("POST", "get", {"where": {"title": {"$in": [1, "a"]}}}),
    "the same id twice": ("POST", "add", {"ids": ["q", "q"], "embeddings": [[1, 2, 3], [1, 2, 3]]}),
    "no selection": ("POST", "delete", {}),
    "a name that exists": ("PUT", "", {"new_name": "kb_public"}),
    "a name that is too short": ("PUT", "", {"new_name": "a"}),
}


@pytest.mark.parametrize(("method", "verb", "body"), MISTAKES.values(), ids=MISTAKES)
def test_the_engines_errors_tell_nothing_of_others(method: str, verb: str, body: dict[str, Any], scene: Scene) -> None:
    reply = scene.ask(method, f"{COLLECTIONS}/{scene.public}/{verb}".rstrip("/"), body, "admins")
    assert reply.status_code < 600
    assert "secret" not in reply.text
    assert set(reply.json()) <= {"error", "message", "deleted"}


def test_a_renamed_collection_is_another_resource_at_once(scene: Scene) -> None:
    uuid = scene.make("temporary")
    admin = ("admins",)
    renamed = scene.ask("PUT", f"{COLLECTIONS}/{scene.public}", {"new_name": "kb_moved"}, *admin)
    assert renamed.status_code == 200
    try:
        for verb in ("get", "query"):
            body = {"query_embeddings": [[1, 2, 3]]} if verb == "query" else {}
            reply = scene.ask("POST", f"{COLLECTIONS}/{scene.public}/{verb}", body)
            assert (reply.status_code, reply.json()["reason"]) == (403, "no_grant")
        assert scene.ask("PUT", f"{COLLECTIONS}/{uuid}", {"new_name": "kb_public"}, *admin).status_code == 200
        assert scene.ask("POST", f"{COLLECTIONS}/{uuid}/get", {}).status_code == 200
        assert scene.ask("DELETE", f"{COLLECTIONS}/kb_public", None, *admin).status_code == 200
        assert scene.ask("POST", f"{COLLECTIONS}/{uuid}/get", {}).status_code == 404
    finally:
        assert scene.ask("PUT", f"{COLLECTIONS}/{scene.public}", {"new_name": "kb_public"}, *admin).status_code == 200
    assert scene.ask("POST", f"{COLLECTIONS}/{scene.public}/get", {}).status_code == 200


def test_readers_never_see_a_collection_while_it_is_renamed_back_and_forth(scene: Scene) -> None:
    """The name under which a reader is let in is the one the collection has when the reader's request is judged."""
    uuid = scene.make("swapped")

    def rename(name: str) -> int:
        return scene.ask("PUT", f"{COLLECTIONS}/{uuid}", {"new_name": name}, "admins").status_code

    def read(number: int) -> int:
        return scene.ask("POST", f"{COLLECTIONS}/{uuid}/get", {"limit": 1}).status_code

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for number in range(6):
            moving = pool.submit(rename, f"swapped{number}")
            codes = list(pool.map(read, range(8)))
            assert moving.result() == 200
            assert set(codes) == {403}


def test_get_or_create_races_create_one_collection(scene: Scene) -> None:
    body = {"name": "raced", "get_or_create": True}
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda _: scene.ask("POST", COLLECTIONS, body, "admins"), range(8)))
        refused = list(pool.map(lambda _: scene.ask("POST", COLLECTIONS, body, "readers"), range(8)))
    assert {reply.status_code for reply in replies} == {200}
    assert len({reply.json()["id"] for reply in replies}) == 1
    assert {reply.status_code for reply in refused} == {403}


def test_whoever_is_cleared_reads_what_is_stored(scene: Scene) -> None:
    body = {"ids": ["a"], "include": ["embeddings", "metadatas"]}
    reply = scene.ask("POST", f"{COLLECTIONS}/{scene.public}/get", body, "readers", "cleared")
    stored = scene.direct.post(f"{COLLECTIONS}/{scene.public}/get", json=body)
    assert msgspec.json.decode(reply.content) == msgspec.json.decode(stored.content)
    assert reply.json()["metadatas"][0]["ssn"] == CANARY


def test_versions_and_limits_are_the_engines(scene: Scene) -> None:
    for path in ("/api/v2/version", "/api/v2/pre-flight-checks"):
        assert scene.ask("GET", path).json() == scene.direct.get(path).json()
    identity = scene.ask("GET", "/api/v2/auth/identity").json()
    assert identity == {"user_id": "alice", "tenant": "default_tenant", "databases": ["default_database"]}
