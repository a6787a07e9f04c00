"""What a connection proved: in its own handshake, by CAs that its listener trusts now, never by a resumed one."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.x509 import DNSName
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from mitmproxy import http
from tests.support.certificates import Authority, Issued
from tests.support.raw_client import get, hang_up, read_reply
from tests.support.raw_upstream import RawUpstream
from tests.support.serving import MASTERS, Served, serving

from vecgate.identity.certificate import Certificate
from vecgate.serve.listeners import Listener, Upstream
from vecgate.serve.peers import certificate_of
from vecgate.serve.tls import authorities, listener_context


class Witness:
    """Sees of every request what its connection proved."""

    def __init__(self) -> None:
        self.seen: list[Certificate | None] = []
        self.listener: Listener | None = None

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        self.seen.append(certificate_of(flow.client_conn, self.listener))


class Scene:
    def __init__(self, folder: Path) -> None:
        self.ca, self.foreign = Authority(folder, "own"), Authority(folder, "foreign")
        self.server = self.ca.issue("server", "127.0.0.1")
        self.client = self.ca.client("client", DNSName("client.example"))

    def listener(self, port: int, *, client_ca: bool = True) -> Listener:
        ca = self.ca.certificate if client_ca else None
        context = listener_context(self.server.certificate, self.server.key, ca)
        upstream = Upstream("http", "127.0.0.1", port)
        return Listener("docs", "127.0.0.1", 0, upstream, context, clients=authorities(ca) if ca else "")

    def trusting(self, own: Issued | None, version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.ca.certificate)
        context.minimum_version = context.maximum_version = version
        if own is not None:
            context.load_cert_chain(own.certificate, own.key)
        return context


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return Scene(tmp_path_factory.mktemp("peers"))


@contextlib.asynccontextmanager
async def witnessed(kind: str, scene: Scene, *, client_ca: bool = True) -> AsyncIterator[tuple[Served, Witness]]:
    witness = Witness()
    async with RawUpstream() as upstream:
        witness.listener = scene.listener(upstream.port, client_ca=client_ca)
        async with serving(kind, witness.listener, before=[witness]) as served:
            yield served, witness


async def status(port: int, context: ssl.SSLContext, count: int = 1) -> int:
    """Of the last of so many requests on one connection, 0 if there was none."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    except (ssl.SSLError, ConnectionError):
        return 0
    try:
        for _ in range(count):
            writer.write(get(b"/a"))
            reply = await read_reply(reader)
        return reply.status
    except (ssl.SSLError, ConnectionError):
        return 0
    finally:
        with contextlib.suppress(ssl.SSLError):
            await hang_up(writer)


@pytest.mark.parametrize("kind", MASTERS)
async def test_every_request_of_a_connection_knows_its_certificate(kind: str, scene: Scene) -> None:
    async with witnessed(kind, scene) as (served, witness):
        assert await status(served.port, scene.trusting(scene.client), 2) == 200
        other = scene.ca.client("other", DNSName("other.example"))
        assert await status(served.port, scene.trusting(other)) == 200
    first, again, third = witness.seen
    assert first is again
    assert first is not None
    assert third is not None
    assert (first.values("dns"), third.values("dns")) == (("client.example",), ("other.example",))


async def test_a_listener_that_verifies_nothing_knows_no_certificate(scene: Scene) -> None:
    async with witnessed("own", scene, client_ca=False) as (served, witness):
        assert await status(served.port, scene.trusting(scene.client)) == 200
    assert witness.seen == [None]


async def test_a_certificate_ends_with_the_cas_that_it_was_verified_by(scene: Scene) -> None:
    async with witnessed("own", scene) as (served, witness):
        assert witness.listener is not None
        witness.listener = replace(witness.listener, clients="other CAs since a reload")
        assert await status(served.port, scene.trusting(scene.client)) == 200
        witness.listener = None
        assert await status(served.port, scene.trusting(scene.client)) == 200
    assert witness.seen == [None, None]


async def test_the_end_of_the_verified_chain_counts_not_what_was_sent(scene: Scene) -> None:
    long = scene.ca.client("long", DNSName("long.example"), seconds=90_000)
    async with witnessed("own", scene) as (served, witness):
        assert await status(served.port, scene.trusting(long)) == 200
    assert witness.seen[0] is not None
    assert witness.seen[0].expires < long.read().not_valid_after_utc.timestamp()


async def test_a_handshake_refuses_what_is_no_clients_certificate(scene: Scene) -> None:
    refused = [
        scene.ca.client("expired", DNSName("client.example"), seconds=-60),
        scene.ca.client("server-only", DNSName("client.example"), usage=ExtendedKeyUsageOID.SERVER_AUTH),
        scene.foreign.client("foreign", DNSName("client.example")),
    ]
    async with witnessed("own", scene) as (served, witness):
        assert [await status(served.port, scene.trusting(one)) for one in refused] == [0, 0, 0]
    assert witness.seen == []


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
async def test_no_session_is_resumed_where_certificates_are_verified(scene: Scene, version: ssl.TLSVersion) -> None:
    reused = []
    async with witnessed("own", scene) as (served, _):
        context, session = scene.trusting(scene.client, version), None
        for _ in range(2):
            session, again = await asyncio.to_thread(blocking, served.port, context, session)
            reused.append(again)
    assert reused == [False, False]


def blocking(port: int, context: ssl.SSLContext, session: ssl.SSLSession | None) -> tuple[ssl.SSLSession | None, bool]:
    """One request; asyncio has no way to offer a session."""
    with (
        socket.create_connection(("127.0.0.1", port), 5) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1", session=session) as wrapped,
    ):
        wrapped.sendall(get(b"/a"))
        wrapped.recv(4096)
        return wrapped.session, bool(wrapped.session_reused)


async def test_a_certificate_that_cannot_be_read_counts_for_nothing(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreadable(chain: object) -> Certificate:
        raise ValueError("odd")

    monkeypatch.setattr(Certificate, "read", unreadable)
    named = scene.ca.client("named", subject={NameOID.COMMON_NAME: "x"})
    async with witnessed("own", scene) as (served, witness):
        assert await status(served.port, scene.trusting(named)) == 200
    assert witness.seen == [None]
