"""A Qdrant of the REST calls that its own clients make, over the Python client's local mode: filters, scores and
payloads are Qdrant's authors' work, the routes are those of the published descriptions."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from pydantic import TypeAdapter
from qdrant_client import QdrantClient
from qdrant_client.http import models
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from vecgate.demo.processes import free_port

type Answering = Callable[[str, Any], Any]
SELECTOR: TypeAdapter[Any] = TypeAdapter(models.PointsSelector)
UPDATES: TypeAdapter[Any] = TypeAdapter(models.UpdateOperations)


@dataclass
class QdrantDouble:
    port: int = field(default_factory=free_port)
    client: QdrantClient = field(default_factory=lambda: QdrantClient(":memory:"))
    asked: list[tuple[str, str, dict[str, str], Any]] = field(default_factory=list)
    """Method, path, headers and document of every request."""

    def app(self) -> Starlette:
        one = "/collections/{name}"
        points = f"{one}/points"
        routes: Mapping[tuple[str, str], Answering] = {
            ("GET", "/collections"): lambda name, body: self.client.get_collections(),
            ("GET", "/aliases"): lambda name, body: self.client.get_aliases(),
            ("POST", "/collections/aliases"): self._change_aliases,
            ("GET", one): lambda name, body: self.client.get_collection(name),
            ("GET", f"{one}/exists"): lambda name, body: {"exists": self.client.collection_exists(name)},
            ("GET", f"{one}/aliases"): lambda name, body: self.client.get_collection_aliases(name),
            ("PUT", one): self._create,
            ("PATCH", one): lambda name, body: True,
            ("DELETE", one): lambda name, body: self.client.delete_collection(name),
            ("PUT", f"{one}/index"): self._index,
            ("GET", f"{one}/snapshots"): lambda name, body: [],
            ("PUT", points): self._upsert,
            ("POST", points): self._retrieve,
            ("POST", f"{points}/scroll"): self._scroll,
            ("POST", f"{points}/count"): self._count,
            ("POST", f"{one}/facet"): self._facet,
            ("POST", f"{points}/delete"): self._delete,
            ("POST", f"{points}/payload"): self._set_payload,
            ("PUT", f"{points}/payload"): self._overwrite_payload,
            ("POST", f"{points}/payload/delete"): self._delete_payload,
            ("POST", f"{points}/payload/clear"): self._clear_payload,
            ("PUT", f"{points}/vectors"): self._update_vectors,
            ("POST", f"{points}/batch"): self._update_batch,
            ("POST", f"{points}/query"): lambda name, body: self._query(name, body),
            ("POST", f"{points}/query/batch"): lambda name, body: [self._query(name, one) for one in body["searches"]],
            ("POST", f"{points}/query/groups"): lambda name, body: self._groups(name, body, body.get("query")),
            ("POST", f"{points}/search"): lambda name, body: self._nearest(name, body),
            ("POST", f"{points}/search/batch"): lambda name, body: [
                self._nearest(name, one) for one in body["searches"]
            ],
            ("POST", f"{points}/search/groups"): lambda name, body: self._groups(name, body, body["vector"]),
            ("POST", f"{points}/recommend"): lambda name, body: self._recommended(name, body),
            ("POST", f"{points}/recommend/groups"): lambda name, body: self._groups(name, body, _recommend(body)),
            ("POST", f"{points}/search/matrix/pairs"): lambda name, body: self.client.search_matrix_pairs(name),
            ("POST", f"{points}/search/matrix/offsets"): lambda name, body: self.client.search_matrix_offsets(name),
        }
        return Starlette(routes=[Route("/", self._root), *(self._route(*at, to) for at, to in routes.items())])

    def _route(self, method: str, path: str, answering: Answering) -> Route:
        async def endpoint(request: Request) -> Response:
            body = await request.json() if await request.body() else None
            self.asked.append((request.method, request.url.path, dict(request.headers), body))
            try:
                result = answering(request.path_params.get("name", ""), body)
            except ValueError as error:
                return JSONResponse({"status": {"error": f"Not found: {error}"}, "time": 0.0}, 404)
            return JSONResponse({"result": _plain(result), "status": "ok", "time": 0.0})

        return Route(path, endpoint, methods=[method])

    async def _root(self, request: Request) -> Response:
        self.asked.append(("GET", "/", dict(request.headers), None))
        return JSONResponse({"title": "qdrant - vector search engine", "version": "1.19.0"})

    def _create(self, name: str, body: Any) -> bool:
        wanted = models.CreateCollection.model_validate(body)
        return self.client.create_collection(name, vectors_config=wanted.vectors)

    def _change_aliases(self, name: str, body: Any) -> bool:
        wanted = models.ChangeAliasesOperation.model_validate(body)
        return self.client.update_collection_aliases(wanted.actions)

    def _index(self, name: str, body: Any) -> Any:
        self.client.get_collection(name)  # local mode has no indexes
        return {"operation_id": 0, "status": "completed"}

    def _upsert(self, name: str, body: Any) -> Any:
        if "batch" in body:
            return self.client.upsert(name, models.PointsBatch.model_validate(body).batch)
        return self.client.upsert(name, models.PointsList.model_validate(body).points)

    def _retrieve(self, name: str, body: Any) -> Any:
        asked = models.PointRequest.model_validate(body)
        payload = True if asked.with_payload is None else asked.with_payload
        return self.client.retrieve(name, asked.ids, with_payload=payload, with_vectors=asked.with_vector or False)

    def _scroll(self, name: str, body: Any) -> Any:
        asked = models.ScrollRequest.model_validate(body)
        payload = True if asked.with_payload is None else asked.with_payload
        found, following = self.client.scroll(
            name,
            asked.filter,
            limit=asked.limit or 10,
            offset=asked.offset,
            order_by=asked.order_by,
            with_payload=payload,
            with_vectors=asked.with_vector or False,
        )
        return {"points": found, "next_page_offset": following}

    def _query(self, name: str, body: Any) -> Any:
        asked = models.QueryRequest.model_validate(body)
        return self.client.query_points(
            name,
            asked.query,
            prefetch=asked.prefetch,
            using=asked.using,
            query_filter=asked.filter,
            limit=asked.limit or 10,
            with_payload=asked.with_payload or False,
            with_vectors=asked.with_vector or False,
        )

    def _nearest(self, name: str, body: Any) -> Any:
        return self._query(name, _kept(body) | {"query": body["vector"]}).points

    def _recommended(self, name: str, body: Any) -> Any:
        return self._query(name, _kept(body) | {"query": _recommend(body)}).points

    def _groups(self, name: str, body: Any, query: Any) -> Any:
        grouping = {member: body[member] for member in ("group_by", "group_size", "with_lookup") if body.get(member)}
        asked = models.QueryGroupsRequest.model_validate(_kept(body) | {"query": query} | grouping)
        return self.client.query_points_groups(
            name,
            asked.group_by,
            asked.query,
            query_filter=asked.filter,
            limit=asked.limit or 3,
            group_size=asked.group_size or 3,
            with_payload=asked.with_payload or False,
            with_vectors=asked.with_vector or False,
            with_lookup=asked.with_lookup,
        )

    def _count(self, name: str, body: Any) -> Any:
        asked = models.CountRequest.model_validate(body)
        return self.client.count(name, count_filter=asked.filter)

    def _facet(self, name: str, body: Any) -> Any:
        asked = models.FacetRequest.model_validate(body)
        return self.client.facet(name, asked.key, facet_filter=asked.filter)

    def _delete(self, name: str, body: Any) -> Any:
        return self.client.delete(name, SELECTOR.validate_python(body))

    def _set_payload(self, name: str, body: Any) -> Any:
        return self.client.set_payload(name, body["payload"], _chosen(body), key=body.get("key"))

    def _overwrite_payload(self, name: str, body: Any) -> Any:
        return self.client.overwrite_payload(name, body["payload"], _chosen(body))

    def _delete_payload(self, name: str, body: Any) -> Any:
        return self.client.delete_payload(name, body["keys"], _chosen(body))

    def _clear_payload(self, name: str, body: Any) -> Any:
        return self.client.clear_payload(name, SELECTOR.validate_python(body))

    def _update_vectors(self, name: str, body: Any) -> Any:
        return self.client.update_vectors(name, models.UpdateVectors.model_validate(body).points)

    def _update_batch(self, name: str, body: Any) -> Any:
        return self.client.batch_update_points(name, UPDATES.validate_python(body).operations)


def _kept(body: Any) -> dict[str, Any]:
    """What the older searches have in common with a query."""
    common = ("filter", "params", "limit", "offset", "with_payload", "with_vector", "score_threshold", "using")
    return {member: body[member] for member in common if body.get(member) is not None}


def _recommend(body: Any) -> dict[str, Any]:
    return {"recommend": {"positive": body.get("positive") or [], "negative": body.get("negative") or []}}


def _chosen(body: Any) -> Any:
    """The points that a change of payloads names, by id or by a filter."""
    return body["points"] if body.get("points") is not None else models.Filter.model_validate(body["filter"])


def _plain(result: Any) -> Any:
    if hasattr(result, "model_dump"):
        return result.model_dump(mode="json", exclude_none=True)
    if isinstance(result, Mapping):
        return {name: _plain(value) for name, value in result.items()}
    return [_plain(one) for one in result] if isinstance(result, list) else result


@contextlib.contextmanager
def qdrant_double(guard: Callable[[ASGIApp], ASGIApp] = lambda app: app) -> Iterator[QdrantDouble]:
    """`guard` stands in front of it."""
    double = QdrantDouble()
    server = uvicorn.Server(uvicorn.Config(guard(double.app()), port=double.port, log_level="error", lifespan="off"))
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
