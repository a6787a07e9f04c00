"""Reading: one spelling, one reading; what is sent is what was judged."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.support.pinecone_scene import (
    OPEN,
    PINECONE,
    VERSION,
    decided,
    reading,
    records,
    refusal,
    request,
    sent,
    texts,
)

from vecgate.reasons import Reason

UPSERT = "POST /records/namespaces/kb/upsert"
LINES: dict[str, tuple[bytes, Reason]] = {
    "nothing": (b"", Reason.BAD_BODY),
    "an empty line": (b'{"_id":"a"}\n\n{"_id":"b"}\n', Reason.BAD_BODY),
    "a list": (b'[{"_id":"a"}]\n', Reason.BAD_BODY),
    "no id": (b'{"text":"a"}\n', Reason.BAD_BODY),
    "two ids": (b'{"_id":"a","id":"b"}\n', Reason.BAD_BODY),
    "an id twice": (b'{"_id":"a","_id":"b"}\n', Reason.DUPLICATE_MEMBER),
    "an id twice, escaped": (b'{"_id":"a","_\\u0069d":"b"}\n', Reason.DUPLICATE_MEMBER),
    "a number for an id": (b'{"_id":1}\n', Reason.BAD_BODY),
    "two objects": (b'{"_id":"a"}{"_id":"b"}\n', Reason.BAD_BODY),
    "half an object": (b'{"_id":\n"a"}\n', Reason.BAD_BODY),
    "a carriage return between": (b'{"_id":"a"}\r{"_id":"b"}\n', Reason.BAD_BODY),
    "too many": (records(*({"_id": str(at)} for at in range(1001))), Reason.BODY_TOO_LARGE),
}
BODIES: dict[str, tuple[bytes, Reason]] = {
    "nothing": (b"", Reason.BAD_BODY),
    "null": (b"null", Reason.BAD_BODY),
    "a list": (b"[]", Reason.BAD_BODY),
    "a member twice": (b'{"topK":1,"topK":2}', Reason.DUPLICATE_MEMBER),
    "a member twice, escaped": (b'{"topK":1,"t\\u006fpK":2}', Reason.DUPLICATE_MEMBER),
    "the protobuf spelling": (b'{"topK":1,"include_values":true}', Reason.UNKNOWN_MEMBER),
    "another case": (b'{"topK":1,"includevalues":true}', Reason.UNKNOWN_MEMBER),
    "two documents": (b'{"topK":1}{"topK":2}', Reason.BAD_BODY),
    "a comment": (b'{"topK":1}//', Reason.BAD_BODY),
    "no finite number": (b'{"topK":1,"vector":[NaN]}', Reason.BAD_BODY),
    "a text for a truth": (b'{"topK":1,"includeValues":"true"}', Reason.BAD_BODY),
}
QUERIES: dict[str, tuple[str, Reason]] = {
    "another key": ("?namespace=kb&all=1", Reason.UNKNOWN_MEMBER),
    "another case": ("?Namespace=kb", Reason.UNKNOWN_MEMBER),
    "a limit of none": ("?limit=0", Reason.BAD_TARGET),
    "a limit that is none": ("?limit=many", Reason.BAD_TARGET),
    "a limit of less": ("?limit=-1", Reason.BAD_TARGET),
}


@pytest.mark.parametrize("name", LINES)
def test_lines_with_another_reading_are_refused(name: str) -> None:
    body, reason = LINES[name]
    assert refusal(UPSERT, body, content_type="application/x-ndjson") is reason


@pytest.mark.parametrize("kind", ["application/json", "", "text/plain", "application/x-ndjson; charset=utf-16"])
def test_records_come_as_ndjson(kind: str) -> None:
    assert refusal(UPSERT, b'{"_id":"a"}\n', content_type=kind) is Reason.UNSUPPORTED_MEDIA


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_records_are_sent_a_line_each(end: bytes) -> None:
    raw = b'{ "_id": "a", "text": "x\\u0079" }\n{"id":"b","tags":["t"]}' + end
    asked = reading(UPSERT, raw, content_type="application/x-ndjson")
    outgoing = PINECONE.rewrite(asked, decided(OPEN))
    assert outgoing.body == b'{"_id":"a","text":"xy"}\n{"id":"b","tags":["t"]}\n'
    assert ("content-type", "application/x-ndjson") in outgoing.headers
    assert asked.operations[0].query == {"ids": ["a", "b"], "records": 2}


def test_a_line_in_a_text_is_no_line() -> None:
    assert texts({"_id": "a", "text": "one\ntwo"}).operations[0].count == 1


@pytest.mark.parametrize("name", BODIES)
def test_bodies_with_another_reading_are_refused(name: str) -> None:
    body, reason = BODIES[name]
    assert refusal("POST /query", body) is reason


@pytest.mark.parametrize("name", QUERIES)
def test_queries_with_another_reading_are_refused(name: str) -> None:
    query, reason = QUERIES[name]
    assert refusal(f"GET /vectors/list{query}") is reason


def test_only_ids_repeat() -> None:
    assert sent(reading("GET /vectors/fetch?ids=a&ids=b"))[0] == "GET /vectors/fetch?ids=a&ids=b"
    assert refusal("GET /vectors/fetch?ids=&ids=b") is Reason.BAD_TARGET
    assert refusal("GET /vectors/fetch?namespace=kb") is Reason.BAD_TARGET


ROUND_TRIP: list[tuple[str, Any]] = [
    ("POST /query", {"namespace": "kb", "topK": 5, "vector": [0.1] * 200, "filter": {"a": {"$in": [1, 2]}}}),
    ("POST /query", {"topK": 5, "id": "a", "scanFactor": 1.5, "maxCandidates": 10}),
    ("POST /query", {"topK": 5, "sparseVector": {"indices": [1, 4294967295], "values": [0.5, 1.5]}}),
    ("POST /vectors/upsert", {"vectors": [{"id": "a", "values": [1.0], "metadata": {"l": ["x", "y"], "n": 1}}]}),
    ("POST /vectors/delete", {"ids": ["a"], "namespace": "__default__"}),
    ("POST /records/namespaces/kb/search", {"query": {"top_k": 1, "inputs": {"text": "a"}}, "fields": ["a"]}),
    ("GET /vectors/list?prefix=a%26b&limit=05", None),
    ("PATCH /indexes/docs", {"deletion_protection": "enabled"}),
]


@pytest.mark.parametrize(("route", "document"), ROUND_TRIP, ids=[route for route, _ in ROUND_TRIP])
def test_what_is_sent_reads_like_what_was_judged(route: str, document: Any) -> None:
    asked = reading(route, document)
    where, what = sent(asked)
    assert what == document
    again = reading(where, what)
    assert again.operations == asked.operations
    assert sent(again) == (where, what)


def test_digits_leave_as_they_came() -> None:
    body = b'{"topK":1,"vector":[1.10,1e-3,0.30000000000000004]}'
    assert PINECONE.rewrite(PINECONE.read(request("POST /query", body)), decided(OPEN)).body == body


def test_no_header_but_its_own_is_sent() -> None:
    asked = reading("POST /query", {"topK": 1}, cookie="a=b", host="evil.example")
    names = {name for name, _ in PINECONE.rewrite(asked, decided(OPEN)).headers}
    assert names == {VERSION, "content-type"}


def test_metadata_is_flat() -> None:
    for metadata in ({"a": {"b": 1}}, {"a": [["b"]]}, {"a": None}, "a"):
        assert refusal("POST /vectors/upsert", {"vectors": [{"id": "a", "metadata": metadata}]}) is Reason.BAD_BODY
    assert msgspec.json.decode(records({"_id": "a"})) == {"_id": "a"}
