"""A byte-level double of a Chroma server: `RawUpstream(chroma)` records what reached it, look-ups included.

It knows two collections. `kb` answers every record with canaries that no answer may let out unmasked; `silent` closes
the connection instead of answering.
"""

from __future__ import annotations

import re

import msgspec

from tests.support.raw_upstream import RawUpstream, Record

DATABASE = "/api/v2/tenants/default_tenant/databases/default_database"
KB, SILENT = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
NAMES = {KB: "kb", SILENT: "silent"}
VECTOR = 0.8675309
_LOOK_UP = re.compile(r"GET \S+/collections/by-id/\S+ ")
SSN = "canary-078-05-1120"
RECORDS = {
    "ids": ["a", "b"],
    "embeddings": [[VECTOR, 0.25], [VECTOR, 0.5]],
    "documents": ["one", "two"],
    "uris": None,
    "metadatas": [{"ssn": SSN, "topic": "x"}, {"ssn": SSN, "topic": "y"}],
    "include": ["embeddings", "metadatas", "documents"],
}
CANARIES = (str(VECTOR).encode(), SSN.encode())


def collection(uuid: str) -> dict[str, object]:
    return {
        "id": uuid,
        "name": NAMES[uuid],
        "configuration_json": {},
        "metadata": None,
        "dimension": 2,
        "tenant": "default_tenant",
        "database": "default_database",
    }


def chroma(head: bytes) -> bytes:
    method, path, _ = head.split(b"\r\n", 1)[0].decode().split(" ")
    found = re.fullmatch(rf"{DATABASE}/collections/(?:by-id/)?([^/]+)(?:/(\w+))?", path)
    if found is None:
        return answer(404, {"error": "NotFoundError", "message": "no such route"})
    name, verb = found[1], found[2]
    if method == "GET" and verb is None and name in NAMES:
        return answer(200, collection(name))
    if name == SILENT:
        return b""
    if method == "DELETE":
        return answer(200, {})
    if verb in ("get", "delete", "add"):
        return answer(200, {"get": RECORDS, "delete": {"deleted": 2}, "add": {}}[verb])
    return answer(404, {"error": "NotFoundError", "message": "no such route"})


def answer(status: int, document: object) -> bytes:
    body = msgspec.json.encode(document)
    head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def asked(upstream: RawUpstream) -> list[Record]:
    """Hand out what was asked on a client's behalf, and forget it: the gateway's own look-ups aside, and what it asks
    at its start without a credential."""
    return [record for record in upstream.take() if not (_LOOK_UP.match(record.line) or _begins(record))]


def _begins(record: Record) -> bool:
    return record.line == "GET /api/v2/tenants/default_tenant/databases HTTP/1.1" and not record.header(
        "x-chroma-token"
    )
