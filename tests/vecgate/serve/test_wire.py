"""What a connection speaks is its listener's: HTTP/2 without TLS, TLS alone, client certificates, the upstream's CA."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support.certificates import Authority, Issued
from tests.support.h2_client import H2Client, H2Upstream, base
from tests.support.raw_client import Reply, exchange, get, hang_up, post, read_reply
from tests.support.raw_upstream import RawUpstream
from tests.support.serving import MASTERS, Served, serving

from vecgate.reasons import Reason
from vecgate.serve.listeners import Listener, Listeners, Upstream
from vecgate.serve.tls import listener_context, upstream_context
from vecgate.serve.wire import PREFACE


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


@pytest.mark.parametrize("kind", MASTERS)
async def test_a_preface_may_come_byte_by_byte(kind: str) -> None:
    async with RawUpstream() as upstream, serving(kind, plain(upstream.port)) as served:
        async with H2Client(served.port) as whole:
            assert (await whole.exchange(base("/a"))).status == 200
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        for byte in PREFACE:
            writer.write(bytes([byte]))
            await asyncio.sleep(0)
        settings = await reader.readexactly(9)
        await hang_up(writer)
    assert settings[3] == 4  # a SETTINGS frame


@pytest.mark.parametrize("kind", MASTERS)
async def test_one_process_has_several_listeners_each_with_its_upstream(kind: str) -> None:
    async with (
        RawUpstream() as first,
        RawUpstream() as second,
        serving(kind, plain(first.port), plain(second.port)) as served,
    ):
        for port in (served.ports[1], served.ports[1], served.ports[0]):
            assert (await exchange(port, get(b"/a"))).status == 200
    assert (len(first.take()), len(second.take())) == (1, 2)


@pytest.mark.parametrize("kind", MASTERS)
async def test_an_upstream_that_cannot_be_reached_is_502_with_its_own_reason(kind: str) -> None:
    async with RawUpstream() as upstream:
        dead = upstream.port
    async with serving(kind, plain(dead)) as served:
        reply = await exchange(served.port, get(b"/a"))
        async with H2Client(served.port) as client:
            answered = await client.exchange(base("/a"))
    assert (reply.status, reply.body) == (502, b"upstream_unreachable")
    assert (answered.status, answered.body) == (502, b"upstream_unreachable")
    assert served.gate.ends == [("error", Reason.UPSTREAM_UNREACHABLE)] * 2


def plain(port: int) -> Listener:
    return Listener("docs", "127.0.0.1", 0, Upstream("http", "127.0.0.1", port))


class Certificates:
    def __init__(self, folder: Path) -> None:
        self.ca, self.foreign = Authority(folder, "own"), Authority(folder, "foreign")
        self.server = self.ca.issue("server", "127.0.0.1")
        self.other_host = self.ca.issue("other", "other.example")
        self.client = self.ca.issue("client", "client.example")
        self.foreign_client = self.foreign.issue("client", "client.example")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


def client_side(certificates: Certificates, own: Issued | None = None, alpn: str = "http/1.1") -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=certificates.ca.certificate)
    context.set_alpn_protocols([alpn])
    if own is not None:
        context.load_cert_chain(own.certificate, own.key)
    return context


async def exchange_tls(port: int, context: ssl.SSLContext) -> Reply:
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    except (ssl.SSLError, ConnectionError):
        return Reply(b"", "closed")
    writer.write(get(b"/a"))
    try:
        return await read_reply(reader)
    except ssl.SSLError:
        return Reply(b"", "closed")
    finally:
        await hang_up(writer)


@contextlib.asynccontextmanager
async def over_tls(
    kind: str, certificates: Certificates, *, client_ca: bool
) -> AsyncIterator[tuple[Served, RawUpstream]]:
    own = certificates.server
    context = listener_context(own.certificate, own.key, certificates.ca.certificate if client_ca else None)
    async with RawUpstream() as upstream:
        listener = Listener("docs", "127.0.0.1", 0, Upstream("http", "127.0.0.1", upstream.port), tls=context)
        async with serving(kind, listener) as served:
            yield served, upstream


@pytest.mark.parametrize("kind", MASTERS)
async def test_a_tls_port_speaks_tls_and_nothing_else(kind: str, certificates: Certificates) -> None:
    async with over_tls(kind, certificates, client_ca=False) as (served, upstream):
        reply = await exchange_tls(served.port, client_side(certificates))
        refused = [await exchange(served.port, get(b"/a")), await exchange(served.port, PREFACE)]
        records = upstream.take()
    assert reply.status == 200
    assert [(one.raw, one.ended) for one in refused] == [(b"", "closed")] * 2
    assert len(records) == 1
    assert [reason for reason, _ in served.reports] == [Reason.PROTOCOL_ERROR] * 2


@pytest.mark.parametrize("kind", MASTERS)
async def test_a_tls_port_speaks_http2_by_alpn(kind: str, certificates: Certificates) -> None:
    async with over_tls(kind, certificates, client_ca=False) as (served, _):
        context = client_side(certificates, alpn="h2")
        _, writer = await asyncio.open_connection("127.0.0.1", served.port, ssl=context)
        negotiated = writer.get_extra_info("ssl_object").selected_alpn_protocol()
        await hang_up(writer)
    assert negotiated == "h2"


@pytest.mark.parametrize("kind", MASTERS)
async def test_a_client_certificate_is_demanded_and_verified(kind: str, certificates: Certificates) -> None:
    async with over_tls(kind, certificates, client_ca=True) as (served, upstream):
        own = await exchange_tls(served.port, client_side(certificates, certificates.client))
        none = await exchange_tls(served.port, client_side(certificates))
        foreign = await exchange_tls(served.port, client_side(certificates, certificates.foreign_client))
        records = upstream.take()
    assert (own.status, none.status, foreign.status) == (200, 0, 0)
    assert len(records) == 1
    assert [reason for reason, _ in served.reports] == [Reason.PROTOCOL_ERROR] * 2


@pytest.mark.parametrize("kind", MASTERS)
async def test_a_plaintext_port_takes_no_tls(kind: str, certificates: Certificates) -> None:
    async with RawUpstream() as upstream, serving(kind, plain(upstream.port)) as served:
        reply = await exchange_tls(served.port, client_side(certificates))
        assert upstream.connections == 0
    assert reply.status == 0


@pytest.mark.parametrize("kind", MASTERS)
async def test_a_listener_that_broke_is_closed_not_open(
    kind: str, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    """mitmproxy's TlsConfig, next in the chain, would accept any client."""
    async with over_tls(kind, certificates, client_ca=True) as (served, upstream):

        def broken(*_: object) -> None:
            raise RuntimeError

        monkeypatch.setattr("vecgate.serve.tls.server_side", broken)
        handshake = await exchange_tls(served.port, client_side(certificates))
        monkeypatch.setattr(Listeners, "of", broken)
        first = await exchange(served.port, get(b"/a"))
        monkeypatch.undo()
        assert upstream.connections == 0
    assert (handshake.status, first.status) == (0, 0)


@pytest.mark.parametrize("kind", MASTERS)
@pytest.mark.parametrize(("presented", "status"), [("server", 200), ("other_host", 502), ("foreign_client", 502)])
async def test_an_upstreams_certificate_must_be_its_own(
    kind: str, presented: str, status: int, certificates: Certificates
) -> None:
    shown: Issued = getattr(certificates, presented)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(shown.certificate, shown.key)
    seen: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await hang_up(writer)

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    upstream = Upstream("https", "127.0.0.1", port, upstream_context(certificates.ca.certificate))
    async with serving(kind, Listener("docs", "127.0.0.1", 0, upstream)) as served:
        reply = await exchange(served.port, get(b"/a"))
    server.close()
    assert reply.status == status
    assert len(seen) == (1 if status == 200 else 0)
