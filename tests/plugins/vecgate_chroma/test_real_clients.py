"""The Python client, unchanged, with the dialect between it and a real server."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from tests.support.chroma_scene import ALICE, ALPHA, CHROMA, OPEN, PARENT, decided, masks, through

from vecgate.errors import Refusal
from vecgate.operations.messages import Request
from vecgate.operations.target import parse
from vecgate.policy.decision import Decision
from vecgate.reasons import Reason

pytestmark = pytest.mark.real


class Handler(BaseHTTPRequestHandler):
    """Reads, judges by nothing, rewrites, asks, masks."""

    upstream: httpx.Client
    decision: Decision

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        headers = {"content-type": self.headers.get("content-type", "")}
        try:
            request = Request(self.command, parse(self.path), headers, body)
            given = through(self.upstream, self.decision, CHROMA.read(request))
        except Refusal as refusal:
            given = CHROMA.refuse(refusal, "exchange", None)
        self.send_response(given.status)
        for name, value in given.headers:
            self.send_header(name, value)
        self.send_header("content-length", str(len(given.body)))
        self.end_headers()
        self.wfile.write(given.body)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = answer

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it
        """Tests are quiet."""


type Connect = Callable[..., Any]


@pytest.fixture
def connect(chroma: str) -> Iterator[Connect]:
    """A client whose requests pass the dialect under a decision."""
    chromadb = pytest.importorskip("chromadb")
    with httpx.Client(base_url=chroma, timeout=30) as upstream:
        gates: list[Any] = []

        def connected(decision: Decision) -> Any:
            handler = type("Bound", (Handler,), {"upstream": upstream, "decision": decision})
            gate = ThreadingHTTPServer(("127.0.0.1", 0), handler)
            threading.Thread(target=gate.serve_forever, daemon=True).start()
            gates.append(gate)
            settings = chromadb.Settings(anonymized_telemetry=False)
            return chromadb.HttpClient(host="127.0.0.1", port=gate.server_port, settings=settings)

        yield connected
        for gate in gates:
            gate.shutdown()
            gate.server_close()


@contextmanager
def filled(client: Any, name: str) -> Iterator[Any]:
    collection = client.get_or_create_collection(name, embedding_function=None, metadata={"owner": "o@b.example"})
    collection.upsert(
        ids=["a", "b"],
        embeddings=[[0.515625, 0.25], [1.5, 2.5]],
        documents=["alpha text", "beta text"],
        metadatas=[{"ssn": "123-45", "n": 1}, {"ssn": "9-9", "n": 2}],
    )
    yield collection
    client.delete_collection(name)


def test_a_cleared_callers_client_does_not_notice(connect: Connect) -> None:
    client = connect(decided(OPEN))
    assert client.heartbeat() > 0
    assert client.get_version() == "1.0.0"
    with filled(client, "python_cleared") as collection:
        assert collection.count() == 2
        got = collection.get(ids=["a"], include=["embeddings", "documents", "metadatas"])
        assert got["embeddings"].tolist() == [[0.515625, 0.25]]
        assert got["documents"] == ["alpha text"]
        found = collection.query(query_embeddings=[[1.5, 2.5]], n_results=2, where={"n": {"$gt": 0}})
        assert (found["ids"], found["distances"][0][0]) == ([["b", "a"]], 0.0)
        collection.update(ids=["a"], metadatas=[{"n": 3}])
        collection.modify(name="python_renamed")
        assert [entry.name for entry in client.list_collections()] == ["python_renamed"]
        assert client.count_collections() == 1
        again = client.get_or_create_collection("python_renamed", embedding_function=None)
        assert again.id == collection.id
        assert client.get_collection("python_renamed", embedding_function=None).metadata == {"owner": "o@b.example"}
        collection.delete(ids=["a"])
        collection.delete(where={"n": 2})
        assert collection.count() == 0
        collection.modify(name="python_cleared")


def test_a_masked_callers_client_works_without_what_is_masked(connect: Connect) -> None:
    client = connect(decided(OPEN))
    mask = decided(masks({"ssn": "redact", "#document": "redact", "owner": "drop"}))
    with filled(client, "python_masked"):
        collection = connect(mask).get_collection("python_masked", embedding_function=None)
        got = collection.get(include=["embeddings", "documents", "metadatas"])
        assert got["embeddings"].tolist() is None, "the client wraps what it got in an array"
        assert got["documents"] == ["[redacted]", "[redacted]"]
        assert got["metadatas"][0] == {"ssn": "[redacted]", "n": 1}
        assert not collection.metadata
        found = collection.query(query_embeddings=[[1.5, 2.5]], n_results=2)
        assert found["ids"] == [["b", "a"]]
        assert found["distances"][0][0] == int(found["distances"][0][0])


def test_a_caller_sees_only_the_collections_of_its_grants(connect: Connect) -> None:
    client = connect(decided(OPEN))
    with filled(client, "alpha"), filled(client, "secret"):
        some = connect(decided(OPEN, lambda resource: resource in {ALPHA, PARENT}))
        assert [entry.name for entry in some.list_collections()] == ["alpha"]
        assert some.count_collections() == 1
        identity = some.get_user_identity()
        assert (identity.user_id, identity.tenant) == (ALICE.subject, "default_tenant")
        assert list(identity.databases) == ["default_database"]


@pytest.mark.parametrize(
    ("reason", "error"),
    [
        (Reason.TOKEN_EXPIRED, "AuthorizationError"),
        (Reason.NO_GRANT, "ChromaAuthError"),
        (Reason.NOT_FOUND, "NotFoundError"),
        (Reason.RATE_EXCEEDED, "RateLimitError"),
        (Reason.BAD_BODY, "InvalidArgumentError"),
        (Reason.GATEWAY_FAILURE, "InternalError"),
    ],
)
def test_a_refusal_raises_the_clients_own_error(connect: Connect, reason: Reason, error: str) -> None:
    errors = pytest.importorskip("chromadb.errors")
    client = connect(decided(OPEN))
    refusing = type(client._server._session)(transport=httpx.MockTransport(lambda request: refused(reason)))
    client._server._session = refusing
    with pytest.raises(getattr(errors, error)):
        client.list_collections()
    refusing.close()


def refused(reason: Reason) -> httpx.Response:
    given = CHROMA.refuse(Refusal(reason, "The detail."), "exchange", None)
    return httpx.Response(given.status, headers=dict(given.headers), content=given.body)


def test_the_servers_own_errors_keep_their_type(connect: Connect) -> None:
    errors = pytest.importorskip("chromadb.errors")
    client = connect(decided(OPEN))
    with pytest.raises(errors.NotFoundError, match=r"Collection \[absent\] does not exist"):
        client.get_collection("absent", embedding_function=None)
