"""A Pinecone: its control plane with inference over HTTP, and the data plane of one index over HTTP and gRPC.

As at the service, an index has one address for both wires, which ALPN tells apart, over TLS alone. Routes, shapes and
statuses are those of the published descriptions of 2026-04.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import grpc
import msgspec
import uvicorn
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.message import Message
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.support.certificates import Issued
from tests.support.grpc_server import Failed, GrpcServer
from tests.support.one_address import one_address
from tests.support.pinecone_store import Document, IndexStore, Refused
from vecgate.demo.processes import free_port
from vecgate_pinecone.descriptors import DESCRIPTORS

type Answering = Callable[[dict[str, str], Document], Any]

CALLS: Final = {
    "Query": "query",
    "Fetch": "fetch",
    "FetchByMetadata": "fetch_by_metadata",
    "List": "listed",
    "Upsert": "upsert",
    "Update": "update",
    "Delete": "delete",
    "DescribeIndexStats": "stats",
    "ListNamespaces": "list_namespaces",
    "CreateNamespace": "create_namespace",
    "DescribeNamespace": "describe_namespace",
    "DeleteNamespace": "delete_namespace",
}
_CODES: Final = {
    400: grpc.StatusCode.INVALID_ARGUMENT,
    404: grpc.StatusCode.NOT_FOUND,
    409: grpc.StatusCode.ALREADY_EXISTS,
}
_NUMBERS: Final = {400: 3, 404: 5, 409: 6}
_CREATED: Final = "2026-01-01T00:00:00Z"
_MODEL: Final = {"model": "small", "short_description": "A model.", "type": "embed", "supported_parameters": []}


@dataclass(frozen=True)
class Asked:
    """A request of either wire: its path, its headers or metadata, its document with the query's members."""

    path: str
    headers: Mapping[str, str]
    document: Any


@dataclass
class PineconeDouble:
    """`indexes` are what the control plane knows; the data plane is that of `docs`."""

    store: IndexStore = field(default_factory=IndexStore)
    indexes: dict[str, Document] = field(default_factory=dict)
    backups: dict[str, Document] = field(default_factory=dict)
    jobs: dict[str, Document] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    control_port: int = field(default_factory=free_port)
    data_port: int = field(default_factory=free_port)
    tls_port: int = field(default_factory=free_port)
    """Of the index's own address."""

    def control(self) -> Starlette:
        one, backup = "/indexes/{name}", "/backups/{id}"
        routes = [
            ("GET", "/indexes", 200, lambda at, body: {"indexes": list(self.indexes.values())}),
            ("POST", "/indexes", 201, lambda at, body: self.create(body)),
            ("POST", "/indexes/create-for-model", 201, lambda at, body: self.create(_for_model(body))),
            ("GET", one, 200, lambda at, body: self.indexes[at["name"]]),
            ("PATCH", one, 202, lambda at, body: self._configure(at["name"], body)),
            ("DELETE", one, 202, lambda at, body: self.indexes.pop(at["name"]) and None),
            ("GET", f"{one}/backups", 200, lambda at, body: self._backups(at["name"])),
            ("POST", f"{one}/backups", 201, lambda at, body: self._back_up(at["name"], body)),
            ("GET", "/backups", 200, lambda at, body: {"data": list(self.backups.values())}),
            ("GET", backup, 200, lambda at, body: self.backups[at["id"]]),
            ("DELETE", backup, 202, lambda at, body: self.backups.pop(at["id"]) and None),
            ("POST", f"{backup}/create-index", 202, lambda at, body: self._restore(at["id"], body)),
            ("GET", "/restore-jobs", 200, lambda at, body: {"data": list(self.jobs.values())}),
            ("GET", "/restore-jobs/{id}", 200, lambda at, body: self.jobs[at["id"]]),
            ("GET", "/collections", 200, lambda at, body: {"collections": [{"name": "old", "status": "Ready"}]}),
            ("POST", "/embed", 200, _embed),
            ("POST", "/rerank", 200, _rerank),
            ("GET", "/models", 200, lambda at, body: {"models": [_MODEL]}),
        ]
        return Starlette(routes=[self._route(*each, data=False) for each in routes])

    def data(self) -> Starlette:
        store, one, texts = self.store, "/namespaces/{namespace}", "/records/namespaces/{namespace}"
        routes = [
            ("POST", "/query", 200, lambda at, body: store.query(body)),
            ("GET", "/vectors/fetch", 200, lambda at, body: store.fetch(body)),
            ("POST", "/vectors/fetch_by_metadata", 200, lambda at, body: store.fetch_by_metadata(body)),
            ("GET", "/vectors/list", 200, lambda at, body: store.listed(body)),
            ("POST", "/vectors/upsert", 200, lambda at, body: store.upsert(body)),
            ("POST", "/vectors/update", 200, lambda at, body: store.update(body)),
            ("POST", "/vectors/delete", 200, lambda at, body: store.delete(body)),
            ("POST", "/describe_index_stats", 200, lambda at, body: store.stats(body)),
            ("GET", "/namespaces", 200, lambda at, body: store.list_namespaces(body)),
            ("POST", "/namespaces", 200, lambda at, body: store.create_namespace(body)),
            ("GET", one, 200, lambda at, body: store.describe_namespace(at)),
            ("DELETE", one, 200, lambda at, body: store.delete_namespace(at)),
            ("POST", f"{texts}/upsert", 201, lambda at, body: store.upsert_records(at["namespace"], iter(body))),
            ("POST", f"{texts}/search", 200, lambda at, body: store.search(at["namespace"], body)),
            ("GET", "/bulk/imports", 200, lambda at, body: {"data": list(store.imports.values())}),
            ("POST", "/bulk/imports", 200, lambda at, body: store.start_import(body)),
            ("GET", "/bulk/imports/{id}", 200, lambda at, body: store.imports[at["id"]]),
            ("DELETE", "/bulk/imports/{id}", 200, lambda at, body: store.imports.pop(at["id"]) and {}),
        ]
        return Starlette(routes=[self._route(*each, data=True) for each in routes])

    def calls(self) -> GrpcServer:
        server = GrpcServer(DESCRIPTORS, {})
        server.answers |= {f"/VectorService/{call}": self._call(server, call, name) for call, name in CALLS.items()}
        return server

    def create(self, body: Document) -> Document:
        name = body["name"]
        if name in self.indexes:
            raise Refused(409, "Resource already exists")
        self.indexes[name] = {
            "name": name,
            "dimension": body.get("dimension", 3),
            "metric": body.get("metric", "cosine"),
            "vector_type": body.get("vector_type", "dense"),
            "host": f"{name}-a1b2c3d.svc.aped-4627-b74a.pinecone.io",
            "private_host": f"{name}-a1b2c3d.svc.private.aped-4627-b74a.pinecone.io",
            "deletion_protection": body.get("deletion_protection", "disabled"),
            "tags": body.get("tags"),
            "spec": body["spec"],
            "status": {"ready": True, "state": "Ready"},
            **({"embed": body["embed"]} if "embed" in body else {}),
        }
        return self.indexes[name]

    def _configure(self, name: str, body: Document) -> Document:
        self.indexes[name] |= {key: value for key, value in body.items() if key in ("deletion_protection", "tags")}
        return self.indexes[name]

    def _back_up(self, name: str, body: Document) -> Document:
        made = {
            "backup_id": f"backup-{len(self.backups) + 1}",
            "source_index_name": name,
            "source_index_id": f"id-of-{name}",
            "name": body.get("name", ""),
            "status": "Ready",
            "cloud": "aws",
            "region": "us-east-1",
            "created_at": _CREATED,
        }
        self.backups[made["backup_id"]] = made
        return made

    def _restore(self, backup: str, body: Document) -> Document:
        source = self.backups[backup]["source_index_name"]
        made = self.create({**self.indexes[source], "name": body["name"]})
        job = {
            "restore_job_id": f"job-{len(self.jobs) + 1}",
            "backup_id": backup,
            "target_index_name": made["name"],
            "target_index_id": f"id-of-{made['name']}",
            "status": "Completed",
            "created_at": _CREATED,
        }
        self.jobs[job["restore_job_id"]] = job
        return {"restore_job_id": job["restore_job_id"], "index_id": job["target_index_id"]}

    def _backups(self, name: str) -> Document:
        return {"data": [one for one in self.backups.values() if one["source_index_name"] == name]}

    def _route(self, method: str, path: str, status: int, answering: Answering, *, data: bool) -> Route:
        async def endpoint(request: Request) -> Response:
            document = await _document(request)
            self.asked.append(Asked(request.url.path, dict(request.headers), document))
            try:
                result = answering(request.path_params, document)
            except KeyError as missing:
                return _failure(404, f"Resource {missing.args[0]} not found", data)
            except Refused as refused:
                return _failure(refused.status, refused.text, data)
            return Response(status_code=status) if result is None else JSONResponse(result, status)

        return Route(path, endpoint, methods=[method])

    def _call(self, server: GrpcServer, call: str, name: str) -> Callable[[Any], Message]:
        path = f"/VectorService/{call}"
        reply = DESCRIPTORS.type(DESCRIPTORS.method(path).output_type.full_name)

        def answer(message: Message) -> Message:
            document = MessageToDict(message)
            self.asked.append(Asked(path, server.calls[-1].metadata, document))
            try:
                return ParseDict(getattr(self.store, name)(document), reply())
            except Refused as refused:
                raise Failed(_CODES[refused.status], refused.text) from None

        return answer


