"""The seam: every command of mitmproxy's HttpStream passes through here, and nothing unsealed passes on.

HttpStream is where a flow becomes bytes, whoever made the flow: a client, a client replay, an operator's resume,
another addon. Its `_handle_event` is wrapped, so that the seam works in any master and survives the loss of any addon.

Towards the server
    A connection is asked for only if `gate.may_connect(flow)`. In place of the flow's request goes
    `gate.outgoing(flow)`, a copy that nobody else sees, complete with its body; what the stream itself would send is
    dropped. Request trailers are never sent. The connection must be the one that the copy names: no proxy in between,
    no changed address.
Towards the client
    In place of the flow's response goes `gate.leaving(flow)`, complete with body and trailers. What mitmproxy makes
    itself (protocol errors) goes out as `answers` renders it; 100 Continue only while nobody has answered.

Refused as unsealed: streaming in either direction, CONNECT, upgrades, interim responses, injected messages, a body
whose length is not what its headers say, a line break in a header. An unsealed request is answered through the ordinary
response hooks, so that it is recorded as every other; an unsealed answer is replaced at once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, Protocol

from mitmproxy import http
from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.layers.http import DropStream, GetHttpConnection, HttpStream, SendHttp
from mitmproxy.proxy.layers.http._events import (
    ErrorCode,
    RequestData,
    RequestEndOfMessage,
    RequestHeaders,
    RequestProtocolError,
    ResponseData,
    ResponseEndOfMessage,
    ResponseHeaders,
    ResponseProtocolError,
    ResponseTrailers,
)
from mitmproxy.proxy.layers.http._hooks import HttpErrorHook, HttpResponseHeadersHook

from vecgate.reasons import Reason
from vecgate.serve import answers, failures, reach
from vecgate.serve.expiry import end, expire_body, expired
from vecgate.serve.framing import Unsealed, check_answer, check_request
from vecgate.serve.image import Image, response_image
from vecgate.serve.wiring import current

__all__ = ["Gate", "Unsealed", "filtered"]

log = logging.getLogger(__name__)

type Handle = Callable[[HttpStream, events.Event], layer.CommandGenerator[None]]


class Gate(Protocol):
    """What decides whether a message is sealed. Called on the event loop, at the wire: do not block."""

    def may_connect(self, flow: http.HTTPFlow) -> bool:
        """Whether the flow's request is sealed as it stands."""

    def outgoing(self, flow: http.HTTPFlow) -> http.Request:
        """The copy to send, with the service credential. Raises when the request is not sealed as it stands."""

    def leaving(self, flow: http.HTTPFlow) -> http.Response:
        """The answer to send. Raises when `flow.response` is not sealed as it stands."""

    def answer_for(self, flow: http.HTTPFlow, reason: Reason) -> http.Response:
        """The refusal that takes the place of an unsealed request (503) or answer (502). The seam seals it itself."""


@dataclass(slots=True)
class _State:
    """What the seam knows of one stream."""

    sent: bool = False
    answered: bool = False
    streamed_request: bool = False
    withhold: bool = False
    """A hook did to the answer what no seal can make good."""
    own: tuple[http.Response, Image] | None = None
    """A refusal of the seam, and its image."""


_KEY = "vecgate_seal"


def filtered(handle: Handle) -> Handle:
    """Wrap HttpStream._handle_event."""

    def _handle_event(self: HttpStream, event: events.Event) -> layer.CommandGenerator[None]:
        if isinstance(event, events.MessageInjected):
            return
        if isinstance(event, events.Wakeup):
            if expired(event):
                yield from _filter(self, _state(self), expire_body(self))
            return
        if isinstance(event, ResponseHeaders) and event.response.status_code < 200:
            yield commands.CloseConnection(self.context.server)
            message = f"interim response {event.response.status_code}"
            event = ResponseProtocolError(self.stream_id, message, ErrorCode.RESPONSE_VALIDATION_FAILED)
        if isinstance(event, RequestHeaders) and event.replay_flow is not None:
            failures.forget(event.replay_flow)
        if isinstance(event, RequestProtocolError | ResponseProtocolError):
            _note(self, event)
        yield from _filter(self, _state(self), handle(self, event))

    return _handle_event


def _state(stream: HttpStream) -> _State:
    state = stream.__dict__.get(_KEY)
    if state is None:
        state = stream.__dict__[_KEY] = _State()
    assert isinstance(state, _State)
    return state


def _note(stream: HttpStream, event: RequestProtocolError | ResponseProtocolError) -> None:
    flow = getattr(stream, "flow", None)
    if flow is None or (flow.response is not None and not flow.live):
        return
    if isinstance(event, RequestProtocolError):
        reason = failures.reason_for_client_error(event.message, event.code)
    else:
        reason = failures.reason_for_code(event.code)
    failures.note(flow, reason, event.message)


def _filter(
    stream: HttpStream, state: _State, inner: Generator[commands.Command, Any, None]
) -> Generator[commands.Command, Any, None]:
    """Pass on what the stream may do. Blocking commands get their reply, as the layer expects."""
    reply: Any = None
    while True:
        try:
            command = inner.send(reply)
        except StopIteration:
            return
        reply = None
        if isinstance(command, SendHttp):
            if command.connection is stream.context.client:
                yield from _towards_client(stream, state, command)
            elif not (yield from _towards_server(stream, state, command)):
                inner.close()
                inner = _refuse(stream, state)
        elif isinstance(command, GetHttpConnection):
            if not _may_connect(stream, state, command):
                inner.close()
                inner = _refuse(stream, state)
                continue
            reply = yield command
            if reply[1] is not None:
                left = not stream.context.client.connected
                failures.note(stream.flow, Reason.CLIENT_GONE if left else Reason.UPSTREAM_UNREACHABLE, reply[1])
        elif isinstance(command, commands.StartHook):
            if isinstance(command, HttpErrorHook):
                failures.note_error(stream.flow)
            reply = yield command
            _after_hook(stream, state, command.name)
        elif isinstance(command, commands.Log | DropStream | commands.CloseConnection):
            yield command
        else:
            log.error("a stream wanted to %r, which is never allowed", type(command).__name__)
            reply = "refused"


