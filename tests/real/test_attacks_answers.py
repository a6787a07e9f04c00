"""Attacks by the database's answer (threats B11, L7, L14, R11, §11.7): what cannot be understood is withheld, errors
say nothing of what is stored, and no vector and no masked value leaves under any name."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from tests.support.byte_wire import answer, request, send
from tests.support.gateway import SERVICE_KEY
from tests.support.under_attack import (
    CANARY,
    COLLECTIONS,
    PUBLIC,
    RECORD,
    SECRET,
    UnderAttack,
    collection,
    under_attack,
)

pytestmark = pytest.mark.real

C = f"{COLLECTIONS}/{PUBLIC}"
VECTOR = 0.8675309
HOSTILE = f"{CANARY} {SERVICE_KEY}"


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[UnderAttack]:
    with under_attack(tmp_path_factory.mktemp("answers")) as made:
        yield made


def asked(attacked: UnderAttack, found: bytes, verb: str = "get", body: object = None) -> Any:
    """The reply to an allowed request that the database answered with these bytes, and its outcome."""
    attacked.upstream.routes[f"^POST .*/{verb} "] = found
    attacked.outcomes()
    reply = send(attacked.port, attacked.post(f"{C}/{verb}", {} if body is None else body))
    outcome = attacked.outcome()
    assert CANARY.encode() not in reply.raw
    assert SERVICE_KEY.encode() not in reply.raw
    assert str(VECTOR).encode() not in reply.raw
    return reply, outcome["facts"]


def record(**changes: object) -> bytes:
    return answer({**RECORD, **changes})


TEXT = f"<html>{HOSTILE}</html>".encode()
UNMASKABLE: dict[str, bytes] = {
    "B11 HTML": answer(None, 200, b"X-A: b", body=TEXT),
    "B11 a text": answer(HOSTILE),
    "B11 nothing": answer(None, body=b""),
    "B11 null": answer(None),
    "B11 a list": answer([RECORD]),
    "B11 NaN": answer(None, body=b'{"ids":["a"],"include":[],"x":NaN}'),
    "B11 two documents": answer(None, body=msgspec.json.encode(RECORD) * 2),
    "B11 a member twice": answer(None, body=b'{"ids":["a"],"ids":["b"],"include":[]}'),
    "B11 UTF-16": answer(None, body=msgspec.json.encode(RECORD).decode().encode("utf-16")),
    "B11 depth": answer(None, body=b'{"ids":' + b"[" * 10_000 + b"]" * 10_000 + b"}"),
    "B11 another type": answer(RECORD).replace(b"application/json", b"text/html"),
    "B11 no type": answer(RECORD).replace(b"Content-Type: application/json\r\n", b""),
    "B11 two types": answer(RECORD, 200, b"Content-Type: text/html"),
    "B11 YAML": answer(RECORD).replace(b"application/json", b"application/yaml"),
    "R11 gzip": answer(None, 200, b"Content-Encoding: gzip", body=gzip.compress(msgspec.json.encode(RECORD))),
    "R11 a bomb": answer(None, 200, b"Content-Encoding: gzip", body=gzip.compress(bytes(50 << 20), 1)),
    "R11 br": answer(RECORD, 200, b"Content-Encoding: br"),
    "R11 identity twice": answer(RECORD, 200, b"Content-Encoding: identity, identity"),
    "another member": record(vectors=[[VECTOR]]),
    "a member by another case": record(Embeddings=[[VECTOR]]),
    "ids as numbers": record(ids=[1]),
    "fewer documents than ids": record(documents=[]),
    "more metadata than ids": record(metadatas=[{"ssn": CANARY}, {"ssn": CANARY}]),
    "documents as numbers": record(documents=[VECTOR]),
    "metadata as a text": record(metadatas=[HOSTILE]),
    "metadata as a list": record(metadatas=[[HOSTILE]]),
    "metadata in metadata": record(metadatas=[{"a": {"b": VECTOR}}]),
    "embeddings as texts": record(embeddings=[HOSTILE]),
    "embeddings as objects": record(embeddings=[{"ssn": CANARY}]),
    "an unknown column": record(include=["vectors"]),
    "L14 201 of another form": answer({"error": HOSTILE}, 201),
    "L14 202": answer(RECORD, 202),
    "L14 204": b"HTTP/1.1 204 No Content\r\n\r\n",
    "L14 206": answer(RECORD, 206, b"Content-Range: bytes 0-1/2"),
    "L14 302": answer(RECORD, 302, b"Location: http://evil/"),
    "L14 304": b"HTTP/1.1 304 Not Modified\r\n\r\n",
    "L14 226": answer(RECORD, 226),
}


@pytest.mark.parametrize("found", UNMASKABLE.values(), ids=UNMASKABLE)
def test_an_answer_that_cannot_be_masked_is_withheld(found: bytes, attacked: UnderAttack) -> None:
    reply, facts = asked(attacked, found)
    assert (reply.status, reply.reason) == (502, "unmaskable_response")
    assert (facts["reason"], facts["forwarded"]) == ("unmaskable_response", True)


BROKEN: dict[str, bytes] = {
    "no HTTP": HOSTILE.encode() + b"\r\n\r\n",
    "a broken status": b"HTTP/1.1 abc\r\n\r\n",
    "a status below 100": b"HTTP/1.1 042 x\r\nContent-Length: 0\r\n\r\n",
    "a broken length": answer(RECORD).replace(b"Content-Length: ", b"Content-Length: +"),
    "two lengths": answer(RECORD, 200, b"Content-Length: 3"),
    "both framings": answer(RECORD, 200, b"Transfer-Encoding: chunked"),
    "M13 trailers": b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"2\r\n{}\r\n0\r\nX-A: %s\r\n\r\n" % HOSTILE.encode(),
    "a body that ends early": b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 400\r\n\r\n{",
    "101": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n" + HOSTILE.encode(),
    "103": b"HTTP/1.1 103 Early Hints\r\nLink: %s\r\n\r\n" % HOSTILE.encode() + answer(RECORD),
    "a long head": b"HTTP/1.1 200 OK\r\n" + b"X-A: %s\r\n" % (b"a" * 1000) * 100 + b"\r\n",
    "no answer": b"",
}


@pytest.mark.parametrize("found", BROKEN.values(), ids=BROKEN)
def test_a_database_that_breaks_the_protocol_is_a_bad_gateway(found: bytes, attacked: UnderAttack) -> None:
    attacked.upstream.hang_up = True
    reply, facts = asked(attacked, found)
    attacked.upstream.hang_up = False
    assert reply.status == 502
    assert reply.reason in ("upstream_protocol", "unmaskable_response")
    assert facts["reason"] == reply.reason
    assert HOSTILE.encode() not in reply.raw


ERRORS: dict[str, bytes] = {
    "L7 a text that quotes": answer({"error": "InvalidArgumentError", "message": f"ssn {HOSTILE} is odd"}, 400),
    "L7 an unknown name": answer({"error": HOSTILE, "message": "x"}, 400),
    "L7 more members": answer({"error": "ChromaError", "message": "x", "detail": HOSTILE}, 500),
    "L7 another collection's name": answer(
        {"error": "NotFoundError", "message": f"Collection [{HOSTILE}] does not exist"}, 404
    ),
    "L7 a message in two lines": answer(
        {"error": "NotFoundError", "message": f"Collection [{PUBLIC}] does not exist\n{HOSTILE}"}, 404
    ),
    "L7 a text": answer(None, 500, body=HOSTILE.encode()),
    "L7 a traceback": answer(None, 500, b"X-Debug: " + HOSTILE.encode(), body=TEXT),
    "L7 401 of the database": answer({"error": "AuthError", "message": HOSTILE}, 401, b"WWW-Authenticate: Basic"),
    "L7 429 of the database": answer({"error": "RateLimitError", "message": HOSTILE}, 429, b"Retry-After: 5"),
    "L14 records in an error": answer(RECORD, 400),
    "L14 records in an error of the server": answer(RECORD, 500),
    "L14 599": answer(RECORD, 599),
}


@pytest.mark.parametrize("found", ERRORS.values(), ids=ERRORS)
def test_an_error_of_the_database_tells_nothing(found: bytes, attacked: UnderAttack) -> None:
    reply, facts = asked(attacked, found)
    document = reply.document
    assert reply.status == int(found[9:12])
    assert facts["upstream_status"] == reply.status
    assert set(document) == {"error", "message"}
    assert reply.header("www-authenticate") is None


SHOWN: dict[str, tuple[str, bytes]] = {
    "L8 embeddings nobody asked for": ("get", record(embeddings=[[VECTOR, 0.5]])),
    "L8 embeddings as texts of numbers": ("get", record(embeddings=[None])),
    "L8 a long list in metadata": ("get", record(metadatas=[{"v": [VECTOR] * 16}])),
    "L8 a sparse vector": (
        "get",
        record(metadatas=[{"v": {"#type": "sparse_vector", "indices": [1], "values": [VECTOR]}}]),
    ),
    "L14 201": ("get", answer({**RECORD, "embeddings": [[VECTOR]]}, 201)),
    "B12 a masked field in a text that is JSON": ("get", record(metadatas=[{"js": f'{{"a":{{"ssn":"{CANARY}"}}}}'}])),
    "B12 a masked field in a dotted name": ("get", record(metadatas=[{"a.ssn": CANARY, "ssn.x": CANARY}])),
    "B12 JSON cut short": ("get", record(metadatas=[{"js": f'{{"ssn":"{CANARY}'}])),
    "B12 JSON in JSON": ("get", record(metadatas=[{"js": msgspec.json.encode(f'{{"ssn":"{CANARY}"}}').decode()}])),
    "a masked field as a list": ("get", record(metadatas=[{"ssn": [CANARY]}])),
    "a masked field in a document that is JSON": ("get", record(documents=[f'{{"ssn":"{CANARY}"}}'])),
    "scores": (
        "query",
        answer(
            {
                "ids": [["a", "b"]],
                "distances": [[VECTOR, 1.5]],
                "embeddings": [[[VECTOR], [VECTOR]]],
                "metadatas": [[{"ssn": CANARY}, None]],
                "include": ["distances", "embeddings", "metadatas"],
            }
        ),
    ),
}


@pytest.mark.parametrize(("verb", "found"), SHOWN.values(), ids=SHOWN)
def test_masks_hold_whatever_the_database_sends(verb: str, found: bytes, attacked: UnderAttack) -> None:
    body = {"query_embeddings": [[1, 2, 3]]} if verb == "query" else {}
    reply, facts = asked(attacked, found, verb, body)
    assert reply.status in (200, 201)
    assert facts["verdict"] == "allow"
    assert reply.document.get("embeddings") in (None, [None])


LISTED = collection(PUBLIC, "kb_public", metadata={"ssn": CANARY, "title": "x"})


def test_lists_show_what_the_caller_may_know_of(attacked: UnderAttack) -> None:
    attacked.upstream.routes["^GET .*/collections[ ?]"] = answer([LISTED, collection(SECRET, "secret")])
    reply = send(attacked.port, request(COLLECTIONS, attacked.bearer()))
    shown = msgspec.json.decode(reply.body)
    assert [each["name"] for each in shown] == ["kb_public"]
    assert shown[0]["metadata"] == {"ssn": "[redacted]", "title": "x"}
    for query, names in (("?limit=1&offset=1", []), ("?limit=5", ["kb_public"]), ("?offset=1", [])):
        reply = send(attacked.port, request(COLLECTIONS + query, attacked.bearer()))
        assert [each["name"] for each in msgspec.json.decode(reply.body)] == names
    attacked.settle(4)


LISTS: dict[str, object] = {
    "another member": [{**LISTED, "owner": CANARY}],
    "a name with a slash": [{**LISTED, "name": "a/b"}],
    "a tenant that is a number": [{**LISTED, "tenant": 1}],
    "an unknown setting": [{**LISTED, "configuration_json": {"secret": CANARY}}],
    "no list": LISTED,
}


@pytest.mark.parametrize("found", LISTS.values(), ids=LISTS)
def test_a_list_that_is_not_understood_is_withheld(found: object, attacked: UnderAttack) -> None:
    attacked.upstream.routes["^GET .*/collections[ ?]"] = answer(found)
    attacked.outcomes()
    reply = send(attacked.port, request(COLLECTIONS, attacked.bearer()))
    assert (reply.status, reply.reason) == (502, "unmaskable_response")
    assert CANARY.encode() not in reply.raw
    assert attacked.outcome()["facts"]["reason"] == "unmaskable_response"


def test_an_answer_about_another_collection_is_withheld(attacked: UnderAttack) -> None:
    attacked.upstream.routes["^GET .*/collections/kb_public "] = answer(collection(SECRET, "secret"))
    attacked.outcomes()
    reply = send(attacked.port, request(f"{COLLECTIONS}/kb_public", attacked.bearer()))
    assert (reply.status, reply.reason) == (502, "unmaskable_response")
    attacked.settle(1)


LOOKUPS: dict[str, bytes] = {
    "another error": answer({"error": "InternalError", "message": HOSTILE}, 500),
    "no JSON": answer(None, body=HOSTILE.encode()),
    "a missing route": answer({"detail": "Not Found"}, 404),
    "a redirect": answer({}, 302, b"Location: http://127.0.0.1:1/"),
    "too large": answer(None, body=b" " * (5 << 20)),
    "gzip": answer(None, 200, b"Content-Encoding: gzip", body=gzip.compress(b"{}")),
}


@pytest.mark.parametrize("found", LOOKUPS.values(), ids=LOOKUPS)
def test_a_look_up_that_is_not_understood_refuses_the_request(found: bytes, attacked: UnderAttack) -> None:
    uuid = "44444444-4444-4444-8444-444444444444"
    attacked.upstream.routes = {f"/by-id/{uuid} ": found, **attacked.upstream.routes}
    attacked.outcomes()
    attacked.upstream.take()
    reply = send(attacked.port, attacked.post(f"{COLLECTIONS}/{uuid}/get", {}))
    assert reply.status in (502, 503)
    assert reply.reason in ("unmaskable_response", "upstream_protocol")
    assert CANARY.encode() not in reply.raw
    assert attacked.outcome()["facts"]["forwarded"] is False
    assert all("/by-id/" in each.line for each in attacked.upstream.take())
