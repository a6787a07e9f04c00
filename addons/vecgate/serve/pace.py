"""Pace: ends clients that are too slow, in the head (slowloris) or in the body of a request.

One task looks at every connection a few times a second. What it finds unfinished is remembered by name, and expired
when it is still there past its bound; requests that arrive in good time cost nothing. Held requests are complete and
not looked at.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

from mitmproxy import ctx
from mitmproxy.proxy import events, layer
from mitmproxy.proxy.layers.http import HttpLayer
from mitmproxy.proxy.layers.http._http1 import Http1Server
from mitmproxy.proxy.layers.http._http2 import Http2Server
from mitmproxy.proxy.server import ConnectionHandler
from mitmproxy.utils import asyncio_utils

from vecgate.reasons import Reason
from vecgate.serve import answers, http1, http2
from vecgate.serve.expiry import Expire, body_pending
from vecgate.serve.failures import Failure
from vecgate.serve.listeners import Bounds
from vecgate.serve.wiring import current

log = logging.getLogger(__name__)

TICK = 0.5
LINGER = 2.0
"""How long a client that has got its last answer may take to close."""

type Unfinished = tuple[tuple[object, ...], float, Callable[[], None]]
"""A name for what is unfinished, how long it may last in seconds, and what to do then."""


class Pace:
    """Add it to the master after Proxyserver. `tick` is the time between looks in seconds."""

    name = "vecgate_pace"

    def __init__(self, tick: float = TICK) -> None:
        self._tick = tick
        self._since: WeakKeyDictionary[ConnectionHandler, dict[tuple[object, ...], float]] = WeakKeyDictionary()
        self._task: asyncio.Task[None] | None = None

    def running(self) -> None:
        self._task = asyncio_utils.create_task(self._run(), name="pace", keep_ref=True)

    def done(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._tick)
            proxyserver: Any = ctx.master.addons.get("proxyserver")
            for handler in list(proxyserver.connections.values()):
                try:
                    self._look(handler, time.monotonic())
                except Exception:
                    log.exception("a connection could not be looked at, closing it")
                    _close(handler)

    def _look(self, handler: ConnectionHandler, now: float) -> None:
        before = self._since.get(handler, {})
        since: dict[tuple[object, ...], float] = {}
        for name, limit, expire in _unfinished(handler, current().listeners.bounds(handler.client)):
            since[name] = before.get(name, now)
            if now - since[name] >= limit - 2 * self._tick:  # seen up to a tick late, expired up to a tick late
                expire()
        self._since[handler] = since


def _unfinished(handler: ConnectionHandler, bounds: Bounds) -> Iterator[Unfinished]:
    http_layer = next((part for part in handler.layer.context.layers if isinstance(part, HttpLayer)), None)
    server = http_layer.connections.get(handler.client) if http_layer else None
    if http_layer is None or server is None:
        yield ("start",), bounds.head_time, partial(_give_up, handler)
        return
    if isinstance(server, Http1Server):
        if http1.lingering(server):
            yield ("linger",), LINGER, partial(_close, handler)
        elif http1.head_pending(server):
            yield ("head", server.stream_id), bounds.head_time, partial(_expire, handler, http_layer, server)
    elif isinstance(server, Http2Server) and http2.head_pending(server):
        yield ("head",), bounds.head_time, partial(_expire, handler, http_layer, server)
    for stream in http_layer.streams.values():
        if body_pending(stream):
            yield ("body", stream), bounds.body_time, partial(_expire, handler, http_layer, stream)


def _expire(handler: ConnectionHandler, http_layer: HttpLayer, part: layer.Layer) -> None:
    command = Expire()
    http_layer.command_sources[command] = part
    asyncio_utils.create_task(handler.server_event(events.Wakeup(command)), name="expire", keep_ref=True)


def _give_up(handler: ConnectionHandler) -> None:
    if handler.client in handler.transports:
        answers.report(Failure(Reason.REQUEST_TIMEOUT, "no request began in time", handler.client))
        _close(handler)


def _close(handler: ConnectionHandler) -> None:
    if handler.client in handler.transports:
        handler.close_connection(handler.client)
