"""Reach: no socket to anywhere that no sealed request named, whatever layer of mitmproxy asks for it.

The seal stands where HTTP flows become bytes. Below it lie the layers that know no flow: raw TCP, UDP, DNS, tunnels,
eager connections. They all end in ConnectionHandler.open_connection, which asks here.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from weakref import WeakKeyDictionary

from mitmproxy import connection
from mitmproxy.proxy import commands, events, layer, server
from mitmproxy.proxy.layers.http import HttpStream
from mitmproxy.proxy.layers.http._hooks import HttpRequestHeadersHook

from vecgate.reasons import Reason
from vecgate.serve.expiry import end

log = logging.getLogger(__name__)

type Open = Callable[[server.ConnectionHandler, commands.OpenConnection], Awaitable[None]]

_allowed: WeakKeyDictionary[connection.Client, set[tuple[str, int]]] = WeakKeyDictionary()


def allow(client: connection.Client, address: tuple[str, int]) -> None:
    """A sealed request of this client goes to this address."""
    _allowed.setdefault(client, set()).add(address)


def may_open(client: connection.Client, upstream: connection.Server) -> bool:
    """Whether some sealed request of this client asked for a connection to this address. Checked before every
    connect."""
    return upstream.address is not None and upstream.address[:2] in _allowed.get(client, ())


def opening(open_connection: Open) -> Open:
    """Wrap ConnectionHandler.open_connection: no socket to anywhere that no sealed request named, whatever layer
    asks."""

    async def wrapper(self: server.ConnectionHandler, command: commands.OpenConnection) -> None:
        if may_open(self.client, command.connection):
            await open_connection(self, command)
            return
        command.connection.error = "no sealed request asked for this connection"
        log.warning("connection to %s refused: unsealed", command.connection.address)
        await self.server_event(events.OpenConnectionCompleted(command, command.connection.error))

    return wrapper


def refuse_connect(self: HttpStream) -> layer.CommandGenerator[None]:
    """Stands in for HttpStream.handle_connect: a gateway is no tunnel."""
    yield HttpRequestHeadersHook(self.flow)
    yield from end(self, Reason.METHOD_NOT_ALLOWED, "CONNECT")


def refuse_passthrough(self: HttpStream, event: events.Event) -> layer.CommandGenerator[None]:
    """Stands in for HttpStream.passthrough, where bytes would go through unseen."""
    yield commands.CloseConnection(self.context.client)
