"""Intents: what can be asked of a Pinecone index in two wires, once over REST and once over gRPC."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from vecgate.operations.messages import GRPC, Request, Target
from vecgate.operations.site import Site
from vecgate.operations.target import parse
from vecgate_pinecone.descriptors import DESCRIPTORS
from vecgate_pinecone.table import TABLE

SITE: Final = Site(connection="docs", index="docs")
ROUTES: Final = {
    "Query": "POST /query",
    "Fetch": "GET /vectors/fetch",
    "FetchByMetadata": "POST /vectors/fetch_by_metadata",
    "List": "GET /vectors/list",
    "Upsert": "POST /vectors/upsert",
    "Update": "POST /vectors/update",
    "Delete": "POST /vectors/delete",
    "DescribeIndexStats": "POST /describe_index_stats",
    "ListNamespaces": "GET /namespaces",
    "CreateNamespace": "POST /namespaces",
    "DescribeNamespace": "GET /namespaces/",
    "DeleteNamespace": "DELETE /namespaces/",
}
"""Of each call: its REST operation. A namespace may end the path."""


@dataclass(frozen=True)
class Intent:
    """A call and its document in proto3 JSON, of which the REST request is made: as body, as query, as path."""

    call: str
    document: dict[str, Any]

    @property
    def path(self) -> str:
        return f"/VectorService/{self.call}"

    @property
    def message(self) -> bytes:
        return DESCRIPTORS.made(self.path, self.document)

    @property
    def route(self) -> tuple[str, str, bytes]:
        """Method, target and body."""
        method, path = ROUTES[self.call].split()
        if path.endswith("/"):
            return method, path + self.document["namespace"], b""
        if method == "GET":
            return method, f"{path}?{urlencode(self.document, doseq=True)}", b""
        return method, path, msgspec.json.encode(self.document)

    def rest(self) -> Request:
        method, target, body = self.route
        headers = {"content-type": "application/json"} if body else {}
        return Request(method, parse(target, TABLE.repeatable), headers, body, SITE)

    def grpc(self) -> Request:
        return Request(GRPC, Target(("VectorService", self.call)), {}, self.message, SITE)


def intent(call: str, **document: Any) -> Intent:
    return Intent(call, document)


def query(**document: Any) -> Intent:
    return Intent("Query", {"namespace": "kb", "topK": 10, "vector": [0.5, 0.25, 0.125], **document})


SSN: Final = {"ssn": {"$eq": "900-1"}}
RECENT: Final = {"year": {"$gte": 2001}}
NEW: Final = {"id": "n1", "values": [0.5, 0.25, 0.125], "metadata": {"title": "new"}}
STEERING: Final = "eyJmaWx0ZXIiOnsic3NuIjoiOTAwLTEifX0="
"""A client's own token of pagination, with a filter in it."""

