"""qdrant-client unmodified, over REST, through a whole gateway: what it shows, and what it is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from qdrant_client import QdrantClient, models
from qdrant_client.common.client_exceptions import ResourceExhaustedResponse
from qdrant_client.http.exceptions import UnexpectedResponse
from tests.support.gateway import SERVICE_KEY, Gateway, gateway
from tests.support.qdrant_double import QdrantDouble, qdrant_double

pytestmark = pytest.mark.real

HEAD = """
version: 1
connections:
  - name: vectors
    dialect: qdrant
    listen: 127.0.0.1:{port}
    upstream: {upstream}
    credential: {{header: api-key, value: "env:TEST_SERVICE_KEY"}}
identity:
  issuers: [{{issuer: "{issuer}", audience: vecgate, algorithms: [ES256], jwks: "file:jwks.json"}}]
state: {{url: "sqlite:///state.db"}}
evidence: {{directory: evidence, checkpoint: 5s}}
control: {{listen: "127.0.0.1:{control}"}}
"""
POLICY = """
policy:
  grants:
    - {name: owners, to: {groups: [owners]}, allow: [meta, search, read, write, delete, admin]}
    - {name: readers, to: {groups: [readers]}, on: {resources: ["kb_*"]}, allow: [meta, search, read]}
  masks:
    - {name: vectors, vectors: drop, clearance: {groups: [owners]}}
    - {name: personal, fields: {ssn: redact}, clearance: {groups: [owners]}}
  limits: [{name: counted, to: {subjects: [carl]}, requests: 5/minute}]
"""
POINTS = [
    models.PointStruct(
        id=number, vector=[number / 8, 0.625, 0.25], payload={"title": f"t{number}", "ssn": f"900-{number}"}
    )
    for number in range(5)
]
QUERY = [0.1, 0.5, 0.25]
SSN = models.Filter(must=[models.FieldCondition(key="ssn", match=models.MatchValue(value="900-1"))])
NESTED = models.Filter(must_not=[models.Filter(should=SSN.must)])
ALL = models.Filter()


@dataclass
class Scene:
    gateway: Gateway
    database: QdrantDouble

    def client(self, *groups: str, subject: str = "dana", **claims: Any) -> QdrantClient:
        token = self.gateway.issuer.token(subject, *groups, **claims)
        return QdrantClient(url=self.gateway.url, headers={"authorization": f"Bearer {token}"})

    def asked(self) -> list[Any]:
        found, self.database.asked = self.database.asked, []
        return [one for one in found if one[1] != "/aliases"]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("qdrant")
    with (
        qdrant_double() as database,
        gateway(folder, f"http://127.0.0.1:{database.port}", POLICY, head=HEAD) as running,
    ):
        made = Scene(running, database)
        owner = made.client("owners", subject="olga")
        for name in ("kb_docs", "secret"):
            owner.create_collection(name, models.VectorParams(size=3, distance=models.Distance.DOT))
            owner.upsert(name, POINTS)
        yield made


SAME: dict[str, Callable[[QdrantClient], Any]] = {
    "collections": lambda client: sorted(one.name for one in client.get_collections().collections),
    "exists": lambda client: client.collection_exists("kb_docs"),
    "retrieve": lambda client: client.retrieve("kb_docs", [1, 2], with_vectors=True),
    "scroll": lambda client: client.scroll("kb_docs", limit=3, with_vectors=True),
    "filter": lambda client: client.scroll("kb_docs", SSN),
    "query": lambda client: client.query_points("kb_docs", QUERY, with_vectors=True, limit=3).points,
    "count": lambda client: client.count("kb_docs", count_filter=SSN),
}


@pytest.mark.parametrize("name", SAME)
def test_full_rights_see_what_the_database_says(name: str, scene: Scene) -> None:
    direct = QdrantClient(url=f"http://127.0.0.1:{scene.database.port}")
    assert SAME[name](scene.client("owners", subject="olga")) == SAME[name](direct)


@pytest.mark.parametrize("name", ["retrieve", "scroll", "query"])
def test_a_reader_gets_no_vector_and_no_masked_field(name: str, scene: Scene) -> None:
    scene.asked()
    text = str(SAME[name](scene.client("readers")))
    assert "title" in text or name == "query"
    assert "0.625" not in text
    assert "900-" not in text
    [(*_, headers, body)] = [one for one in scene.asked() if one[0] == "POST"]
    assert not body.get("with_vector")
    assert headers["api-key"] == SERVICE_KEY
    assert "authorization" not in headers


DENIED: dict[str, tuple[Callable[[QdrantClient], Any], str]] = {
    "another collection": (lambda client: client.scroll("secret"), "no_grant"),
    "a masked field": (lambda client: client.scroll("kb_docs", SSN), "masked_field_used"),
    "a masked field, nested": (lambda client: client.count("kb_docs", count_filter=NESTED), "masked_field_used"),
    "a threshold": (lambda client: client.query_points("kb_docs", QUERY, score_threshold=0.5), "masked_field_used"),
    "upsert": (lambda client: client.upsert("kb_docs", POINTS[:1]), "no_grant"),
    "delete": (lambda client: client.delete("kb_docs", [1]), "no_grant"),
    "delete all": (lambda client: client.delete("kb_docs", models.FilterSelector(filter=ALL)), "no_grant"),
    "drop": (lambda client: client.delete_collection("kb_docs"), "no_grant"),
    "snapshots": (lambda client: client.list_full_snapshots(), ""),
}


@pytest.mark.parametrize("name", DENIED)
def test_what_is_not_granted_is_the_clients_own_error(name: str, scene: Scene) -> None:
    call, reason = DENIED[name]
    client = scene.client("readers")
    scene.asked()
    with pytest.raises(UnexpectedResponse) as caught:
        call(client)
    assert caught.value.status_code == 403
    assert reason in caught.value.content.decode()
    assert [one for one in scene.asked() if one[0] != "GET"] == []


def test_lists_show_what_the_caller_may_see(scene: Scene) -> None:
    client = scene.client("readers")
    assert [one.name for one in client.get_collections().collections] == ["kb_docs"]
    assert client.collection_exists("secret") is False


def test_a_fresh_token_may_be_given_for_every_request(scene: Scene) -> None:
    token = scene.gateway.issuer.token("dana", "readers")
    with pytest.warns(UserWarning, match="insecure"):  # plain HTTP, on a loopback address
        client = QdrantClient(url=scene.gateway.url, auth_token_provider=lambda: token)
    assert client.count("kb_docs").count == 5


def test_an_expired_token_is_401(scene: Scene) -> None:
    client = scene.client("readers", exp=1_000_000_000, iat=999_999_000)
    with pytest.raises(UnexpectedResponse) as caught:
        client.count("kb_docs")
    assert caught.value.status_code == 401


def test_a_spent_limit_is_the_clients_own_error(scene: Scene) -> None:
    client = scene.client("readers", subject="carl")
    with pytest.raises(ResourceExhaustedResponse) as caught:
        all(client.count("kb_docs").count for _ in range(10))
    assert caught.value.retry_after_s > 0
