"""Attacks on bodies (threats B, and what one body may cost, R4): one reading, bounded, or refused."""

from __future__ import annotations

import gzip
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from tests.support.byte_wire import request, send
from tests.support.under_attack import CANARY, COLLECTIONS, PUBLIC, UnderAttack, under_attack

pytestmark = pytest.mark.real

C = f"{COLLECTIONS}/{PUBLIC}"
GZIP = "Content-Encoding: gzip"
EMPTY = gzip.compress(b"{}")


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[UnderAttack]:
    with under_attack(tmp_path_factory.mktemp("bodies")) as made:
        yield made


def nested(depth: int) -> bytes:
    return b'{"where":' + b'{"$and":[' * depth + b'{"a":1}' + b"]}" * depth + b"}"


def many(item: bytes, count: int) -> bytes:
    return b",".join([item] * count)


BODIES: dict[str, tuple[str, bytes, int, str]] = {
    "B1 duplicate member": ("/get", b'{"limit":1,"limit":2}', 400, "duplicate_member"),
    "B1 duplicate member of the same value": ("/get", b'{"limit":1,"limit":1}', 400, "duplicate_member"),
    "B1 duplicate far down": ("/get", b'{"where":{"a":{"$eq":1,"$eq":2}}}', 400, "duplicate_member"),
    "B1 duplicate in a list": ("/get", b'{"where":{"$or":[{"a":1},{"b":1,"b":2}]}}', 400, "duplicate_member"),
    "B1 duplicate by an escape": ("/get", b'{"ids":["a"],"\\u0069ds":["b"]}', 400, "duplicate_member"),
    "B3 NaN": ("/query", b'{"query_embeddings":[[NaN,1,2]]}', 400, "bad_body"),
    "B3 infinity": ("/query", b'{"query_embeddings":[[Infinity]]}', 400, "bad_body"),
    "B3 minus infinity": ("/query", b'{"query_embeddings":[[-Infinity]]}', 400, "bad_body"),
    "B3 a number that overflows": ("/query", b'{"query_embeddings":[[1e400]]}', 400, "bad_body"),
    "B3 an integer that overflows": ("/query", b'{"query_embeddings":[[' + b"1" * 350 + b"]]}", 400, "bad_body"),
    "B3 NaN in base64": ("/upsert", b'{"ids":["a"],"embeddings":["AADAfw=="]}', 400, "bad_body"),
    "B3 base64 cut short": ("/upsert", b'{"ids":["a"],"embeddings":["AADA"]}', 400, "bad_body"),
    "B3 base64 of another alphabet": ("/upsert", b'{"ids":["a"],"embeddings":["-_-_-_=="]}', 400, "bad_body"),
    "B3 base64 where numbers belong": ("/query", b'{"query_embeddings":["AACAPw=="]}', 400, "bad_body"),
    "B3 a text in a vector": ("/query", b'{"query_embeddings":[["1"]]}', 400, "bad_body"),
    "B3 a truth in a vector": ("/query", b'{"query_embeddings":[[true]]}', 400, "bad_body"),
    "a number of 5000 digits": ("/get", b'{"limit":' + b"1" * 5000 + b"}", 400, "bad_body"),
    "a leading zero": ("/get", b'{"limit":01}', 400, "bad_body"),
    "a plus sign": ("/get", b'{"limit":+1}', 400, "bad_body"),
    "a hexadecimal number": ("/get", b'{"limit":0x1}', 400, "bad_body"),
    "a limit below zero": ("/get", b'{"limit":-1}', 400, "bad_body"),
    "a limit with a fraction": ("/get", b'{"limit":1.0}', 400, "bad_body"),
    "a limit with an exponent": ("/get", b'{"limit":1e3}', 400, "bad_body"),
    "a limit as a truth": ("/get", b'{"limit":true}', 400, "bad_body"),
    "a limit as a text": ("/get", b'{"limit":"1"}', 400, "bad_body"),
    "a limit beyond 32 bits": ("/get", b'{"limit":4294967296}', 400, "bad_body"),
    "B5 UTF-16": ("/get", "{}".encode("utf-16"), 400, "bad_body"),
    "B5 UTF-16 without a mark": ("/get", "{}".encode("utf-16-le"), 400, "bad_body"),
    "B5 UTF-32": ("/get", "{}".encode("utf-32"), 400, "bad_body"),
    "B5 a byte order mark": ("/get", b"\xef\xbb\xbf{}", 400, "bad_body"),
    "B5 Latin-1": ("/get", b'{"ids":["\xe9"]}', 400, "bad_body"),
    "B5 overlong UTF-8": ("/get", b'{"ids":["\xc0\xaf"]}', 400, "bad_body"),
    "B5 half a surrogate pair": ("/get", b'{"ids":["\\ud800"]}', 400, "bad_body"),
    "B5 a surrogate in UTF-8": ("/get", b'{"ids":["\xed\xa0\x80"]}', 400, "bad_body"),
    "a control in a text": ("/get", b'{"ids":["a\x01"]}', 400, "bad_body"),
    "B6 depth of 100 000 lists": ("/get", b'{"where":' + b"[" * 100_000 + b"]" * 100_000 + b"}", 400, "bad_body"),
    "B6 depth of 100 000 objects": ("/get", b'{"a":' * 100_000 + b"1" + b"}" * 100_000, 400, "bad_body"),
    "B6 brackets that never close": ("/get", b"[" * 100_000, 400, "bad_body"),
    "B6 one level too many": ("/get", nested(40), 400, "bad_body"),
    "something behind": ("/get", b"{}{}", 400, "bad_body"),
    "two lines": ("/get", b'{}\n{"limit":1}', 400, "bad_body"),
    "a comment": ("/get", b'{/* */"limit":1}', 400, "bad_body"),
    "a comma too many": ("/get", b'{"limit":1,}', 400, "bad_body"),
    "single quotes": ("/get", b"{'limit':1}", 400, "bad_body"),
    "a list": ("/get", b"[]", 400, "bad_body"),
    "null": ("/get", b"null", 400, "bad_body"),
    "a text": ("/get", b'"{}"', 400, "bad_body"),
    "nothing": ("/get", b"", 400, "bad_body"),
    "blanks": ("/get", b"  ", 400, "bad_body"),
    "an unknown member": ("/get", b'{"sort":"ssn"}', 400, "unknown_member"),
    "a member in another case": ("/get", b'{"Include":["embeddings"]}', 400, "unknown_member"),
    "a member with a blank": ("/get", b'{"include ":["embeddings"]}', 400, "unknown_member"),
    "a member of another operation": ("/get", b'{"n_results":5}', 400, "unknown_member"),
    "a column that is none": ("/get", b'{"include":["vectors"]}', 400, "bad_body"),
    "a column in another case": ("/get", b'{"include":["Embeddings"]}', 400, "bad_body"),
    "a column in a list": ("/get", b'{"include":[["embeddings"]]}', 400, "bad_body"),
    "R4 searches without end": ("/search", b'{"searches":[' + many(b"{}", 100_000) + b"]}", 413, "body_too_large"),
    "R4 fields without end": (
        "/get",
        msgspec.json.encode({"where": {"$or": [{f"f{number}": 1} for number in range(100_000)]}}),
        413,
        "body_too_large",
    ),
    "R4 a field without end": ("/get", b'{"where":{"' + b"f" * 100_000 + b'":1}}', 413, "body_too_large"),
    "B7 members without end": ("/get", b"{" + many(b'"m":1', 100_000) + b"}", 400, "duplicate_member"),
}


