"""Reach: no layer below HTTP opens a socket that no sealed request asked for."""

from __future__ import annotations

from typing import Any

import pytest
from mitmproxy import connection
from mitmproxy.proxy import layer
from mitmproxy.proxy.layers import TCPLayer
from tests.support.raw_client import exchange, get
from tests.support.raw_upstream import RawUpstream
from tests.support.serving import MASTERS, serving
from tests.vecgate.serve.conftest import listener

from vecgate.serve import reach
from vecgate.serve.options import OptionsGuard


def client(port: int) -> connection.Client:
    return connection.Client(peername=("127.0.0.1", port), sockname=("127.0.0.1", 6010))


def test_a_client_reaches_what_its_own_sealed_requests_named() -> None:
    mine, other = client(1), client(2)
    reach.allow(mine, ("127.0.0.1", 8000))
    assert reach.may_open(mine, connection.Server(address=("127.0.0.1", 8000)))
    assert not reach.may_open(mine, connection.Server(address=("127.0.0.1", 8001)))
    assert not reach.may_open(mine, connection.Server(address=None))
    assert not reach.may_open(other, connection.Server(address=("127.0.0.1", 8000)))


class Tunnel:
    """An addon that makes every connection a tunnel."""

    name = "tunnel"

    def next_layer(self, data: layer.NextLayer) -> None:
        if data.data_client():
            data.layer = TCPLayer(data.context)


@pytest.mark.parametrize("kind", MASTERS)
async def test_a_tunnel_made_by_another_addon_goes_nowhere(kind: str) -> None:
    async with RawUpstream() as upstream, serving(kind, listener(upstream.port), before=[Tunnel()]) as served:
        reply = await exchange(served.port, get(b"/a"))
        opened = upstream.connections
    assert (reply.raw, opened) == (b"", 0)


@pytest.mark.parametrize("kind", MASTERS)
async def test_eager_connections_are_not_opened(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even with the option's guard out of the way."""

    def unguarded(*_: Any) -> None:
        return

    monkeypatch.setattr(OptionsGuard, "configure", unguarded)
    async with RawUpstream() as upstream, serving(kind, listener(upstream.port)) as served:
        served.master.options.update(connection_strategy="eager")
        reply = await exchange(served.port, get(b"/a"))
        opened = upstream.connections
    assert (reply.status, opened) == (0, 0)
