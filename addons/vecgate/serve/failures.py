"""Failures: what goes wrong outside the stages' hooks, in the project's own terms.

Every failure is told exactly once:
  * a flow that fails gets mitmproxy's `error` hook, and from then on `failure_of(flow)` says why;
  * what has no flow, or a flow whose connection crashed so that no hook can come, goes to `Wiring.report`.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from mitmproxy import connection, http
from mitmproxy.flow import Error
from mitmproxy.proxy.layers.http._events import ErrorCode, ResponseProtocolError

from vecgate.operations.messages import Answer
from vecgate.reasons import Reason


@dataclass(frozen=True, slots=True)
class Failure:
    """`message` may quote bytes of the client or of the upstream: never show it to the client, never log it whole."""

    reason: Reason
    message: str
    client: connection.Client
    exchange: str = field(default_factory=lambda: secrets.token_hex(16))
    """By which the answer and the record name what has no flow."""

    @property
    def said(self) -> str:
        """The message without what it quotes, for the log: a header that is refused may hold a credential."""
        return _QUOTED.sub("…", self.message)

    @property
    def peer(self) -> str:
        """The socket's peer, `address:port`."""
        host, port = (*self.client.peername, "unknown", 0)[:2]
        return f"{host}:{port}"


class Refused(ResponseProtocolError):
    """A protocol error towards the client whose answer is ready. `answer` is None where none can be given."""

    def __init__(self, stream_id: int, failure: Failure, answer: Answer | None, code: ErrorCode) -> None:
        super().__init__(stream_id, failure.message, code)
        self.failure = failure
        self.answer = answer


_QUOTED = re.compile(r"""b?['"].*""", re.DOTALL)
_noted: WeakKeyDictionary[http.HTTPFlow, Failure] = WeakKeyDictionary()

_BY_CODE = {
    ErrorCode.GENERIC_CLIENT_ERROR: Reason.PROTOCOL_ERROR,
    ErrorCode.GENERIC_SERVER_ERROR: Reason.UPSTREAM_PROTOCOL,
    ErrorCode.REQUEST_TOO_LARGE: Reason.BODY_TOO_LARGE,
    ErrorCode.RESPONSE_TOO_LARGE: Reason.UNMASKABLE_RESPONSE,
    ErrorCode.CONNECT_FAILED: Reason.UPSTREAM_UNREACHABLE,
    ErrorCode.KILL: Reason.INTERRUPTED,
    ErrorCode.CLIENT_DISCONNECTED: Reason.CLIENT_GONE,
    ErrorCode.CANCEL: Reason.CLIENT_GONE,
    ErrorCode.REQUEST_VALIDATION_FAILED: Reason.PROTOCOL_ERROR,
    ErrorCode.RESPONSE_VALIDATION_FAILED: Reason.UPSTREAM_PROTOCOL,
}
_GONE = ("Client disconnected", "peer closed connection", "HTTP/2 connection closed", "stream reset by client")


def failure_of(flow: http.HTTPFlow) -> Failure | None:
    """Why this flow ended in the `error` hook, or will when the hook that runs has ended; None otherwise."""
    return _noted.get(flow)


def note(flow: http.HTTPFlow, reason: Reason, message: str) -> Failure:
    """Remember why a flow fails; the first cause stands."""
    return _noted.setdefault(flow, Failure(reason, message, flow.client_conn))


def forget(flow: http.HTTPFlow) -> None:
    """A flow begins a new life, as a replay does."""
    _noted.pop(flow, None)


def reason_for_code(code: ErrorCode) -> Reason:
    return _BY_CODE.get(code, Reason.GATEWAY_FAILURE)


def reason_for_client_error(message: str, code: ErrorCode) -> Reason:
    """A client that left and one that broke the protocol arrive as the same event; mitmproxy's text tells them
    apart."""
    return Reason.CLIENT_GONE if any(text in message for text in _GONE) else reason_for_code(code)


def note_error(flow: http.HTTPFlow) -> None:
    """Find a reason for a flow whose `error` hook is about to run, if its cause was not noted."""
    message = flow.error.msg if flow.error else ""
    if message == Error.KILLED_MESSAGE:
        reason = Reason.INTERRUPTED
    elif any(text in message for text in _GONE):
        reason = Reason.CLIENT_GONE
    else:
        reason = Reason.UPSTREAM_PROTOCOL if flow.response is not None else Reason.PROTOCOL_ERROR
    note(flow, reason, message)
