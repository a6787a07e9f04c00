"""Bounds on what is buffered: the head of a message and the body of a flow. mitmproxy 12.3.1 has none on the first.

`head_problem` looks at the buffer of an HTTP/1 connection. `check_body_size` stands in for HttpStream's: the limit is
the flow's own, may fall while the request is read, and streaming never is the way out.
"""

from __future__ import annotations

from collections.abc import Iterable

from mitmproxy import flow as mitmflow
from mitmproxy import http
from mitmproxy.net.http.http1 import expected_http_body_size
from mitmproxy.proxy import events, layer
from mitmproxy.proxy.layers.http import HttpStream, SendHttp
from mitmproxy.proxy.layers.http._events import (
    ErrorCode,
    RequestData,
    RequestProtocolError,
    ResponseData,
)
from mitmproxy.proxy.layers.http._hooks import HttpErrorHook, HttpRequestHeadersHook

from vecgate.reasons import Reason
from vecgate.serve import answers, failures
from vecgate.serve.expiry import end
from vecgate.serve.listeners import Bounds
from vecgate.serve.wiring import current

_QUEUED = "vecgate_queued_request", "vecgate_queued_answer"


def head_problem(buffer: bytearray, bounds: Bounds) -> str:
    """What is too large about the head at the start of an HTTP/1 buffer, which may be incomplete; empty if nothing
    is."""
    if len(buffer) <= bounds.line:
        return ""
    end = head_end(buffer)
    complete = end >= 0
    size = end if complete else len(buffer)
    if size > bounds.headers:
        return "header block"
    longest = max(map(len, buffer[:end].split(b"\n"))) if complete else size - buffer.rfind(b"\n") - 1
    return "header line" if longest > bounds.line else ""


def head_end(buffer: bytearray) -> int:
    """Where the blank line ends, -1 if it has not come. A line may end in a bare line feed, as mitmproxy reads it."""
    ends = [found for mark in (b"\n\r\n", b"\n\n") if (found := buffer.find(mark)) >= 0]
    return min(ends) if ends else -1


def fields_problem(fields: Iterable[tuple[bytes, bytes]], bounds: Bounds) -> str:
    """The same for header fields that HTTP/2 has decoded already."""
    total = 0
    for name, value in fields:
        size = len(name) + len(value) + 4
        if size > bounds.line:
            return "header line"
        total += size
    return "header block" if total > bounds.headers else ""


def check_body_size(self: HttpStream, request: bool) -> layer.CommandGenerator[bool]:
    """True if the body is too large and the flow has been ended. Stands in for HttpStream.check_body_size."""
    flow = self.flow
    buffered = len(self.request_body_buf) if request else len(self.response_body_buf)
    size = buffered or _announced(flow, request)
    limit = body_limit(flow) if request else current().listeners.bounds(flow.client_conn).answer
    if size <= limit:
        return False
    if not request:
        yield from _answer_too_large(self, size)
        return True
    if self.client_state == self.state_wait_for_request_headers:
        yield HttpRequestHeadersHook(flow)  # nobody has seen the flow yet
    yield from end(self, Reason.BODY_TOO_LARGE, f"body of {size} bytes", ErrorCode.REQUEST_TOO_LARGE)
    return True


def handle_event(self: HttpStream, event: events.Event) -> layer.CommandGenerator[None]:
    """Stands in for HttpStream.handle_event, where a body that arrives while a hook runs is queued without bound.

    What is queued past the bound is dropped: when the hook has ended, `check_body_size` finds the rest too large. A
    client that resets its stream meanwhile is noted at once: a hook that holds the request for it can ask.
    """
    if self._paused is not None and isinstance(event, RequestProtocolError):
        failures.note(self.flow, failures.reason_for_client_error(event.message, event.code), event.message)
    if self._paused is not None and isinstance(event, RequestData | ResponseData):
        bounds = current().listeners.bounds(self.context.client)
        key, limit = (_QUEUED[0], bounds.body) if isinstance(event, RequestData) else (_QUEUED[1], bounds.answer)
        queued = self.__dict__.get(key, 0)
        if queued > limit:
            return _nothing()
        self.__dict__[key] = queued + len(event.data)
    return layer.Layer.handle_event(self, event)


def _nothing() -> layer.CommandGenerator[None]:
    yield from ()


def body_limit(flow: http.HTTPFlow) -> int:
    wiring = current()
    bound = wiring.listeners.bounds(flow.client_conn).body
    return bound if wiring.body_limit is None else min(bound, wiring.body_limit(flow))


def _answer_too_large(self: HttpStream, size: int) -> layer.CommandGenerator[None]:
    flow = self.flow
    message = f"answer of {size} bytes"
    failure = failures.note(flow, Reason.UNMASKABLE_RESPONSE, message)
    flow.error = mitmflow.Error(message)
    yield HttpErrorHook(flow)
    code = ErrorCode.RESPONSE_TOO_LARGE
    yield SendHttp(answers.refuse(self.stream_id, failure, flow, code), self.context.client)
    yield SendHttp(RequestProtocolError(self.stream_id, message, code), self.context.server)
    self.client_state = self.server_state = self.state_errored
    self.response_body_buf.clear()
    flow.live = False


def _announced(flow: http.HTTPFlow, request: bool) -> int:
    try:
        return expected_http_body_size(flow.request, None if request else flow.response) or 0
    except ValueError:
        return 0
