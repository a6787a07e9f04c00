"""The stock Python client as its documentation uses it, for people with different rights."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import chromadb
import numpy as np
import pytest
from chromadb.auth.token_authn import TokenTransportHeader
from chromadb.config import Settings
from chromadb.errors import (
    AuthorizationError,
    ChromaAuthError,
    InvalidArgumentError,
    NotFoundError,
    RateLimitError,
)
from tests.support.chroma import chroma
from tests.support.chroma_clients import admin_client, closing, http_client
from tests.support.client_scene import HIDDEN, RECORDS, SECRETS, VISIBLE, client_scene
from tests.support.gateway import Gateway
from tests.support.snippets import client_of

__all__ = ["chroma", "client_scene", "closing"]

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("closing")]

OFFLINE = Settings(anonymized_telemetry=False)
EVERYTHING: Any = ["embeddings", "documents", "metadatas", "distances"]


def client(scene: Gateway, *groups: str, subject: str = "dana") -> Any:
    return http_client(scene.url, scene.headers(subject, *groups))


def collection(scene: Gateway, *groups: str, name: str = VISIBLE) -> Any:
    return client(scene, *groups).get_collection(name, embedding_function=None)


def again(call: Callable[[], Any], seconds: float = 20) -> None:
    """Call until it raises."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        call()


@pytest.fixture
def own(client_scene: Gateway, request: pytest.FixtureRequest) -> Any:
    """A collection of the test's own, seen by an owner."""
    name = f"own_{request.node.name[:60].replace('[', '-').rstrip(']')}"
    owner = client(client_scene, "owners")
    yield owner.create_collection(name, embedding_function=None)
    owner.delete_collection(name)


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        (lambda scene: {}, "token_missing"),
        (lambda scene: {"Authorization": "Bearer nonsense"}, "token_invalid"),
        (lambda scene: {"Authorization": f"Bearer {scene.issuer.token('dana', lifetime=-3600)}"}, "token_expired"),
    ],
)
def test_without_one_good_token_no_client_is_made(
    client_scene: Gateway, headers: Callable[[Gateway], dict[str, str]], reason: str
) -> None:
    with pytest.raises(AuthorizationError, match=reason):
        http_client(client_scene.url, headers(client_scene))


def test_two_credentials_are_one_too_many(client_scene: Gateway) -> None:
    token = client_scene.issuer.token("olga", "owners")
    with pytest.raises(InvalidArgumentError, match="credential_ambiguous"):
        http_client(client_scene.url, {"Authorization": f"Bearer {token}", "X-Chroma-Token": token})


def test_whoever_has_no_grant_is_forbidden(client_scene: Gateway) -> None:
    with pytest.raises(ChromaAuthError, match="no_grant"):
        client(client_scene)


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (lambda c, k: c.get_collection(HIDDEN, embedding_function=None), "no_grant"),
        (lambda c, k: c.create_collection("kb_new", embedding_function=None), "no_grant"),
        (lambda c, k: c.delete_collection(VISIBLE), "no_grant"),
        (lambda c, k: k.add(ids=["d"], embeddings=[[1, 2, 3]]), "no_grant"),
        (lambda c, k: k.update(ids=["a"], metadatas=[{"n": 9}]), "no_grant"),
        (lambda c, k: k.delete(ids=["a"]), "no_grant"),
        (lambda c, k: k.modify(name="kb_other"), "no_grant"),
        (lambda c, k: k.get(where={"ssn": "900-11-1111"}), "masked_field_used"),
        (lambda c, k: k.query(query_embeddings=[[1, 0, 0]], where={"salary": {"$gt": 150}}), "masked_field_used"),
        (lambda c, k: c.reset(), "unknown_operation"),
    ],
)
def test_what_a_reader_may_not_do_is_forbidden_with_its_reason(
    client_scene: Gateway, call: Callable[[Any, Any], Any], reason: str
) -> None:
    reader = client(client_scene, "readers")
    with pytest.raises(ChromaAuthError, match=reason) as caught:
        call(reader, reader.get_collection(VISIBLE, embedding_function=None))
    assert str(caught.value.trace_id) in str(caught.value), "the exchange's id, by which evidence finds it"


def test_the_printed_python_makes_a_client(client_scene: Gateway) -> None:
    config = client_scene.folder / "vecgate.yaml"
    made = client_of(config, "docs", client_scene.issuer.token("dana", "readers"))
    assert [each.name for each in made.list_collections()] == [VISIBLE]


def test_not_even_an_owner_resets_the_server(client_scene: Gateway) -> None:
    with pytest.raises(ChromaAuthError, match="unknown_operation"):
        client(client_scene, "owners").reset()


