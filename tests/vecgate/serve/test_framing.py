"""Framing: a message that a receiver could read differently is not sent, sealed or not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from mitmproxy import connection, http

from vecgate.serve.framing import Unsealed, check_answer, check_request


def server(**more: Any) -> connection.Server:
    made = connection.Server(address=("127.0.0.1", 8000))
    for name, value in more.items():
        setattr(made, name, value)
    return made


def request(**data: Any) -> http.Request:
    made = http.Request.make("POST", "http://127.0.0.1:8000/a", b"ab")
    made.headers = http.Headers([(b"host", b"127.0.0.1:8000"), (b"content-length", b"2")])
    for name, value in data.items():
        setattr(made.data, name, value)
    return made


def fields(*more: tuple[bytes, bytes]) -> http.Headers:
    return http.Headers([(b"host", b"x"), *more])


REFUSED: dict[str, Callable[[], tuple[http.Request, connection.Server]]] = {
    "another host": lambda: (request(host="localhost"), server()),
    "another port": lambda: (request(port=1), server()),
    "TLS to a plaintext server": lambda: (request(scheme=b"https"), server()),
    "plaintext to a TLS server": lambda: (request(), server(tls=True)),
    "a proxy in between": lambda: (request(), server(via=("http", ("127.0.0.1", 1)))),
    "no address": lambda: (request(), connection.Server(address=None)),
    "absolute form": lambda: (request(authority=b"127.0.0.1:8000"), server()),
    "an authority with a space": lambda: (request(authority=b"a b", http_version=b"HTTP/2.0"), server()),
    "relative path": lambda: (request(path=b"a"), server()),
    "no path": lambda: (request(path=b""), server()),
    "space in path": lambda: (request(path=b"/a b"), server()),
    "line break in path": lambda: (request(path=b"/a\r\nx: 1"), server()),
    "fragment": lambda: (request(path=b"/a#b"), server()),
    "byte beyond ASCII in path": lambda: (request(path=b"/\xff"), server()),
    "space in method": lambda: (request(method=b"GET /x"), server()),
    "CONNECT": lambda: (request(method=b"CONNECT"), server()),
    "version": lambda: (request(http_version=b"HTTP/1.1 x"), server()),
    "no length": lambda: (request(headers=fields()), server()),
    "length too small": lambda: (request(headers=fields((b"content-length", b"1"))), server()),
    "length too large": lambda: (request(headers=fields((b"content-length", b"3"))), server()),
    "length twice": lambda: (request(headers=fields(*[(b"content-length", b"2")] * 2)), server()),
    "length with a sign": lambda: (request(headers=fields((b"content-length", b"+2"))), server()),
    "chunked": lambda: (request(headers=fields((b"Transfer-Encoding", b"chunked"))), server()),
    "connection": lambda: (request(headers=fields((b"connection", b"x"), (b"content-length", b"2"))), server()),
    "upgrade": lambda: (request(headers=fields((b"upgrade", b"h2c"), (b"content-length", b"2"))), server()),
    "line break in value": lambda: (request(headers=fields((b"x-a", b"1\r\nx: 1"))), server()),
    "line feed in value": lambda: (request(headers=fields((b"x-a", b"1\nx: 1"))), server()),
    "colon in name": lambda: (request(headers=fields((b"x-a: 1\r\nx", b"1"))), server()),
    "empty name": lambda: (request(headers=fields((b"", b"1"))), server()),
    "pseudo-header": lambda: (request(headers=fields((b":path", b"/b"))), server()),
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_ambiguous_request_is_refused(name: str) -> None:
    with pytest.raises(Unsealed):
        check_request(*REFUSED[name]())


def test_a_framed_request_gives_its_body() -> None:
    assert check_request(request(), server()) == b"ab"
    assert check_request(request(headers=fields()), server(alpn=b"h2")) == b"ab"
    assert check_request(request(headers=fields(), content=None), server()) == b""


def answer(**data: Any) -> http.Response:
    made = http.Response.make(200, b"ab")
    for name, value in data.items():
        setattr(made.data, name, value)
    return made


@pytest.mark.parametrize(
    "data",
    [
        {"status_code": 100},
        {"status_code": 101},
        {"status_code": 600},
        {"reason": b"x\r\nx: 1"},
        {"http_version": b"HTTP/1.1 200\r\n"},
        {"trailers": http.Headers([(b"x-t", b"1")])},
        {"headers": http.Headers([(b"content-length", b"3")])},
        {"headers": http.Headers([(b"transfer-encoding", b"chunked")])},
        {"headers": http.Headers([(b"connection", b"upgrade")])},
        {"headers": http.Headers([(b"x-a", b"1\r\n\r\nbody")])},
    ],
)
def test_an_ambiguous_answer_is_refused(data: dict[str, Any]) -> None:
    with pytest.raises(Unsealed):
        check_answer(answer(**data), request(), http2=False)


def test_a_trailer_goes_to_http2_clients_only() -> None:
    trailed = answer(trailers=http.Headers([(b"grpc-status", b"0")]))
    assert check_answer(trailed, request(), http2=True) == b"ab"
    trailed.trailers = http.Headers([(b"x-t", b"1\n")])
    with pytest.raises(Unsealed):
        check_answer(trailed, request(), http2=True)


def test_an_answer_that_has_no_body_gets_none() -> None:
    assert check_answer(answer(), request(method=b"HEAD"), http2=False) == b""
    assert check_answer(answer(status_code=204), request(), http2=False) == b""
    assert check_answer(answer(status_code=304), request(), http2=False) == b""
