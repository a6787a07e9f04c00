"""Errors: the envelope `{"code": number, "message": text}`, for refusals and for the database's own errors.

The database answers most of its errors with HTTP 200; the codes are those of its `merr` package.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from vecgate.errors import Refusal
from vecgate.operations.document import dump
from vecgate.operations.media import JSON
from vecgate.operations.messages import Answer
from vecgate.reasons import TYPE_PREFIX, Reason

UNEXPECTED: Final = 65535
_TURNED_AWAY: Final = frozenset({1800, 1401})
_CODES: Final = {
    400: 1801,  # incorrect parameter format
    401: 1800,  # authentication needed
    403: 1401,  # privilege not permitted
    404: 100,  # collection not found
    413: 1801,
    415: 1801,
    429: 1807,  # rate limit
}
_SAYS: Final = {
    1: "The database is not ready.",
    8: "The database limits the rate of such requests.",
    9: "The database refuses such requests at present.",
    100: "The collection does not exist.",
    101: "The collection is not loaded.",
    102: "There are too many collections.",
    106: "The collection is not fully loaded.",
    200: "The partition does not exist.",
    201: "The partition is not loaded.",
    300: "The resource group does not exist.",
    700: "The index does not exist.",
    702: "The index exists already with other parameters.",
    800: "The database does not exist.",
    801: "There are too many databases.",
    1100: "The database refused a parameter.",
    1101: "A parameter is missing.",
    1400: "The database did not accept the gateway's credential.",
    1401: "The database refused the gateway's credential for this request.",
    1600: "The alias does not exist.",
    1601: "The alias has the name of a collection.",
    1602: "The alias exists already.",
    1700: "The field does not exist.",
    1701: "The database refused a field's name.",
    1800: "The database did not accept the gateway's credential.",
    1801: "The database refused the format of the request.",
    1802: "The request lacks what the database needs.",
    1803: "The database could not marshal the collection's schema.",
    1804: "The database refused the records.",
    1805: "The database could not read a search's result.",
    1806: "The database could not check a primary key.",
    1807: "The database limits the rate of such requests.",
    2100: "The database could not run the import.",
    2200: "The database refused the search.",
}
_BY_STATUS: Final = {
    401: _SAYS[1400],
    403: _SAYS[1401],
    404: "The database does not have this operation.",
    405: "The database does not have this operation.",
    408: "The database did not answer in time.",
    429: _SAYS[1807],
}


def refuse(refusal: Refusal, exchange: str) -> Answer:
    """A refusal of the gateway's in the envelope, with RFC 9457's `type` and the exchange's id."""
    reason = refusal.reason
    known = {"ticket": refusal.extra.get("ticket"), "exchange": exchange}
    named = (f"{name} {value}" for name, value in known.items() if value)
    text = refusal.detail or reason.summary
    if reason is not Reason.NOT_FOUND:  # there the gateway says what the server would
        text += f" [{', '.join([str(reason), *named])}]"
    document = {
        "code": _CODES.get(reason.status, UNEXPECTED),
        "message": text,
        "reason": reason,
        "type": TYPE_PREFIX + reason,
        "exchange": exchange,
        **refusal.extra,
    }
    return Answer(reason.status, JSON, dump(document))


def turned_away(answer: Answer) -> bool:
    """The database says in the body that it wants another credential; the status is 200."""
    try:
        return msgspec.json.decode(answer.body).get("code") in _TURNED_AWAY
    except (msgspec.DecodeError, AttributeError):
        return False


def failed(code: int) -> Answer:
    """The database's failure with its code alone: its text could quote what is stored."""
    return Answer(200, JSON, dump({"code": code, "message": _SAYS.get(code, "The database refused the request.")}))


def normalised(status: int, document: Any) -> Answer:
    """The same where the status says it, too."""
    code = document.get("code") if type(document) is dict else None
    known = code if type(code) is int and code in _SAYS else _CODES.get(status, UNEXPECTED)
    text = _BY_STATUS.get(status, "The database failed." if status >= 500 else "The database refused the request.")
    return Answer(status, JSON, dump({"code": known, "message": text}))
