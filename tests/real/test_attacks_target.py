"""Attacks on the target, the method and the headers (threats P and M). Judged as one spelling, or refused; the database
sees the gateway's own headers and no other."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from tests.support.byte_wire import request, send
from tests.support.gateway import SERVICE_KEY
from tests.support.under_attack import ABSENT, COLLECTIONS, DATABASE, PUBLIC, SECRET, UnderAttack, under_attack

pytestmark = pytest.mark.real

GET = f"{COLLECTIONS}/{PUBLIC}/get"
COUNT = f"{COLLECTIONS}/{PUBLIC}/count"


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[UnderAttack]:
    with under_attack(tmp_path_factory.mktemp("target")) as made:
        yield made


MALFORMED = {
    "P2 encoded slash": f"{COLLECTIONS}/kb_public%2f..%2fsecret",
    "P2 upper-case encoded slash": f"{COLLECTIONS}/kb_public%2F..%2Fsecret",
    "P2 encoded slash alone": f"{COLLECTIONS}/a%2fb",
    "P2 encoded backslash": f"{COLLECTIONS}/a%5cb",
    "P3 dot segments": f"{COLLECTIONS}/kb_public/../secret",
    "P3 single dot": f"{COLLECTIONS}/./secret",
    "P3 encoded dots": f"{COLLECTIONS}/kb_public/%2e%2e/secret",
    "P3 half encoded dots": f"{COLLECTIONS}/kb_public/.%2e/secret",
    "P3 trailing dots": f"{COLLECTIONS}/..",
    "P4 leading double slash": f"/{COLLECTIONS}/secret",
    "P4 three slashes": f"//{COLLECTIONS}/secret",
    "P4 inner double slash": f"{DATABASE}//collections",
    "P5 trailing slash": f"{COLLECTIONS}/",
    "P5 trailing slash on a name": f"{COLLECTIONS}/secret/",
    "P7 matrix parameter": f"{COLLECTIONS}/secret;x=1",
    "P7 encoded matrix parameter": f"{COLLECTIONS}/secret%3bx=1",
    "P7 overlong dot": f"{COLLECTIONS}/%c0%ae%c0%ae/secret",
    "P7 overlong slash": f"{COLLECTIONS}/a%c0%afb",
    "P7 lone continuation byte": f"{COLLECTIONS}/%80",
    "P7 UTF-8 of a surrogate": f"{COLLECTIONS}/%ed%a0%80",
    "P7 right-to-left override": f"{COLLECTIONS}/a%e2%80%aeb",
    "P7 zero width joiner": f"{COLLECTIONS}/a%e2%80%8db",
    "P7 line separator": f"{COLLECTIONS}/a%e2%80%a8b",
    "P7 tag character": f"{COLLECTIONS}/a%f3%a0%81%a1b",
    "P8 fragment": f"{COLLECTIONS}#b",
    "P8 encoded fragment in a name": f"{COLLECTIONS}/a%00#b",
    "M6 NUL": f"{COLLECTIONS}/a\0b",
    "M6 encoded NUL": f"{COLLECTIONS}/a%00b",
    "M8 encoded CR LF": f"{COLLECTIONS}/a%0d%0aX:y",
    "M8 encoded DEL": f"{COLLECTIONS}/a%7f",
    "M8 raw DEL": f"{COLLECTIONS}/a\x7f",
    "M8 raw control": f"{COLLECTIONS}/a\x01",
    "M8 raw non-ASCII": f"{COLLECTIONS}/\xe9",
    "M8 backslash": f"{DATABASE}\\collections",
    "escape cut short": f"{COLLECTIONS}/a%",
    "escape of one digit": f"{COLLECTIONS}/a%2",
    "escape of no digits": f"{COLLECTIONS}/a%zz",
    "escape of an escape that is none": f"{COLLECTIONS}/a%%32f",
    "asterisk form": "*",
    "empty query item": f"{COLLECTIONS}?&limit=1",
    "query key of nothing": f"{COLLECTIONS}?=1",
    "query of broken escapes": f"{COLLECTIONS}?limit=%",
    "query of control characters": f"{COLLECTIONS}?limit=1%0a",
    "query number in another script": f"{COLLECTIONS}?limit=%d9%a1",
    "query number with a sign": f"{COLLECTIONS}?limit=%2b1",
    "query number too large": f"{COLLECTIONS}?limit=4294967296",
    "name for a UUID": f"{COLLECTIONS}/kb_public/count",
    "UUID cut short": f"{COLLECTIONS}/{PUBLIC[:-1]}/count",
    "UUID with a blank": f"{COLLECTIONS}/{PUBLIC}%20/count",
    "UUID in fullwidth digits": f"{COLLECTIONS}/%ef%bc%91{PUBLIC[1:]}/count",
    "name with a wildcard": f"{COLLECTIONS}/*",
    "name with two wildcards": f"{COLLECTIONS}/kb_%2a%2a",
}


@pytest.mark.parametrize("target", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_target_is_refused(target: str, attacked: UnderAttack) -> None:
    attacked.attack(400, "bad_target", request(target, attacked.bearer()))


ABSOLUTE = ["http://other", "http://127.0.0.1:1", "https://other", "HTTP://gateway", "http://other:80"]


@pytest.mark.parametrize("origin", ABSOLUTE)
@pytest.mark.parametrize("version", ["HTTP/1.1", "HTTP/1.0"])
def test_an_absolute_target_is_refused(origin: str, version: str, attacked: UnderAttack) -> None:
    attacked.attack(400, "bad_target", request(origin + COLLECTIONS, attacked.bearer(), version=version))


OTHERS = {
    "P1 encoded letters of a name": (f"{COLLECTIONS}/%73ecret", 403, "no_grant"),
    "P1 all letters encoded": (f"{COLLECTIONS}/%73%65%63%72%65%74", 403, "no_grant"),
    "P1 encoded tilde and dash": (f"{COLLECTIONS}/kb%2dother%7e", 403, "no_grant"),
    "P1 twice encoded": (f"{COLLECTIONS}/%2573ecret", 403, "no_grant"),
    "P1 twice encoded dots": (f"{COLLECTIONS}/%252e%252e", 403, "no_grant"),
    "P6 another case is another name": (f"{COLLECTIONS}/KB_PUBLIC", 403, "no_grant"),
    "P6 another case of a route": (COLLECTIONS.replace("collections", "Collections"), 403, "unknown_operation"),
    "P6 another case of the prefix": (COLLECTIONS.replace("/api", "/API"), 403, "unknown_operation"),
    "P6 a name that looks the same": (f"{COLLECTIONS}/kb_publi%d1%81", 403, "no_grant"),
    "P6 a name in fullwidth letters": (f"{COLLECTIONS}/kb%ef%bc%bfpublic", 403, "no_grant"),
    "P9 prefix twice": ("/api/v2" + COLLECTIONS, 403, "unknown_operation"),
    "P9 mount prefix": ("/chroma" + COLLECTIONS, 403, "unknown_operation"),
    "C4 version 1": ("/api/v1/collections", 403, "unknown_operation"),
    "C4 version 1 below": ("/api/v1/collections/secret/get", 403, "unknown_operation"),
    "C4 reset": ("/api/v2/reset", 403, "unknown_operation"),
    "G2 version 3": ("/api/v3/collections", 403, "unknown_operation"),
    "G2 unknown verb": (f"{COLLECTIONS}/{PUBLIC}/export", 403, "unknown_operation"),
    "G2 unreleased verb": (f"{COLLECTIONS}/{PUBLIC}/conditional/get", 403, "unknown_operation"),
    "G2 collection by crn": ("/api/v2/collections/default_tenant:default_database:secret", 403, "unknown_operation"),
    "G2 console": ("/docs", 403, "unknown_operation"),
    "G2 description": ("/openapi.json", 403, "unknown_operation"),
    "G2 root": ("/", 403, "unknown_operation"),
    "B10 body in the query": (f"{COLLECTIONS}?source=%7b%7d", 400, "unknown_member"),
    "B11 another format": (f"{COLLECTIONS}?format=yaml", 400, "unknown_member"),
    "tenant in the query": (f"{COLLECTIONS}?tenant=other", 400, "unknown_member"),
    "query key twice": (f"{COLLECTIONS}?limit=1&limit=5", 400, "duplicate_member"),
    "query key twice in two spellings": (f"{COLLECTIONS}?limit=1&%6cimit=5", 400, "duplicate_member"),
    "query key in another case": (f"{COLLECTIONS}?Limit=1", 400, "unknown_member"),
    "query parted by semicolons": (f"{COLLECTIONS}?limit=1;offset=2", 400, "bad_target"),
}


@pytest.mark.parametrize(("target", "status", "reason"), OTHERS.values(), ids=OTHERS)
def test_another_spelling_has_the_same_verdict(target: str, status: int, reason: str, attacked: UnderAttack) -> None:
    attacked.attack(status, reason, request(target, attacked.bearer()))


SPELLINGS = {
    "upper case": PUBLIC.upper(),
    "without dashes": PUBLIC.replace("-", ""),
    "in braces": f"%7B{PUBLIC}%7D",
    "as a URN": f"urn:uuid:{PUBLIC}",
    "encoded dashes": PUBLIC.replace("-", "%2D"),
    "encoded digits": PUBLIC.replace("1", "%31"),
}


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
def test_every_spelling_of_a_uuid_is_judged_and_sent_as_one(spelling: str, attacked: UnderAttack) -> None:
    reply, sent = attacked.allowed(request(f"{COLLECTIONS}/{spelling}/count", attacked.bearer()))
    assert (reply.status, sent.line) == (200, f"GET {COUNT} HTTP/1.1")

    hidden = spelling.replace("1", "2") if "%" not in spelling else spelling.replace(PUBLIC, SECRET)
    if hidden != spelling:
        attacked.attack(403, "no_grant", request(f"{COLLECTIONS}/{hidden}/count", attacked.bearer()), lookups=True)


METHODS = ["TRACE", "TRACK", "OPTIONS", "PROPFIND", "get", "Get", "GETX", "DEBUG", "LINK", "G\x01T", "M-SEARCH"]


@pytest.mark.parametrize("method", METHODS)
def test_an_unusual_method_is_refused(method: str, attacked: UnderAttack) -> None:
    reply, _ = attacked.attack(405, "method_not_allowed", request(COLLECTIONS, attacked.bearer(), method=method))
    assert reply.header("allow") == "GET, HEAD, POST, PUT, PATCH, DELETE"


def test_head_of_an_engine_without_it_is_refused_without_a_body(attacked: UnderAttack) -> None:
    attacked.outcomes()
    reply = send(attacked.port, request(COLLECTIONS, attacked.bearer(), method="HEAD"))
    assert (reply.status, reply.body) == (403, b"")
    assert attacked.outcome()["facts"]["reason"] == "unknown_operation"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_another_method_is_another_operation(method: str, attacked: UnderAttack) -> None:
    target = f"{COLLECTIONS}/{PUBLIC}/count"
    attacked.attack(403, "unknown_operation", request(target, attacked.bearer(), method=method, body=b"{}"))


OVERRIDES = ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "_method"]


@pytest.mark.parametrize("name", OVERRIDES)
def test_a_method_override_changes_nothing(name: str, attacked: UnderAttack) -> None:
    _, sent = attacked.allowed(request(COUNT, attacked.bearer(), f"{name}: DELETE"))
    assert sent.line == f"GET {COUNT} HTTP/1.1"


@pytest.mark.parametrize("target", [COLLECTIONS, COUNT, "/api/v2/version"])
def test_a_body_where_none_belongs_is_refused(target: str, attacked: UnderAttack) -> None:
    attacked.attack(400, "bad_body", request(target, attacked.bearer(), body=b'{"limit":1}'))


HEADERS = {
    "M5 obsolete fold": ("X-A: b\r\n Authorization: evil", "bad_header"),
    "M5 fold by a tab": ("X-A: b\r\n\tfolded", "bad_header"),
    "M6 NUL in a value": ("X-A: a\0b", "bad_header"),
    "M6 bare CR in a value": ("X-A: a\rX-B: c", "bad_header"),
    "M6 bell in a value": ("X-A: a\x07b", "bad_header"),
    "M6 DEL in a value": ("X-A: a\x7f", "bad_header"),
    "bare LF": ("X-A: a\nX-B: c", "protocol_error"),
    "form feed around a value": ("X-A: \x0ca", "protocol_error"),
    "name with a blank": ("X A: a", "protocol_error"),
    "name with a control": ("X\x01A: a", "protocol_error"),
    "name with a non-ASCII letter": ("X\xe9: a", "protocol_error"),
    "blank before the colon": ("X-A : a", "protocol_error"),
    "no colon": ("XA", "protocol_error"),
    "no name": (": a", "protocol_error"),
    "P20 two hosts": ("Host: other", "bad_header"),
    "P20 the same host twice": ("Host: gateway", "bad_header"),
}


@pytest.mark.parametrize(("field", "reason"), HEADERS.values(), ids=HEADERS)
def test_a_malformed_header_is_refused(field: str, reason: str, attacked: UnderAttack) -> None:
    attacked.attack(400, reason, request(COLLECTIONS, attacked.bearer(), field))


def test_a_request_without_a_host_is_refused(attacked: UnderAttack) -> None:
    head = f"GET {COLLECTIONS} HTTP/1.1\r\n{attacked.bearer()}\r\n\r\n"
    attacked.attack(400, "bad_header", head.encode())


LARGE = {
    "M19 one line of 17 KB": [f"X-A: {'a' * 17_000}"],
    "M19 a credential of 70 KB": [f"Authorization: Bearer {'a' * 70_000}"],
    "M19 many lines": [f"X-{number}: {'a' * 1000}" for number in range(70)],
    "M19 one long name": ["X" * 17_000 + ": a"],
}


@pytest.mark.parametrize("lines", LARGE.values(), ids=LARGE)
def test_headers_that_are_too_large_are_refused(lines: list[str], attacked: UnderAttack) -> None:
    attacked.attack(431, "headers_too_large", request(COLLECTIONS, *lines))


def test_a_target_that_is_too_long_is_refused(attacked: UnderAttack) -> None:
    attacked.attack(431, "headers_too_large", request("/" + "a" * 17_000, attacked.bearer()))


STRIPPED = {
    "M10 Connection options": ["Connection: close, X-Keep", "X-Keep: 1"],
    "P15 Connection names the credential": ["Connection: x-chroma-token, Authorization"],
    "P11 forwarded": ["X-Forwarded-For: 6.6.6.6", "Forwarded: for=6.6.6.6", "X-Real-IP: 6.6.6.6"],
    "P11 forwarded target": ["X-Forwarded-Uri: /healthz", "X-Original-URL: /api/v2/reset", "X-Rewrite-URL: /x"],
    "P9 forwarded prefix": ["X-Forwarded-Prefix: /x", "X-Script-Name: /x"],
    "P14 names that frameworks fold": ["X_Chroma_Token: mine", "x.chroma.token: mine", "X_Gw_User: admin"],
    "P16 internal headers": ["sourceid: 1", "X-Tenant: other", "X-Database: other", "X-Chroma-Tenant: other"],
    "P17 steering": ["X-OpenAI-BaseURL: http://attacker", "X-OpenAI-Api-Key: k"],
    "P19 upgrade to h2c": ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk"],
    "P19 upgrade to a websocket": ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: AAAA"],
    "P19 expect": ["Expect: 100-continue"],
    "identity headers": ["X-Forwarded-User: root", "X-Remote-User: root", "X-Auth-Request-Groups: admins"],
    "accept": ["Accept: text/html", "Accept-Encoding: gzip", "Range: bytes=0-1", "If-None-Match: *", "TE: trailers"],
    "cookies": ["Cookie: session=1"],
    "tracing": ["traceparent: 00-00000000000000000000000000000001-0000000000000001-01", "baggage: a=b"],
    "a value of raw bytes": ["X-A: \xe9\xff"],
}
SENT = {"host", "accept", "accept-encoding", "user-agent", "x-chroma-token"}


@pytest.mark.parametrize("lines", STRIPPED.values(), ids=STRIPPED)
def test_the_database_sees_the_gateways_headers_and_no_other(lines: list[str], attacked: UnderAttack) -> None:
    reply, sent = attacked.allowed(request(COUNT, attacked.bearer(), *lines))
    names = [line.partition(b":")[0].lower().decode() for line in sent.head.split(b"\r\n")[1:]]
    assert (reply.status, sorted(names)) == (200, sorted(SENT))
    assert sent.headers("x-chroma-token") == [SERVICE_KEY]
    assert sent.headers("host") == [f"127.0.0.1:{attacked.upstream.port}"]
    assert b"101" not in reply.raw[:12]


def test_evidence_names_the_sockets_peer(attacked: UnderAttack) -> None:
    attacked.outcomes()
    send(attacked.port, request(COUNT, attacked.bearer(), "X-Forwarded-For: 6.6.6.6", "Forwarded: for=6.6.6.6"))
    assert attacked.outcome()["facts"]["peer"].startswith("127.0.0.1:")


def test_random_bytes_in_the_target_never_pass(attacked: UnderAttack) -> None:
    for _ in range(20):
        junk = os.urandom(6).translate(None, b"\r\n \t\x0b\x0c#?") + b"\xff"
        attacked.attack(400, "bad_target", request(COLLECTIONS.encode() + b"/" + junk, attacked.bearer()))


def test_what_is_absent_looks_like_what_lies_elsewhere(attacked: UnderAttack) -> None:
    elsewhere = COUNT.replace("default_database", "another_database")
    absent = COUNT.replace(PUBLIC, ABSENT)
    one, _ = attacked.attack(404, "not_found", request(elsewhere, attacked.bearer()), lookups=True)
    two, _ = attacked.attack(404, "not_found", request(absent, attacked.bearer()), lookups=True)
    assert str(one.document["message"]).replace(PUBLIC, "") == str(two.document["message"]).replace(ABSENT, "")
