"""Errors: Qdrant's envelope `{"status": {"error": text}, "time": seconds}`, for refusals and for the database's own."""

from __future__ import annotations

import re
from typing import Any, Final

from vecgate.errors import Refusal
from vecgate.operations.document import dump, parse
from vecgate.operations.media import JSON
from vecgate.operations.messages import Answer, Pairs
from vecgate.reasons import TYPE_PREFIX, Reason

_SAYS: Final = {
    401: "The database did not accept the gateway's credential.",
    403: "The database refused the gateway's credential for this call.",
    404: "Not found.",
    409: "This exists already.",
    429: "The database is out of some resource.",
}
# Texts of the server that hold nothing but what the caller sent or what its own API says anyway. What is captured must
# be of the request: everything else the server says could quote what is stored. What it says while it still reads the
# body ("Format error") can know of nothing else.
_ECHOES: Final = tuple(
    re.compile(pattern)
    for pattern in (
        r"Not found: Collection `(.+)` doesn't exist!",
        r"Wrong input: Collection `(.+)` already exists!",
        r"Wrong input: Vector dimension error: expected dim: \d+, got \d+",
        r"Wrong input: Vector params for (.+) are not specified in config",
        r"Wrong input: Not existing vector name error: (.+)",
        r"Format error in JSON body: [^\n]{1,400}",
        r"Validation error in (?:JSON body|path parameters|query parameters): [^\n]{1,400}",
        r"Deserialize error in JSON body: [^\n]{1,400}",
    )
)


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


def normalised(answer: Answer, sent: frozenset[str]) -> Answer:
    """The database's error with its status, and its text only where that cannot disclose anything.

    `sent` are the names that the request itself held.
    """
    text = _text(answer.body)
    if not _echoes(text, sent):
        text = _SAYS.get(answer.status) or (
            "The database failed." if answer.status >= 500 else "The database refused the request."
        )
    after = answer.header("retry-after")
    headers: Pairs = (("retry-after", after),) if after.isdigit() else ()
    return failed(answer.status, text, headers)


def absent_point(point: str) -> Answer:
    """What the server says of a point that it does not have."""
    return failed(404, f"Not found: Point with id {point} does not exists!")


def failed(status: int, text: str, headers: Pairs = ()) -> Answer:
    return Answer(status, (*JSON, *headers), dump({"status": {"error": text}, "time": 0.0}))


def _text(body: bytes) -> str:
    try:
        document: Any = parse(body) if len(body) <= 100_000 else None
    except Refusal:
        return ""
    status = document.get("status") if type(document) is dict else None
    text = status.get("error") if type(status) is dict else None
    return text if type(text) is str else ""


def _echoes(text: str, sent: frozenset[str]) -> bool:
    for pattern in _ECHOES:
        if found := pattern.fullmatch(text):
            return all(name in sent for name in found.groups())
    return False
