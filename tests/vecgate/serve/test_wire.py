"""What a connection speaks is its listener's: HTTP/2 without TLS, TLS alone, client certificates."""

from __future__ import annotations

import pytest
from tests.support.h2_client import H2Client, H2Upstream, base
from tests.support.raw_client import exchange, post
from tests.support.serving import MASTERS, serving

from vecgate.serve.listeners import Listener, Upstream


@pytest.mark.parametrize("kind", MASTERS)
async def test_a_grpc_like_call_keeps_its_trailers(kind: str) -> None:
    async with (
        H2Upstream() as upstream,
        serving(kind, Listener("grpc", "127.0.0.1", 0, Upstream("h2c", "127.0.0.1", upstream.port))) as served,
        H2Client(served.port) as client,
    ):
        replies = [await client.exchange([*base("/a.B/C", "POST"), ("te", "trailers")], b"\x00ab") for _ in range(3)]
    for reply in replies:
        assert (reply.status, reply.body, reply.trailers) == (200, b"\x00ab", {"grpc-status": "0"})
    headers, body = upstream.requests[0]
    assert (headers[":path"], headers["x-service-key"], body) == ("/a.B/C", "canary-credential", b"\x00ab")


@pytest.mark.parametrize("kind", MASTERS)
async def test_an_http1_client_gets_no_trailers(kind: str) -> None:
    async with (
        H2Upstream() as upstream,
        serving(kind, Listener("grpc", "127.0.0.1", 0, Upstream("h2c", "127.0.0.1", upstream.port))) as served,
    ):
        reply = await exchange(served.port, post(b"/a", b"Content-Length: 2", body=b"ab"))
    assert (reply.status, reply.body) == (502, b"unmaskable_response")
