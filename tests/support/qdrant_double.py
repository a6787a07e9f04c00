"""A Qdrant of the REST calls that its Python client makes, over that client's own local mode: filters, scores and
payloads are Qdrant's authors' work, the routes are those of the published description."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from qdrant_client import QdrantClient
from qdrant_client.http import models
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from vecgate.demo.processes import free_port

type Answering = Callable[[str, Any], Any]


@dataclass
class QdrantDouble:
    port: int = field(default_factory=free_port)
    client: QdrantClient = field(default_factory=lambda: QdrantClient(":memory:"))
    asked: list[tuple[str, str, dict[str, str], Any]] = field(default_factory=list)
    """Method, path, headers and document of every request."""

    def app(self) -> Starlette:
        one = "/collections/{name}"
        return Starlette(
            routes=[
                Route("/", self._root),
                self._route("GET", "/collections", lambda name, body: self.client.get_collections()),
                self._route("GET", "/aliases", lambda name, body: self.client.get_aliases()),
                self._route("GET", one, lambda name, body: self.client.get_collection(name)),
                self._route("GET", f"{one}/exists", lambda name, body: {"exists": self.client.collection_exists(name)}),
                self._route("PUT", one, self._create),
                self._route("DELETE", one, lambda name, body: self.client.delete_collection(name)),
                self._route("PUT", f"{one}/points", self._upsert),
                self._route("POST", f"{one}/points", self._retrieve),
                self._route("POST", f"{one}/points/scroll", self._scroll),
                self._route("POST", f"{one}/points/query", self._query),
                self._route("POST", f"{one}/points/count", self._count),
                self._route("POST", f"{one}/points/delete", self._delete),
            ]
        )

    def _route(self, method: str, path: str, answering: Answering) -> Route:
        async def endpoint(request: Request) -> Response:
            body = await request.json() if await request.body() else None
            self.asked.append((request.method, request.url.path, dict(request.headers), body))
            try:
                result = answering(request.path_params.get("name", ""), body)
            except ValueError as error:
                return JSONResponse({"status": {"error": f"Not found: {error}"}, "time": 0.0}, 404)
            shown = result.model_dump(mode="json", exclude_none=True) if hasattr(result, "model_dump") else result
            return JSONResponse({"result": shown, "status": "ok", "time": 0.0})

        return Route(path, endpoint, methods=[method])

    async def _root(self, request: Request) -> Response:
        return JSONResponse({"title": "qdrant - vector search engine", "version": "1.19.0"})

    def _create(self, name: str, body: Any) -> bool:
        wanted = models.CreateCollection.model_validate(body)
        return self.client.create_collection(name, vectors_config=wanted.vectors)

    def _upsert(self, name: str, body: Any) -> Any:
        points = models.PointsList.model_validate(body).points
        return self.client.upsert(name, points)

    def _retrieve(self, name: str, body: Any) -> Any:
        asked = models.PointRequest.model_validate(body)
        payload = True if asked.with_payload is None else asked.with_payload
        found = self.client.retrieve(name, asked.ids, with_payload=payload, with_vectors=asked.with_vector or False)
        return [one.model_dump(mode="json", exclude_none=True) for one in found]

    def _scroll(self, name: str, body: Any) -> Any:
        asked = models.ScrollRequest.model_validate(body)
        payload = True if asked.with_payload is None else asked.with_payload
        found, following = self.client.scroll(
            name,
            asked.filter,
            limit=asked.limit or 10,
            offset=asked.offset,
            with_payload=payload,
            with_vectors=asked.with_vector or False,
        )
        points = [one.model_dump(mode="json", exclude_none=True) for one in found]
        return {"points": points, "next_page_offset": following}

    def _query(self, name: str, body: Any) -> Any:
        asked = models.QueryRequest.model_validate(body)
        return self.client.query_points(
            name,
            asked.query,
            query_filter=asked.filter,
            limit=asked.limit or 10,
            with_payload=asked.with_payload or False,
            with_vectors=asked.with_vector or False,
        )

    def _count(self, name: str, body: Any) -> Any:
        asked = models.CountRequest.model_validate(body)
        return self.client.count(name, count_filter=asked.filter)

    def _delete(self, name: str, body: Any) -> Any:
        kind = models.PointIdsList if "points" in body else models.FilterSelector
        return self.client.delete(name, kind.model_validate(body))


@contextlib.contextmanager
def qdrant_double() -> Iterator[QdrantDouble]:
    double = QdrantDouble()
    server = uvicorn.Server(uvicorn.Config(double.app(), port=double.port, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield double
    finally:
        server.should_exit = True
        thread.join(10)
        double.client.close()
