"""weaviate-client unmodified, over REST and gRPC, through a whole gateway: what it shows, and what it is refused."""

from __future__ import annotations

import gc
import os
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest
import weaviate
from tests.support.gateway import SERVICE_KEY
from tests.support.snippets import client_of
from tests.support.weaviate_scene import ADA, FIRST, QUERY, SECRETS, Scene, weaviate_scene
from weaviate.auth import Auth
from weaviate.backup import BackupStorage
from weaviate.classes.data import DataObject, DataReference
from weaviate.classes.query import Filter, GroupBy, HybridFusion, MetadataQuery, Metrics, QueryReference, Sort
from weaviate.exceptions import (
    AuthenticationFailedError,
    InsufficientPermissionsError,
    UnexpectedStatusCodeError,
    WeaviateInsertManyAllFailedError,
    WeaviateQueryError,
)

Client = weaviate.WeaviateClient
SSN = Filter.by_property("ssn").equal("900-1")
pytestmark = [
    pytest.mark.real,
    # The client counsels against the GraphQL that it still offers.
    pytest.mark.filterwarnings("ignore:Dep031"),
    # A client that could not connect leaves its channel to the collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with weaviate_scene(tmp_path_factory.mktemp("weaviate")) as made:
        yield made
    with warnings.catch_warnings(action="ignore"):
        gc.collect()


def _shown(found: Any) -> Any:
    return [(str(one.uuid), one.properties, one.vector) for one in found.objects]


SAME: dict[str, Callable[[Client], Any]] = {
    "collections": lambda client: sorted(client.collections.list_all()),
    "exists": lambda client: client.collections.exists("Docs"),
    "config": lambda client: client.collections.use("Docs").config.get().to_dict(),
    "one": lambda client: _docs(client).fetch_object_by_id(FIRST, include_vector=True),
    "fetch": lambda client: _shown(_docs(client).fetch_objects(include_vector=True, limit=3)),
    "filter": lambda client: _shown(_docs(client).fetch_objects(filters=SSN)),
    "sort": lambda client: _shown(_docs(client).fetch_objects(sort=Sort.by_property("ssn", ascending=False))),
    "near vector": lambda client: _shown(_docs(client).near_vector(QUERY, include_vector=True, limit=3)),
    "near object": lambda client: _shown(_docs(client).near_object(FIRST, include_vector=True, limit=3)),
    "bm25": lambda client: _shown(_docs(client).bm25("title", include_vector=True)),
    "hybrid": lambda client: _shown(
        _docs(client).hybrid("title", vector=QUERY, include_vector=True, fusion_type=HybridFusion.RANKED)
    ),
    "group": lambda client: _shown(
        _docs(client).near_vector(QUERY, group_by=GroupBy(prop="ssn", number_of_groups=5, objects_per_group=1))
    ),
    "references": lambda client: [
        _shown(one.references["author"])
        for one in _docs(client)
        .fetch_objects(return_references=QueryReference(link_on="author", include_vector=True))
        .objects
    ],
    "aggregate": lambda client: client.collections.use("Docs").aggregate.over_all(
        total_count=True, return_metrics=Metrics("ssn").text(top_occurrences_value=True)
    ),
    "iterator": lambda client: sorted(
        str(one.uuid) for one in client.collections.use("Docs").iterator(include_vector=True)
    ),
    "tenants": lambda client: sorted(client.collections.use("Spaces").tenants.get()),
    "graphql": lambda client: client.graphql_raw_query("{Get{Docs(limit:2){title ssn _additional{id vector}}}}").get,
}


def _docs(client: Client) -> Any:
    return client.collections.use("Docs").query


@pytest.fixture(scope="module")
def direct(scene: Scene) -> Iterator[Client]:
    ports = scene.database.port, scene.database.rpc.port
    with weaviate.connect_to_local(port=ports[0], grpc_port=ports[1], auth_credentials=Auth.api_key("x")) as client:
        yield client


@pytest.mark.parametrize("name", SAME)
def test_full_rights_see_what_the_database_says(name: str, scene: Scene, direct: Client) -> None:
    assert SAME[name](scene.client("owners", subject="olga")) == SAME[name](direct)


METADATA = MetadataQuery.full()
TITLE: dict[str, Any] = {"query_properties": ["title"]}
READING: dict[str, Callable[[Client], Any]] = {
    "one": lambda client: _docs(client).fetch_object_by_id(FIRST, include_vector=True),
    "fetch": lambda client: _docs(client).fetch_objects(include_vector=True, return_metadata=METADATA),
    "fetch named": lambda client: _docs(client).fetch_objects(include_vector=["default"]),
    "fetch properties": lambda client: _docs(client).fetch_objects(return_properties=["title", "ssn", "wage", "home"]),
    "near vector": lambda client: _docs(client).near_vector(QUERY, include_vector=True, return_metadata=METADATA),
    "near object": lambda client: _docs(client).near_object(FIRST, include_vector=True, return_metadata=METADATA),
    "bm25": lambda client: _docs(client).bm25("title", include_vector=True, return_metadata=METADATA, **TITLE),
    "hybrid": lambda client: _docs(client).hybrid("title", vector=QUERY, include_vector=True, **TITLE),
    "groups": lambda client: _docs(client).near_vector(
        QUERY, include_vector=True, group_by=GroupBy(prop="title", number_of_groups=2, objects_per_group=2)
    ),
    "references": lambda client: _docs(client).fetch_objects(
        return_references=QueryReference(link_on="author", include_vector=True, return_metadata=METADATA)
    ),
    "iterator": lambda client: list(client.collections.use("Docs").iterator(include_vector=True)),
    "graphql": lambda client: (
        client.graphql_raw_query(
            "{Get{Docs{title n:ssn wage home{s:ssn} author{...on Person{title ssn _additional{vector}}}"
            " _additional{id vector vectors{default}}}}}"
        ).get
    ),
}


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("name", READING)
def test_a_reader_gets_no_vector_and_no_masked_property(
    name: str, secure: bool, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(scene.authority.certificate))
    for proxy in [key for key in os.environ if key.lower().endswith("_proxy")]:
        monkeypatch.delenv(proxy)
    client = scene.client("readers", secure=secure)
    scene.asked()
    found = READING[name](client)
    text = str([vars(one) for one in found.objects] if hasattr(found, "objects") else found)
    assert "title" in text
    assert [secret for secret in SECRETS if secret in text] == []
    for one in scene.asked():
        headers = one.metadata if hasattr(one, "metadata") else one.headers
        assert headers["authorization"] == SERVICE_KEY


def test_what_a_reader_may_not_see_is_not_asked_for(scene: Scene) -> None:
    client = scene.client("readers")
    scene.asked()
    _docs(client).near_vector(QUERY, include_vector=True, return_metadata=METADATA)
    [search] = scene.asked()
    assert not search.message.metadata.vector
    assert not search.message.metadata.explain_score
    assert search.message.metadata.distance


def test_the_printed_python_makes_a_client(scene: Scene) -> None:
    with client_of(scene.gateway.folder / "vecgate.yaml", "rest", scene.token("readers")) as made:
        assert len(_docs(made).near_vector(QUERY, limit=2).objects) == 2


def test_scores_are_ranks(scene: Scene) -> None:
    found = _docs(scene.client("readers")).near_vector(QUERY, return_metadata=METADATA)
    assert [one.metadata.distance for one in found.objects] == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert all(one.metadata.explain_score is None for one in found.objects)


DENIED: dict[str, tuple[Callable[[Client], Any], str]] = {
    "another collection": (lambda client: client.collections.use("Secret").query.fetch_objects(), "no_grant"),
    "a small letter": (lambda client: client.collections.use("secret").query.fetch_objects(), "no_grant"),
    "nothing": (lambda client: client.collections.use("Nothing").query.fetch_objects(), "no_grant"),
    "another tenant": (
        lambda client: client.collections.use("Spaces").with_tenant("other").query.fetch_objects(),
        "no_grant",
    ),
    "no tenant": (lambda client: client.collections.use("Spaces").query.fetch_objects(), "no_grant"),
    "a masked filter": (lambda client: _docs(client).fetch_objects(filters=SSN), "masked_field_used"),
    "a masked filter, nested": (
        lambda client: _docs(client).fetch_objects(filters=Filter.by_property("title").equal("x") | (SSN & SSN)),
        "masked_field_used",
    ),
    "a masked length": (
        lambda client: _docs(client).fetch_objects(filters=Filter.by_property("ssn", length=True).equal(5)),
        "masked_field_used",
    ),
    "a masked filter of a reference": (
        lambda client: _docs(client).fetch_objects(filters=Filter.by_ref("author").by_property("ssn").equal("900-9")),
        "masked_field_used",
    ),
    "a filter of another collection": (
        lambda client: _docs(client).fetch_objects(filters=Filter.by_ref("about").by_property("title").equal("x")),
        "no_grant",
    ),
    "a reference into another collection": (
        lambda client: _docs(client).fetch_objects(return_references=QueryReference(link_on="about")),
        "no_grant",
    ),
    "a masked order": (lambda client: _docs(client).fetch_objects(sort=Sort.by_property("ssn")), "masked_field_used"),
    "masked groups": (
        lambda client: _docs(client).near_vector(
            QUERY, group_by=GroupBy(prop="ssn", number_of_groups=5, objects_per_group=1)
        ),
        "masked_field_used",
    ),
    "masked words": (lambda client: _docs(client).bm25("900"), "masked_field_used"),
    "masked words, named": (lambda client: _docs(client).bm25("900", query_properties=["ssn^2"]), "masked_field_used"),
    "masked words, mixed": (lambda client: _docs(client).hybrid("900", vector=QUERY), "masked_field_used"),
    "a threshold": (lambda client: _docs(client).near_vector(QUERY, distance=0.5), "masked_field_used"),
    "a masked aggregate": (
        lambda client: client.collections.use("Docs").aggregate.over_all(
            return_metrics=Metrics("ssn").text(top_occurrences_value=True)
        ),
        "masked_field_used",
    ),
    "a masked prompt": (
        lambda client: client.collections.use("Docs").generate.fetch_objects(single_prompt="{ssn}"),
        "masked_field_used",
    ),
    "insert": (lambda client: client.collections.use("Docs").data.insert({"title": "x"}), "no_grant"),
    "delete": (lambda client: client.collections.use("Docs").data.delete_by_id(FIRST), "no_grant"),
    "delete many": (
        lambda client: client.collections.use("Docs").data.delete_many(Filter.by_property("title").equal("x")),
        "no_grant",
    ),
    "create": (lambda client: client.collections.create("New"), "no_grant"),
    "drop": (lambda client: client.collections.delete("Docs"), "no_grant"),
    "backup": (lambda client: client.backup.create("b", BackupStorage.FILESYSTEM), "no_grant"),
    "introspection": (lambda client: client.graphql_raw_query("{__schema{types{name}}}"), "unknown_operation"),
}


@pytest.mark.parametrize("name", DENIED)
def test_what_is_not_granted_is_the_clients_own_error(name: str, scene: Scene) -> None:
    call, reason = DENIED[name]
    client = scene.client("readers")
    scene.asked()
    with pytest.raises(InsufficientPermissionsError) as caught:
        call(client)
    assert reason in str(caught.value)
    assert [one for one in scene.asked() if getattr(one, "method", "") != "GET"] == []


def test_insert_many_is_refused_whole(scene: Scene) -> None:
    client = scene.client("writers")
    mixed = [DataObject({"title": "x"}), DataObject({"title": "y"}, references={"about": ADA})]
    with pytest.raises(InsufficientPermissionsError):
        client.collections.use("Docs").data.insert_many(mixed)


def test_lists_show_what_the_caller_may_see(scene: Scene) -> None:
    client = scene.client("readers")
    assert set(client.collections.list_all()) <= {"Docs", "Person", "Spaces"}
    assert "Docs" in client.collections.list_all()
    assert client.collections.exists("Docs")
    assert not client.collections.exists("Secret")
    assert client.collections.use("Docs").data.exists(FIRST)
    assert not client.collections.use("Docs").data.exists("00000000-0000-0000-0000-0000000000ff")
    assert list(client.collections.use("Spaces").tenants.get()) == ["acme"]
    acme = client.collections.use("Spaces").with_tenant("acme").query.fetch_objects(include_vector=True)
    assert [(one.properties["title"], one.vector) for one in acme.objects] == [("acme", {})]


def test_a_writer_writes_links_and_deletes(scene: Scene) -> None:
    client = scene.client("owners", subject="olga")
    docs = client.collections.use("Docs")
    key = docs.data.insert({"title": "written", "ssn": "900-7"}, vector=QUERY)
    docs.data.update(key, properties={"title": "changed"})
    docs.data.reference_add(key, "author", ADA)
    docs.data.reference_add_many([DataReference(from_property="author", from_uuid=key, to_uuid=ADA)])
    one = docs.query.fetch_object_by_id(key, return_references=QueryReference(link_on="author"))
    assert one.properties["title"] == "changed"
    assert {str(other.uuid) for other in one.references["author"].objects} == {ADA}
    tried = docs.data.delete_many(Filter.by_property("title").equal("changed"), dry_run=True, verbose=True)
    assert [str(other.uuid) for other in tried.objects] == [str(key)]
    assert docs.data.delete_many(Filter.by_id().equal(key)).successful == 1
    assert docs.query.fetch_object_by_id(key) is None


def test_an_alias_stands_for_its_collection(scene: Scene) -> None:
    owner, reader = scene.client("owners", subject="olga"), scene.client("readers")
    owner.alias.create(alias_name="Hidden", target_collection="Secret")
    owner.alias.create(alias_name="Papers", target_collection="Docs")
    assert len(reader.collections.use("Papers").query.fetch_objects().objects) == 5
    for name in ("Hidden", "hidden"):
        with pytest.raises(InsufficientPermissionsError):
            reader.collections.use(name).query.fetch_objects()
    owner.alias.delete(alias_name="Papers")
    owner.alias.delete(alias_name="Hidden")


def test_whoever_has_no_token_is_told_where_to_get_one(scene: Scene) -> None:
    """By the gateway: the database's own answer names a provider that is not the gateway's."""
    scene.database.forget()
    answer = scene.gateway.http.get("/v1/.well-known/openid-configuration")
    assert (answer.status_code, answer.json()["href"]) == (200, f"{scene.issuer}/.well-known/openid-configuration")
    with pytest.raises(AuthenticationFailedError, match="requires login credentials"):
        weaviate.connect_to_custom(*_places(scene))
    assert [one.path for one in scene.database.asked if "openid" in one.path] == []


def _places(scene: Scene) -> Any:
    return "127.0.0.1", scene.ports["rest"], False, "127.0.0.1", scene.ports["grpc"], False


def test_an_expired_token_is_refused_by_either_port(scene: Scene) -> None:
    past: dict[str, Any] = {"exp": 1_000_000_000, "iat": 999_999_000}
    with pytest.raises(UnexpectedStatusCodeError) as caught:
        scene.client("readers", **past)
    assert caught.value.status_code == 401
    metadata: Any = (("authorization", f"Bearer {scene.token('readers', **past)}"),)
    with grpc.insecure_channel(f"127.0.0.1:{scene.ports['grpc']}") as channel:
        call: Any = channel.unary_unary("/weaviate.v1.Weaviate/Search")
        with pytest.raises(grpc.RpcError) as failed:
            call(b"", metadata=metadata, timeout=10)
    error: Any = failed.value
    assert error.code() is grpc.StatusCode.UNAUTHENTICATED


def test_a_spent_limit_is_the_clients_own_error(scene: Scene) -> None:
    client = scene.client("readers", subject="carl")
    with pytest.raises(WeaviateQueryError) as caught:
        all(_docs(client).fetch_objects(limit=1).objects for _ in range(10))
    assert "rate_exceeded" in str(caught.value)


def test_streams_are_refused_by_name(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    client = scene.client("owners", subject="olga")
    scene.asked()
    with client.batch.stream() as batch:
        batch.add_object("Docs", {"title": "x"})
    assert "UNIMPLEMENTED" in caplog.text
    assert "unknown_operation" in caplog.text
    assert [one for one in scene.asked() if getattr(one, "method", "") != "GET"] == []


def test_batches_of_the_client_are_served(scene: Scene) -> None:
    client = scene.client("owners", subject="olga")
    with client.batch.fixed_size(2) as batch:
        keys = [batch.add_object("Docs", {"title": f"batched {at}"}, vector=QUERY) for at in range(3)]
    assert client.batch.failed_objects == []
    assert client.collections.use("Docs").data.delete_many(Filter.by_id().contains_any(keys)).successful == 3


def test_an_unknown_collection_fails_without_the_databases_words(scene: Scene) -> None:
    client = scene.client("owners", subject="olga")
    with pytest.raises(WeaviateQueryError) as caught:
        client.collections.use("Nothing").query.fetch_objects()
    assert "canary" not in str(caught.value)


def test_a_batch_with_a_broken_object_says_which(scene: Scene) -> None:
    client = scene.client("owners", subject="olga")
    spaces = client.collections.use("Spaces").with_tenant("nobody")
    with pytest.raises(WeaviateInsertManyAllFailedError) as caught:
        spaces.data.insert_many([DataObject({"title": "x"})])
    assert "nobody" not in str(caught.value)
