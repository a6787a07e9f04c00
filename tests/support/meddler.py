"""Addons that do what a gateway must survive: fail in a hook, change what is sealed already, hold, answer, stream."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from mitmproxy import exceptions, http
from mitmproxy.proxy import server_hooks

from tests.support.raw_upstream import SECRET

HOOKS = ("requestheaders", "request", "responseheaders", "response")
FAULTS: dict[str, Callable[[], BaseException]] = {
    "ValueError": ValueError,
    "AddonHalt": exceptions.AddonHalt,
    "OptionsError": lambda: exceptions.OptionsError("x"),
    "CancelledError": asyncio.CancelledError,
    "TimeoutError": TimeoutError,
    "RecursionError": RecursionError,
}


class Faulty:
    """Fails where the path says: `/secret/<name>/<hook>/<fault>`."""

    def __init__(self, name: str) -> None:
        self.name = name
        for hook in HOOKS:
            setattr(self, hook, self._failing(hook))

    def _failing(self, hook: str) -> Callable[[http.HTTPFlow], None]:
        def function(flow: http.HTTPFlow) -> None:
            _, _, name, where, fault = (*flow.request.path.split("/"), *[""] * 5)[:5]
            if (name, where) == (self.name, hook):
                raise FAULTS[fault]()

        return function


EDITS: dict[str, Callable[[http.HTTPFlow], Any]] = {
    "path": lambda flow: setattr(flow.request, "path", "/other"),
    "query": lambda flow: setattr(flow.request, "path", flow.request.path + "?x"),
    "method": lambda flow: setattr(flow.request, "method", "DELETE"),
    "host": lambda flow: setattr(flow.request, "host", "localhost"),
    "port": lambda flow: setattr(flow.request, "port", 1),
    "scheme": lambda flow: setattr(flow.request, "scheme", "https"),
    "authority": lambda flow: setattr(flow.request, "authority", "evil:1"),
    "header added": lambda flow: flow.request.headers.add("x-a", "1"),
    "header removed": lambda flow: flow.request.headers.pop("x-edit"),
    "header's case": lambda flow: setattr(flow.request.headers, "fields", ((b"hOST", b"x"),)),
    "body": lambda flow: setattr(flow.request, "raw_content", b"other"),
    "no body": lambda flow: setattr(flow.request, "raw_content", None),
    "version": lambda flow: setattr(flow.request.data, "http_version", b"HTTP/1.1\r\nX-Inj: 1"),
    "request": lambda flow: setattr(flow, "request", http.Request.make("GET", "http://localhost/other")),
    "streaming": lambda flow: setattr(flow.request, "stream", True),
    "proxy": lambda flow: setattr(flow.server_conn, "via", ("http", ("127.0.0.1", 1))),
}
ANSWER_EDITS: dict[str, Callable[[http.HTTPFlow], Any]] = {
    "status": lambda flow: setattr(flow.response, "status_code", 201),
    "interim status": lambda flow: setattr(flow.response, "status_code", 101),
    "reason": lambda flow: setattr(flow.response, "reason", "x\r\nx-a: 1"),
    "header added": lambda flow: _response(flow).headers.add("x-a", "1"),
    "body": lambda flow: setattr(flow.response, "raw_content", SECRET),
    "trailers": lambda flow: setattr(flow.response, "trailers", http.Headers([(b"x-t", b"1")])),
    "response": lambda flow: setattr(flow, "response", http.Response.make(200, SECRET)),
    "no response": lambda flow: setattr(flow, "response", None),
    "streaming": lambda flow: setattr(flow.response, "stream", True),
    "websocket": lambda flow: setattr(flow, "response", http.Response.make(101, b"", {"upgrade": "websocket"})),
}


def _response(flow: http.HTTPFlow) -> http.Response:
    assert flow.response is not None
    return flow.response


class Meddler:
    """Changes a sealed message as its `x-edit` or `x-edit-answer` says. `flows` are those that it has seen."""

    name = "meddler"

    def __init__(self) -> None:
        self.flows: list[http.HTTPFlow] = []

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        if flow.request.path == "/stream-request":
            flow.request.stream = True

    def request(self, flow: http.HTTPFlow) -> None:
        self.flows.append(flow)
        if flow.request.path == "/hold":
            flow.intercept()
        elif flow.request.path == "/crash":
            flow.request = None  # type: ignore[assignment]  # what no type checker would let an addon do
        elif flow.request.path == "/answer":
            flow.response = http.Response.make(200, SECRET)
        elif (edit := flow.request.headers.get("x-edit")) is not None:
            EDITS[edit](flow)

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        if flow.request.path == "/secret/stream-response":
            _response(flow).stream = True
        elif flow.request.path == "/secret/no-response":
            flow.response = None

    def response(self, flow: http.HTTPFlow) -> None:
        if (edit := flow.request.headers.get("x-edit-answer")) is not None:
            ANSWER_EDITS[edit](flow)

    def server_connect(self, data: server_hooks.ServerConnectionHookData) -> None:
        if self.flows and self.flows[-1].request.path == "/redirect":
            data.server.address = ("localhost", (data.server.address or ("", 0))[1])
