"""Problems: every error of the control plane as RFC 9457 problem details with vecgate's reason codes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.responses import Response

from vecgate.approvals.tickets import REASONS, TicketClosed, TicketUnknown
from vecgate.errors import Refusal
from vecgate.identity.challenge import challenge
from vecgate.reasons import TYPE_PREFIX, Reason


def answer(document: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(document), status, media_type="application/json")


def problem(
    reason: Reason, detail: str = "", status: int | None = None, headers: Mapping[str, str] | None = None
) -> Response:
    """`status` where it is not the reason's own."""
    document = {
        "type": TYPE_PREFIX + reason,
        "title": reason.summary,
        "status": status or reason.status,
        "detail": detail or reason.summary,
        "reason": reason,
    }
    found = dict(headers or {})
    if document["status"] == 401:
        found["www-authenticate"] = challenge(reason)
    return Response(msgspec.json.encode(document), status or reason.status, found, "application/problem+json")


def problem_of(error: Exception) -> Response:
    """What an exception looks like. One that nobody expected says nothing of itself."""
    match error:
        case Refusal():
            return problem(error.reason, error.detail, headers=error.headers)
        case TicketUnknown():
            return problem(Reason.NOT_FOUND, "There is no such ticket, or it is not for you.")
        case TicketClosed():
            return problem(REASONS[error.ticket.state], str(error), status=410)
        case _:
            return problem(Reason.GATEWAY_FAILURE)
