"""Install: every change to mitmproxy's own code, made here and nowhere else.

    install(Wiring(gate=…, render=…, report=…, listeners=…, body_limit=…))

The first call checks the versions and pins and patches; every later one swaps the wiring. Importing vecgate changes
nothing. The changes hold for the whole process and every master in it, and outlive the script or addon that asked for
them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from mitmproxy.proxy import mode_servers, server
from mitmproxy.proxy.layers import http as layers
from mitmproxy.proxy.layers.http import _http1, _http2

from vecgate.serve import bounds, dispatch, http1, http2, master, pins, reach, seal, wiring


class Patch(NamedTuple):
    owner: Any
    name: str
    make: Callable[[Any], Any]
    """Gets the original, returns what takes its place."""


def _instead(replacement: Any) -> Callable[[Any], Any]:
    return lambda _: replacement


PATCHES = (
    Patch(layers.HttpStream, "_handle_event", seal.filtered),
    Patch(layers.HttpStream, "handle_event", _instead(bounds.handle_event)),
    Patch(layers.HttpStream, "handle_connect", _instead(reach.refuse_connect)),
    Patch(layers.HttpStream, "passthrough", _instead(reach.refuse_passthrough)),
    Patch(layers.HttpStream, "check_body_size", _instead(bounds.check_body_size)),
    Patch(server.ConnectionHandler, "open_connection", reach.opening),
    Patch(server.ConnectionHandler, "server_event", _instead(dispatch.server_event)),
    Patch(server.ConnectionHandler, "hook_task", _instead(dispatch.hook_task)),
    Patch(mode_servers.AsyncioServerInstance, "listen", _instead(master.listen)),
    Patch(_http1, "make_error_response", _instead(http1.make_error_response)),
    Patch(_http1, "make_body_reader", _instead(http1.body_reader)),
    Patch(_http1.Http1Connection, "_handle_event", http1.handled),
    Patch(_http1.Http1Server, "read_headers", http1.server_reads_head),
    Patch(_http1.Http1Server, "read_body", http1.server_reads_body),
    Patch(_http1.Http1Server, "wait", http1.server_waits),
    Patch(_http1.Http1Server, "send", http1.server_sends),
    Patch(_http1.Http1Client, "read_headers", http1.client_reads_head),
    Patch(_http2.Http2Server, "__init__", http2.created),
    Patch(_http2.Http2Server, "_handle_event", http2.handled),
    Patch(_http2.Http2Server, "handle_h2_event", http2.frame_handled),
    Patch(_http2.Http2Server, "protocol_error", _instead(http2.protocol_error)),
)

_installed: list[Patch] = []


def install(new: wiring.Wiring) -> None:
    """Raises pins.Unpinned if this mitmproxy is not the one that was read; then nothing is changed."""
    if not _installed:
        pins.verify()
        for patch in PATCHES:
            setattr(patch.owner, patch.name, patch.make(getattr(patch.owner, patch.name)))
        _installed.extend(PATCHES)
    wiring.swap(new)
