"""Malformed and ambiguous HTTP/1 requests through a gate that seals whatever it gets: what the substrate lets pass."""

from __future__ import annotations

import asyncio

import pytest
from tests.support.raw_client import exchange, get, post
from tests.support.serving import CREDENTIAL
from tests.vecgate.serve.conftest import Bench

pytestmark = pytest.mark.asyncio(loop_scope="module")

CHUNKED = b"Transfer-Encoding: chunked"
END = b"0\r\n\r\n"

# name: request, the status of the reply, the request line upstream ("" is nothing)
CASES: dict[str, tuple[bytes, int, str]] = {
    # request target
    "double slash": (get(b"//a//b"), 200, "GET //a//b HTTP/1.1"),
    "dot segments": (get(b"/a/../b/./c"), 200, "GET /a/../b/./c HTTP/1.1"),
    "encoded": (get(b"/a/%2e%2e/b%2Fc%00;p=1\\d?x=%2F"), 200, "GET /a/%2e%2e/b%2Fc%00;p=1\\d?x=%2F HTTP/1.1"),
    "fragment": (get(b"/a#frag"), 503, ""),
    "NUL in path": (get(b"/a\x00b"), 503, ""),
    "DEL in path": (get(b"/a\x7fb"), 503, ""),
    "raw non-ASCII": (get(b"/caf\xc3\xa9\xff"), 503, ""),
    "tab in path": (get(b"/a\tb"), 400, ""),
    "space in path": (get(b"/a b"), 400, ""),
    "absolute form, other host": (get(b"http://evil.example:99/p"), 200, "GET /p HTTP/1.1"),
    "absolute form, https": (get(b"https://127.0.0.1:8801/p"), 200, "GET /p HTTP/1.1"),
    "no leading slash": (get(b"foo"), 400, ""),
    "OPTIONS *": (get(b"*", method=b"OPTIONS"), 503, ""),
    "CONNECT": (get(b"127.0.0.1:22", method=b"CONNECT"), 400, ""),
    "lower-case method": (get(b"/lower", method=b"get"), 200, "get /lower HTTP/1.1"),
    "unknown method": (get(b"/m", method=b"FOO-BAR"), 200, "FOO-BAR /m HTTP/1.1"),
    "method with a colon": (get(b"/m", method=b"A:B"), 503, ""),
    # framing
    "CL and TE": (post(b"/clte", b"Content-Length: 4", CHUNKED, body=END), 400, ""),
    "CL twice, same": (post(b"/cl2", b"Content-Length: 2", b"Content-Length: 2", body=b"ab"), 400, ""),
    "CL twice, different": (post(b"/cl3", b"Content-Length: 2", b"Content-Length: 3", body=b"abc"), 400, ""),
    "CL +2": (post(b"/clp", b"Content-Length: +2", body=b"ab"), 400, ""),
    "CL -2": (post(b"/cln", b"Content-Length: -2", body=b"ab"), 400, ""),
    "TE chunked, identity": (post(b"/te2", CHUNKED + b", identity", body=END), 400, ""),
    "TE xchunked": (post(b"/tex", b"Transfer-Encoding: xchunked", body=END), 400, ""),
    "TE gzip, chunked": (post(b"/teg", b"Transfer-Encoding: gzip, chunked", body=END), 200, "POST /teg HTTP/1.1"),
    "TE vertical tab": (post(b"/tev", b"Transfer-Encoding:\x0bchunked", body=END), 400, ""),
    "TE space before colon": (post(b"/tes", b"Transfer-Encoding : chunked", body=END), 400, ""),
    "TE folded": (post(b"/tef", b"Transfer-Encoding:\r\n chunked", body=END), 400, ""),
    "chunk extension": (post(b"/ce", CHUNKED, body=b"2;a=b\r\nab\r\n" + END), 200, "POST /ce HTTP/1.1"),
    "chunk size is no number": (post(b"/cx", CHUNKED, body=b"zz\r\nab\r\n" + END), 400, ""),
    "chunks ended by bare LF": (post(b"/clf", CHUNKED, body=b"2\nab\n0\n\n"), 408, ""),
    "request trailer": (post(b"/ctr", CHUNKED, body=b"2\r\nab\r\n0\r\nX-T: 1\r\n\r\n"), 400, ""),
    "GET with body": (get(b"/gb", b"Content-Length: 2") + b"ab", 200, "GET /gb HTTP/1.1"),
    "Expect": (post(b"/exp", b"Expect: 100-continue", b"Content-Length: 2", body=b"ab"), 200, "POST /exp HTTP/1.1"),
    # header lines
    "two Hosts": (get(b"/2h", b"Host: y"), 200, "GET /2h HTTP/1.1"),
    "bare LF lines": (b"GET /lf HTTP/1.1\nHost: x\n\n", 400, ""),
    "one bare LF": (b"GET /lf HTTP/1.1\r\nHost: x\r\nX-A: b\nX-B: c\r\n\r\n", 400, ""),
    "obsolete fold": (get(b"/fold", b"X-A: 1\r\n  cont"), 503, ""),
    "bare CR in value": (get(b"/cr", b"X-A: a\rContent-Length: 5"), 503, ""),
    "NUL in value": (get(b"/nulv", b"X-A: a\x00b"), 503, ""),
    "Connection": (get(b"/hop", b"Connection: close, X-Secret", b"X-Secret: 1"), 503, ""),
    "Upgrade h2c": (get(b"/uh2c", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAARA"), 503, ""),
    "Upgrade websocket": (get(b"/ws", b"Upgrade: websocket", b"Sec-WebSocket-Version: 13"), 503, ""),
    # version
    "HTTP/0.9": (b"GET /h09\r\n\r\n", 400, ""),
    "HTTP/1.0, no Host": (b"GET /h10 HTTP/1.0\r\n\r\n", 200, "GET /h10 HTTP/1.0"),
    "HTTP/1.2": (get(b"/h12", version=b"HTTP/1.2"), 503, ""),
    "HTTP/2.0 in HTTP/1 form": (get(b"/h20", version=b"HTTP/2.0"), 200, "GET /h20 HTTP/1.1"),
    "HTTP/3.0 in HTTP/1 form": (get(b"/h30", version=b"HTTP/3.0"), 503, ""),
    # replies
    "HEAD": (get(b"/head", method=b"HEAD"), 200, "HEAD /head HTTP/1.1"),
    "reply with trailer": (get(b"/trailers"), 502, "GET /trailers HTTP/1.1"),
    "reply 103 first": (get(b"/early"), 502, "GET /early HTTP/1.1"),
    "reply 101": (get(b"/switch"), 502, "GET /switch HTTP/1.1"),
    "reply cut short": (get(b"/drop"), 502, "GET /drop HTTP/1.1"),
    "reply is no HTTP": (get(b"/garbage"), 502, "GET /garbage HTTP/1.1"),
    "no reply": (get(b"/silent"), 502, "GET /silent HTTP/1.1"),
    "reply with a long head": (get(b"/big"), 502, "GET /big HTTP/1.1"),
    "reply with a large body": (get(b"/large"), 502, "GET /large HTTP/1.1"),
}

# mitmproxy's own DisableH2C takes the upgrade away before the gate sees it
STOCK = {"Upgrade h2c": (200, "GET /uh2c HTTP/1.1")}


@pytest.mark.parametrize("name", CASES)
async def test_a_malformed_request_reaches_the_upstream_whole_or_not_at_all(name: str, bench: Bench) -> None:
    request, status, line = CASES[name]
    if bench.kind == "stock":
        status, line = STOCK.get(name, (status, line))
    reply = await exchange(bench.port, request)
    await asyncio.sleep(0.01)
    records = bench.upstream.take()
    assert reply.status == status, reply
    assert [record.line for record in records] == ([line] if line else [])
    for record in records:
        assert record.header(CREDENTIAL[0].decode()) == CREDENTIAL[1].decode()
        assert record.header("transfer-encoding") is None
        assert record.header("content-length") == (
            str(len(record.body)) if record.body or "POST" in line else None
        ) or (record.header("content-length") == "0")
    assert b"secret" not in reply.raw
    assert b"mitmproxy" not in reply.raw.lower()


@pytest.mark.parametrize("name", CASES)
async def test_every_request_is_told_once(name: str, bench: Bench) -> None:
    request, status, _ = CASES[name]
    await exchange(bench.port, request)
    await asyncio.sleep(0.01)
    told = len(bench.served.gate.ends) + len(bench.served.reports)
    assert told == 1, (bench.served.gate.ends, bench.served.reports)
    if status in (400, 408, 502):
        kind = bench.served.gate.ends[0][0] if bench.served.gate.ends else "report"
        assert kind in ("error", "report")


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case[1] in (400, 408, 502)])
async def test_an_error_goes_out_in_the_gateways_envelope(name: str, bench: Bench) -> None:
    reply = await exchange(bench.port, CASES[name][0])
    assert "content-type: text/plain" in reply.head
    assert "cache-control: no-store" in reply.head
    assert "server:" not in reply.head
