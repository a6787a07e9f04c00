"""Expiry: what happens to a client that is too slow. `pace` finds out, and sends the part of the stack a wakeup.

The wakeup goes through mitmproxy's layers, so that the answer is encrypted and framed where it has to be.
"""

from __future__ import annotations

from mitmproxy import flow as mitmflow
from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.layers.http import HttpStream, SendHttp
from mitmproxy.proxy.layers.http._events import ErrorCode
from mitmproxy.proxy.layers.http._hooks import HttpErrorHook

from vecgate.reasons import Reason
from vecgate.serve import answers, failures


class Expire(commands.RequestWakeup):
    """Never executed: the command that an expiry's Wakeup completes."""

    def __init__(self) -> None:
        super().__init__(0)


def expired(event: events.Event) -> bool:
    return isinstance(event, events.Wakeup) and isinstance(event.command, Expire)


def body_pending(stream: HttpStream) -> bool:
    return bool(stream.client_state == stream.state_consume_request_body)


def expire_body(stream: HttpStream) -> layer.CommandGenerator[None]:
    """Answer 408 if the body is still not there."""
    if body_pending(stream):
        yield from end(stream, Reason.REQUEST_TIMEOUT, "the body did not arrive in time")


def end(
    stream: HttpStream, reason: Reason, message: str, code: ErrorCode = ErrorCode.GENERIC_CLIENT_ERROR
) -> layer.CommandGenerator[None]:
    """End a stream before its request was sent on: the `error` hook, then the answer."""
    flow = stream.flow
    failure = failures.note(flow, reason, message)
    flow.error = mitmflow.Error(message)
    yield HttpErrorHook(flow)
    yield SendHttp(answers.refuse(stream.stream_id, failure, flow, code), stream.context.client)
    stream.client_state = stream.state_errored
    stream.request_body_buf.clear()
    flow.live = False
