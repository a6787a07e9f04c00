"""The launcher's own master: what a reverse proxy needs, and nothing that a gateway must not have.

    options = Options(mode=listeners.modes)
    master = minimal_master(options, listeners, refuse, stages, tcp_timeout=660, body_size_limit=…)
    await master.run()

Four of mitmproxy's 31 default addons remain: Core, Proxyserver, NextLayer, ErrorCheck. TlsConfig, which would make a CA
in the home folder, is replaced by `wire.Tls`. There is no script loader, so nothing is reloaded; no client replay; no
onboarding.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from typing import Any

from mitmproxy.addons import core, errorcheck, next_layer, proxyserver
from mitmproxy.master import Master
from mitmproxy.options import Options

from vecgate.serve import options as settings
from vecgate.serve.crowd import Crowd
from vecgate.serve.dispatch import Dispatch, Refuse
from vecgate.serve.listeners import Listeners
from vecgate.serve.pace import Pace
from vecgate.serve.wire import Tls, Wire

ACCEPTED = 8
"""Connections that a listener accepts before anything else is done."""
WAITING = 512
"""Connections that wait in the kernel to be accepted, as far as the system allows."""


def minimal_master(
    options: Options,
    listeners: Listeners,
    refuse: Refuse,
    stages: Sequence[object],
    *,
    tcp_timeout: int,
    body_size_limit: int,
    pace: Pace | None = None,
) -> Master:
    """Call `install` first, inside the running event loop. The stages are called in the order given."""
    master = Master(options)
    master.addons.add(
        core.Core(),
        proxyserver.Proxyserver(),
        *front(listeners),
        next_layer.NextLayer(),
        pace or Pace(),
        Crowd(),
        *stages,
        errorcheck.ErrorCheck(),
    )
    settings.apply(options, tcp_timeout=tcp_timeout, body_size_limit=body_size_limit)
    settings.check(options)
    master.addons.add(settings.OptionsGuard())
    Dispatch(master, refuse)
    return master


def front(listeners: Listeners) -> tuple[object, ...]:
    """The addons that must stand before NextLayer and TlsConfig, in any front end."""
    return Wire(listeners), Tls(listeners)


class Ports:
    """How listeners are opened, for the whole process."""

    shared = False
    """SO_REUSEPORT, so that one process per core can listen on the same port."""


async def listen(self: Any, host: str, port: int) -> list[asyncio.Server]:
    """Stands in for AsyncioServerInstance.listen: TCP alone. mitmproxy also opens a UDP port for QUIC if the upstream
    is https.

    asyncio takes what `backlog` says for two things: how many connections wait in the kernel, and how many are accepted
    at a time. A hundred at a time would be more than `crowd` keeps descriptors for.
    """
    server = await asyncio.start_server(
        self.handle_stream, host, port, reuse_port=Ports.shared or None, backlog=ACCEPTED
    )
    for opened in server.sockets:
        with socket.fromfd(opened.fileno(), opened.family, opened.type) as same:
            same.listen(WAITING)
    return [server]
