"""HTTP/1 as mitmproxy 12.3.1 speaks it, with what it lacks: bounded heads, answers in the listener's envelope, an end
for clients that are slow, trailers that do not hang.

A refusal ends the connection in two steps (RFC 9112 §9.6): the answer and a FIN, then nothing but reading until the
client closes or `pace` does. Closing at once would reset a client that is still sending, and it would never see the
answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from types import MethodType
from typing import Any

import h11
from h11._readers import ChunkedReader
from h11._receivebuffer import ReceiveBuffer
from mitmproxy.connection import ConnectionState
from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.layers.http._base import HttpEvent, ReceiveHttp
from mitmproxy.proxy.layers.http._events import ErrorCode, RequestProtocolError, ResponseProtocolError
from mitmproxy.proxy.layers.http._http1 import Http1Client, Http1Connection, Http1Server, make_body_reader

from vecgate.reasons import Reason
from vecgate.serve import answers
from vecgate.serve.bounds import head_end, head_problem
from vecgate.serve.expiry import expired
from vecgate.serve.failures import Failure, Refused
from vecgate.serve.wiring import current

_REPAIRED = re.compile(rb"(?<!\r)\n|[\x0b\x0c]")
"""What mitmproxy takes for a line's end or strips off a value, and the hop before may not (RFC 9112 §2.2, §5.1)."""

type Commands = layer.CommandGenerator[None]
type OfEvent = Callable[[Any, events.Event], Commands]
type OfHttp = Callable[[Any, HttpEvent], Commands]


class Unrendered(bytes):
    """An error of mitmproxy's own on its way out, to be replaced. As it stands it is the bare status."""

    message: str


def make_error_response(status_code: int, message: str = "") -> Unrendered:
    """Stands in for _http1.make_error_response: nobody knows the listener there."""
    made = Unrendered(b"HTTP/1.1 %d \r\ncontent-length: 0\r\nconnection: close\r\n\r\n" % status_code)
    made.message = message
    return made


class NoTrailers(ChunkedReader):
    """A chunked body. A trailer section is a protocol error; mitmproxy raises NotImplementedError and hangs."""

    def __call__(self, buf: ReceiveBuffer) -> Any:
        found = super().__call__(buf)
        if isinstance(found, h11.EndOfMessage) and found.headers:
            raise h11.RemoteProtocolError("trailers are not accepted")
        return found


def body_reader(expected_size: int | None) -> Any:
    """Stands in for _http1.make_body_reader."""
    return NoTrailers() if expected_size is None else make_body_reader(expected_size)


def handled(handle: OfEvent) -> OfEvent:
    """Wrap Http1Connection._handle_event."""

    def _handle_event(self: Http1Connection, event: events.Event) -> Commands:
        if isinstance(event, events.Wakeup):
            if isinstance(self, Http1Server) and expired(event) and head_pending(self):
                yield from _refuse_head(self, Reason.REQUEST_TIMEOUT, "the head did not arrive in time")
            return
        if isinstance(event, HttpEvent) and lingering(self):
            return
        yield from handle(self, event)

    return _handle_event


def server_reads_head(read_headers: OfEvent) -> OfEvent:
    """Wrap Http1Server.read_headers."""

    def wrapper(self: Http1Server, event: events.Event) -> Commands:
        if isinstance(event, events.DataReceived):
            problem = head_problem(self.buf._data, current().listeners.bounds(self.context.client))
            if problem:
                yield from _refuse_head(self, Reason.HEADERS_TOO_LARGE, problem)
                return
            if _REPAIRED.search(self.buf._data, 0, head_end(self.buf._data) + 2):
                yield from _refuse_head(self, Reason.PROTOCOL_ERROR, "a bare line feed or form feed in the head")
                return
        refused = lingers = False
        for command in read_headers(self, event):
            if isinstance(command, commands.SendData) and isinstance(command.data, Unrendered):
                yield from _refuse_head(self, Reason.PROTOCOL_ERROR, command.data.message)
                refused, lingers = True, lingering(self)
            elif isinstance(command, commands.Log):
                continue  # it quotes what was sent, credential included
            elif not refused:  # no flow either: one head is one record
                yield command
        if lingers:
            self.state = MethodType(_linger, self)  # read_headers has set its own end state

    return wrapper


