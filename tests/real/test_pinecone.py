"""Pinecone's Python client unmodified, over REST, through a whole gateway: data plane, control plane, inference."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pinecone import Pinecone, ServerlessSpec
from pinecone.async_client.async_index import AsyncIndex
from pinecone.errors import exceptions as errors
from pinecone.index import Index
from tests.support.gateway import SERVICE_KEY
from tests.support.pinecone_gateway import NUMBERS, ONCE, SECRET, PineconeScene, pinecone_scene
from tests.support.pinecone_walk import DENIED, FACTS, NEW, QUERY, READS, RECENT, said
from tests.support.snippets import client_of

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PineconeScene]:
    with pinecone_scene(tmp_path_factory.mktemp("pinecone")) as made:
        yield made


@pytest.fixture(params=["Index", "AsyncIndex"])
def connect(request: pytest.FixtureRequest, scene: PineconeScene) -> Callable[..., Any]:
    """By someone's groups: the client of the index, the one that waits or the other."""
    return scene.index if request.param == "Index" else scene.waiting


# ---- reading


@pytest.mark.parametrize("name", [*READS, *FACTS])
def test_full_rights_see_what_a_direct_client_sees(
    name: str, scene: PineconeScene, connect: Callable[..., Any]
) -> None:
    call = {**READS, **FACTS}[name]
    with Index(host=f"http://127.0.0.1:{scene.database.data_port}", api_key="any") as direct:
        assert said(call(connect("owners"))) == said(call(direct))


def test_the_printed_python_makes_a_client(scene: PineconeScene) -> None:
    config, token = scene.gateway.folder / "vecgate.yaml", scene.gateway.issuer.token("dana", "readers")
    with client_of(config, "control", token) as made:
        assert [one.name for one in made.list_indexes()] == ["docs"]


@pytest.mark.parametrize("name", READS)
def test_a_reader_gets_no_vector_and_no_masked_field_by_any_method(
    name: str, scene: PineconeScene, connect: Callable[..., Any]
) -> None:
    scene.asked()
    text = str(said(READS[name](connect("readers"))))
    assert "'r2'" in text or "'r1'" in text
    assert SECRET not in text
    assert not [number for number in NUMBERS if number in text]
    for asked in scene.asked():
        assert asked.headers["api-key"] == SERVICE_KEY
        assert asked.headers["x-pinecone-api-version"] == "2026-04"
        assert "authorization" not in asked.headers
        assert asked.document.get("includeValues") is not True


@pytest.mark.parametrize("name", DENIED)
def test_what_is_not_granted_is_the_clients_own_error(
    name: str, scene: PineconeScene, connect: Callable[..., Any]
) -> None:
    call, reason = DENIED[name]
    index = connect("readers")
    scene.asked()
    with pytest.raises(errors.ForbiddenError, match=f"{reason}, exchange"):
        call(index)
    assert scene.asked() == []


@pytest.mark.parametrize("kind", [Index, AsyncIndex])
def test_every_method_of_the_client_is_walked(kind: type) -> None:
    methods = {name for name in vars(kind) if not name.startswith("_")} - {"host", "close", "documents"}
    assert methods == {name.split()[0] for name in (*READS, *FACTS, *DENIED)}


