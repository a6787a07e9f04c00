"""pymilvus unmodified, through a whole gateway, against a real Milvus (milvus-lite): over cleartext HTTP/2 and TLS."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from pymilvus import MilvusClient, MilvusException  # type: ignore[import-untyped]  # has no stubs
from tests.support.milvus import MilvusScene, milvus_scene
from tests.support.snippets import client_of

pytestmark = pytest.mark.real

ROWS = [
    {"id": number, "vector": [number / 10, 0.5, 0.25, 1.0], "title": f"title {number}", "ssn": f"900-{number}"}
    for number in range(5)
]
QUERY = [0.1, 0.5, 0.25, 1.0]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MilvusScene]:
    with milvus_scene(tmp_path_factory.mktemp("milvus")) as made:
        owner = made.client("owners", subject="olga")
        for name in ("kb_docs", "secret"):
            owner.create_collection(name, dimension=4)
            owner.insert(name, ROWS)
        yield made


def refused(error: BaseException) -> tuple[Any, Any]:
    """The gRPC code and text, of the client's own error or of grpc's."""
    cause: Any = error
    while cause is not None and not isinstance(cause, grpc.RpcError):
        cause = cause.__cause__ or cause.__context__
    return (cause.code(), cause.details()) if cause is not None else (None, str(error))


def test_full_rights_see_what_a_direct_client_sees(scene: MilvusScene) -> None:
    through, direct = scene.client("owners", subject="olga"), scene.direct()
    for client_call in (
        lambda client: client.describe_collection("kb_docs"),
        lambda client: sorted(client.list_collections()),
        lambda client: client.query("kb_docs", filter="id >= 0", output_fields=["*"]),
        lambda client: client.get("kb_docs", ids=[1, 2]),
        lambda client: client.search("kb_docs", data=[QUERY], limit=3, output_fields=["title", "ssn", "vector"]),
        lambda client: client.has_collection("kb_docs"),
    ):
        assert client_call(through) == client_call(direct)


@pytest.mark.parametrize("secure", [False, True], ids=["h2c", "TLS"])
def test_a_reader_searches_and_sees_neither_vectors_nor_masked_fields(secure: bool, scene: MilvusScene) -> None:
    client = scene.secure_client("readers") if secure else scene.client("readers")
    (hits,) = client.search("kb_docs", data=[QUERY], limit=3, output_fields=["*"])
    assert [hit["id"] for hit in hits] == [hit["id"] for hit in scene.direct().search("kb_docs", [QUERY], limit=3)[0]]
    for hit in hits:
        assert hit["entity"]["title"].startswith("title")
        assert hit["entity"]["ssn"] == "[redacted]"
        assert "vector" not in hit["entity"]


CALLS = {
    "search all": lambda client: client.search("kb_docs", [QUERY], limit=5, output_fields=["*"]),
    "search the vector": lambda client: client.search("kb_docs", [QUERY], limit=5, output_fields=["vector"]),
    "search by default": lambda client: client.search("kb_docs", [QUERY], limit=5),
    "query all": lambda client: client.query("kb_docs", filter="id >= 0", output_fields=["*"]),
    "query the vector": lambda client: client.query("kb_docs", filter="id >= 0", output_fields=["vector"]),
    "query by default": lambda client: client.query("kb_docs", filter="id >= 0"),
    "get": lambda client: client.get("kb_docs", ids=[1, 2]),
    "get the vector": lambda client: client.get("kb_docs", ids=[1], output_fields=["vector"]),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_reader_gets_no_vector_by_any_call(name: str, scene: MilvusScene) -> None:
    text = str(CALLS[name](scene.client("readers")))
    assert "900-" not in text
    assert "0.25" not in text


DENIED = {
    "another collection": lambda client: client.query("secret", filter="id >= 0"),
    "a masked field in a filter": lambda client: client.query("kb_docs", filter='ssn == "900-1"'),
    "a masked field by its quoted name": lambda client: client.query("kb_docs", filter='$meta["ssn"] == "900-1"'),
    "insert": lambda client: client.insert("kb_docs", ROWS[:1]),
    "delete": lambda client: client.delete("kb_docs", ids=[1]),
    "drop": lambda client: client.drop_collection("kb_docs"),
    "create": lambda client: client.create_collection("kb_mine", dimension=4),
    "rename": lambda client: client.rename_collection("kb_docs", "kb_other"),
    "an alias": lambda client: client.create_alias("secret", "kb_alias"),
}


@pytest.mark.parametrize("name", DENIED)
def test_what_is_not_granted_is_denied_at_once(name: str, scene: MilvusScene) -> None:
    with pytest.raises((MilvusException, grpc.RpcError)) as caught:
        DENIED[name](scene.client("readers"))
    code, text = refused(caught.value)
    assert code is grpc.StatusCode.PERMISSION_DENIED, text


def test_lists_show_what_the_caller_may_see(scene: MilvusScene) -> None:
    assert scene.client("readers").list_collections() == ["kb_docs"]
    assert sorted(scene.client("owners").list_collections()) == ["kb_docs", "secret"]


def test_the_printed_python_makes_a_client(scene: MilvusScene) -> None:
    made = client_of(scene.gateway.folder / "vecgate.yaml", "milvus", scene.token("readers"))
    assert made.list_collections() == ["kb_docs"]
    made.close()


def test_an_alias_is_judged_by_what_it_stands_for(scene: MilvusScene) -> None:
    owner = scene.client("owners", subject="olga")
    owner.create_alias("secret", "kb_alias")
    assert len(owner.query("kb_alias", filter="id >= 0")) == 5
    with pytest.raises((MilvusException, grpc.RpcError)) as caught:
        scene.client("readers").query("kb_alias", filter="id >= 0")
    assert refused(caught.value)[0] is grpc.StatusCode.PERMISSION_DENIED


def test_a_pipeline_writes_and_deletes_by_key(scene: MilvusScene) -> None:
    client = scene.client("pipelines", subject="pia")
    assert client.insert("kb_docs", [ROWS[0] | {"id": 100}])["insert_count"] == 1
    assert client.upsert("kb_docs", [ROWS[0] | {"id": 100, "title": "new"}])["upsert_count"] == 1
    client.delete("kb_docs", ids=[100])
    assert client.query("kb_docs", filter="id == 100") == []


def test_a_delete_by_filter_waits_for_a_reviewer(scene: MilvusScene) -> None:
    with pytest.raises((MilvusException, grpc.RpcError)) as caught:
        scene.client("pipelines", subject="pia").delete("kb_docs", filter="id >= 0")
    code, text = refused(caught.value)
    assert (code, "approval_pending" in text) == (grpc.StatusCode.PERMISSION_DENIED, True)
    assert len(scene.direct().query("kb_docs", filter="id >= 0")) == 5


@pytest.mark.parametrize(
    ("claims", "reason"), [({"exp": 1_000_000_000, "iat": 999_999_000}, "token_expired"), ({"aud": "x"}, "audience")]
)
def test_a_bad_token_is_unauthenticated(claims: dict[str, Any], reason: str, scene: MilvusScene) -> None:
    with pytest.raises((MilvusException, grpc.RpcError)) as caught:
        MilvusClient(uri=scene.gateway.url, token=scene.token("readers", **claims), timeout=5).list_collections()
    code, text = refused(caught.value)
    assert code is grpc.StatusCode.UNAUTHENTICATED or reason in text


def test_a_spent_limit_is_told(scene: MilvusScene) -> None:
    client = scene.client("counted", subject="carl")
    with pytest.raises((MilvusException, grpc.RpcError)) as caught:
        all(client.list_collections() for _ in range(20))
    assert refused(caught.value)[0] is grpc.StatusCode.RESOURCE_EXHAUSTED
