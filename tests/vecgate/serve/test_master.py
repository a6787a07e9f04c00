"""The own master: what is in it, what is not, and how its ports are opened."""

from __future__ import annotations

from typing import Any

import pytest
from mitmproxy.proxy import mode_servers
from tests.support.raw_client import exchange, get
from tests.support.raw_upstream import RawUpstream
from tests.support.serving import serving
from tests.vecgate.serve.conftest import listener

from vecgate.demo.processes import free_port
from vecgate.serve.listeners import Listener, Upstream
from vecgate.serve.master import Ports


async def test_it_has_only_what_a_reverse_proxy_needs_in_the_right_order() -> None:
    async with RawUpstream() as upstream, serving("own", listener(upstream.port)) as served:
        names = [getattr(addon, "name", type(addon).__name__.lower()) for addon in served.master.addons.chain]
    assert names == [
        *("core", "proxyserver", "vecgate_wire", "vecgate_tls", "nextlayer", "vecgate_pace", "vecgate_crowd"),
        *("gate", "errorcheck", "vecgate_options"),
    ]


async def test_the_hosts_that_mitmproxy_would_answer_itself_are_nothing_special() -> None:
    async with RawUpstream() as upstream, serving("own", listener(upstream.port)) as served:
        reply = await exchange(served.port, b"GET /cert/pem HTTP/1.1\r\nHost: mitm.it\r\n\r\n")
        records = upstream.take()
    assert reply.status == 200
    assert len(records) == 1


@pytest.mark.parametrize("shared", [False, True])
async def test_two_processes_share_a_port_only_if_told_to(shared: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Ports, "shared", shared)
    port = free_port()
    async with RawUpstream() as upstream:
        first = Listener("docs", "127.0.0.1", port, Upstream("http", "127.0.0.1", upstream.port))
        async with serving("own", first) as served:
            listen: Any = mode_servers.AsyncioServerInstance.listen
            instance = next(iter(served.addon("proxyserver").servers))
            if shared:
                (second,) = await listen(instance, "127.0.0.1", port)
                second.close()
            else:
                with pytest.raises(OSError, match="in use"):
                    await listen(instance, "127.0.0.1", port)


async def test_an_https_upstream_opens_no_udp_port() -> None:
    async with serving("own", Listener("docs", "127.0.0.1", 0, Upstream("https", "127.0.0.1", free_port()))) as served:
        (instance,) = served.addon("proxyserver").servers
        assert instance.mode.transport_protocol == "both"
        assert len(instance.listen_addrs) == 1


async def test_a_second_request_on_a_connection_is_served_like_the_first() -> None:
    async with RawUpstream() as upstream, serving("own", listener(upstream.port)) as served:
        replies = [await exchange(served.port, get(b"/a")) for _ in range(3)]
    assert [reply.status for reply in replies] == [200] * 3
