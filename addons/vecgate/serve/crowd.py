"""Crowd: more connections than a process has descriptors for.

Without it, one client that opens connections and leaves them open takes every descriptor: nobody else is accepted, and
evidence cannot be written. So when descriptors run short, idle connections are closed, the longest idle first, as
clients must expect at any time (RFC 9112 §9.5); where there are none, a new connection is turned away.

POSIX gives a new socket the lowest descriptor that is free. So its number tells how many are taken.
"""

from __future__ import annotations

import heapq
import logging
import resource
import time
from typing import Any

from mitmproxy import connection, ctx
from mitmproxy.proxy import server_hooks
from mitmproxy.proxy.layers.http import HttpLayer
from mitmproxy.proxy.server import ConnectionHandler

WANTED = 16_384
"""Descriptors of a process, as far as its hard limit allows: some 8,000 clients, each with its own upstream."""
RESERVE = 512
"""Kept for evidence, state, issuers and the control plane, and for what is accepted before it can be looked at; a
quarter where there are few."""
ROOM = 64
"""Connections that are closed at a time, or half of the idle ones."""
QUIET = 60.0
"""Seconds between two warnings."""

log = logging.getLogger(__name__)


def raise_limit() -> None:
    """Let this process have what it wants, where its hard limit allows: the usual 1,024 are soon taken."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED if hard == resource.RLIM_INFINITY else min(WANTED, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def capacity() -> int:
    """The descriptor from which on they are short. The limit may be changed from outside while the gateway runs."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = WANTED if soft == resource.RLIM_INFINITY else min(soft, WANTED)
    return limit - min(RESERVE, limit // 4)


class Crowd:
    """Add it to the master after Proxyserver."""

    name = "vecgate_crowd"

    def __init__(self) -> None:
        self._warned = -QUIET

    def client_connected(self, client: connection.Client) -> None:
        handler = _handlers().get(client.id)
        if handler is not None and _descriptor(handler, client) >= capacity() and not self._make_room(handler):
            client.error = "too many connections"  # mitmproxy closes it

    def server_connected(self, data: server_hooks.ServerConnectionHookData) -> None:
        handler = _handlers().get(data.client.id)
        if handler is not None and _descriptor(handler, data.server) >= capacity():
            self._make_room(handler)

    def _make_room(self, comer: ConnectionHandler) -> int:
        """Returns how many connections were closed for whoever has just come."""
        idle = [each for each in _handlers().values() if each is not comer and _is_idle(each)]
        longest = heapq.nsmallest(min(ROOM, (len(idle) + 1) // 2), idle, key=_last_active)
        for each in longest:
            each.close_connection(each.client)
        if (now := time.monotonic()) - self._warned >= QUIET:
            self._warned = now
            log.warning(
                "descriptors are short (%d may be taken, see `ulimit -n`): %d of %d idle connections closed%s",
                capacity(),
                len(longest),
                len(idle),
                "" if longest else ", new ones are turned away",
            )
        return len(longest)


def _handlers() -> dict[Any, ConnectionHandler]:
    proxyserver: Any = ctx.master.addons.get("proxyserver")
    handlers: dict[Any, ConnectionHandler] = proxyserver.connections
    return handlers


def _descriptor(handler: ConnectionHandler, end: connection.Connection) -> int:
    transport = handler.transports.get(end)
    writer: Any = transport.writer if transport is not None else None
    opened = writer.get_extra_info("socket") if writer is not None else None
    return opened.fileno() if opened is not None else -1


def _is_idle(handler: ConnectionHandler) -> bool:
    """Nothing is asked and nothing is answered on it: not begun, between two requests, or in the head of one."""
    transport = handler.transports.get(handler.client)
    if transport is None or transport.handler is None:
        return False
    return not any(isinstance(part, HttpLayer) and part.streams for part in handler.layer.context.layers)


def _last_active(handler: ConnectionHandler) -> float:
    return handler.timeout_watchdog.last_activity
