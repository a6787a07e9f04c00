"""qdrant-client unmodified, over REST, through a whole gateway: what it shows, and what it is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from qdrant_client import QdrantClient, models
from qdrant_client.common.client_exceptions import ResourceExhaustedResponse
from qdrant_client.http.exceptions import UnexpectedResponse
from tests.support.gateway import SERVICE_KEY
from tests.support.qdrant import POINTS, SECRETS, QdrantScene, qdrant_scene

pytestmark = pytest.mark.real

QUERY = [0.1, 0.5, 0.25]
SSN = models.Filter(must=[models.FieldCondition(key="ssn", match=models.MatchValue(value="900-1"))])
NESTED = models.Filter(must_not=[models.Filter(should=SSN.must)])
ALL = models.Filter()


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QdrantScene]:
    with qdrant_scene(tmp_path_factory.mktemp("qdrant")) as made:
        yield made


def test_a_client_starts_as_with_the_database_itself(scene: QdrantScene) -> None:
    """A warning of its thread would be an error here."""
    scene.asked()
    scene.started("readers")
    assert [one[:2] for one in scene.asked()] == [("GET", "/")]


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
def test_full_rights_see_what_the_database_says(name: str, scene: QdrantScene) -> None:
    direct = QdrantClient(url=f"http://127.0.0.1:{scene.database.port}", check_compatibility=False)
    assert SAME[name](scene.client("owners", subject="olga")) == SAME[name](direct)


@pytest.mark.parametrize("name", ["retrieve", "scroll", "query"])
def test_a_reader_gets_no_vector_and_no_masked_field(name: str, scene: QdrantScene) -> None:
    scene.asked()
    text = str(SAME[name](scene.client("readers")))
    assert "title" in text or name == "query"
    assert not [secret for secret in SECRETS if secret in text]
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
def test_what_is_not_granted_is_the_clients_own_error(name: str, scene: QdrantScene) -> None:
    call, reason = DENIED[name]
    client = scene.client("readers")
    scene.asked()
    with pytest.raises(UnexpectedResponse) as caught:
        call(client)
    assert caught.value.status_code == 403
    assert reason in caught.value.content.decode()
    assert [one for one in scene.asked() if one[0] != "GET"] == []


def test_lists_show_what_the_caller_may_see(scene: QdrantScene) -> None:
    client = scene.client("readers")
    assert [one.name for one in client.get_collections().collections] == ["kb_docs"]
    assert client.collection_exists("secret") is False


def test_a_fresh_token_may_be_given_for_every_request(scene: QdrantScene) -> None:
    token = scene.gateway.issuer.token("dana", "readers")
    with pytest.warns(UserWarning, match="insecure"):  # plain HTTP, on a loopback address
        client = QdrantClient(url=scene.gateway.url, auth_token_provider=lambda: token, check_compatibility=False)
    assert client.count("kb_docs").count == 5


def test_an_expired_token_is_401(scene: QdrantScene) -> None:
    client = scene.client("readers", exp=1_000_000_000, iat=999_999_000)
    with pytest.raises(UnexpectedResponse) as caught:
        client.count("kb_docs")
    assert caught.value.status_code == 401


def test_a_spent_limit_is_the_clients_own_error(scene: QdrantScene) -> None:
    client = scene.client("readers", subject="carl")
    with pytest.raises(ResourceExhaustedResponse) as caught:
        all(client.count("kb_docs").count for _ in range(10))
    assert caught.value.retry_after_s > 0
