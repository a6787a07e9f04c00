"""Pinecone's gRPC client unmodified, through a whole gateway, over cleartext HTTP/2 and TLS."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest
from pinecone.errors import exceptions as errors
from pinecone.grpc import GrpcIndex
from tests.support.gateway import SERVICE_KEY
from tests.support.pinecone_gateway import NUMBERS, ONCE, SECRET, PineconeScene, pinecone_scene
from tests.support.pinecone_walk import DENIED, FACTS, NEW, QUERY, READS, RECENT, SSN, said

from vecgate_pinecone.descriptors import DESCRIPTORS

pytestmark = pytest.mark.real

ASYNC: dict[str, Callable[[GrpcIndex], Any]] = {
    "query_async": lambda index: index.query_async(
        namespace="kb", vector=QUERY, top_k=3, include_values=True, include_metadata=True
    ),
    "query_namespaces_async": lambda index: index.query_namespaces_async(
        namespaces=["kb"], vector=QUERY, metric="dotproduct", top_k=3, include_values=True, include_metadata=True
    ),
    "fetch_async": lambda index: index.fetch_async(namespace="kb", ids=["r1", "r2"]),
}
ASYNC_DENIED: dict[str, tuple[Callable[[GrpcIndex], Any], str]] = {
    "query_async": (
        lambda index: index.query_async(namespace="kb", vector=QUERY, top_k=1, filter=SSN),
        "masked_field_used",
    ),
    "query_namespaces_async": (
        lambda index: index.query_namespaces_async(namespaces=["hr"], vector=QUERY, metric="cosine"),
        "no_grant",
    ),
    "fetch_async": (lambda index: index.fetch_async(namespace="hr", ids=["r1"]), "no_grant"),
    "upsert_async": (lambda index: index.upsert_async(namespace="kb", vectors=NEW), "no_grant"),
    "update_async": (lambda index: index.update_async(namespace="kb", id="r1", set_metadata={"a": 1}), "no_grant"),
    "delete_async": (lambda index: index.delete_async(namespace="kb", delete_all=True), "no_grant"),
}


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PineconeScene]:
    with pinecone_scene(tmp_path_factory.mktemp("pinecone")) as made:
        yield made


@pytest.fixture(scope="module")
def trusted(scene: PineconeScene) -> Iterator[None]:
    """The client has no setting for an authority of its own: it reads the system's, where OpenSSL looks for it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(scene.authority.certificate))
        yield


@pytest.fixture(scope="module")
def direct(scene: PineconeScene, trusted: None) -> Iterator[GrpcIndex]:
    """A client of the index's own address."""
    with GrpcIndex(host=f"https://127.0.0.1:{scene.database.tls_port}", api_key="any") as index:
        yield index


@pytest.mark.parametrize("name", [*READS, *FACTS])
def test_full_rights_see_what_a_direct_client_sees(name: str, scene: PineconeScene, direct: GrpcIndex) -> None:
    call = {**READS, **FACTS}[name]
    assert said(call(scene.calls("owners"))) == said(call(direct))


@pytest.mark.parametrize("name", READS)
def test_a_reader_gets_no_vector_and_no_masked_field_by_any_method(name: str, scene: PineconeScene) -> None:
    """Records are searched over REST, at the same address: gRPC has no such call."""
    scene.asked()
    text = str(said(READS[name](scene.calls("readers"))))
    assert "'r2'" in text or "'r1'" in text
    assert SECRET not in text
    assert not [number for number in NUMBERS if number in text]
    for asked in scene.asked():
        assert asked.path.startswith("/records/" if name.startswith("search") else "/VectorService/")
        assert asked.headers["api-key"] == SERVICE_KEY
        assert asked.headers["x-pinecone-api-version"] == "2026-04"
        assert "authorization" not in asked.headers
        assert asked.document.get("includeValues") is not True


@pytest.mark.parametrize("group", ["owners", "readers"])
@pytest.mark.parametrize("name", [*READS, *FACTS])
def test_both_wires_show_the_same(name: str, group: str, scene: PineconeScene) -> None:
    call = {**READS, **FACTS}[name]
    assert said(call(scene.calls(group))) == said(call(scene.index(group)))


@pytest.mark.parametrize("name", ASYNC)
def test_neither_does_a_reader_who_does_not_wait(name: str, scene: PineconeScene) -> None:
    shown, hidden = (str(said(ASYNC[name](scene.calls(group)).result(10))) for group in ("owners", "readers"))
    assert SECRET in shown
    assert NUMBERS[0] in shown
    assert SECRET not in hidden
    assert not [number for number in NUMBERS if number in hidden]