async def _document(request: Request) -> Any:
    body = await request.body()
    if "ndjson" in request.headers.get("content-type", ""):
        return [msgspec.json.decode(line) for line in body.splitlines()]
    asked: Document = dict(request.query_params)
    if "ids" in asked:
        asked["ids"] = request.query_params.getlist("ids")
    return asked | (msgspec.json.decode(body) if body else {})


def _failure(status: int, text: str, data: bool) -> Response:
    if data:
        return JSONResponse({"code": _NUMBERS[status], "message": text, "details": []}, status)
    return JSONResponse({"status": status, "error": {"code": "FAILED", "message": text}}, status)


def _for_model(body: Document) -> Document:
    return {**body, "spec": {"serverless": {"cloud": body["cloud"], "region": body["region"]}}}


def _embed(at: dict[str, str], body: Document) -> Document:
    data = [{"values": [0.5, 0.5, float(len(one["text"]))], "vector_type": "dense"} for one in body["inputs"]]
    return {"model": body["model"], "vector_type": "dense", "data": data, "usage": {"total_tokens": len(data)}}


def _rerank(at: dict[str, str], body: Document) -> Document:
    documents = body["documents"][: body.get("top_n")]
    data = [{"index": at, "score": 1 - at / 10, "document": one} for at, one in enumerate(documents)]
    return {"model": body["model"], "data": data, "usage": {"rerank_units": 1}}


@contextlib.contextmanager
def pinecone_double(issued: Issued) -> Iterator[PineconeDouble]:
    """Serve all three: the control plane at `control_port`, the index `docs` at `tls_port` with this certificate."""
    double = PineconeDouble()
    with (
        _served(double.control(), double.control_port),
        _served(double.data(), double.data_port),
        double.calls() as calls,
        one_address(double.tls_port, issued, http1=double.data_port, http2=calls.port),
    ):
        yield double


@contextlib.contextmanager
def _served(app: Starlette, port: int) -> Iterator[None]:
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(10)
