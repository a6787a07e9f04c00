"""Status: the outcome in a reply, whose call went well all the same.

The text of an error can quote what is stored (values of a failed filter, ids of a broken segment), so the code stays
and the text is the gateway's own.
"""

from __future__ import annotations

from typing import Any, Final

_COLLECTION_NOT_FOUND: Final = 100
_DATABASE_NOT_FOUND: Final = 800
_OLD_NOT_FOUND: Final = frozenset({4, 28})
"""CollectionNotExists and CollectionNameNotFound of the enumeration that servers before 2.3 had alone."""
_OLD_TEXT: Final = "can't find collection"
"""Servers before 2.3.2 say it with code 1; pymilvus looks for the text."""

_SAYS: Final = {
    1: "The database failed.",
    2: "The database is out of memory.",
    3: "The database refused its own access rules for the gateway.",
    5: "The database refused an argument.",
    8: "The database limits the rate of requests.",
    9: "The database denies this operation for now.",
    10: "The database is in the middle of something else.",
    100: "The collection does not exist.",
    101: "The collection is not loaded.",
    102: "The number of collections is at its limit.",
    103: "The collection is not fully loaded.",
    104: "The collection is loaded already.",
    105: "The schema does not fit the collection.",
    106: "The collection is being loaded or released.",
    107: "The collection has vectors of a clustering key.",
    109: "The schema of the collection has changed.",
    200: "The partition does not exist.",
    201: "The partition is not loaded.",
    202: "The partition is not fully loaded.",
    300: "The resource group does not exist.",
    400: "The replica does not exist.",
    500: "The channel does not exist.",
    600: "The segment does not exist.",
    700: "The index does not exist.",
    701: "The index is not supported.",
    702: "The index exists with other parameters.",
    800: "The database does not exist.",
    801: "The number of databases is at its limit.",
    802: "The name of the database is not valid.",
    1000: "The database could not reach its storage.",
    1100: "The database refused an argument.",
    1101: "An argument is missing.",
    1400: "The database refused the gateway's credential.",
    1401: "The database refused the gateway's credential.",
    1600: "The alias does not exist.",
    1601: "The name stands for a collection already.",
    1602: "The alias exists already.",
    1700: "The field does not exist.",
    1701: "The name of the field is not valid.",
    1800: "The database needs a credential.",
    1801: "The privilege is not valid.",
    1804: "The user does not exist.",
    2000: "The database could not read the filter or the plan of the search.",
    2100: "The import failed.",
    2200: "The database could not write.",
}
_ANY: Final = "The database refused the request."


def failed(status: Any) -> bool:
    return bool(status.code or status.error_code)


def not_found(status: Any) -> bool:
    """There is no such collection, or no such database."""
    if status.code:
        return status.code in (_COLLECTION_NOT_FOUND, _DATABASE_NOT_FOUND)
    return status.error_code in _OLD_NOT_FOUND or _OLD_TEXT in status.reason


def normalise(status: Any) -> str:
    """Put the gateway's text in the place of the database's. Returns the code for evidence."""
    code = status.code or status.error_code
    text = _SAYS.get(status.code) or (_SAYS[100] if status.error_code in _OLD_NOT_FOUND else _ANY)
    if not status.code and _OLD_TEXT in status.reason:
        text = f"{_OLD_TEXT}."
    status.reason = text
    status.ClearField("detail")
    status.ClearField("extra_info")
    return f"code {code}"
