"""Errors: the envelopes of the data plane, `{code, message, details}`, and of the control plane and inference,
`{status, error: {code, message}}`, for refusals and for the service's own.

Clients show the message alone, so what their users need for asking about it stands there, too.
"""

from __future__ import annotations

import re
from typing import Any, Final

from vecgate.errors import Refusal
from vecgate.operations.document import dump, parse
from vecgate.operations.media import JSON
from vecgate.operations.messages import Answer, Pairs, Request
from vecgate.reasons import TYPE_PREFIX, Reason

DATA: Final = frozenset({"query", "vectors", "namespaces", "describe_index_stats", "records", "bulk"})
"""First segments of the data plane's paths."""

_RPC: Final = {400: 3, 401: 16, 403: 7, 404: 5, 405: 12, 408: 4, 409: 6, 412: 9, 413: 8, 429: 8, 500: 13, 503: 14}
_NAMES: Final = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    402: "PAYMENT_REQUIRED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    409: "ALREADY_EXISTS",
    412: "FAILED_PRECONDITION",
    422: "UNPROCESSABLE_ENTITY",
    429: "RESOURCE_EXHAUSTED",
    503: "UNAVAILABLE",
}
_SAYS: Final = {
    401: "The database did not accept the gateway's credential.",
    402: "The project's account does not allow this.",
    403: "The database refused this to the gateway.",
    404: "The resource does not exist.",
    409: "The resource exists already.",
    429: "The database's own limit is spent.",
}
_SECONDS: Final = re.compile(r"\d{1,5}")

# Texts of the service that hold nothing but what the caller sent, or the index's own settings.
_HARMLESS: Final = re.compile(
    r"Resource already exists\.?"
    r"|Vector dimension \d+ does not match the dimension of the index \d+"
    r"|Namespace not found"
    r"|Deletion protection is enabled for this index\. Disable deletion protection before retrying\."
    r"|Metadata size is \d+ bytes, which exceeds the limit of \d+ bytes per vector"
)


def is_data(request: Request | None) -> bool:
    segments = request.target.segments if request is not None else ()
    return not segments or segments[0] in DATA


def refused(refusal: Refusal, exchange: str, request: Request | None) -> Answer:
    """A refusal of the gateway's, with RFC 9457's `type` and the exchange's id."""
    reason = refusal.reason
    text = refusal.detail or reason.summary
    if reason is not Reason.NOT_FOUND:  # there the gateway says what the service would
        known = {"ticket": refusal.extra.get("ticket"), "exchange": exchange}
        named = (f"{name} {value}" for name, value in known.items() if value)
        text += f" [{', '.join([str(reason), *named])}]"
    told = {"reason": reason, "type": TYPE_PREFIX + reason, "exchange": exchange, **refusal.extra}
    return Answer(reason.status, JSON, dump({**_envelope(reason.status, text, is_data(request)), **told}))


def normalised(answer: Answer, request: Request) -> Answer:
    """The service's error with its status, and its text only where that cannot disclose anything."""
    message = _message(answer.body)
    if not _HARMLESS.fullmatch(message):
        fallback = "The database failed." if answer.status >= 500 else "The database refused the request."
        message = _SAYS.get(answer.status, fallback)
    wait = answer.header("retry-after")
    headers: Pairs = (*JSON, ("retry-after", wait)) if _SECONDS.fullmatch(wait) else JSON
    return Answer(answer.status, headers, dump(_envelope(answer.status, message, is_data(request))))


def _envelope(status: int, message: str, data: bool) -> dict[str, Any]:
    if data:
        return {"code": _RPC.get(status, 13 if status >= 500 else 3), "message": message, "details": []}
    code = _NAMES.get(status, "INTERNAL" if status >= 500 else "INVALID_ARGUMENT")
    return {"status": status, "error": {"code": code, "message": message}}


def _message(body: bytes) -> str:
    """The service's text, from either envelope; empty where there is none."""
    try:
        document = parse(body) if len(body) <= 100_000 else None
    except Refusal:
        return ""
    if type(document) is not dict:
        return ""
    inner = document.get("error")
    message = (inner if type(inner) is dict else document).get("message")
    return message if type(message) is str else ""
