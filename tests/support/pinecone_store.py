"""A Pinecone index in memory: the operations of the data plane over JSON documents, as API 2026-04 describes them.

Both wires of `pinecone_double` stand on it: a gRPC message is one of these documents in its proto3 JSON form.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

type Document = dict[str, Any]

DEFAULT: Final = "__default__"
_OPERATORS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "$eq": lambda have, want: bool(have == want),
    "$ne": lambda have, want: bool(have != want),
    "$gt": lambda have, want: have is not None and have > want,
    "$gte": lambda have, want: have is not None and have >= want,
    "$lt": lambda have, want: have is not None and have < want,
    "$lte": lambda have, want: have is not None and have <= want,
    "$in": lambda have, want: have in want,
    "$nin": lambda have, want: have not in want,
    "$exists": lambda have, want: (have is not None) == want,
}


class Refused(Exception):
    """What the service refuses: its HTTP status and text."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


def matches(metadata: Mapping[str, Any], wanted: Mapping[str, Any] | None) -> bool:
    for name, operand in (wanted or {}).items():
        if name == "$and":
            holds = all(matches(metadata, part) for part in operand)
        elif name == "$or":
            holds = any(matches(metadata, part) for part in operand)
        else:
            conditions = operand if isinstance(operand, dict) else {"$eq": operand}
            holds = all(_OPERATORS[each](metadata.get(name), value) for each, value in conditions.items())
        if not holds:
            return False
    return True


