"""Errors: Qdrant's envelope `{"status": {"error": text}, "time": seconds}`, for refusals and for the database's own."""

from __future__ import annotations

from typing import Final

from vecgate.errors import Refusal
from vecgate.operations.document import dump
from vecgate.operations.messages import Answer, Pairs
from vecgate.reasons import TYPE_PREFIX, Reason

JSON: Final[Pairs] = (("content-type", "application/json"),)


def refused(refusal: Refusal, exchange: str) -> Answer:
    """A refusal of the gateway's in the envelope, with RFC 9457's `type` and the exchange's id.

    Clients show the text alone, so what their users need for asking about it stands there, too.
    """
    reason = refusal.reason
    text = refusal.detail or reason.summary
    if reason is not Reason.NOT_FOUND:  # there the gateway says what the server would
        known = {"ticket": refusal.extra.get("ticket"), "exchange": exchange}
        named = (f"{name} {value}" for name, value in known.items() if value)
        text += f" [{', '.join([str(reason), *named])}]"
    document = {
        "status": {"error": text},
        "time": 0.0,
        "reason": reason,
        "type": TYPE_PREFIX + reason,
        "exchange": exchange,
        **refusal.extra,
    }
    return Answer(reason.status, JSON, dump(document))