DOCUMENTS: dict[str, Callable[[Any], Any]] = {
    "upsert": lambda documents: documents.upsert(namespace="kb", documents=[{"_id": "n1"}]),
    "search": lambda documents: documents.search(
        namespace="kb", score_by=[{"type": "dense_vector", "field": "_values", "values": QUERY}], top_k=1
    ),
    "fetch": lambda documents: documents.fetch(namespace="kb", ids=["r1"]),
    "list": lambda documents: list(documents.list(namespace="kb")),
    "update": lambda documents: documents.update(namespace="kb", documents=[{"_id": "r1", "title": "x"}]),
    "delete": lambda documents: documents.delete(namespace="kb", delete_all=True),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents_are_refused_by_name(name: str, scene: PineconeScene) -> None:
    """They have no published description. Whoever asks is told so, whatever the rights."""
    documents = scene.index("owners").documents
    with pytest.raises(errors.ForbiddenError, match="typed schemas"):
        DOCUMENTS[name](documents)


def test_lists_and_counts_show_what_the_caller_may_see(scene: PineconeScene) -> None:
    index = scene.index("readers")
    stats = index.describe_index_stats()
    assert (list(stats.namespaces), stats.total_vector_count, stats.index_fullness) == (["kb"], 5, 0.0)
    [page] = index.list_namespaces()
    assert [one.name for one in page.namespaces] == ["kb"]
    assert page.total_count == 1


# ---- writing


def test_an_owner_writes_in_every_way_and_the_database_gets_it(scene: PineconeScene) -> None:
    index, store = scene.index("owners"), scene.database.store
    assert index.create_namespace(name="fresh").name == "fresh"
    assert index.upsert(namespace="fresh", vectors=NEW).upserted_count == 2
    assert store.namespaces["fresh"]["n1"] == {"id": "n1", "values": [0.1, 0.2, 0.3], "metadata": {"title": "new"}}
    index.upsert_records(namespace="fresh", records=[{"_id": "n3", "text": "words"}, {"id": "n4", "text": "more"}])
    assert store.namespaces["fresh"]["n3"]["metadata"] == {"text": "words"}
    index.update(namespace="fresh", id="n1", set_metadata={"title": "newer"}, values=[1.0, 0.0, 0.0])
    assert store.namespaces["fresh"]["n1"]["metadata"] == {"title": "newer"}
    matched = index.update(namespace="fresh", filter={"text": "words"}, set_metadata={"seen": True})
    assert (matched.matched_records, store.namespaces["fresh"]["n3"]["metadata"]["seen"]) == (1, True)
    index.delete(namespace="fresh", ids=["n1"])
    index.delete(namespace="fresh", filter={"text": "more"})
    assert sorted(store.namespaces["fresh"]) == ["n2", "n3"]
    index.delete(namespace="fresh", delete_all=True)
    assert store.namespaces["fresh"] == {}
    index.delete_namespace(name="fresh")
    assert "fresh" not in store.namespaces


def test_batches_arrive_whole(scene: PineconeScene) -> None:
    vectors = [(f"b{number}", [0.1, 0.2, 0.3]) for number in range(250)]
    scene.asked()
    answer = scene.index("owners").upsert(namespace="batches", vectors=vectors, batch_size=100, show_progress=False)
    assert (answer.upserted_count, len(scene.database.store.namespaces.pop("batches"))) == (250, 250)
    assert [one.path for one in scene.asked()] == ["/vectors/upsert"] * 3


def test_imports(scene: PineconeScene) -> None:
    index = scene.index("owners")
    started = index.start_import("s3://bucket/folder", error_mode="continue")
    assert index.describe_import(started.id).uri == "s3://bucket/folder"
    assert [one.id for one in index.list_imports()] == [started.id]
    index.cancel_import(started.id)
    assert scene.database.store.imports == {}


def test_a_bulk_delete_waits_for_a_reviewer(scene: PineconeScene) -> None:
    index = scene.index("pipelines")
    index.upsert(namespace="staging", vectors=NEW)
    index.delete(namespace="staging", ids=["n1"])
    with pytest.raises(errors.ForbiddenError, match=r"approval_pending, ticket .+, exchange") as caught:
        index.delete(namespace="staging", filter=RECENT)
    assert caught.value.body is not None
    assert caught.value.body["ticket"] in str(caught.value)
    assert list(scene.database.store.namespaces["staging"]) == ["n2"]


# ---- the control plane


def test_indexes_are_where_the_gateway_is(scene: PineconeScene) -> None:
    client = scene.client("owners")
    hosts = {one.name: str(one.host) for one in client.list_indexes()}
    assert hosts["docs"] == client.describe_index("docs").host == scene.host
    assert hosts["payroll"].endswith("payroll.not-served.invalid")
    assert "pinecone.io" not in str(said(client.describe_index("docs")))
    index = scene.keep(client.Index("docs"))
    assert (index.host, index.query(namespace="kb", id="r1", top_k=1).matches[0].id) == (scene.host, "r4")


def test_a_reader_sees_the_indexes_of_the_grants(scene: PineconeScene) -> None:
    client = scene.client("readers")
    assert client.list_indexes().names() == ["docs"]
    assert client.has_index("docs")
    with pytest.raises(errors.ForbiddenError, match="no_grant"):
        client.has_index("payroll")


ADMINISTRATION: dict[str, Callable[[Pinecone], Any]] = {
    "create": lambda client: client.create_index(
        "mine", spec=ServerlessSpec(cloud="aws", region="us-east-1"), dimension=3
    ),
    "create for a model": lambda client: client.create_index_for_model(
        "mine", cloud="aws", region="us-east-1", embed={"model": "small", "field_map": {"text": "text"}}
    ),
    "configure": lambda client: client.configure_index("docs", deletion_protection="disabled"),
    "delete": lambda client: client.delete_index("docs"),
    "back up": lambda client: client.create_backup(index_name="docs", backup_name="b"),
    "collect": lambda client: client.create_collection("c", "docs"),
    "list collections": lambda client: client.list_collections(),
    "embed": lambda client: client.inference.embed("small", "text"),
    "rerank": lambda client: client.inference.rerank("small", "query", ["one", "two"]),
}


@pytest.mark.parametrize("name", ADMINISTRATION)
def test_a_reader_administers_nothing(name: str, scene: PineconeScene) -> None:
    client = scene.client("readers")
    scene.asked()
    with pytest.raises(errors.ForbiddenError, match="no_grant"):
        ADMINISTRATION[name](client)
    assert scene.asked() == []


def test_an_index_lives(scene: PineconeScene) -> None:
    """The client asks for API 2026-07; the database is asked for 2026-04, which knows its spec."""
    client = scene.client("owners")
    spec = ServerlessSpec(cloud="aws", region="us-east-1")
    scene.asked()
    made = client.create_index("mine", spec=spec, dimension=8, metric="cosine")
    assert (made.name, made.host, made.status.ready) == ("mine", "https://mine.not-served.invalid", True)
    [created] = [one for one in scene.asked() if one.path == "/indexes"]
    assert created.document["spec"] == {"serverless": {"cloud": "aws", "region": "us-east-1"}}
    assert (created.document["dimension"], created.headers["x-pinecone-api-version"]) == (8, "2026-04")
    client.configure_index("mine", deletion_protection="enabled", tags={"team": "a"})
    assert client.describe_index("mine").deletion_protection == "enabled"
    assert scene.database.indexes["mine"]["tags"] == {"team": "a"}
    with pytest.raises(errors.ConflictError, match="already exists"):
        client.create_index("mine", spec=spec, dimension=8)
    client.delete_index("mine")
    assert "mine" not in scene.database.indexes


def test_an_index_with_a_model_and_its_backup(scene: PineconeScene) -> None:
    client = scene.client("owners")
    embed = {"model": "small", "field_map": {"text": "chunk"}}
    client.create_index_for_model("texts", cloud="aws", region="us-east-1", embed=embed)
    assert scene.database.indexes["texts"]["embed"]["field_map"] == {"text": "chunk"}
    backup = client.create_backup(index_name="texts", backup_name="monday").backup_id
    assert client.describe_backup(backup_id=backup).source_index_name == "texts"
    assert [one.backup_id for one in client.list_backups(index_name="texts")] == [backup]
    client.create_index_from_backup(name="again", backup_id=backup)
    assert client.describe_index("again").host == "https://again.not-served.invalid"
    [job] = client.list_restore_jobs()
    assert client.describe_restore_job(job_id=job.restore_job_id).target_index_name == "again"
    client.delete_backup(backup_id=backup)
    assert scene.database.backups == {}
    client.delete_index("texts")
    client.delete_index("again")


BY_AN_ID: dict[str, Callable[[Pinecone, str], Any]] = {
    "describe": lambda client, name: client.describe_backup(backup_id=name),
    "delete": lambda client, name: client.delete_backup(backup_id=name),
    "restore": lambda client, name: client.create_index_from_backup(name="mine", backup_id=name),
    "describe a job": lambda client, name: client.describe_restore_job(job_id=name),
}


@pytest.mark.parametrize("name", BY_AN_ID)
def test_a_backup_of_another_index_is_as_one_that_does_not_exist(name: str, scene: PineconeScene) -> None:
    client = scene.client("owners")
    backup = client.create_backup(index_name="payroll").backup_id
    client.create_index_from_backup(name="other", backup_id=backup)
    job = client.list_restore_jobs()[0].restore_job_id
    reader = scene.client("readers")
    try:
        for id_ in (job if "job" in name else backup, "nothing"):
            with pytest.raises(errors.ForbiddenError):
                BY_AN_ID[name](reader, id_)
        with pytest.raises(errors.NotFoundError):
            BY_AN_ID[name](client, "nothing")
        assert [*reader.list_backups(), *reader.list_restore_jobs()] == []
    finally:
        scene.database.jobs.clear()
        scene.database.backups.clear()
        del scene.database.indexes["other"]


def test_inference(scene: PineconeScene) -> None:
    inference = scene.client("owners").inference
    assert inference.embed("small", ["ab", "c"]).data[1].values == [0.5, 0.5, 1.0]
    ranked = inference.rerank("small", "query", ["one", "two"], top_n=1)
    assert [(one.index, one.document) for one in ranked.data] == [(0, {"text": "one"})]
    assert [one.model for one in inference.list_models()] == ["small"]


# ---- who asks


@pytest.mark.parametrize(
    ("claims", "reason"), [({"exp": 1_000_000_000, "iat": 999_999_000}, "token_expired"), ({"aud": "x"}, "audience")]
)
def test_a_bad_token_is_the_clients_own_error(claims: dict[str, Any], reason: str, scene: PineconeScene) -> None:
    token = scene.token("readers", **claims)
    for call in (READS["fetch"], lambda index: scene.client(token=token).list_indexes()):
        with pytest.raises(errors.UnauthorizedError, match=reason):
            call(scene.index(token=token))


def test_an_engines_key_is_no_token(scene: PineconeScene) -> None:
    with pytest.raises(errors.UnauthorizedError):
        scene.client(token="pcsk_a_key_of_the_service").list_indexes()


@pytest.mark.parametrize("key", ["any", ""], ids=["with a key", "with a token"])
def test_one_credential_is_enough(key: str, scene: PineconeScene) -> None:
    """The client always sends its API key, so a token in `additional_headers` is a second credential."""
    token = scene.token("readers")
    client = scene.client(token=key or token, additional_headers={"Authorization": f"Bearer {token}"})
    with pytest.raises(errors.ApiError, match="credential_ambiguous"):
        client.list_indexes()


def test_a_client_that_can_leave_the_key_out_may_send_a_bearer(scene: PineconeScene) -> None:
    headers = scene.gateway.headers("dana", "readers")
    assert [one["name"] for one in scene.gateway.http.get("/indexes", headers=headers).json()["indexes"]] == ["docs"]


@pytest.mark.parametrize(("metric", "order"), [("euclidean", "r4 r3 r2"), ("dotproduct", "r2 r3 r4")])
def test_ranks_are_in_order_as_distances_are(metric: str, order: str, scene: PineconeScene) -> None:
    """As docs/engines.md warns: the client sorts what it merges by score."""
    index = scene.index("readers")
    merged = index.query_namespaces(vector=QUERY, namespaces=["kb"], metric=metric, top_k=3)
    assert " ".join(one.id for one in merged.matches) == order


def test_a_spent_limit_is_the_clients_own_error(scene: PineconeScene) -> None:
    token = scene.token("readers", subject="carl")
    client = scene.keep(Pinecone(api_key=token, host=scene.slowed[0], retry_config=ONCE))
    with pytest.raises(errors.RateLimitError, match="rate_exceeded") as caught:
        all(client.list_indexes() for _ in range(10))
    assert caught.value.retry_after is not None
    assert caught.value.retry_after > 0


# ---- what the database refuses


def test_errors_of_the_database_are_the_clients_own(scene: PineconeScene) -> None:
    index = scene.index("owners")
    with pytest.raises(errors.NotFoundError, match="Namespace not found"):
        index.describe_namespace(name="nothing")
    with pytest.raises(errors.ApiError, match="does not match the dimension of the index 3"):
        index.upsert(namespace="kb", vectors=[("n1", [0.1, 0.2])])
    with pytest.raises(errors.NotFoundError, match=r"The resource does not exist\."):
        scene.client("owners").describe_index("nothing")


def test_over_tls(scene: PineconeScene) -> None:
    client = scene.client("readers", ssl_ca_certs=str(scene.authority.certificate))
    index = scene.keep(client.index(host=f"https://127.0.0.1:{scene.secure}"))
    text = str(said(READS["fetch"](index)))
    assert "r1" in text
    assert SECRET not in text