def _after_hook(stream: HttpStream, state: _State, name: str) -> None:
    """Undo what a hook may not do: switch streaming on, or take the answer away."""
    flow = stream.flow
    if name in ("requestheaders", "request"):
        if flow.request.stream:
            flow.request.stream = False
            state.streamed_request = True
    elif name in ("responseheaders", "response"):
        if flow.response is None:
            flow.response = _own_refusal(stream, state, Reason.UNMASKABLE_RESPONSE)
            state.withhold |= name == "responseheaders"  # the upstream's body is still to come, and would join it
        elif flow.response.stream:
            flow.response.stream = False
            state.withhold = True


def _may_connect(stream: HttpStream, state: _State, command: GetHttpConnection) -> bool:
    flow = stream.flow
    try:
        if state.streamed_request or state.sent or command.via is not None:
            return False
        if not current().gate.may_connect(flow):
            return False
    except Exception:
        log.exception("the gate failed, refusing")
        return False
    reach.allow(stream.context.client, command.address)
    return True


def _towards_server(stream: HttpStream, state: _State, command: SendHttp) -> Generator[commands.Command, Any, bool]:
    """Returns False when the request may not go."""
    event = command.event
    if isinstance(event, RequestProtocolError):
        if state.sent:
            yield command
        return True
    if not isinstance(event, RequestHeaders):
        return True  # the whole request went with its headers
    try:
        if state.sent or state.streamed_request:
            raise Unsealed
        request = current().gate.outgoing(stream.flow)
        body = check_request(request, command.connection)
    except Unsealed:
        return False
    except Exception:
        log.exception("the gate failed, refusing")
        return False
    state.sent = True
    number, upstream = stream.stream_id, command.connection
    yield SendHttp(RequestHeaders(number, request, end_stream=not body), upstream)
    if body:
        yield SendHttp(RequestData(number, body), upstream)
    yield SendHttp(RequestEndOfMessage(number), upstream)
    return True


def _towards_client(stream: HttpStream, state: _State, command: SendHttp) -> Generator[commands.Command, Any, None]:
    event = command.event
    if isinstance(event, ResponseProtocolError):
        if not isinstance(event, failures.Refused):
            event = answers.refuse_code(stream.flow, stream.stream_id, event.message, event.code)
        yield SendHttp(event, command.connection)
    elif isinstance(event, ResponseEndOfMessage):
        if state.answered:
            yield command
    elif isinstance(event, ResponseHeaders) and not state.answered:
        if event.response is not stream.flow.response:
            if stream.flow.response is None and event.response.status_code == 100:
                yield command
            return
        response, body = _leaving(stream, state)
        state.answered = True
        number, client, trailers = stream.stream_id, command.connection, response.trailers
        yield SendHttp(ResponseHeaders(number, response, end_stream=not (body or trailers)), client)
        if body:
            yield SendHttp(ResponseData(number, body), client)
        if trailers:
            yield SendHttp(ResponseTrailers(number, trailers), client)


def _leaving(stream: HttpStream, state: _State) -> tuple[http.Response, bytes]:
    """The answer that may go. An unsealed one is replaced, on the flow too, so that the record shows what was sent."""
    flow = stream.flow
    http2 = stream.context.client.alpn == b"h2"
    try:
        if state.withhold:
            raise Unsealed
        own = flow.response if flow.response is not None and _is_own(state, flow.response) else None
        response = own or current().gate.leaving(flow)
        return response, check_answer(response, flow.request, http2=http2)
    except Unsealed:
        pass
    except Exception:
        log.exception("the gate failed, withholding the answer")
    flow.websocket = None
    flow.response = _own_refusal(stream, state, Reason.UNMASKABLE_RESPONSE)
    return flow.response, check_answer(flow.response, flow.request, http2=http2)


def _is_own(state: _State, response: http.Response) -> bool:
    return state.own is not None and response is state.own[0] and response_image(response) == state.own[1]


def _own_refusal(stream: HttpStream, state: _State, reason: Reason) -> http.Response:
    try:
        response = current().gate.answer_for(stream.flow, reason)
        check_answer(response, stream.flow.request, http2=stream.context.client.alpn == b"h2")
    except Exception:
        log.exception("the gate could not answer %s", reason)
        response = answers.fallback(reason)
    state.own = response, response_image(response)
    return response


def _refuse(stream: HttpStream, state: _State) -> Generator[commands.Command, Any, None]:
    """Answer an unsealed request through the response hooks, the way mitmproxy answers for a script."""
    flow = stream.flow
    log.warning("unsealed request refused: %s %s", flow.id, flow.client_conn.peername)
    if stream.client_state != stream.state_done:  # a body is still to come: only the short way is left
        yield from end(stream, Reason.UNSEALED, "the request was to be sent before it was whole")
        return
    flow.response = _own_refusal(stream, state, Reason.UNSEALED)
    yield HttpResponseHeadersHook(flow)
    if not (yield from stream.check_killed(True)):
        yield from stream.send_response()
