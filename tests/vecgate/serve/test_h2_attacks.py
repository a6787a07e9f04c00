"""Malformed HTTP/2 requests in front of an HTTP/1 upstream, smuggling too, through a gate that seals them all."""

from __future__ import annotations

import asyncio

import pytest
from tests.support.h2_client import H2Client, Headers, base
from tests.vecgate.serve.conftest import Bench

pytestmark = pytest.mark.asyncio(loop_scope="module")

SMUGGLED = b"DELETE /collections/prod HTTP/1.1\r\nHost: x\r\n\r\n"
GOAWAY = -1

# name: headers, body (None ends the stream with the headers), status or GOAWAY, request line and body upstream
CASES: dict[str, tuple[Headers, bytes | None, int, str, bytes]] = {
    "plain": (base("/ok"), None, 200, "GET /ok HTTP/1.1", b""),
    "CL 5, no body": ([*base("/cl"), ("content-length", "5")], None, 200, "GET /cl HTTP/1.1", b""),
    "transfer-encoding": ([*base("/te"), ("transfer-encoding", "chunked")], None, GOAWAY, "", b""),
    "connection": ([*base("/ch"), ("connection", "close")], None, GOAWAY, "", b""),
    "CRLF in value": ([*base("/crlf"), ("x-a", "a\r\nX-Inj: 1")], None, GOAWAY, "", b""),
    "CRLF in name": ([*base("/n"), ("x-a: 1\r\nx-inj", "1")], None, GOAWAY, "", b""),
    "CRLF in path": (base("/p HTTP/1.1\r\nX-Inj: 1\r\n\r\nGET /smug"), None, GOAWAY, "", b""),
    "CRLF in method": (base("/m", "GET /x HTTP/1.1\r\nA: b\r\n\r\nGET"), None, GOAWAY, "", b""),
    "NUL in value": ([*base("/nul"), ("x-a", "a\x00b")], None, GOAWAY, "", b""),
    "upper-case name": ([*base("/uc"), ("X-UP", "1")], None, GOAWAY, "", b""),
    "unknown pseudo-header": ([*base("/cn"), (":foo", "1")], None, GOAWAY, "", b""),
    "host is not authority": ([*base("/ha"), ("host", "evil")], None, GOAWAY, "", b""),
    "space in path": (base("/a b"), None, 503, "", b""),
    "space in method": (base("/a", "GET /x"), None, 503, "", b""),
    "relative path": (base("foo"), None, 503, "", b""),
    "fragment": (base("/a#b"), None, 503, "", b""),
    "empty path": (base(""), None, GOAWAY, "", b""),
    "CONNECT": ([(":method", "CONNECT"), (":authority", "127.0.0.1:22")], None, GOAWAY, "", b""),
    "CONNECT with a path": (base("/x", "CONNECT"), None, GOAWAY, "", b""),
    "CL twice": ([*base("/dcl"), ("content-length", "0"), ("content-length", "0")], None, 400, "", b""),
    "longer body": ([*base("/post", "POST"), ("content-length", "2")], b"ab" + SMUGGLED, GOAWAY, "", b""),
    "shorter body": ([*base("/post", "POST"), ("content-length", "5")], b"ab", GOAWAY, "", b""),
    "POST no CL": (base("/search", "POST"), b'{"k":1}', 200, "POST /search HTTP/1.1", b'{"k":1}'),
    "POST no CL, request in body": (base("/search", "POST"), SMUGGLED, 200, "POST /search HTTP/1.1", SMUGGLED),
    "GET no CL, request in body": (base("/search"), SMUGGLED, 200, "GET /search HTTP/1.1", SMUGGLED),
    "TE": ([*base("/t"), ("te", "trailers")], None, 200, "GET /t HTTP/1.1", b""),
    "reply with trailer": (base("/trailers"), None, 502, "GET /trailers HTTP/1.1", b""),
    "reply 103 first": (base("/early"), None, 502, "GET /early HTTP/1.1", b""),
    "reply 101": (base("/switch"), None, 502, "GET /switch HTTP/1.1", b""),
    "reply with a large body": (base("/large"), None, 502, "GET /large HTTP/1.1", b""),
}


@pytest.mark.parametrize("name", CASES)
async def test_a_malformed_request_reaches_the_upstream_whole_or_not_at_all(name: str, bench: Bench) -> None:
    headers, body, status, line, sent = CASES[name]
    async with H2Client(bench.port) as client:
        reply = await client.exchange(headers, body)
    await asyncio.sleep(0.01)
    records = bench.upstream.take()
    assert [(record.line, record.body) for record in records] == ([(line, sent)] if line else [])
    assert (GOAWAY if reply.goaway is not None else reply.status) == status, reply
    for record in records:
        assert record.header("content-length") in (str(len(sent)), None if not sent else "")
    assert "server" not in reply.headers
    if status in (400, 502):
        assert reply.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("name", CASES)
async def test_every_request_is_told_once(name: str, bench: Bench) -> None:
    headers, body, _, _, _ = CASES[name]
    async with H2Client(bench.port) as client:
        await client.exchange(headers, body)
    await asyncio.sleep(0.01)
    assert len(bench.served.gate.ends) + len(bench.served.reports) == 1


async def test_request_trailers_are_never_sent(bench: Bench) -> None:
    async with H2Client(bench.port) as client:
        number = client.open(base("/tr", "POST"), end=False)
        client.connection.send_data(number, b"ab")
        client.connection.send_headers(number, [("x-smuggled", "1")], end_stream=True)
        client.flush()
        reply = await client.reply(number)
    assert reply.status == 200
    (record,) = bench.upstream.take()
    assert b"x-smuggled" not in record.head
    assert record.body == b"ab"


async def test_streams_of_one_connection_are_answered_each_with_its_own(bench: Bench) -> None:
    async with H2Client(bench.port) as client:
        replies = [await client.exchange(base(path)) for path in ("/secret", "/a b", "/secret")]
    assert [reply.status for reply in replies] == [200, 503, 200]
