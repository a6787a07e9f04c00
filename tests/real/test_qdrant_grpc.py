"""qdrant-client unmodified, over gRPC, through a whole gateway: what it shows, and what it is refused.

Over `prefer_grpc` a client still asks some things over REST, so the gateway has a connection for each wire.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import FunctionType
from typing import Any, Final

import grpc
import pytest
from qdrant_client import AsyncQdrantClient, QdrantClient, models
from qdrant_client.common.client_exceptions import ResourceExhaustedResponse
from qdrant_client.http.exceptions import UnexpectedResponse
from qdrant_client.qdrant_remote import QdrantRemote
from tests.support.gateway import SERVICE_KEY
from tests.support.qdrant import POINTS, SECRETS, QdrantScene, qdrant_scene
from tests.support.qdrant_clients import (
    KB,
    LIFE,
    NOT_GRANTED,
    OF_MASKED,
    OTHERS,
    OWN,
    QUERY,
    RECORDS,
    SCORED,
    SHOWN,
    SSN,
    TITLE,
)

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QdrantScene]:
    with qdrant_scene(tmp_path_factory.mktemp("qdrant")) as made:
        yield made


@pytest.fixture(scope="module")
def owner(scene: QdrantScene) -> Iterator[QdrantClient]:
    yield from closing(scene.grpc_client("owners", subject="olga"))


@pytest.fixture(scope="module")
def reader(scene: QdrantScene) -> Iterator[QdrantClient]:
    yield from closing(scene.grpc_client("readers"))


@pytest.fixture(scope="module")
def direct(scene: QdrantScene) -> Iterator[QdrantClient]:
    """A client of the database itself."""
    yield from closing(
        QdrantClient(
            host="127.0.0.1",
            port=scene.database.port,
            grpc_port=scene.grpc.port,
            prefer_grpc=True,
            check_compatibility=False,
        )
    )


def closing(client: QdrantClient) -> Iterator[QdrantClient]:
    yield client
    client.close()


def test_a_client_starts_on_both_wires(scene: QdrantScene) -> None:
    """It asks the REST address what it talks to; a warning of its thread would be an error here."""
    scene.asked()
    scene.called()
    client = scene.started("readers", prefer_grpc=True)
    assert client.info().version == "1.19.0"
    assert [one[:2] for one in scene.asked()] == [("GET", "/")]
    [check] = scene.called()
    assert check.path == "/qdrant.Qdrant/HealthCheck"
    client.close()


@pytest.mark.parametrize("name", RECORDS | OTHERS | SCORED)
def test_full_rights_see_what_the_database_says(name: str, owner: QdrantClient, direct: QdrantClient) -> None:
    call = (RECORDS | OTHERS | SCORED)[name]
    assert call(owner) == call(direct)


@pytest.mark.parametrize("name", RECORDS)
def test_a_reader_gets_no_vector_and_no_masked_field(name: str, reader: QdrantClient, scene: QdrantScene) -> None:
    scene.called()
    shown = str(RECORDS[name](reader))
    assert "t1" in shown or "t4" in shown
    assert "[redacted]" in shown
    assert not [secret for secret in SECRETS if secret in shown]
    [asked] = scene.called()
    assert not re.search(r"with_vectors \{\s*(enable: true|include)", str(asked.message)), "wherever it stands"
    assert asked.metadata["api-key"] == SERVICE_KEY
    assert "authorization" not in asked.metadata


BOTH: Final = [
    name
    for name, call in (RECORDS | OTHERS | SCORED).items()
    if "grpc_points" not in call.__code__.co_names and name != "collection"
]
"""What has a spelling on either wire. Settings of a collection lose some of theirs in the client's conversions."""


@pytest.mark.parametrize("name", BOTH)
def test_a_reader_sees_the_same_over_rest(name: str, reader: QdrantClient, scene: QdrantScene) -> None:
    call = (RECORDS | OTHERS | SCORED)[name]
    over_rest = scene.client("readers")
    assert call(reader) == call(over_rest)
    over_rest.close()


def test_lists_show_what_the_caller_may_see(reader: QdrantClient) -> None:
    assert [one.name for one in reader.get_collections().collections] == [KB]
    assert reader.collection_exists("secret") is False


@pytest.mark.parametrize(
    ("name", "reason"),
    [*((name, "masked_field_used") for name in OF_MASKED), *((name, "no_grant") for name in NOT_GRANTED)],
)
def test_what_is_not_granted_is_the_clients_own_error(
    name: str, reason: str, reader: QdrantClient, scene: QdrantScene
) -> None:
    call = (OF_MASKED if reason == "masked_field_used" else NOT_GRANTED)[name]
    scene.called()
    with pytest.raises(grpc.RpcError) as caught:
        call(reader)
    assert caught.value.code() is grpc.StatusCode.PERMISSION_DENIED
    assert reason in (caught.value.details() or "")
    assert [one.path for one in scene.called()] == []


