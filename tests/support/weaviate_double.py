"""A Weaviate in memory, both of its ports: the REST and GraphQL routes that its Python client uses, and gRPC.

with weaviate_double() as double:
    …  # double.port, double.rpc.port; double.store; double.asked, double.rpc.calls
"""

from __future__ import annotations

import contextlib
import json  # noqa: TID251 - what a test looks at afterwards
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.support.grpc_server import GrpcServer
from tests.support.weaviate_graph import clause, executed
from tests.support.weaviate_rpc import Calls
from tests.support.weaviate_store import BEACON, Refused, Store, Stored, described, new_id, upper
from vecgate.demo.processes import free_port
from vecgate_weaviate.descriptors import DESCRIPTORS

META: Final = {"hostname": "http://[::]:8080", "version": "1.37.0", "modules": {}, "grpcMaxMessageSize": 104858000}
OIDC: Final = {"href": "http://not-the-gateways.example/", "clientId": "weaviate", "scopes": ["openid"]}


@dataclass
class Asked:
    """One request to the REST port. `body` is its document, None without one."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


type Answering = Callable[[dict[str, str], Asked], Any]


@dataclass
class WeaviateDouble:
    port: int = field(default_factory=free_port)
    store: Store = field(default_factory=Store)
    asked: list[Asked] = field(default_factory=list)
    rpc: GrpcServer = field(init=False)

    def __post_init__(self) -> None:
        self.rpc = GrpcServer(DESCRIPTORS, Calls(self.store).answers())

    def forget(self) -> None:
        """What was asked until now."""
        self.asked.clear()
        self.rpc.calls.clear()

    def app(self) -> Starlette:
        schema, tenants, aliases = "/v1/schema/{c}", "/v1/schema/{c}/tenants", "/v1/aliases"
        one, links = "/v1/objects/{c}/{id}", "/v1/objects/{c}/{id}/references/{p}"
        return Starlette(
            routes=[
                self._route("GET", "/v1/meta", lambda at, asked: META),
                self._route("GET", "/v1/.well-known/live", lambda at, asked: None),
                self._route("GET", "/v1/.well-known/ready", lambda at, asked: None),
                self._route("GET", "/v1/.well-known/openid-configuration", lambda at, asked: OIDC),
                # The identity provider of a test may live here, too.
                self._route("GET", "/idp/.well-known/openid-configuration", lambda at, asked: self._provider()),
                self._route("GET", "/v1/nodes", lambda at, asked: {"nodes": []}),
                self._route("GET", "/v1/schema", lambda at, asked: {"classes": list(self.store.schema.values())}),
                self._route("POST", "/v1/schema", lambda at, asked: self.store.create(asked.body)),
                self._route("GET", schema, lambda at, asked: self.store.schema[self.store.own(at["c"])]),
                self._route("DELETE", schema, lambda at, asked: self.store.drop(upper(at["c"]))),
                self._route("POST", f"{schema}/properties", self._property),
                self._route("GET", tenants, lambda at, asked: self._tenants(at["c"])),
                self._route("POST", tenants, self._add_tenants),
                self._route("DELETE", tenants, self._drop_tenants),
                self._route("GET", aliases, lambda at, asked: {"aliases": self._aliases()}),
                self._route("POST", aliases, self._add_alias),
                self._route("GET", f"{aliases}/{{a}}", self._alias),
                self._route("DELETE", f"{aliases}/{{a}}", self._drop_alias),
                self._route("GET", "/v1/objects", self._list),
                self._route("POST", "/v1/objects", lambda at, asked: self._put(asked.body)),
                self._route("GET", one, lambda at, asked: self._shown(self._one(at, asked), asked)),
                self._route("HEAD", one, self._is),
                self._route("PUT", one, lambda at, asked: self._put(asked.body)),
                self._route("PATCH", one, self._merge),
                self._route("DELETE", one, self._delete),
                self._route("POST", links, self._link),
                self._route("PUT", links, self._link),
                self._route("POST", "/v1/batch/objects", self._batch),
                self._route("DELETE", "/v1/batch/objects", self._delete_many),
                self._route("POST", "/v1/batch/references", self._link_many),
                self._route("POST", "/v1/graphql", self._graphql),
            ]
        )

    def _route(self, method: str, path: str, answering: Answering) -> Route:
        empty = {"PATCH"} if path.startswith("/v1/schema") else {"HEAD", "PATCH", "DELETE"}

        async def endpoint(request: Request) -> Response:
            raw = await request.body()
            body = json.loads(raw) if raw else None
            asked = Asked(request.method, request.url.path, dict(request.query_params), dict(request.headers), body)
            self.asked.append(asked)
            try:
                result = answering(request.path_params, asked)
            except Refused as refused:
                return JSONResponse({"error": [{"message": str(refused)}]}, refused.status)
            return Response(status_code=204 if method in empty else 200) if result is None else JSONResponse(result)

        route = Route(path, endpoint, methods=[method])
        route.methods = {method}  # a route for GET would take HEAD, too
        return route

    def _provider(self) -> Any:
        here = f"http://127.0.0.1:{self.port}/idp"
        return {"issuer": here, "token_endpoint": f"{here}/token", "jwks_uri": f"{here}/keys"}

    def _property(self, at: dict[str, str], asked: Asked) -> Any:
        self.store.schema[self.store.own(at["c"])]["properties"].append(described(asked.body))
        return asked.body

    def _tenants(self, name: str) -> list[Any]:
        found = self.store.tenants.get(self.store.own(name), {})
        return [{"name": tenant, "activityStatus": status} for tenant, status in found.items()]

    def _add_tenants(self, at: dict[str, str], asked: Asked) -> Any:
        known = self.store.tenants.setdefault(self.store.own(at["c"]), {})
        known |= {one["name"]: "HOT" for one in asked.body}
        return asked.body

    def _drop_tenants(self, at: dict[str, str], asked: Asked) -> None:
        for name in asked.body:
            self.store.tenants[self.store.own(at["c"])].pop(name, None)

    def _aliases(self) -> list[Any]:
        return [{"alias": alias, "class": target} for alias, target in self.store.aliases.items()]

    def _add_alias(self, at: dict[str, str], asked: Asked) -> Any:
        self.store.aliases[upper(asked.body["alias"])] = self.store.own(asked.body["class"])
        return asked.body

    def _alias(self, at: dict[str, str], asked: Asked) -> Any:
        name = upper(at["a"])
        if name not in self.store.aliases:
            raise Refused(404, "no such alias")
        return {"alias": name, "class": self.store.aliases[name]}

    def _drop_alias(self, at: dict[str, str], asked: Asked) -> None:
        self.store.aliases.pop(upper(at["a"]))

    def _list(self, at: dict[str, str], asked: Asked) -> Any:
        found = self.store.within(self.store.own(asked.query["class"]), asked.query.get("tenant", ""))
        return {"objects": [self._shown(one, asked) for one in found[: int(asked.query.get("limit", 10))]]}

    def _one(self, at: dict[str, str], asked: Asked) -> Stored:
        return self.store.one(self.store.own(at["c"]), at["id"], asked.query.get("tenant", ""))

    def _is(self, at: dict[str, str], asked: Asked) -> None:
        self._one(at, asked)

    @staticmethod
    def _shown(one: Stored, asked: Asked) -> dict[str, Any]:
        shown: dict[str, Any] = {"class": one.collection, "id": one.id, "properties": one.properties}
        shown |= {"creationTimeUnix": 1_700_000_000_000, "lastUpdateTimeUnix": 1_700_000_000_000}
        shown |= {"tenant": one.tenant} if one.tenant else {}
        if asked.method != "GET" or "vector" in asked.query.get("include", ""):
            shown |= {"vector": one.vector} if one.vector else {}
            shown |= {"vectors": one.vectors} if one.vectors else {}
        return shown

    def _put(self, body: dict[str, Any]) -> Any:
        vectors = dict(body.get("vectors") or {})
        collection = self.store.own(body["class"])
        vector = body.get("vector") or vectors.pop("default", [])
        properties = dict(body.get("properties") or {})
        one = Stored(collection, body.get("id") or new_id(), properties, vector, vectors, body.get("tenant", ""))
        self.store.put(one)
        return self._shown(one, Asked("POST", "", {}, {}, None))

    def _merge(self, at: dict[str, str], asked: Asked) -> None:
        one = self.store.one(self.store.own(at["c"]), at["id"], asked.body.get("tenant", ""))
        one.properties |= asked.body.get("properties") or {}

    def _delete(self, at: dict[str, str], asked: Asked) -> None:
        del self.store.objects[self.store.own(at["c"])][self._one(at, asked).id]

    def _link(self, at: dict[str, str], asked: Asked) -> None:
        held = self._one(at, asked).properties
        held[at["p"]] = asked.body if isinstance(asked.body, list) else [*held.get(at["p"], []), asked.body]

    def _link_many(self, at: dict[str, str], asked: Asked) -> Any:
        for one in asked.body:
            beacon, _, name = one["from"].rpartition("/")
            found = BEACON.fullmatch(beacon)
            assert found is not None
            held = self.store.one(self.store.own(found[1]), found[2], one.get("tenant", ""))
            held.properties.setdefault(name, []).append({"beacon": one["to"]})
        return [one | {"result": {"status": "SUCCESS"}} for one in asked.body]

    def _batch(self, at: dict[str, str], asked: Asked) -> Any:
        return [self._put(one) | {"result": {"status": "SUCCESS"}} for one in asked.body["objects"]]

    def _delete_many(self, at: dict[str, str], asked: Asked) -> Any:
        match = asked.body["match"]
        collection, wanted = self.store.own(match["class"]), clause(match["where"])
        within = self.store.within(collection, asked.query.get("tenant", ""))
        found = [one for one in within if self.store.matches(one, wanted)]
        for one in [] if asked.body.get("dryRun") else found:
            del self.store.objects[collection][one.id]
        return {
            "match": match,
            "results": {"matches": len(found), "successful": len(found), "failed": 0, "limit": 10000},
        }

    def _graphql(self, at: dict[str, str], asked: Asked) -> Any:
        try:
            return {"data": executed(self.store, asked.body["query"])}
        except Refused as refused:
            return {"data": None, "errors": [{"message": str(refused)}]}


@contextlib.contextmanager
def weaviate_double() -> Iterator[WeaviateDouble]:
    double = WeaviateDouble()
    server = uvicorn.Server(uvicorn.Config(double.app(), port=double.port, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    with double.rpc:
        try:
            yield double
        finally:
            server.should_exit = True
            thread.join(10)