def test_a_limit_raises_the_clients_own_error(client_scene: Gateway) -> None:
    counted = collection(client_scene, "counted")
    with pytest.raises(RateLimitError, match="rate_exceeded"):
        again(counted.count)
    with pytest.raises(RateLimitError):
        counted.get()
    assert collection(client_scene, "readers").count() == 3, "another group, another budget"


def test_a_reader_gets_records_without_what_is_masked(client_scene: Gateway) -> None:
    reader = collection(client_scene, "readers")
    found = reader.query(query_embeddings=[[0.0, 1.0, 0.0]], n_results=2, include=EVERYTHING)
    for got in (reader.get(include=EVERYTHING[:3]), reader.peek(), found):
        assert not any(secret in str(got) for secret in SECRETS)
        assert np.asarray(got["embeddings"], dtype=object).ndim == 0, "no vectors"
    assert found["ids"][0][0] == "b"
    shown = reader.get(ids=["a"])["metadatas"][0]
    assert (shown["ssn"], shown["topic"], shown["n"]) == ("[redacted]", "x", 1)
    assert shown["email"].startswith("hash_")
    assert "salary" not in shown
    assert reader.get(ids=["a"])["documents"] == ["alpha text"]


def test_masked_records_can_still_be_filtered_by_what_is_open(client_scene: Gateway) -> None:
    reader = collection(client_scene, "readers")
    assert reader.get(where={"topic": "x"})["ids"] == ["a", "c"]
    assert reader.get(where_document={"$contains": "beta"})["ids"] == ["b"]
    assert reader.get(limit=1, offset=1)["ids"] == ["b"]


def test_an_owner_gets_everything(client_scene: Gateway) -> None:
    got = collection(client_scene, "owners").get(include=EVERYTHING[:3])
    assert got["metadatas"] == RECORDS["metadatas"]
    assert got["embeddings"].tolist() == RECORDS["embeddings"]


def test_lists_hold_what_the_caller_may_know_of(client_scene: Gateway) -> None:
    reader, owner = client(client_scene, "readers"), client(client_scene, "owners")
    assert HIDDEN not in {one.name for one in reader.list_collections()}
    assert {VISIBLE, HIDDEN} <= {one.name for one in owner.list_collections()}
    assert reader.count_collections() == len(reader.list_collections())
    assert owner.count_collections() > reader.count_collections()


def test_a_hidden_collection_and_an_absent_one_look_the_same(client_scene: Gateway) -> None:
    reader = client(client_scene, "readers")
    errors = []
    for name in (HIDDEN, "hr_absent"):
        with pytest.raises(ChromaAuthError) as caught:
            reader.get_collection(name, embedding_function=None)
        errors.append(str(caught.value).replace(caught.value.trace_id or "", ""))
    assert errors[0] == errors[1]
    with pytest.raises(NotFoundError, match=r"^Collection \[kb_absent\] does not exist$"):
        reader.get_collection("kb_absent", embedding_function=None)


def test_tenants_and_databases(client_scene: Gateway) -> None:
    owner = admin_client(client_scene.url, client_scene.headers("olga", "owners"))
    owner.create_tenant("acme")
    owner.create_database("books", tenant="acme")
    inner = http_client(client_scene.url, client_scene.headers("olga", "owners"), tenant="acme", database="books")
    inner.create_collection("kb_docs", embedding_function=None)
    assert [one["name"] for one in owner.list_databases(tenant="acme")] == ["books"]
    reader = admin_client(client_scene.url, client_scene.headers("dana", "readers"))
    assert reader.get_tenant("default_tenant")["name"] == "default_tenant"
    assert [one["name"] for one in reader.list_databases()] == ["default_database"]
    for call in (
        lambda: reader.get_tenant("acme"),
        lambda: reader.get_database("books", tenant="acme"),
        lambda: reader.create_database("mine"),
        lambda: reader.create_tenant("mine_too"),
        lambda: reader.delete_database("books", tenant="acme"),
        lambda: http_client(client_scene.url, client_scene.headers("dana", "readers"), tenant="acme", database="books"),
    ):
        with pytest.raises(ChromaAuthError, match="no_grant"):
            call()
    owner.delete_database("books", tenant="acme")


def test_the_identity_is_the_callers_own(client_scene: Gateway) -> None:
    identity = client(client_scene, "readers", subject="sub-4711").get_user_identity()
    assert (identity.user_id, identity.tenant) == ("sub-4711", "default_tenant")
    assert list(identity.databases or []) == ["default_database"]


