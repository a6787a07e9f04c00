"""Answers that no hook can give: protocol errors, limits, an upstream that cannot be reached.

mitmproxy renders them as HTML with its own name. Here the wiring's `render` makes them, in the listener's envelope;
what it returns is completed for the wire. Upstream bytes and mitmproxy's texts stay in the log and the record.
"""

from __future__ import annotations

import logging

from mitmproxy import http
from mitmproxy.net.http.status_codes import RESPONSES
from mitmproxy.proxy import layer
from mitmproxy.proxy.layers.http import HttpLayer, HttpStream
from mitmproxy.proxy.layers.http._events import ErrorCode

from vecgate.operations.messages import Answer
from vecgate.reasons import Reason
from vecgate.serve.failures import Failure, Refused, note, reason_for_code
from vecgate.serve.wiring import current

log = logging.getLogger(__name__)

_OWN = frozenset({"content-length", "transfer-encoding", "connection", "server", "cache-control", "trailer", "upgrade"})
"""Set here, whatever the renderer says."""


def refuse(stream_id: int, failure: Failure, flow: http.HTTPFlow | None, code: ErrorCode) -> Refused:
    """The event that answers a stream with this failure."""
    return Refused(stream_id, failure, rendered(failure, flow), code)


def refuse_code(flow: http.HTTPFlow, stream_id: int, message: str, code: ErrorCode) -> Refused:
    """The same for an error of mitmproxy's own. One that only ends the stream or the connection has no answer."""
    failure = note(flow, reason_for_code(code), message)
    if code.http_status_code() is None:
        return Refused(stream_id, failure, None, code)
    return refuse(stream_id, failure, flow, code)


def rendered(failure: Failure, flow: http.HTTPFlow | None) -> Answer:
    """What the client gets. A renderer that fails is replaced by the bare reason."""
    log.info("%s from %s: %s", failure.reason, failure.peer, failure.said)
    try:
        answer = current().render(failure, flow)
        fields = tuple((name.lower(), value) for name, value in answer.headers)
    except Exception:
        log.exception("an answer to %s could not be rendered", failure.reason)
        body = b'{"reason":"%s"}' % failure.reason.encode()
        return Answer(failure.reason.status, _complete((("content-type", "application/json"),), body), body)
    return Answer(answer.status, _complete(fields, answer.body), answer.body)


def fallback(reason: Reason) -> http.Response:
    """The answer of last resort, when the gate itself cannot make one."""
    return http.Response.make(
        reason.status,
        b'{"reason":"%s"}' % reason.encode(),
        {"content-type": "application/json", "cache-control": "no-store"},
    )


def report(failure: Failure, flow: http.HTTPFlow | None = None) -> None:
    """Tell the recorder. One that fails cannot open anything: the connection is closed already."""
    log.info("%s from %s: %s", failure.reason, failure.peer, failure.said)
    try:
        current().report(failure, flow)
    except Exception:
        log.exception("a failure could not be recorded: %s", failure.reason)


def http1_bytes(answer: Answer, *, head: bool = False) -> bytes:
    """The answer as the last one of an HTTP/1 connection; `head` leaves out the body of an answer to HEAD."""
    phrase = RESPONSES.get(answer.status, "")
    lines = [f"HTTP/1.1 {answer.status} {phrase}", *(f"{name}: {value}" for name, value in answer.headers)]
    lines += ["connection: close", "", ""]
    return "\r\n".join(lines).encode("latin-1", "replace") + (b"" if head else answer.body)


def http2_headers(answer: Answer) -> list[tuple[bytes, bytes]]:
    fields = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in answer.headers]
    return [(b":status", b"%d" % answer.status), *fields]


def flow_of(part: layer.Layer, stream_id: int) -> http.HTTPFlow | None:
    """The flow that a stream of this connection carries, if it has come that far."""
    return getattr(_streams(part).get(stream_id), "flow", None)


def open_flows(part: layer.Layer) -> list[http.HTTPFlow]:
    """The flows of this connection that have not ended."""
    flows = (getattr(stream, "flow", None) for stream in _streams(part).values())
    return [flow for flow in flows if flow is not None and flow.live]


def _streams(part: layer.Layer) -> dict[int, HttpStream]:
    for candidate in reversed(part.context.layers):
        if isinstance(candidate, HttpLayer):
            return candidate.streams
    return {}


def _complete(fields: tuple[tuple[str, str], ...], body: bytes) -> tuple[tuple[str, str], ...]:
    kept = tuple(
        (name, value)
        for name, value in fields
        if name not in _OWN and not any(mark in name + value for mark in "\r\n\0")
    )
    return (*kept, ("cache-control", "no-store"), ("content-length", str(len(body))))