@pytest.mark.parametrize(("verb", "body", "status", "reason"), BODIES.values(), ids=BODIES)
def test_a_body_of_two_readings_is_refused(
    verb: str, body: bytes, status: int, reason: str, attacked: UnderAttack
) -> None:
    subject, groups = ("wanda", ["writers"]) if verb == "/upsert" else ("alice", [])
    attacked.attack(status, reason, attacked.post(C + verb, body, subject=subject, groups=groups))


MEDIA = [
    "application/yaml",
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/msgpack",
    "application/json; charset=utf-16",
    "application/json; boundary=x",
    "application/json, text/plain",
    "application/jsonp",
    "json",
]


@pytest.mark.parametrize("media", MEDIA)
def test_another_media_type_is_refused(media: str, attacked: UnderAttack) -> None:
    data = request(f"{C}/get", attacked.bearer(), f"Content-Type: {media}", method="POST", body=b"{}")
    attacked.attack(415, "unsupported_media", data)


ENCODED: dict[str, tuple[str, bytes, int, str]] = {
    "B9 deflate": ("deflate", zlib.compress(b"{}"), 415, "unsupported_media"),
    "B9 br": ("br", b"\x0b\x01\x80{}\x03", 415, "unsupported_media"),
    "B9 zstd": ("zstd", b"{}", 415, "unsupported_media"),
    "B9 gzip twice": ("gzip, gzip", gzip.compress(EMPTY), 415, "unsupported_media"),
    "B9 x-gzip": ("x-gzip", EMPTY, 415, "unsupported_media"),
    "B9 gzip that is not said": ("identity", EMPTY, 400, "bad_body"),
    "M12 gzip that is none": ("gzip", b"{}", 400, "bad_body"),
    "two members": ("gzip", EMPTY + EMPTY, 400, "bad_body"),
    "something behind": ("gzip", EMPTY + bytes(4), 400, "bad_body"),
    "something large behind": ("gzip", EMPTY + b"    ", 400, "bad_body"),
    "cut short": ("gzip", EMPTY[:12] + EMPTY[-4:], 400, "bad_body"),
    "a wrong checksum": ("gzip", EMPTY[:-8] + b"\0\0\0\0" + EMPTY[-4:], 400, "bad_body"),
    "a size that is too small": ("gzip", EMPTY[:-4] + b"\1\0\0\0", 400, "bad_body"),
    "a size that is too large": ("gzip", EMPTY[:-4] + b"\3\0\0\0", 400, "bad_body"),
    "zlib in the name of gzip": ("gzip", zlib.compress(b"{}"), 400, "bad_body"),
    "nothing": ("gzip", b"", 400, "bad_body"),
}


