"""Attacks on both wires of Pinecone that its clients would never send (threats N, P20), as a reader of `docs/kb`.

Whatever comes back: nothing of another namespace, no vector, no masked field; and what was refused was not sent.
"""

from __future__ import annotations

import gzip
import time
from collections.abc import Iterator
from typing import Any

import grpc
import httpx
import msgspec
import pytest
from pinecone.errors import exceptions as errors
from tests.support.gateway import SERVICE_KEY
from tests.support.pinecone_attacks import IN_KB, REFUSED
from tests.support.pinecone_gateway import NUMBERS, SECRET, PineconeScene, pinecone_scene
from tests.support.pinecone_store import Refused as Failing
from tests.support.pinecone_walk import NEW, READS, RECENT, said

from vecgate_pinecone.descriptors import DESCRIPTORS

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PineconeScene]:
    with pinecone_scene(tmp_path_factory.mktemp("pinecone")) as made:
        yield made


def ask(
    scene: PineconeScene,
    method: str,
    target: str,
    body: Any = None,
    *,
    control: bool = False,
    group: str = "readers",
    **headers: str,
) -> httpx.Response:
    """An answer to a reader, which is clean."""
    content = body if isinstance(body, bytes | None) else msgspec.json.encode(body)
    sent = {"api-key": scene.token(group), "content-type": "application/json"}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    if content is None:
        del sent["content-type"]
    base = scene.gateway.url if control else scene.host
    answer = scene.gateway.http.request(method, base + target, content=content, headers=sent)
    if group == "readers":
        assert SECRET not in answer.text
        assert not [number for number in NUMBERS if number in answer.text]
    return answer


# ---- refused


@pytest.mark.parametrize("name", REFUSED)
def test_refused_and_not_sent(name: str, scene: PineconeScene) -> None:
    route, query, body, status, reason = REFUSED[name]
    method, path = route.split()
    scene.asked()
    answer = ask(scene, method, path + query, body)
    assert (answer.status_code, answer.json()["reason"]) == (status, reason)
    assert scene.asked() == []


@pytest.mark.parametrize("group", ["readers", "owners"])
@pytest.mark.parametrize(
    "route",
    [
        "POST /admin/projects/p/api-keys",
        "GET /admin/api-keys/k",
        "POST /admin/service-accounts/s/rotate-secret",
        "POST /oauth/token",
        "GET /assistants",
        "GET /assistant/files/a",
        "POST /assistant/chat/a",
        "GET /prometheus/projects/p/metrics/discover",
        "GET /backup-schedules/s",
    ],
)
def test_nobody_makes_a_way_round_the_gateway(route: str, group: str, scene: PineconeScene) -> None:
    method, path = route.split()
    scene.asked()
    answer = ask(scene, method, path, {} if method == "POST" else None, control=True, group=group)
    assert (answer.status_code, answer.json()["reason"]) == (403, "unknown_operation")
    assert scene.asked() == []


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/indexes/payroll", 403),
        ("/indexes/%70ayroll", 403),
        ("/indexes/PAYROLL", 400),
        ("/indexes/docs%2F..%2Fpayroll", 400),
        ("/indexes/%2E%2E/indexes/payroll", 400),
        ("/indexes//payroll", 400),
        ("/indexes/create-for-model", 403),
        ("/indexes/payroll/backups", 403),
        ("/collections", 403),
    ],
)
def test_another_index_is_not_described(path: str, status: int, scene: PineconeScene) -> None:
    scene.asked()
    answer = ask(scene, "GET", path, control=True)
    assert answer.status_code == status
    assert "a1b2c3d" not in answer.text
    assert scene.asked() == []


@pytest.mark.parametrize("version", ["2024-07", "2025-04", "2026-01.alpha", "unstable", "2026-04,2024-07"])
def test_another_version_of_the_api_is_refused(version: str, scene: PineconeScene) -> None:
    answer = ask(scene, "POST", "/query", IN_KB, x_pinecone_api_version=version)
    assert (answer.status_code, answer.json()["reason"]) == (400, "bad_header")


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16"]
)
def test_bodies_that_are_no_json(kind: str, scene: PineconeScene) -> None:
    scene.asked()
    assert ask(scene, "POST", "/query", IN_KB, content_type=kind).status_code == 415
    assert scene.asked() == []


# ---- served, without what is masked


def test_a_compressed_body_is_read(scene: PineconeScene) -> None:
    packed = gzip.compress(msgspec.json.encode({**IN_KB, "namespace": "hr"}))
    answer = ask(scene, "POST", "/query", packed, content_encoding="gzip")
    assert answer.json()["reason"] == "no_grant"


def test_the_host_header_chooses_no_index(scene: PineconeScene) -> None:
    """At the service it would. Here the connection says which index it is, and what is sent goes there."""
    scene.asked()
    foreign = "payroll-a1b2c3d.svc.aped-4627-b74a.pinecone.io"
    assert ask(scene, "POST", "/query", IN_KB, host=foreign).status_code == 200
    [asked] = scene.asked()
    assert asked.headers["host"] == f"127.0.0.1:{scene.database.tls_port}"
    assert ask(scene, "POST", "/query", {**IN_KB, "namespace": "hr"}, host=foreign).status_code == 403
    assert scene.asked() == []