@pytest.mark.parametrize("name", DENIED)
def test_what_is_not_granted_is_the_clients_own_error(name: str, scene: PineconeScene) -> None:
    call, reason = DENIED[name]
    index = scene.calls("readers")
    scene.asked()
    with pytest.raises(errors.ForbiddenError, match=f"{reason}, exchange"):
        call(index)
    assert scene.asked() == []


@pytest.mark.parametrize("name", ASYNC_DENIED)
def test_nor_without_waiting(name: str, scene: PineconeScene) -> None:
    call, reason = ASYNC_DENIED[name]
    with pytest.raises(errors.ForbiddenError, match=f"{reason}, exchange"):
        call(scene.calls("readers")).result(10)


def test_every_method_of_the_client_is_walked() -> None:
    methods = {name for name in vars(GrpcIndex) if not name.startswith("_")} - {"host", "close"}
    assert methods == {name.split()[0] for name in (*READS, *FACTS, *DENIED, *ASYNC, *ASYNC_DENIED)}


def test_an_owner_writes_in_every_way_and_the_database_gets_it(scene: PineconeScene) -> None:
    index, store = scene.calls("owners"), scene.database.store
    assert index.create_namespace(name="fresh").name == "fresh"
    assert index.upsert(namespace="fresh", vectors=NEW).upserted_count == 2
    assert store.namespaces["fresh"]["n1"]["metadata"] == {"title": "new"}
    index.update(namespace="fresh", id="n1", set_metadata={"title": "newer"}, values=[1.0, 0.0, 0.0])
    assert store.namespaces["fresh"]["n1"]["metadata"] == {"title": "newer"}
    matched = index.update(namespace="fresh", filter={"title": "newer"}, set_metadata={"seen": True}, dry_run=True)
    assert matched.matched_records == 1
    assert store.namespaces["fresh"]["n1"]["metadata"] == {"title": "newer"}
    index.delete(namespace="fresh", filter={"title": "newer"})
    assert sorted(store.namespaces["fresh"]) == ["n2"]
    index.delete(namespace="fresh", delete_all=True)
    assert store.namespaces["fresh"] == {}
    index.delete_namespace(name="fresh")
    assert "fresh" not in store.namespaces


def test_batches_arrive_whole(scene: PineconeScene) -> None:
    vectors = [(f"b{number}", [0.1, 0.2, 0.3]) for number in range(250)]
    answer = scene.calls("owners").upsert(namespace="batches", vectors=vectors, batch_size=100, show_progress=False)
    assert (answer.upserted_count, len(scene.database.store.namespaces.pop("batches"))) == (250, 250)


def test_sparse_values_are_vectors(scene: PineconeScene) -> None:
    sparse = {"indices": [4711, 815], "values": [0.5, 0.75]}
    record = {"id": "s1", "values": [0.5, 0.5, 0.5], "sparse_values": sparse, "metadata": {"title": "sparse"}}
    scene.calls("owners").upsert(namespace="kb", vectors=[record])
    calls: tuple[Callable[[Any], Any], ...] = (
        lambda index: index.fetch(namespace="kb", ids=["s1"]),
        lambda index: index.query(namespace="kb", id="s1", top_k=9, include_values=True),
    )
    wires = [[scene.index(group), scene.calls(group)] for group in ("owners", "readers")]
    try:
        for owner, reader in zip(*wires, strict=True):
            for call in calls:
                shown, hidden = str(said(call(owner))), str(said(call(reader)))
                assert "4711" in shown
                assert "4711" not in hidden
                assert "s1" in hidden
    finally:
        del scene.database.store.namespaces["kb"]["s1"]


def test_a_bulk_delete_waits_for_a_reviewer(scene: PineconeScene) -> None:
    index = scene.calls("pipelines")
    index.upsert(namespace="staging", vectors=NEW)
    index.delete(namespace="staging", ids=["n1"])
    with pytest.raises(errors.ForbiddenError, match=r"approval_pending, ticket .+, exchange"):
        index.delete(namespace="staging", filter=RECENT)
    assert list(scene.database.store.namespaces["staging"]) == ["n2"]


@pytest.mark.parametrize(
    ("claims", "reason"), [({"exp": 1_000_000_000, "iat": 999_999_000}, "token_expired"), ({"aud": "x"}, "audience")]
)
def test_a_bad_token_is_the_clients_own_error(claims: dict[str, Any], reason: str, scene: PineconeScene) -> None:
    with pytest.raises(errors.UnauthorizedError, match=reason):
        READS["fetch"](scene.calls(token=scene.token("readers", **claims)))


