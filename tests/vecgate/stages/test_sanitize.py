from __future__ import annotations

import pytest
from mitmproxy import http
from tests.support.stages import GET_PATH, Scene, flow, reason

from vecgate.errors import Unavailable
from vecgate.exchange import Exchange
from vecgate.reasons import Reason
from vecgate.stages.sanitize import Sanitize

TOKEN = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln"


@pytest.fixture
def scene() -> Scene:
    return Scene()


def sanitized(scene: Scene, one: http.HTTPFlow) -> Exchange:
    assert Sanitize(scene.context).requestheaders(one) is None
    return scene.context.exchanges[one]


async def test_a_proper_request_passes_with_one_spelling_of_its_target(scene: Scene) -> None:
    exchange = sanitized(scene, flow(path="/api/v2/tenants?limit=1", headers=[(b"User-Agent", b"sdk")]))
    assert exchange.passed == ["sanitize"]
    assert exchange.target is not None
    assert exchange.target.segments == ("api", "v2", "tenants")
    assert exchange.target.query == (("limit", "1"),)
    assert (exchange.method, exchange.user_agent) == ("POST", "sdk")


async def test_credentials_leave_the_flow_before_anybody_sees_it(scene: Scene) -> None:
    secrets = [(b"Authorization", b"Bearer x"), (b"X-Chroma-Token", b"x"), (b"api-key", b"x"), (b"Expect", b"x")]
    one = flow(headers=[*secrets, (b"x-other", b"1")])
    exchange = sanitized(scene, one)
    assert [name for name, _ in one.request.headers.fields] == [b"host", b"content-length", b"x-other"]
    assert set(secrets) < set(exchange.fields)
    assert "Bearer" not in repr(exchange)


async def test_credentials_leave_a_flow_that_is_refused_too(scene: Scene) -> None:
    one = flow(method="TRACE", headers=[(b"authorization", b"Bearer x")])
    sanitized(scene, one)
    assert reason(one) == "method_not_allowed"
    assert "authorization" not in one.request.headers


@pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "CONNECT", "get", "BREW", "G\tT"])
async def test_other_methods_are_refused(scene: Scene, method: str) -> None:
    one = flow(method=method)
    exchange = sanitized(scene, one)
    assert reason(one) == "method_not_allowed"
    assert one.response is not None
    assert "GET" in one.response.headers["allow"]
    assert exchange.passed == []


@pytest.mark.parametrize(
    ("version", "http2", "expected"),
    [
        (b"HTTP/1.0", False, ""),
        (b"HTTP/1.1", False, ""),
        (b"HTTP/2.0", True, ""),
        (b"HTTP/2.0", False, "protocol_error"),
        (b"HTTP/1.1", True, "protocol_error"),
        (b"HTTP/1.2", False, "protocol_error"),
        (b"HTTP/3.0", False, "protocol_error"),
        (b"http/1.1", False, "protocol_error"),
    ],
)
async def test_the_version_is_the_connections(scene: Scene, version: bytes, http2: bool, expected: str) -> None:
    one = flow()
    one.request.data.http_version = version
    one.client_conn.alpn = b"h2" if http2 else None
    sanitized(scene, one)
    assert (reason(one) if one.response else "") == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/a/../b", "bad_target"),
        ("//a", "bad_target"),
        ("/a%2Fb", "bad_target"),
        ("/a%00", "bad_target"),
        ("*", "bad_target"),
        ("/a#b", "bad_target"),
        (f"/{TOKEN}", "credential_ambiguous"),
        (f"/a?{TOKEN}=1", "credential_ambiguous"),
    ],
)
async def test_a_target_with_two_readings_or_a_token_is_refused(scene: Scene, path: str, expected: str) -> None:
    one = flow(path=path)
    exchange = sanitized(scene, one)
    assert reason(one) == expected
    assert exchange.target is None


async def test_an_absolute_target_is_refused(scene: Scene) -> None:
    one = flow()
    one.request.data.authority = b"evil.example"
    sanitized(scene, one)
    assert reason(one) == "bad_target"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ([(b"content-type", b"a"), (b"Content-Type", b"b")], "bad_header"),
        ([(b"content-length", b"2")], "bad_header"),
        ([(b"host", b"other")], "bad_header"),
        ([(b"na me", b"x")], "bad_header"),
        ([(b"", b"x")], "bad_header"),
        ([(b"x-a", b"1\r\nx-b: 2")], "bad_header"),
        ([(b"x-a", b"1\x00")], "bad_header"),
        ([(b"transfer-encoding", b"gzip, chunked")], "bad_header"),
        ([(b"content-encoding", b"br")], "unsupported_media"),
        ([(b"content-encoding", b"gzip, gzip")], "unsupported_media"),
        ([(b"x-long", b"x" * 17_000)], "headers_too_large"),
        ([(b"x-%d" % number, b"x" * 9_000) for number in range(8)], "headers_too_large"),
    ],
)
async def test_a_header_with_two_readings_or_beyond_bounds_is_refused(
    scene: Scene, fields: list[tuple[bytes, bytes]], expected: str
) -> None:
    one = flow(headers=fields)
    sanitized(scene, one)
    assert reason(one) == expected


@pytest.mark.parametrize(
    ("length", "expected"),
    [(b"+2", "bad_header"), (b"2,2", "bad_header"), (b"", "bad_header"), (b"9" * 30, "body_too_large")],
)
async def test_a_length_is_a_number_within_bounds(scene: Scene, length: bytes, expected: str) -> None:
    one = flow()
    one.request.data.headers = http.Headers([(b"host", b"x"), (b"content-length", length)])
    sanitized(scene, one)
    assert reason(one) == expected


async def test_http_1_1_needs_a_host(scene: Scene) -> None:
    one = flow()
    one.request.data.headers = http.Headers([(b"content-length", b"2")])
    sanitized(scene, one)
    assert reason(one) == "bad_header"


async def test_a_token_in_the_user_agent_is_not_kept(scene: Scene) -> None:
    assert sanitized(scene, flow(headers=[(b"user-agent", f"sdk {TOKEN}".encode())])).user_agent == "sdk "


async def test_nothing_begins_while_the_gateway_is_not_ready(scene: Scene) -> None:
    scene.context.runtime = None
    one = flow(path=GET_PATH)
    sanitized(scene, one)
    assert reason(one) == "gateway_failure"


async def test_nothing_begins_while_the_gateway_stops(scene: Scene) -> None:
    await scene.context.drain()
    one = flow()
    exchange = sanitized(scene, one)
    assert reason(one) == "gateway_failure"
    assert one.response is not None
    assert "retry-after" in one.response.headers
    scene.context.close(exchange)
    assert scene.recorder.outcomes == [exchange]


async def test_nothing_begins_while_evidence_cannot_be_written(scene: Scene) -> None:
    scene.recorder.down = Unavailable(Reason.EVIDENCE_UNAVAILABLE)
    one = flow()
    sanitized(scene, one)
    assert reason(one) == "evidence_unavailable"


async def test_a_socket_of_no_connection_serves_nothing(scene: Scene) -> None:
    one = flow()
    one.client_conn.sockname = ("127.0.0.1", 1)
    sanitized(scene, one)
    assert reason(one) == "gateway_failure"
