"""Cursors: pagination tokens. They are the service's own, and those seen are base64 of `{"skip_past", "prefix"}`.

A client can write one as well. One that can be read and holds more than a position could choose records by fields that
the request's own filter does not name; one that the service makes could name what the caller may not know of.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterable
from typing import Final

import msgspec

_POSITION: Final = frozenset({"skip_past", "prefix"})
_TEXT: Final = re.compile(r"[A-Za-z0-9+/_=-]+")
ANY_FIELD: Final = "*"
"""Of `fields_used`: it could be any, so that whoever has a masked field is refused."""


def steers(token: str | None) -> tuple[str, ...]:
    """The fields that a client's token may steer by."""
    if not token:
        return ()
    try:
        document = msgspec.json.decode(_decoded(token) or token.encode())
    except (msgspec.MsgspecError, UnicodeError):
        return ()  # the service's own, and sealed
    if isinstance(document, dict) and document.keys() <= _POSITION:
        return ()
    return (ANY_FIELD,)


def tells(token: str, names: Iterable[str]) -> bool:
    """One of these names stands in the service's token, plain or encoded."""
    texts = (token.encode(), _decoded(token))
    return any(name.encode() in text for name in names if name for text in texts)


def _decoded(token: str) -> bytes:
    if not _TEXT.fullmatch(token):
        return b""
    plain = token.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return binascii.a2b_base64(plain + "=" * (-len(plain) % 4))
    except binascii.Error:
        return b""