@pytest.mark.parametrize(("encoding", "body", "status", "reason"), ENCODED.values(), ids=ENCODED)
def test_a_body_in_another_encoding_is_refused(
    encoding: str, body: bytes, status: int, reason: str, attacked: UnderAttack
) -> None:
    attacked.attack(status, reason, attacked.post(f"{C}/get", body, f"Content-Encoding: {encoding}"))


def memory(attacked: UnderAttack) -> int:
    """Peak resident memory of the gateway so far, in MB."""
    status = Path(f"/proc/{attacked.gateway.process.pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) // 1024


def test_a_gzip_bomb_costs_nothing(attacked: UnderAttack) -> None:
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packer.compress(bytes(1 << 20)) for _ in range(512)) + packer.flush()
    lying = bomb[:-4] + (1 << 20).to_bytes(4, "little")
    before, started = memory(attacked), time.monotonic()
    attacked.attack(413, "body_too_large", attacked.post(f"{C}/get", bomb, GZIP))
    attacked.attack(400, "bad_body", attacked.post(f"{C}/get", lying, GZIP))
    assert time.monotonic() - started < 2
    assert memory(attacked) - before < 20


def test_a_body_of_100_mb_is_refused_by_its_length(attacked: UnderAttack) -> None:
    head = request(f"{C}/get", attacked.bearer(), f"Content-Length: {100 << 20}", method="POST")
    attacked.attack(413, "body_too_large", head)


def test_a_body_without_a_length_is_refused_once_it_is_too_large(attacked: UnderAttack) -> None:
    head = request(f"{C}/get", attacked.bearer(), "Transfer-Encoding: chunked", method="POST")
    attacked.attack(413, "body_too_large", head + (b"100000\r\n" + b"a" * (1 << 20) + b"\r\n") * 42)


def test_what_is_sent_is_what_was_judged(attacked: UnderAttack) -> None:
    body = b'{ "lim\\u0069t" : 1, "where":{"n":{"$gt":9223372036854775807}} }'
    _, sent = attacked.allowed(attacked.post(f"{C}/get", body))
    assert sent.body == b'{"limit":1,"where":{"n":{"$gt":9223372036854775807}},"include":["documents","metadatas"]}'
    assert sent.headers("content-length") == [str(len(sent.body))]
    assert sent.headers("content-type") == ["application/json"]


NUMBERS = [b"9223372036854775807", b"-9223372036854775808", b"18446744073709551615", b"1.10", b"1e5", b"0.1", b"-0.0"]


@pytest.mark.parametrize("number", NUMBERS)
def test_numbers_pass_byte_for_byte(number: bytes, attacked: UnderAttack) -> None:
    _, sent = attacked.allowed(attacked.post(f"{C}/get", b'{"where":{"n":' + number + b"}}"))
    assert b'{"n":' + number + b"}" in sent.body


@pytest.mark.parametrize("member", [b'"include"', b'"incl\\u0075de"', b'"\\u0069nclude"'])
def test_vectors_are_not_asked_for_however_they_are_named(member: bytes, attacked: UnderAttack) -> None:
    reply, sent = attacked.allowed(attacked.post(f"{C}/get", b"{" + member + b':["embeddings","metadatas"]}'))
    assert b"embeddings" not in sent.body
    assert CANARY.encode() not in reply.body


def test_one_large_request_does_not_stop_the_others(attacked: UnderAttack) -> None:
    attacked.outcomes()
    heavy = attacked.post(f"{C}/get", {"ids": [f"{number:06}" for number in range(300_000)]})
    started = time.monotonic()
    assert send(attacked.port, heavy, wait=20).status == 200
    assert time.monotonic() - started < 10
    assert attacked.settle(1)[0]["facts"]["reason"] == "granted"


def test_nobody_fills_the_disk_by_asking(attacked: UnderAttack) -> None:
    evidence = attacked.gateway.folder / "evidence"

    def size() -> int:
        return sum(path.stat().st_size for path in evidence.rglob("*") if path.is_file())

    before = size()
    body = {"where": {"title": {"$in": ["x" * 1000] * 5000}}}
    attacked.attack(403, "no_grant", attacked.post(f"{C}/get", body, subject="bob", groups=["x"]), lookups=True)
    attacked.allowed(attacked.post(f"{C}/get", body))
    assert size() - before < 100_000
