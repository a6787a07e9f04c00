"""Attacks on framing (threats M, P19, R8): two hops must never see two different requests in the same bytes, and a
client that is slow, leaves or sends ahead costs nobody else anything."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator

import pytest
from tests.support.byte_wire import read, request, send
from tests.support.under_attack import COLLECTIONS, PUBLIC, UnderAttack, under_attack

pytestmark = pytest.mark.real

GET = f"{COLLECTIONS}/{PUBLIC}/get"
COUNT = f"{COLLECTIONS}/{PUBLIC}/count"
CHUNKED = "Transfer-Encoding: chunked"
END = b"0\r\n\r\n"
SMUGGLED = b"GET /api/v2/reset HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[UnderAttack]:
    with under_attack(tmp_path_factory.mktemp("framing")) as made:
        yield made


FRAMES: dict[str, tuple[list[str], bytes, str]] = {
    "M4 both framings": (["Content-Length: 5", CHUNKED], END + SMUGGLED, "protocol_error"),
    "M4 both framings, the other way round": ([CHUNKED, "Content-Length: 5"], END + SMUGGLED, "protocol_error"),
    "M4 two lengths": (["Content-Length: 2", "Content-Length: 44"], b"{}" + SMUGGLED, "protocol_error"),
    "M4 the same length twice": (["Content-Length: 2", "Content-Length: 2"], b"{}", "protocol_error"),
    "M4 two lengths in one": (["Content-Length: 2, 44"], b"{}" + SMUGGLED, "protocol_error"),
    "M4 signed length": (["Content-Length: +2"], b"{}", "protocol_error"),
    "M4 negative length": (["Content-Length: -2"], b"{}", "protocol_error"),
    "hexadecimal length": (["Content-Length: 0x2"], b"{}", "protocol_error"),
    "length with an underscore": (["Content-Length: 1_0"], b"{}", "protocol_error"),
    "length in another script": (["Content-Length: \xb2"], b"{}", "protocol_error"),
    "length with a leading zero": (["Content-Length: 02"], b"{}", "protocol_error"),
    "length of nothing": (["Content-Length:"], b"{}", "protocol_error"),
    "length with a blank before the colon": (["Content-Length : 2"], b"{}", "protocol_error"),
    "M4 unknown coding": (["Transfer-Encoding: xchunked"], END, "protocol_error"),
    "M4 blank before the colon": (["Transfer-Encoding : chunked"], END, "protocol_error"),
    "chunked is not last": (["Transfer-Encoding: chunked, identity"], END, "protocol_error"),
    "chunked twice": (["Transfer-Encoding: chunked, chunked"], END, "protocol_error"),
    "two codings in two lines": ([CHUNKED, CHUNKED], END, "protocol_error"),
    "compressed chunks": (["Transfer-Encoding: gzip, chunked"], END, "bad_header"),
    "coding in quotes": (['Transfer-Encoding: "chunked"'], END, "protocol_error"),
    "coding after a vertical tab": (["Transfer-Encoding: \x0bchunked"], END, "protocol_error"),
    "coding before a form feed": (["Transfer-Encoding: chunked\x0c"], END, "protocol_error"),
    "coding folded": (["Transfer-Encoding:\r\n chunked"], END, "protocol_error"),
    "coding behind a bare line feed": (["X-A: b\nTransfer-Encoding: chunked"], END, "protocol_error"),
    "coding behind a bare return": (["X-A: b\rTransfer-Encoding: chunked"], b"", "bad_header"),
    "M13 trailers": ([CHUNKED], b"2\r\n{}\r\n0\r\nX-A: b\r\n\r\n", "protocol_error"),
    "M13 a credential in the trailers": ([CHUNKED], b"2\r\n{}\r\n0\r\nAuthorization: x\r\n\r\n", "protocol_error"),
    "chunk size is no number": ([CHUNKED], b"zz\r\n{}\r\n" + END, "protocol_error"),
    "chunk size with a prefix": ([CHUNKED], b"0x2\r\n{}\r\n" + END, "protocol_error"),
    "chunk size with a sign": ([CHUNKED], b"+2\r\n{}\r\n" + END, "protocol_error"),
    "chunk size with a blank": ([CHUNKED], b" 2\r\n{}\r\n" + END, "protocol_error"),
    "chunk longer than it says": ([CHUNKED], b"1\r\n{}\r\n" + END, "protocol_error"),
    "chunk size of seventeen digits": ([CHUNKED], b"1" * 21 + b"\r\n{}\r\n" + END, "protocol_error"),
}


@pytest.mark.parametrize(("lines", "body", "reason"), FRAMES.values(), ids=FRAMES)
def test_an_ambiguous_frame_is_refused(lines: list[str], body: bytes, reason: str, attacked: UnderAttack) -> None:
    attacked.attack(400, reason, request(GET, attacked.bearer(), *lines, method="POST") + body)


LINES: dict[str, bytes] = {
    "HTTP/0.9": f"GET {COUNT}\r\n\r\n".encode(),
    "HTTP/1.2": request(COUNT, version="HTTP/1.2"),
    "M20 HTTP/2.0 on an HTTP/1 connection": request(COUNT, version="HTTP/2.0"),
    "M20 absolute form as HTTP/2.0": request("http://other" + COUNT, version="HTTP/2.0"),
    "HTTP/3.0": request(COUNT, version="HTTP/3.0"),
    "no such protocol": request(COUNT, version="HTTX/1.1"),
    "lower case": request(COUNT, version="http/1.1"),
    "four words": request(f"{COUNT} HTTP/1.1 x"),
    "authority form": request("other:80"),
    "another scheme": request("ftp://other:21/x"),
    "no target": request(""),
    "M4 CONNECT": request("other:80", method="CONNECT"),
    "CONNECT of a path": request("/x", method="CONNECT"),
    "no HTTP": b"\x00\x01\x02\x03\r\n\r\n",
    "another protocol": b"EHLO gateway\r\n\r\n",
    "coding under HTTP/1.0": request(GET, CHUNKED, method="POST", version="HTTP/1.0") + END,
}


@pytest.mark.parametrize("data", LINES.values(), ids=LINES)
def test_another_request_line_is_refused(data: bytes, attacked: UnderAttack) -> None:
    attacked.attack(400, "protocol_error", data)


SILENT: dict[str, bytes] = {
    "TLS on a plaintext port": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(32),
    "half a body": request(GET, "Content-Length: 10", method="POST")[:-2] + b"\r\n\r\n{}",
    "half a chunk": request(GET, CHUNKED, method="POST") + b"a\r\n{",
    "no last chunk": request(GET, CHUNKED, method="POST") + b"2\r\n{}\r\n",
}


@pytest.mark.parametrize("data", SILENT.values(), ids=SILENT)
def test_what_is_not_whole_is_not_sent(data: bytes, attacked: UnderAttack) -> None:
    attacked.outcomes()
    attacked.upstream.take()
    signed = data.replace(b"Host: gateway", b"Host: gateway\r\n" + attacked.bearer().encode())
    reply = send(attacked.port, signed, half_close=True)
    assert (reply.status, reply.ended) == (0, "closed")
    assert attacked.outcome()["facts"]["reason"] in ("client_gone", "protocol_error")
    assert attacked.upstream.take() == []


def test_a_head_that_never_ends_leaves_nothing(attacked: UnderAttack) -> None:
    for data in (b"", b"G", request(COUNT, attacked.bearer())[:-2]):
        reply = send(attacked.port, data, half_close=True)
        assert (reply.raw, reply.ended) == (b"", "closed")
    assert attacked.upstream.take() == []
    attacked.drain()


def test_pipelined_requests_are_judged_one_by_one(attacked: UnderAttack) -> None:
    attacked.outcomes()
    attacked.upstream.take()
    good, bad = request(COUNT, attacked.bearer()), request(COUNT.replace("1111", "2222"), attacked.bearer())
    with socket.create_connection(("127.0.0.1", attacked.port), timeout=5) as connection:
        connection.sendall(good + bad + good)
        raw = b""
        with contextlib.suppress(TimeoutError):
            while raw.count(b"HTTP/1.1 ") < 3:
                raw += connection.recv(65536)
    assert [word.split()[0] for word in raw.split(b"HTTP/1.1 ")[1:]] == [b"200", b"404", b"200"]
    outcomes = attacked.settle(3)
    assert sorted(each["facts"]["reason"] for each in outcomes) == ["granted", "granted", "not_found"]
    assert [each.line for each in attacked.upstream.take() if "/count " in each.line] == [f"GET {COUNT} HTTP/1.1"] * 2


def test_a_body_that_is_a_request_stays_a_body(attacked: UnderAttack) -> None:
    for lines, body in (([f"Content-Length: {len(SMUGGLED)}"], SMUGGLED), ([CHUNKED], _chunk(SMUGGLED) + END)):
        attacked.attack(400, "bad_body", request(GET, attacked.bearer(), *lines, method="POST") + body)


def test_bytes_behind_a_refused_request_are_not_read_as_another(attacked: UnderAttack) -> None:
    refused = request(COLLECTIONS, "Content-Length: 40", method="POST")
    attacked.attack(401, "token_missing", refused + b"x" * 40)
    attacked.attack(400, "protocol_error", request(COUNT, "Bad Header: x") + request(COUNT, attacked.bearer()))


def test_many_bytes_sent_ahead_end_the_connection(attacked: UnderAttack) -> None:
    attacked.outcomes()
    ahead = request(COUNT, attacked.bearer()) * 2000
    with contextlib.suppress(ConnectionError):
        send(attacked.port, ahead)
    assert len(attacked.drain()) < 2000
    attacked.check_alive()
    attacked.drain()


def test_two_requests_on_one_connection_have_two_identities(attacked: UnderAttack) -> None:
    attacked.outcomes()
    with socket.create_connection(("127.0.0.1", attacked.port), timeout=5) as connection:
        for bearer, status in ((attacked.bearer(), 200), (attacked.bearer("bob", "nobody"), 403)):
            connection.sendall(request(COUNT, bearer))
            assert read(connection).status == status
        connection.sendall(request(COUNT))
        assert read(connection).status == 401
    subjects = [(each["facts"]["principal"] or {}).get("subject") for each in attacked.settle(3)]
    assert subjects == ["alice", "bob", None]


def test_slow_headers_are_closed_while_others_are_served(attacked: UnderAttack) -> None:
    started = time.monotonic()
    with socket.create_connection(("127.0.0.1", attacked.port), timeout=20) as slow:
        slow.sendall(b"GET /api/v2/version HTTP/1.1\r\nHost: x\r\n")
        while time.monotonic() - started < 18:
            assert send(attacked.port, request("/api/v2/version")).status == 200
            slow.settimeout(0.5)
            try:
                slow.sendall(b"X-A: b\r\n")
                if slow.recv(4096):
                    break
            except TimeoutError:
                continue
            except ConnectionError:
                break
    assert time.monotonic() - started < 17
    attacked.drain()


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)
