"""Cursors: pagination tokens. They are the service's own, and those seen are base64 of `{"skip_past", "prefix"}`.

A client can write one as well. One that can be read and holds more than a position could choose records by fields that
the request's own filter does not name; one that the service makes could name what the caller may not know of.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterable
from typing import Any, Final

from vecgate.errors import Refusal
from vecgate.operations.document import parse
from vecgate.reasons import Reason

_POSITION: Final = frozenset({"skip_past", "prefix"})
_JSON: Final = re.compile(rb"\s*[\[{]\s*[\]}\[{\"]")
_NOT_BASE64: Final = re.compile(r"[^A-Za-z0-9+/]")
"""What lenient readers skip."""
ANY_FIELD: Final = "*"
"""Of `fields_used`: it could be any, so that whoever has a masked field is refused."""


def steers(token: str | None) -> tuple[str, ...]:
    """The fields that a client's token may steer by."""
    document = _read(token)
    if document is None or (isinstance(document, dict) and document.keys() <= _POSITION):
        return ()
    return (ANY_FIELD,)


def position(token: str | None) -> str | None:
    """The name after which a token continues, None for one that is sealed. Raises Refusal: bad_body for another one."""
    document = _read(token)
    if document is None:
        return None
    place = document.get("skip_past") if isinstance(document, dict) and document.keys() <= _POSITION else None
    if type(place) is not str:
        raise Refusal(Reason.BAD_BODY, "The paginationToken is none of the service's.")
    return place


def _read(token: str | None) -> Any:
    """What a token says, None where nothing can be read in it: it is the service's own, and sealed. What begins like
    JSON and is none, or could be read in two ways, is the empty text: the service may read it otherwise."""
    for text in (_decoded(token), token.encode()) if token else ():
        if _JSON.match(text):
            try:
                return parse(text)
            except Refusal:
                return ""
    return None


def tells(token: str, names: Iterable[str]) -> bool:
    """One of these names stands in the service's token, plain or encoded."""
    texts = (token.encode(), _decoded(token))
    return any(name.encode() in text for name in names if name for text in texts)


def _decoded(token: str) -> bytes:
    plain = _NOT_BASE64.sub("", token.replace("-", "+").replace("_", "/"))
    plain = plain[:-1] if len(plain) % 4 == 1 else plain  # of no use, and lenient readers leave it out
    return binascii.a2b_base64(plain + "=" * (-len(plain) % 4))
