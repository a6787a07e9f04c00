"""HTTP/2 as mitmproxy 12.3.1 speaks it, with what it lacks: floods that end in GOAWAY, bounded header blocks, answers
in the listener's envelope.

Frames are counted per connection in windows of ten seconds (RFC 9113 §10.5; CVE-2023-44487 rapid reset, CVE-2019-9512
PING, -9515 SETTINGS, -9518 empty DATA, CVE-2024-27316 CONTINUATION).
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import h2.config
import h2.errors
import h2.events
import h2.exceptions
import hyperframe.frame as frames
from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.layers.http._events import ErrorCode, ResponseEndOfMessage
from mitmproxy.proxy.layers.http._http2 import Http2Connection, Http2Server
from mitmproxy.proxy.layers.http._http_h2 import BufferedH2Connection

from vecgate.reasons import Reason
from vecgate.serve import answers
from vecgate.serve.bounds import fields_problem
from vecgate.serve.expiry import expired
from vecgate.serve.failures import Failure, Refused
from vecgate.serve.listeners import Bounds
from vecgate.serve.wiring import current

WINDOW = 10.0

type Commands = layer.CommandGenerator[None]
type OfEvent = Callable[[Any, events.Event], Commands]
type OfFrame = Callable[[Any, h2.events.Event], layer.CommandGenerator[bool]]


class BoundedH2Connection(BufferedH2Connection):
    """A client's connection with floods counted. Raises DenialOfServiceError, which becomes GOAWAY."""

    def __init__(self, config: h2.config.H2Configuration, bounds: Bounds) -> None:
        super().__init__(config)
        self._limits = {
            frames.RstStreamFrame: bounds.resets,
            frames.WindowUpdateFrame: bounds.windows,
            frames.Frame: bounds.control,
        }
        self._header_bytes = bounds.headers
        self._counts: Counter[type[frames.Frame]] = Counter()
        self._window = time.monotonic()
        self.local_settings.max_concurrent_streams = bounds.streams
        self.local_settings.max_header_list_size = bounds.headers
        self.local_settings.acknowledge()
        self.decoder.max_header_list_size = bounds.headers

    def receive_data(self, data: Any) -> list[h2.events.Event]:
        received: list[h2.events.Event] = super().receive_data(data)
        begun = self.incoming_buffer._data
        if not self.incoming_buffer._preamble_len and int.from_bytes(begun[:3]) > self.max_inbound_frame_size:
            raise h2.exceptions.FrameTooLargeError("h2 would wait for the whole frame before it looks at its length")
        if sum(len(frame.data) for frame in self.incoming_buffer._headers_buffer) > self._header_bytes:
            raise h2.exceptions.DenialOfServiceError("header block")
        return received

    def _receive_frame(self, frame: frames.Frame) -> list[h2.events.Event]:
        match frame:
            case frames.HeadersFrame():
                pass
            case frames.DataFrame() if frame.data or "END_STREAM" in frame.flags:
                pass
            case frames.RstStreamFrame() | frames.WindowUpdateFrame():
                self._count(type(frame))
            case _:
                self._count(frames.Frame)
        return super()._receive_frame(frame)

    def _count(self, kind: type[frames.Frame]) -> None:
        now = time.monotonic()
        if now - self._window > WINDOW:
            self._window = now
            self._counts.clear()
        self._counts[kind] += 1
        if self._counts[kind] > self._limits[kind]:
            raise h2.exceptions.DenialOfServiceError(f"flood of {kind.__name__}")


def created(init: Callable[..., None]) -> Callable[..., None]:
    """Wrap Http2Server.__init__."""

    def __init__(self: Http2Server, context: Any) -> None:
        init(self, context)
        self.h2_conn = BoundedH2Connection(self.h2_conf, current().listeners.bounds(context.client))

    return __init__


def handled(handle: OfEvent) -> OfEvent:
    """Wrap Http2Server._handle_event."""

    def _handle_event(self: Http2Server, event: events.Event) -> Commands:
        if isinstance(event, events.Wakeup):
            if expired(event) and head_pending(self):
                message = "a header block did not arrive in time"
                yield from self.protocol_error(message, h2.errors.ErrorCodes.ENHANCE_YOUR_CALM)
        elif isinstance(event, Refused) and event.answer is not None and _unanswered(self, event.stream_id):
            _answer(self, event)
            yield commands.SendData(self.conn, self.h2_conn.data_to_send())
        else:
            yield from handle(self, event)
            if isinstance(event, ResponseEndOfMessage) and self.is_closed(event.stream_id):
                self.streams.pop(event.stream_id, None)  # mitmproxy keeps it as long as the connection

    return _handle_event


def frame_handled(handle: OfFrame) -> OfFrame:
    """Wrap Http2Server.handle_h2_event: a request whose header fields are too large becomes no flow."""

    def handle_h2_event(self: Http2Server, event: h2.events.Event) -> layer.CommandGenerator[bool]:
        if isinstance(event, h2.events.RequestReceived):
            bounds = current().listeners.bounds(self.context.client)
            problem = fields_problem(event.headers, bounds)
            if problem:
                failure = Failure(Reason.HEADERS_TOO_LARGE, problem, self.context.client)
                answers.report(failure)
                _answer(self, answers.refuse(event.stream_id, failure, None, ErrorCode.GENERIC_CLIENT_ERROR))
                yield commands.SendData(self.conn, self.h2_conn.data_to_send())
                return False
        return (yield from handle(self, event))

    return handle_h2_event


def protocol_error(self: Http2Server, message: str, error_code: int = h2.errors.ErrorCodes.PROTOCOL_ERROR) -> Commands:
    """Http2Server's own protocol_error: tells the recorder where no open stream's `error` hook does."""
    if not answers.open_flows(self):
        answers.report(Failure(Reason.PROTOCOL_ERROR, message, self.context.client))
    yield from Http2Connection.protocol_error(self, message, error_code)


def head_pending(server: Http2Server) -> bool:
    """Whether a header block or a frame has begun and not ended while nothing else goes on."""
    buffer = server.h2_conn.incoming_buffer
    if buffer._headers_buffer or buffer._preamble_len:
        return True
    return bool(buffer._data) and server.h2_conn.open_inbound_streams == 0


def _unanswered(server: Http2Server, stream_id: int) -> bool:
    return server.is_open_for_us(stream_id) and not server.h2_conn.streams[stream_id].state_machine.headers_sent


def _answer(self: Http2Server, event: Refused) -> None:
    """Send the answer; end the client's side of the stream too if it is still sending (RFC 9113 §8.1)."""
    assert event.answer is not None
    number, body, connection = event.stream_id, event.answer.body, self.h2_conn
    connection.send_headers(number, answers.http2_headers(event.answer), end_stream=not body)
    if body:
        connection.send_data(number, body, end_stream=True)
    if not self.is_closed(number) and not connection.stream_buffers.get(number):
        connection.reset_stream(number, h2.errors.ErrorCodes.NO_ERROR)
        self.streams.pop(number, None)