def test_a_spent_limit_is_the_clients_own_error(scene: PineconeScene) -> None:
    token = scene.token("readers", subject="carl")
    index = scene.keep(GrpcIndex(host=scene.slowed[1], api_key=token, secure=False, retry_config=ONCE))
    with pytest.raises(errors.ApiError, match="rate_exceeded") as caught:  # over REST it is RateLimitError
        all(READS["fetch"](index) for _ in range(10))
    assert caught.value.status_code == 429


def test_errors_of_the_database_are_the_clients_own(scene: PineconeScene) -> None:
    index = scene.calls("owners")
    with pytest.raises(errors.NotFoundError) as caught:
        index.describe_namespace(name="nothing")
    assert "exchange" not in str(caught.value)
    with pytest.raises(errors.ConflictError):
        index.create_namespace(name="kb")
    with pytest.raises(errors.ApiError):
        index.upsert(namespace="kb", vectors=[("n1", [0.1, 0.2])])


# ---- how it connects


def test_by_its_name_from_the_control_plane(scene: PineconeScene) -> None:
    """`grpc_scheme` says that the gateway speaks no TLS: an address has no scheme for this client."""
    index = scene.client("readers").index("docs", grpc=True)
    assert index.host == scene.host
    assert READS["fetch"](scene.keep(index)).vectors["r1"].metadata["ssn"] == "[redacted]"


@pytest.mark.parametrize("name", ["fetch", "query", "search"])
def test_over_tls(name: str, scene: PineconeScene, trusted: None) -> None:
    host = f"https://127.0.0.1:{scene.secure}"
    with GrpcIndex(host=host, api_key=scene.token("readers"), retry_config=ONCE) as index:
        text = str(said(READS[name](index)))
    assert "title" in text
    assert SECRET not in text


# ---- what the client cannot send


MADE: dict[str, tuple[str, dict[str, Any], grpc.StatusCode]] = {
    "the deprecated queries": (
        "Query",
        {"topK": 1, "namespace": "kb", "queries": [{"values": QUERY, "namespace": "hr", "topK": 5}]},
        grpc.StatusCode.INVALID_ARGUMENT,
    ),
    "topK of none": ("Query", {"namespace": "kb", "vector": QUERY}, grpc.StatusCode.INVALID_ARGUMENT),
    "an unknown operator": (
        "Query",
        {"topK": 1, "namespace": "kb", "vector": QUERY, "filter": {"$where": "true"}},
        grpc.StatusCode.INVALID_ARGUMENT,
    ),
    "a masked field in a token": (
        "FetchByMetadata",
        {"namespace": "kb", "filter": {"title": "t1"}, "paginationToken": "eyJmaWx0ZXIiOnsic3NuIjoiOTAwLTEifX0="},
        grpc.StatusCode.PERMISSION_DENIED,
    ),
    "the default namespace, spelt out": (
        "Fetch",
        {"namespace": "__default__", "ids": ["r1"]},
        grpc.StatusCode.PERMISSION_DENIED,
    ),
    "a namespace with a slash": (
        "Fetch",
        {"namespace": "kb/../hr", "ids": ["r1"]},
        grpc.StatusCode.INVALID_ARGUMENT,
    ),
}


@pytest.mark.parametrize("name", MADE)
def test_what_the_client_never_sends_does_not_arrive(name: str, scene: PineconeScene) -> None:
    call, document, code = MADE[name]
    path = f"/VectorService/{call}"
    scene.asked()
    assert called(scene, path, DESCRIPTORS.made(path, document)) is code
    assert scene.asked() == []


@pytest.mark.parametrize("path", ["/VectorService/Nothing", "/grpc.health.v1.Health/Check", "/Other/Query"])
def test_unknown_calls_are_unimplemented(path: str, scene: PineconeScene) -> None:
    assert called(scene, path, b"") is grpc.StatusCode.UNIMPLEMENTED


def called(scene: PineconeScene, path: str, body: bytes) -> grpc.StatusCode:
    """The code that a plain call by a reader ends with."""
    with grpc.insecure_channel(f"127.0.0.1:{scene.data}") as channel:
        call: Any = channel.unary_unary(path)
        try:
            call(body, timeout=10, metadata=[("api-key", scene.token("readers"))])
        except grpc.RpcError as error:
            code: grpc.StatusCode = error.code()
            return code
    return grpc.StatusCode.OK
