"""Milvus' RESTful API in tests: readings of requests, decisions, and a database that answers as the 3.x handlers do."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request as Received
from starlette.responses import Response
from starlette.routing import Route

from vecgate.config.models import MaskRule
from vecgate.demo.processes import free_port
from vecgate.masking.masker import Masker
from vecgate.masking.maskset import MaskSet
from vecgate.operations.dialect import Masked, Reading
from vecgate.operations.messages import Answer, Outgoing, Request, Target
from vecgate.operations.model import Operation, Resource
from vecgate.policy.decision import Decision, Verdict
from vecgate.reasons import Reason
from vecgate_milvus import rest

ROUTES = msgspec.json.decode((Path(__file__).parents[1] / "specs" / "milvus-rest-v2-routes.json").read_bytes())
MASKER = Masker(bytes(32))
OPEN = MaskSet.combine([], vectors_open=True, masker=MASKER)

FIELDS = {
    "id": "Int64",
    "title": "VarChar",
    "ssn": "VarChar",
    "year": "Int32",
    "tags": "Array",
    "meta": "JSON",
    "vector": "FloatVector",
    "words": "SparseFloatVector",
    "bits": "BinaryVector",
}
VECTOR = [0.25, 0.5, 0.75, 1.0]
BITS = base64.b64encode(bytes(range(16))).decode()
SENSITIVE = ("900-11-1111", BITS, "0.75", "deep-secret")


def row(number: int) -> dict[str, Any]:
    """A record as `outputFields: ["*"]` brings it."""
    return {
        "id": str(number),
        "title": f"title {number}",
        "ssn": "900-11-1111",
        "year": 2000 + number,
        "tags": {"Data": {"StringData": {"data": ["a", "b"]}}},
        "meta": '{"note": "n", "ssn": "900-11-1111"}',
        "vector": VECTOR,
        "words": {"7": 0.75, "12": 0.5},
        "bits": BITS,
    }


def described(
    name: str = "kb", fields: Mapping[str, str] = FIELDS, *, dynamic: bool = False, aliases: tuple[str, ...] = ()
) -> dict[str, Any]:
    """`data` of `collections/describe`; of a collection with an index of the words of `title`."""
    return {
        "collectionName": name,
        "collectionID": 7,
        "description": "",
        "autoId": False,
        "fields": [
            {"name": field, "type": kind, "primaryKey": field == "id", "id": 100 + at, "nullable": False}
            for at, (field, kind) in enumerate(fields.items())
        ],
        "structFields": [],
        "functions": [
            {
                "name": "bm25",
                "type": 1,
                "inputFieldNames": ["title"],
                "outputFieldNames": ["words"],
                "params": [{"key": "api_key", "value": "deep-secret"}, {"key": "k", "value": "v"}],
            }
        ],
        "aliases": list(aliases),
        "indexes": [{"indexName": "vector", "fieldName": "vector", "metricType": "COSINE"}],
        "load": "LoadStateLoaded",
        "shardsNum": 1,
        "partitionsNum": 1,
        "consistencyLevel": "Bounded",
        "enableDynamicField": dynamic,
        "externalSource": "s3://deep-secret",
        "externalSpec": "{}",
        "properties": [{"key": "ttl", "value": "5"}],
    }


def request(route: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Request:
    raw = body if isinstance(body, bytes) else b"" if body is None else msgspec.json.encode(body)
    return Request("POST", Target(("v2", "vectordb", *route.split("/"))), dict(headers or {}), raw)


def unbound(route: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Reading:
    return rest.read(request(route, body, headers))


def operation(route: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Operation:
    """The only operation of a request whose names nobody resolved."""
    (found,) = unbound(route, body, headers).operations
    return found


def reply(document: Any, status: int = 200, content_type: str = "application/json") -> Answer:
    body = document if isinstance(document, bytes) else msgspec.json.encode(document)
    return Answer(status, (("content-type", content_type),), body)


@dataclass
class FakeMilvus:
    """Keeps collections by `database/name` and aliases likewise, and every request it got."""

    collections: dict[str, dict[str, Any]] = field(default_factory=dict)
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, Any], dict[str, str]]] = field(default_factory=list)
    replies: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What a route answers whatever is asked."""

    def add(
        self, resource: Resource, *aliases: str, dynamic: bool = False, rows: list[dict[str, Any]] | None = None
    ) -> None:
        database, _, name = resource.partition("/")
        self.collections[resource] = described(name, dynamic=dynamic, aliases=aliases)
        self.rows[resource] = [row(1), row(2)] if rows is None else rows
        self.aliases.update({f"{database}/{alias}": name for alias in aliases})

    def answer(self, route: str, body: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
        """The document of an answer. As on the server, `dbName` wins over the header."""
        self.asked.append((route, body, headers))
        if route in self.replies:
            return self.replies[route]
        database = body.get("dbName") or headers.get("db-name") or "default"
        written = body.get("collectionName", "")
        name = self.aliases.get(f"{database}/{written}", written)
        resource = f"{database}/{name}"
        ours = sorted(one.partition("/")[2] for one in self.collections if one.startswith(f"{database}/"))
        match route:
            case "collections/list":
                return _data(ours)
            case "databases/list":
                return _data(sorted({one.partition("/")[0] for one in self.collections}))
            case "collections/has":
                return _data({"has": resource in self.collections})
            case "aliases/list":
                return _data(sorted(one.partition("/")[2] for one in self.aliases if one.startswith(f"{database}/")))
            case "aliases/describe":
                alias = body["aliasName"]
                target = self.aliases.get(f"{database}/{alias}")
                found = {"dbName": database, "collectionName": target, "aliasName": alias}
                return _data(found) if target else {"code": 1600, "message": f"alias not found[alias={alias}]"}
        if written and route.split("/")[0] in {"collections", "entities"} and route != "collections/create":
            if resource not in self.collections:
                return {"code": 100, "message": f"collection not found[collection={written}]"}
            return self._of_collection(route, resource, written, body)
        return _data({})

    def _of_collection(self, route: str, resource: Resource, written: str, body: dict[str, Any]) -> dict[str, Any]:
        rows = self.rows[resource]
        match route:
            case "collections/describe":
                return _data({**self.collections[resource], "collectionName": written}) | {"message": ""}
            case "collections/get_stats":
                return _data({"rowCount": len(rows)})
            case "collections/get_load_state":
                return _data({"loadState": "LoadStateLoaded", "loadProgress": 100})
            case "entities/query" | "entities/get":
                wanted = body.get("outputFields", ["*"])
                if wanted == ["count(*)"]:
                    return _data([{"count(*)": len(rows)}])
                return _data([_chosen(one, wanted) for one in rows]) | {"cost": 0}
            case "entities/search" | "entities/hybrid_search" | "entities/advanced_search":
                wanted = body.get("outputFields", [])
                found = [{**_chosen(one, wanted), "distance": 0.9 - at / 10} for at, one in enumerate(rows)]
                return _data(found) | {"cost": 0, "topks": [len(found)]}
            case "entities/insert" | "entities/upsert":
                kind = route.rpartition("/")[2]
                return _data({f"{kind}Count": len(body["data"]), f"{kind}Ids": ["1"] * len(body["data"])}) | {"cost": 1}
            case "entities/delete":
                return _data({"deleteCount": 1})
        return _data({})

    def app(self) -> Starlette:
        async def served(received: Received) -> Response:
            route = received.url.path.removeprefix("/v2/vectordb/")
            document = self.answer(route, msgspec.json.decode(await received.body()), dict(received.headers))
            return Response(msgspec.json.encode(document), media_type="application/json")

        return Starlette(routes=[Route(one["route"], served, methods=["POST"]) for one in ROUTES])

    def ask(self, outgoing: Outgoing) -> Answer:
        """Without a network: what it answers to what the dialect built."""
        route = outgoing.path.removeprefix("/v2/vectordb/")
        return reply(self.answer(route, msgspec.json.decode(outgoing.body), dict(outgoing.headers)))

    def bound(self, reading: Reading) -> Reading:
        """The reading with the names that the database resolves."""
        names = {lookup.key: rest.learn(self.ask(lookup.request), lookup) for lookup in rest.lookups(reading)}
        return rest.bind(reading, names)

    def through(
        self, mask: MaskSet, route: str, body: Any, *, visible: Callable[[Resource], bool] = lambda resource: True
    ) -> Masked:
        """The way of a request, from the look-ups on."""
        read = self.bound(unbound(route, body))
        decision = decided(mask, visible)
        return rest.mask(read, decision, self.ask(rest.rewrite(read, decision)))


def decided(mask: MaskSet, visible: Callable[[Resource], bool] = lambda resource: True) -> Decision:
    return Decision(Verdict.ALLOW, Reason.GRANTED, visible=visible, masks_for=lambda resource: mask)


def masks(
    fields: Mapping[str, str] | None = None, *, vectors: str | None = "drop", scores: str | None = None
) -> MaskSet:
    rule = MaskRule(name="rule", vectors=vectors, scores=scores, fields=dict(fields or {}))
    return MaskSet.combine([rule], vectors_open=True, masker=MASKER)


def document(masked: Masked) -> Any:
    return msgspec.json.decode(masked.answer.body)


@contextmanager
def serving(fake: FakeMilvus) -> Iterator[str]:
    """The fake on a port of its own."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(fake.app(), host="127.0.0.1", port=port, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


def _chosen(one: dict[str, Any], wanted: list[str]) -> dict[str, Any]:
    names = set(one) if "*" in wanted else {"id", *wanted}
    return {name: value for name, value in one.items() if name in names}


def _data(data: Any) -> dict[str, Any]:
    return {"code": 0, "data": data}