def test_a_new_client_brings_a_new_token(client_scene: Gateway) -> None:
    old = client_scene.issuer.token("dana", "readers", lifetime=-58)  # within the leeway for two more seconds
    first: Any = http_client(client_scene.url, {"Authorization": f"Bearer {old}"})
    with pytest.raises(AuthorizationError, match="token_expired"):
        again(first.count_collections)
    assert client(client_scene, "readers").count_collections() >= 1
    first._server._session.headers["Authorization"] = client_scene.headers("dana", "readers")["authorization"]
    assert first.count_collections() >= 1, "or the old one is given it"


def test_a_held_deletion_tells_its_ticket(client_scene: Gateway, own: Any) -> None:
    own.add(ids=["a"], embeddings=[[1, 2, 3]], metadatas=[{"n": 1}])
    own.modify(name="kb_held")
    pipeline = collection(client_scene, "pipelines", name="kb_held")
    try:
        with pytest.raises(ChromaAuthError, match=r"approval_pending, ticket [0-9a-f]{32}"):
            pipeline.delete(where={"n": 1})
        assert own.count() == 1
    finally:
        own.modify(name="own_test_a_held_deletion_tells_its_ticket")


@pytest.mark.parametrize("transport", [TokenTransportHeader.AUTHORIZATION, TokenTransportHeader.X_CHROMA_TOKEN, None])
def test_chromas_own_token_provider(client_scene: Gateway, transport: TokenTransportHeader | None) -> None:
    settings = Settings(
        anonymized_telemetry=False,
        chroma_client_auth_provider="chromadb.auth.token_authn.TokenAuthClientProvider",
        chroma_client_auth_credentials=client_scene.issuer.token("dana", "readers"),
        chroma_auth_token_transport_header=transport,
    )
    assert http_client(client_scene.url, {}, settings=settings).get_collection(VISIBLE, embedding_function=None).count()


@pytest.fixture
async def connect(client_scene: Gateway) -> AsyncIterator[Callable[..., Any]]:
    """Makes asynchronous clients, and closes them."""
    made: list[Any] = []

    async def connected(*groups: str) -> Any:
        headers = client_scene.headers("dana", *groups)
        made.append(
            await chromadb.AsyncHttpClient(host="127.0.0.1", port=client_scene.port, headers=headers, settings=OFFLINE)
        )
        return made[-1]

    yield connected
    for each in made:
        await each._server._cleanup()


async def test_the_asynchronous_client_of_an_owner(connect: Callable[..., Any]) -> None:
    owner = await connect("owners")
    made = await owner.get_or_create_collection("own_async", embedding_function=None)
    await made.add(**RECORDS)
    assert await made.count() == 3
    assert (await made.get(include=["embeddings"]))["embeddings"].tolist() == RECORDS["embeddings"]
    found = await made.query(query_embeddings=[[0.0, 0.0, 1.0]], n_results=1)
    assert found["ids"] == [["c"]]
    await made.update(ids=["a"], metadatas=[{"n": 10}])
    await made.upsert(ids=["d"], embeddings=[[1.0, 1.0, 1.0]], documents=["delta"])
    await made.delete(ids=["b"])
    assert (await made.get(where={"n": {"$gt": 5}}))["ids"] == ["a"]
    assert (await made.peek(limit=1))["ids"] == ["a"]
    await made.modify(name="own_renamed")
    assert "own_renamed" in {one.name for one in await owner.list_collections()}
    assert await owner.count_collections() > 2
    assert await owner.heartbeat() > 0
    await owner.delete_collection("own_renamed")
    with pytest.raises(NotFoundError, match="own_renamed"):
        await owner.get_collection("own_renamed", embedding_function=None)


async def test_the_asynchronous_client_of_a_reader(connect: Callable[..., Any]) -> None:
    reader = await connect("readers")
    docs = await reader.get_collection(VISIBLE, embedding_function=None)
    got = str(await docs.get())
    assert not any(secret in got for secret in SECRETS)
    for call in (docs.delete(ids=["a"]), docs.get(where={"ssn": "x"}), reader.delete_collection(VISIBLE)):
        with pytest.raises(ChromaAuthError):
            await call


async def test_the_asynchronous_client_of_a_stranger(connect: Callable[..., Any]) -> None:
    with pytest.raises(ChromaAuthError, match="no_grant"):
        await connect()


def test_the_databases_own_errors_stay_its_own(client_scene: Gateway, own: Any) -> None:
    own.add(ids=["a"], embeddings=[[1, 2, 3]])
    with pytest.raises(InvalidArgumentError, match=r"^Collection expecting embedding with dimension of 3, got 2$"):
        own.query(query_embeddings=[[1, 2]])