def client_reads_head(read_headers: OfEvent) -> OfEvent:
    """Wrap Http1Client.read_headers: an upstream's head is bounded as well."""

    def wrapper(self: Http1Client, event: events.Event) -> Commands:
        if isinstance(event, events.DataReceived) and self.stream_id is not None:
            problem = head_problem(self.buf._data, current().listeners.bounds(self.context.client))
            if problem:
                yield commands.CloseConnection(self.conn)
                self.buf = ReceiveBuffer()
                message = f"{problem} of the answer is too large"
                yield ReceiveHttp(ResponseProtocolError(self.stream_id, message, ErrorCode.GENERIC_SERVER_ERROR))
                return
        for command in read_headers(self, event):
            if not isinstance(command, commands.Log):  # it quotes what came, unmasked
                yield command

    return wrapper


def server_reads_body(read_body: OfEvent) -> OfEvent:
    """Wrap read_body for Http1Server: a broken body is answered before the connection closes."""

    def wrapper(self: Http1Server, event: events.Event) -> Commands:
        for command in read_body(self, event):
            closes = type(command) is commands.CloseConnection and not lingering(self)
            if closes and self.response is None and isinstance(event, events.DataReceived):
                flow = answers.flow_of(self, self.stream_id)
                failure = Failure(Reason.PROTOCOL_ERROR, "the body broke the protocol", self.context.client)
                refusal = answers.refuse(self.stream_id, failure, flow, ErrorCode.GENERIC_CLIENT_ERROR)
                yield from _last_answer(self, refusal)
            else:
                yield command

    return wrapper


def server_waits(wait: OfEvent) -> OfEvent:
    """Wrap wait for Http1Server: what a client sends ahead while its request is worked on is bounded like a head."""

    def wrapper(self: Http1Server, event: events.Event) -> Commands:
        ahead = len(self.buf) > current().listeners.bounds(self.context.client).headers
        if ahead and isinstance(event, events.DataReceived):
            self.state = self.done
            self.buf = ReceiveBuffer()
            yield commands.CloseConnection(self.conn)
            message = "too much was sent ahead"
            yield ReceiveHttp(RequestProtocolError(self.stream_id, message, ErrorCode.GENERIC_CLIENT_ERROR))
        else:
            yield from wait(self, event)

    return wrapper


def server_sends(send: OfHttp) -> OfHttp:
    """Wrap Http1Server.send."""

    def wrapper(self: Http1Server, event: HttpEvent) -> Commands:
        if isinstance(event, Refused):
            yield from _last_answer(self, event)
        else:
            yield from send(self, event)

    return wrapper


def lingering(server: Http1Connection) -> bool:
    """Whether the connection has got its last answer and waits for the client to close."""
    return getattr(server.state, "__func__", None) is _linger


def head_pending(server: Http1Server) -> bool:
    """Whether a head has begun, or is due because the connection is new."""
    return server.state == server.read_headers and bool(server.buf or server.stream_id == 1)


def _refuse_head(self: Http1Server, reason: Reason, message: str) -> Commands:
    """Answer a head that makes no request."""
    failure = Failure(reason, message, self.context.client)
    answers.report(failure)
    yield from _last_answer(self, answers.refuse(self.stream_id, failure, None, ErrorCode.GENERIC_CLIENT_ERROR))


def _last_answer(self: Http1Server, event: Refused) -> Commands:
    begun = self.response is not None and self.response.status_code != 100
    if event.answer is None or begun or not self.conn.state & ConnectionState.CAN_WRITE:
        yield commands.CloseConnection(self.conn)
        return
    head = self.request is not None and self.request.method == "HEAD"
    yield commands.SendData(self.conn, answers.http1_bytes(event.answer, head=head))
    if not self.conn.state & ConnectionState.CAN_READ:
        yield commands.CloseConnection(self.conn)
        return
    self.buf = ReceiveBuffer()
    self.state = MethodType(_linger, self)
    yield commands.CloseTcpConnection(self.conn, half_close=True)


def _linger(self: Http1Server, event: events.Event) -> Commands:
    self.buf = ReceiveBuffer()
    if isinstance(event, events.ConnectionClosed):
        yield commands.CloseConnection(self.conn)