def test_every_method_of_the_client_is_tried() -> None:
    """That prefers gRPC; those that have REST alone are tests/real/test_qdrant.py's."""
    methods = {
        name
        for name, method in vars(QdrantRemote).items()
        if isinstance(method, FunctionType) and not name.startswith("_") and "_prefer_grpc" in method.__code__.co_names
    }
    assert {"scroll", "query_points", "upsert"} <= methods
    tables = (RECORDS, OTHERS, SCORED, OF_MASKED, NOT_GRANTED, LIFE)
    tried = {name for table in tables for call in table.values() for name in call.__code__.co_names}
    assert methods - tried == set()


def test_records_are_made_changed_and_deleted(owner: QdrantClient, direct: QdrantClient) -> None:
    through = {name: call(owner) for name, call in LIFE.items()}
    assert not owner.collection_exists(OWN)
    assert through == {name: call(direct) for name, call in LIFE.items()}
    found = {one.id: one for one in through["all of it"][0]}
    assert sorted(found) == [0, 1, 3, 4, 7, 8]
    assert (found[0].vector, found[1].payload) == ([9, 9, 9], {"title": "t1", "tag": "a"})
    assert found[7].payload == {"title": "βήτα 🐕", "n": [1, {"x": None}]}


def test_uploads_go_in_batches(owner: QdrantClient, scene: QdrantScene) -> None:
    owner.create_collection("kb_load", models.VectorParams(size=3, distance=models.Distance.DOT))
    scene.called()
    owner.upload_points("kb_load", POINTS, batch_size=2, wait=True)
    assert [one.path for one in scene.called()] == ["/qdrant.Points/Upsert"] * 3
    assert owner.count("kb_load").count == len(POINTS)
    owner.delete_collection("kb_load")


def test_what_is_not_there_is_not_found(owner: QdrantClient) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        owner.scroll("kb_absent")
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_both_wires_speak_tls_as_well(tls: bool, scene: QdrantScene) -> None:
    client = scene.grpc_client("readers", tls=tls)
    assert client.count(KB).count == len(POINTS)
    assert "[redacted]" in str(client.query_points(KB, QUERY))
    assert client.http.service_api.root().version == "1.19.0"
    with pytest.raises(grpc.RpcError) as caught:
        client.delete(KB, [1])
    assert caught.value.code() is grpc.StatusCode.PERMISSION_DENIED
    with pytest.raises(UnexpectedResponse) as refused:
        client.cluster_status()
    assert refused.value.status_code == 403
    client.close()


@pytest.mark.parametrize("compression", [grpc.Compression.Gzip, grpc.Compression.NoCompression])
def test_compressed_calls_are_read(compression: grpc.Compression, scene: QdrantScene) -> None:
    client = scene.grpc_client("readers", grpc_compression=compression)
    assert client.count(KB, count_filter=TITLE).count == 2
    with pytest.raises(grpc.RpcError, match="masked_field_used"):
        client.count(KB, count_filter=SSN)
    client.close()


def test_a_fresh_token_may_be_given_for_every_call(scene: QdrantScene) -> None:
    tokens = iter([scene.gateway.issuer.token(subject, "readers") for subject in ("dana", "erin")])
    with pytest.warns(UserWarning, match="insecure"):  # plain HTTP, on a loopback address
        client = QdrantClient(
            url=scene.gateway.url,
            grpc_port=scene.calls,
            prefer_grpc=True,
            auth_token_provider=lambda: next(tokens),
            check_compatibility=False,
        )
    assert [client.count(KB).count for _ in range(2)] == [5, 5]
    client.close()


async def test_the_asynchronous_client_is_served_alike(scene: QdrantScene) -> None:
    headers = scene.gateway.headers("dana", "readers")
    client = AsyncQdrantClient(
        url=scene.gateway.url,
        grpc_port=scene.calls,
        prefer_grpc=True,
        headers=headers,
        check_compatibility=False,
    )
    shown = str(await client.query_points(KB, QUERY, **SHOWN))
    assert "[redacted]" in shown
    assert not [secret for secret in SECRETS if secret in shown]
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await client.delete(KB, [1])
    assert caught.value.code() is grpc.StatusCode.PERMISSION_DENIED
    await client.close()


TOKENS: Final[dict[str, tuple[dict[str, Any], str]]] = {
    "expired": ({"lifetime": -3600}, "token_expired"),
    "of another audience": ({"aud": "another"}, "audience_mismatch"),
}


@pytest.mark.parametrize("name", TOKENS)
def test_without_a_good_token_a_call_is_unauthenticated(name: str, scene: QdrantScene) -> None:
    claims, reason = TOKENS[name]
    client = scene.grpc_client("readers", **claims)
    scene.called()
    with pytest.raises(grpc.RpcError) as caught:
        client.count(KB)
    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
    assert reason in (caught.value.details() or "")
    assert client.info().version == "1.19.0", "which needs no token"
    assert [one.path for one in scene.called()] == ["/qdrant.Qdrant/HealthCheck"]
    client.close()


def test_a_spent_limit_is_the_clients_own_error(scene: QdrantScene) -> None:
    client = scene.grpc_client("readers", subject="carl")
    with pytest.raises(ResourceExhaustedResponse) as caught:
        all(client.count(KB).count for _ in range(10))
    assert caught.value.retry_after_s > 0
    client.close()