@dataclass
class IndexStore:
    """Namespaces by name, each with its records by id."""

    dimension: int = 3
    namespaces: dict[str, dict[str, Document]] = field(default_factory=dict)
    imports: dict[str, Document] = field(default_factory=dict)

    def records(self, document: Mapping[str, Any]) -> dict[str, Document]:
        return self.namespaces.get(document.get("namespace") or DEFAULT, {})

    def upsert(self, document: Document) -> Document:
        for record in document["vectors"]:
            if record.get("values") and len(record["values"]) != self.dimension:
                text = f"Vector dimension {len(record['values'])} does not match the dimension of the index"
                raise Refused(400, f"{text} {self.dimension}")
        kept = self.namespaces.setdefault(document.get("namespace") or DEFAULT, {})
        kept.update({record["id"]: record for record in document["vectors"]})
        return {"upsertedCount": len(document["vectors"])}

    def query(self, document: Document) -> Document:
        records = self.records(document)
        vector = records[document["id"]]["values"] if document.get("id") else document.get("vector") or []
        found = [one for one in records.values() if matches(one.get("metadata") or {}, document.get("filter"))]
        scored = sorted(((_dot(vector, one.get("values") or []), one) for one in found), key=lambda each: -each[0])
        shown = ("id", *(("values", "sparseValues") if document.get("includeValues") else ()))
        shown += ("metadata",) if document.get("includeMetadata") else ()
        best = scored[: document["topK"]]
        return {
            "matches": [{"score": score, **_only(one, shown)} for score, one in best],
            "namespace": document.get("namespace") or "",
            "usage": {"readUnits": 5},
        }

    def fetch(self, document: Document) -> Document:
        records = self.records(document)
        found = {name: records[name] for name in document.get("ids", ()) if name in records}
        return {"vectors": found, "namespace": document.get("namespace") or "", "usage": {"readUnits": 1}}

    def fetch_by_metadata(self, document: Document) -> Document:
        records = self.records(document).values()
        found = [one for one in records if matches(one.get("metadata") or {}, document.get("filter"))]
        page, following = _page([one["id"] for one in found], document)
        return {**self.fetch({**document, "ids": page}), **following}

    def listed(self, document: Document) -> Document:
        names = [name for name in self.records(document) if name.startswith(document.get("prefix") or "")]
        page, following = _page(names, document)
        return {
            "vectors": [{"id": name} for name in page],
            "namespace": document.get("namespace") or "",
            "usage": {"readUnits": 1},
            **following,
        }

    def update(self, document: Document) -> Document:
        records = self.records(document)
        found = [one for one in records.values() if matches(one.get("metadata") or {}, document.get("filter"))]
        if document.get("id"):
            found = [records[document["id"]]] if document["id"] in records else []
        if not document.get("dryRun"):
            for one in found:
                one["metadata"] = {**(one.get("metadata") or {}), **(document.get("setMetadata") or {})}
                one |= {name: document[name] for name in ("values", "sparseValues") if document.get(name)}
        return {} if document.get("id") else {"matchedRecords": len(found)}

    def delete(self, document: Document) -> Document:
        records = self.records(document)
        for name, one in list(records.items()):
            wanted = document.get("filter") and matches(one.get("metadata") or {}, document["filter"])
            if document.get("deleteAll") or name in document.get("ids", ()) or wanted:
                del records[name]
        return {}

    def stats(self, document: Document) -> Document:
        counts = {
            name: sum(matches(one.get("metadata") or {}, document.get("filter")) for one in records.values())
            for name, records in self.namespaces.items()
        }
        return {
            "namespaces": {name: {"vectorCount": count} for name, count in counts.items()},
            "dimension": self.dimension,
            "indexFullness": 0.25,
            "totalVectorCount": sum(counts.values()),
            "metric": "dotproduct",
            "vectorType": "dense",
        }

    def list_namespaces(self, document: Document) -> Document:
        names = [name for name in sorted(self.namespaces) if name.startswith(document.get("prefix") or "")]
        page, following = _page(names, document)
        described = [self.describe_namespace({"namespace": name}) for name in page]
        return {"namespaces": described, **following, "total_count": len(names)}

    def create_namespace(self, document: Document) -> Document:
        if document["name"] in self.namespaces:
            raise Refused(409, "Resource already exists")
        self.namespaces[document["name"]] = {}
        return {"name": document["name"], "record_count": "0"}

    def describe_namespace(self, document: Document) -> Document:
        name = document["namespace"]
        if name not in self.namespaces:
            raise Refused(404, "Namespace not found")
        return {"name": name, "record_count": str(len(self.namespaces[name]))}

    def delete_namespace(self, document: Document) -> Document:
        self.describe_namespace(document)
        del self.namespaces[document["namespace"]]
        return {}

    def upsert_records(self, namespace: str, records: Iterator[Document]) -> None:
        vectors = [
            {
                "id": record.pop("_id", None) or record.pop("id"),
                "values": [float(len(record)), 0.625, 0.25],
                "metadata": record,
            }
            for record in records
        ]
        self.upsert({"namespace": namespace, "vectors": vectors})

    def search(self, namespace: str, document: Document) -> Document:
        asked = document["query"]
        words = set(str((asked.get("inputs") or {}).get("text", "")).split())
        found = [
            (1.0 + len(words & set(str(one.get("metadata")).split())), one)
            for one in self.records({"namespace": namespace}).values()
            if matches(one.get("metadata") or {}, asked.get("filter"))
        ]
        best = sorted(found, key=lambda each: -each[0])[: asked["top_k"]]
        return {
            "result": {
                "hits": [
                    {"_id": one["id"], "_score": score, "fields": self._fields(one, document.get("fields"))}
                    for score, one in best
                ]
            },
            "usage": {"read_units": 5, "embed_total_tokens": 4},
        }

    def _fields(self, record: Document, wanted: Sequence[str] | None) -> Document:
        """What is asked for, the record's vector too: nobody has said that the service would not give it."""
        stored = {**(record.get("metadata") or {}), "_values": record.get("values")}
        return record.get("metadata") or {} if not wanted else _only(stored, tuple(wanted))

    def start_import(self, document: Document) -> Document:
        name = str(len(self.imports) + 1)
        self.imports[name] = {
            "id": name,
            "uri": document["uri"],
            "status": "Pending",
            "createdAt": "2026-01-01T00:00:00Z",
            "percentComplete": 0.0,
        }
        return {"id": name}


def _dot(one: list[float], other: list[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=False))


def _only(document: Document, names: tuple[str, ...]) -> Document:
    return {name: document[name] for name in names if document.get(name) is not None}


def _page(names: list[str], document: Document) -> tuple[list[str], Document]:
    """A page of names, and the token of the next one in the service's own form."""
    limit, token = int(document.get("limit") or 100), document.get("paginationToken")
    first = 0
    if token:
        first = names.index(msgspec.json.decode(base64.b64decode(token))["skip_past"]) + 1
    page = names[first : first + limit]
    if first + limit >= len(names):
        return page, {}
    position = msgspec.json.encode({"skip_past": page[-1], "prefix": document.get("prefix") or ""})
    return page, {"pagination": {"next": base64.b64encode(position).decode()}}