def test_a_version_of_another_client_is_served(scene: PineconeScene) -> None:
    for version in ("2025-10", "2026-04"):
        scene.asked()
        assert ask(scene, "POST", "/query", IN_KB, x_pinecone_api_version=version).status_code == 200
        assert scene.asked()[0].headers["x-pinecone-api-version"] == version


def test_the_other_way_to_count(scene: PineconeScene) -> None:
    """Bound by the gRPC description alone; this database has no such route."""
    assert ask(scene, "GET", "/describe_index_stats").status_code == 405


def test_hidden_namespaces_of_other_pages_are_not_counted(scene: PineconeScene) -> None:
    scene.database.store.namespaces["kb-secret"] = {}
    try:
        for index in (scene.index("readers"), scene.calls("readers")):
            page = index.list_namespaces_paginated(prefix="kb", limit=1)
            assert ([one.name for one in page.namespaces], page.total_count) == (["kb"], 1)
        for index in (scene.index("owners"), scene.calls("owners")):
            assert index.list_namespaces_paginated(prefix="kb", limit=1).total_count == 2
    finally:
        del scene.database.store.namespaces["kb-secret"]


def test_a_page_that_ends_at_a_hidden_namespace_has_no_next(scene: PineconeScene) -> None:
    first = ask(scene, "GET", "/namespaces?limit=2").json()
    assert first["namespaces"] == []
    assert "hr" not in str(first)
    assert "pagination" not in first


# ---- one message, however it is spelt


def raw(scene: PineconeScene, call: str, body: bytes, **metadata: str) -> tuple[grpc.StatusCode, str]:
    """The code, and the reply or the error's text, as a reader has it."""
    headers = [
        ("api-key", scene.token("readers")),
        *((key.replace("_", "-"), value) for key, value in metadata.items()),
    ]
    kind = DESCRIPTORS.type(DESCRIPTORS.method(f"/VectorService/{call}").output_type.full_name)
    with grpc.insecure_channel(f"127.0.0.1:{scene.data}") as channel:
        made: Any = channel.unary_unary(f"/VectorService/{call}")
        try:
            text = str(kind.FromString(made(body, timeout=10, metadata=headers)))
        except grpc.RpcError as error:
            failed: Any = error
            return failed.code(), failed.details()
    assert SECRET not in text
    assert not [number for number in NUMBERS if number in text]
    return grpc.StatusCode.OK, text


def message(call: str, **document: Any) -> bytes:
    return DESCRIPTORS.made(f"/VectorService/{call}", document)


def test_of_two_namespaces_the_last_is_judged_and_sent(scene: PineconeScene) -> None:
    hr, kb = message("Fetch", namespace="hr", ids=["r1"]), message("Fetch", namespace="kb")
    assert raw(scene, "Fetch", kb + hr)[0] is grpc.StatusCode.PERMISSION_DENIED
    scene.asked()
    code, text = raw(scene, "Fetch", hr + kb)
    assert (code, "title" in text) == (grpc.StatusCode.OK, True)
    assert [one.document for one in scene.asked()] == [{"ids": ["r1"], "namespace": "kb"}]


@pytest.mark.parametrize("call", ["Query", "Delete"])
def test_an_unknown_field_is_refused_as_an_unknown_member_is(call: str, scene: PineconeScene) -> None:
    """It could narrow what the rest of the message asks for."""
    body = message(call, **(IN_KB if call == "Query" else {"namespace": "kb", "ids": ["r1"]}))
    scene.asked()
    code, text = raw(scene, call, body + b"\x9a\x06\x02hr")  # field 99, of bytes
    assert (code, "unknown_member" in text) == (grpc.StatusCode.INVALID_ARGUMENT, True)
    assert scene.asked() == []


def test_another_version_of_the_api_is_refused_over_grpc(scene: PineconeScene) -> None:
    code, text = raw(scene, "Query", message("Query", **IN_KB), x_pinecone_api_version="2024-07")
    assert (code, "bad_header" in text) == (grpc.StatusCode.INVALID_ARGUMENT, True)


def test_two_credentials_are_one_too_many(scene: PineconeScene) -> None:
    code, _ = raw(scene, "Query", message("Query", **IN_KB), authorization=f"Bearer {scene.token('owners')}")
    assert code is grpc.StatusCode.INVALID_ARGUMENT


# ---- what the database says that it should not


def answering(scene: PineconeScene, patch: pytest.MonkeyPatch, **more: Any) -> None:
    """The database's answer to every query: a record as stored, in it and beside it `more`."""
    record = scene.database.store.namespaces["kb"]["r1"]
    patch.setattr(scene.database.store, "query", lambda document: {"matches": [{**record, "score": 1.0}], **more})


