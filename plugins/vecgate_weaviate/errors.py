"""Errors: Weaviate's envelope `{"error": [{"message": text}]}`, for refusals and for the database's own."""

from __future__ import annotations

from typing import Final

from vecgate.errors import Refusal
from vecgate.operations.document import dump
from vecgate.operations.media import JSON
from vecgate.operations.messages import Answer, Pairs
from vecgate.reasons import TYPE_PREFIX, Reason

_SAYS: Final = {
    401: "The database did not accept the gateway's credential.",
    403: "The database refused the gateway's credential for this call.",
    404: "Not found.",
    409: "This exists already, or is in conflict with what does.",
    410: "The database does not have this any more.",
    422: "The database does not accept this.",
    429: "The database is out of some resource.",
}


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
        "error": [{"message": text}],
        "reason": reason,
        "type": TYPE_PREFIX + reason,
        "exchange": exchange,
        **refusal.extra,
    }
    return Answer(reason.status, JSON, dump(document))


def absent() -> Answer:
    """What the server says of what it does not have."""
    return Answer(404, JSON, dump({"error": [{"message": _SAYS[404]}]}))


def normalised(answer: Answer) -> Answer:
    """The database's error with its status, and none of its text, which may quote what is stored."""
    text = _SAYS.get(answer.status) or (
        "The database failed." if answer.status >= 500 else "The database refused the request."
    )
    after = answer.header("retry-after")
    headers: Pairs = (("retry-after", after),) if after.isdigit() else ()
    return Answer(answer.status, (*JSON, *headers), dump({"error": [{"message": text}]}))