INTENTS: Final = {
    "query": query(),
    "query of another namespace": query(namespace="hr"),
    "query of no namespace": query(namespace=""),
    "query of the default namespace": query(namespace="__default__"),
    "query by id": intent("Query", namespace="kb", topK=5, id="r1"),
    "query for all": query(includeValues=True, includeMetadata=True),
    "query for many": query(topK=5000),
    "query with a filter": query(filter=RECENT),
    "query by a masked field": query(filter=SSN),
    "query by a masked field, nested": query(filter={"$or": [RECENT, {"$and": [RECENT, {"ssn": "900-1"}]}]}),
    "query by the absence of a masked field": query(filter={"ssn": {"$exists": False}}),
    "query with sparse values": query(sparseVector={"indices": [1, 5], "values": [0.5, 0.25]}),
    "fetch": intent("Fetch", namespace="kb", ids=["r1", "r2"]),
    "fetch of another namespace": intent("Fetch", namespace="hr", ids=["r1"]),
    "fetch of no namespace": intent("Fetch", ids=["r1"]),
    "fetch of many": intent("Fetch", namespace="kb", ids=[f"r{number}" for number in range(1001)]),
    "fetch by metadata": intent("FetchByMetadata", namespace="kb", filter={"title": "t1"}),
    "fetch by metadata of a range": intent("FetchByMetadata", namespace="kb", filter=RECENT, limit=10),
    "fetch by no metadata": intent("FetchByMetadata", namespace="kb"),
    "fetch by a masked field": intent("FetchByMetadata", namespace="kb", filter=SSN),
    "fetch by a token that steers": intent("FetchByMetadata", namespace="kb", paginationToken=STEERING),
    "list": intent("List", namespace="kb", prefix="r", limit=5),
    "list of another namespace": intent("List", namespace="hr"),
    "list of no namespace": intent("List"),
    "upsert": intent("Upsert", namespace="kb", vectors=[NEW]),
    "upsert of many": intent("Upsert", namespace="kb", vectors=[{**NEW, "id": f"n{at}"} for at in range(1001)]),
    "upsert elsewhere": intent("Upsert", namespace="hr", vectors=[NEW]),
    "upsert of sparse values": intent(
        "Upsert", namespace="kb", vectors=[{"id": "n1", "sparseValues": {"indices": [1], "values": [0.5]}}]
    ),
    "update": intent("Update", namespace="kb", id="r1", setMetadata={"title": "x"}),
    "update of a vector": intent("Update", namespace="kb", id="r1", values=[0.5, 0.25, 0.125]),
    "update by a filter": intent("Update", namespace="kb", filter=RECENT, setMetadata={"title": "x"}),
    "update by a masked field": intent("Update", namespace="kb", filter=SSN, setMetadata={"title": "x"}),
    "update by a masked field, dry": intent("Update", namespace="kb", filter=SSN, dryRun=True),
    "delete": intent("Delete", namespace="kb", ids=["r1"]),
    "delete of many": intent("Delete", namespace="kb", ids=[f"r{number}" for number in range(50)]),
    "delete by a filter": intent("Delete", namespace="kb", filter=RECENT),
    "delete by a masked field": intent("Delete", namespace="kb", filter=SSN),
    "delete all": intent("Delete", namespace="kb", deleteAll=True),
    "delete all of another": intent("Delete", namespace="hr", deleteAll=True),
    "delete all of no namespace": intent("Delete", deleteAll=True),
    "statistics": intent("DescribeIndexStats"),
    "statistics by a filter": intent("DescribeIndexStats", filter=RECENT),
    "statistics by a masked field": intent("DescribeIndexStats", filter=SSN),
    "namespaces": intent("ListNamespaces"),
    "namespaces in pages": intent("ListNamespaces", limit=2, prefix="k"),
    "create a namespace": intent("CreateNamespace", name="new"),
    "create a namespace with a schema": intent(
        "CreateNamespace", name="new", schema={"fields": {"title": {"filterable": True}}}
    ),
    "describe a namespace": intent("DescribeNamespace", namespace="kb"),
    "describe another namespace": intent("DescribeNamespace", namespace="hr"),
    "drop a namespace": intent("DeleteNamespace", namespace="kb"),
}
REFUSED: Final = {
    "topK of none": intent("Query", namespace="kb", vector=[0.5]),
    "topK of too many": query(topK=10_001),
    "queries": query(queries=[{"values": [0.5], "topK": 5, "namespace": "hr"}]),
    "a namespace with a slash": intent("Upsert", namespace="kb/hr", vectors=[NEW]),
    "a namespace with a blank": intent("Upsert", namespace=" kb", vectors=[NEW]),
    "an operator that nobody knows": query(filter={"year": {"$near": 5}}),
    "a filter in no object": query(filter={"$and": {"year": 1}}),
    "an update of nothing": intent("Update", namespace="kb", setMetadata={"title": "x"}),
    "an update of one and many": intent("Update", namespace="kb", id="r1", filter=RECENT),
    "metadata in metadata": intent("Upsert", namespace="kb", vectors=[{**NEW, "metadata": {"a": {"b": 1}}}]),
    "a record without an id": intent("Upsert", namespace="kb", vectors=[{"values": [0.5]}]),
}