@pytest.mark.parametrize("wire", ["REST", "gRPC"])
def test_an_error_that_quotes_a_record_is_not_passed_on(
    wire: str, scene: PineconeScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(document: Any) -> Any:
        raise Failing(400, f"cannot compare 900-1 of {document['namespace']} with [0.125, 0.625, 0.25]")

    monkeypatch.setattr(scene.database.store, "query", refuse)
    index: Any = scene.index("owners") if wire == "REST" else scene.calls("owners")
    with pytest.raises(errors.ApiError) as caught:
        READS["query"](index)
    assert SECRET not in str(caught.value)
    assert NUMBERS[0] not in str(caught.value)


@pytest.mark.parametrize("wire", ["REST", "gRPC"])
def test_records_of_another_namespace_are_withheld(
    wire: str, scene: PineconeScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pinecone._internal.http_client._retry_sleep", lambda seconds: None)  # it asks again
    answering(scene, monkeypatch, namespace="hr")
    index: Any = scene.index("readers") if wire == "REST" else scene.calls("readers")
    with pytest.raises(errors.ApiError, match="unmaskable_response"):
        READS["query"](index)


def test_what_the_database_adds_is_left_out(scene: PineconeScene, monkeypatch: pytest.MonkeyPatch) -> None:
    """The double gives values and sparse values though the request did not ask for them."""
    record = {"id": "r9", "values": [0.625], "metadata": {"ssn": "900-9"}}
    answering(scene, monkeypatch, namespace="kb", results=[{"matches": [record], "namespace": "hr"}])
    assert ask(scene, "POST", "/query", IN_KB).json()["matches"][0]["id"] == "r1"
    assert "r1" in raw(scene, "Query", message("Query", **IN_KB))[1]
    answering(scene, monkeypatch, namespace="kb", vectors=[record], debug={"r1": [0.625, 900]}, nextVector=[0.25])
    assert ask(scene, "POST", "/query", IN_KB).json().keys() == {"matches", "namespace"}


@pytest.mark.parametrize(
    "metadata",
    [
        {"ssn": "900-1", "title": "x"},
        {"values": [0.625] * 3, "title": "x"},
        {"any": [0.625] * 20, "title": "x"},
        {"_values": [0.625], "title": "x"},
    ],
    ids=["a masked field", "values", "a long list", "the service's own name"],
)
@pytest.mark.parametrize("wire", ["REST", "gRPC"])
def test_metadata_holds_no_vector(
    wire: str, metadata: dict[str, Any], scene: PineconeScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    index: Any = scene.index("readers") if wire == "REST" else scene.calls("readers")
    record = {"id": "r9", "score": 1.0, "metadata": metadata}
    monkeypatch.setattr(scene.database.store, "query", lambda document: {"matches": [record], "namespace": "kb"})
    text = str(said(READS["query"](index)))
    assert "'title': 'x'" in text
    assert SECRET not in text
    assert NUMBERS[0] not in text


# ---- approvals, evidence


@pytest.mark.parametrize("wire", ["REST", "gRPC"])
def test_an_approved_deletion_runs_once_at_its_retry(wire: str, scene: PineconeScene) -> None:
    index: Any = scene.index("pipelines") if wire == "REST" else scene.calls("pipelines")
    store = scene.database.store.namespaces
    index.upsert(namespace="staging", vectors=NEW)
    with pytest.raises(errors.ForbiddenError, match="approval_pending") as caught:
        index.delete(namespace="staging", filter=RECENT)
    ticket = str(caught.value).partition("ticket ")[2].partition(",")[0]
    control = f"http://127.0.0.1:{scene.gateway.control}/v1/approvals/{ticket}/approve"
    answer = httpx.post(control, headers=scene.gateway.headers("olga", "owners"), json={})
    assert answer.status_code == 200, answer.text
    with pytest.raises(errors.ForbiddenError, match="approval_pending"):  # the ticket is not for another request
        index.delete(namespace="staging", delete_all=True)
    assert store["staging"]
    index.delete(namespace="staging", filter=RECENT)
    with pytest.raises(errors.ForbiddenError, match="approval_pending"):
        index.delete(namespace="staging", filter=RECENT)


def test_what_nobody_may_keep_lies_nowhere(scene: PineconeScene) -> None:
    """Neither token nor credential, nor a vector, in what the gateway writes of an owner's reading."""
    token = scene.token("owners", subject="olga")
    done = len(outcomes(scene)) + 2 * len(READS)
    for index in (scene.index(token=token), scene.calls(token=token)):
        for call in READS.values():
            assert said(call(index))
    deadline = time.monotonic() + 10
    while len(outcomes(scene)) < done and time.monotonic() < deadline:
        time.sleep(0.02)
    written = b"".join(path.read_bytes() for path in scene.gateway.folder.rglob("*") if path.is_file())
    assert b"olga" in written
    for secret in (token, token.rpartition(".")[2], SERVICE_KEY, "0.625"):
        assert secret.encode() not in written


def outcomes(scene: PineconeScene) -> list[dict[str, Any]]:
    return [record for record in scene.gateway.records() if record["kind"] == "outcome"]
