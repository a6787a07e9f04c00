"""The request target: parsed strictly, decoded once, spelt in one way.

Repairing an ambiguous target means guessing what the next hop will make of it, so nothing is repaired here (RFC 3986 §6
read the strict way; CVE-2021-29492, CVE-2026-26205 and CVE-2026-42272 are what guessing costs).
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final
from urllib.parse import quote, unquote_to_bytes

from vecgate.errors import Refusal
from vecgate.operations.messages import Target
from vecgate.reasons import Reason

LONGEST: Final = 16 * 1024
"""Bytes of a raw target."""
USUAL: Final = 512
"""Targets up to this length are remembered: clients repeat theirs, and no client can make the memory large."""
NONE: Final[frozenset[str]] = frozenset()

_RAW = re.compile(rb"/[\x21-\x7e]*")
_NEVER = re.compile(rb"[#;\\]")
_BAD_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_PLAIN = re.compile(r"[A-Za-z0-9_~-][A-Za-z0-9._~-]*")
_SEGMENT_SAFE = "!$'()*,:@"
_QUERY_SAFE = "!$'()*,:@/"
# Controls, format characters (bidirectional overrides, zero-width joiners), surrogates, line and paragraph separators.
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def parse(raw: bytes | str, repeatable: frozenset[str] = NONE) -> Target:
    """Read an origin-form target (RFC 9112 §3.2.1) and decode each segment and query item once.

    Raises Refusal: bad_target, or duplicate_member for a query key that stands twice and is not `repeatable`.
    """
    if isinstance(raw, str):
        try:
            raw = raw.encode("ascii")
        except UnicodeEncodeError:
            raise _bad("it has a character outside ASCII") from None
    return _usual(raw, repeatable) if len(raw) <= USUAL else _parse(raw, repeatable)


@lru_cache(maxsize=512)
def encode(target: Target) -> str:
    """The one spelling in which a target is judged, bound to tickets and sent."""
    path = "/" + "/".join(quote(segment, safe=_SEGMENT_SAFE) for segment in target.segments)
    if not target.query:
        return path
    items = "&".join(f"{quote(key, safe=_QUERY_SAFE)}={quote(value, safe=_QUERY_SAFE)}" for key, value in target.query)
    return f"{path}?{items}"


def _parse(raw: bytes, repeatable: frozenset[str]) -> Target:
    if len(raw) > LONGEST:
        raise _bad("it is too long")
    if not _RAW.fullmatch(raw):
        raise _bad("it is not in origin form, or has a control character or space")
    if _NEVER.search(raw):
        raise _bad("it has a fragment, a parameter or a backslash")
    if b"%" in raw and _BAD_ESCAPE.search(raw):
        raise _bad("it has a broken percent escape")
    path, _, query = raw.partition(b"?")
    segments = () if path == b"/" else tuple(_segment(part) for part in path[1:].split(b"/"))
    return Target(segments, _query(query, repeatable) if query else ())


_usual = lru_cache(maxsize=4096)(_parse)


def _segment(raw: bytes) -> str:
    text = _decode(raw)
    if _PLAIN.fullmatch(text):
        return text
    if text in {"", ".", ".."}:
        raise _bad("it has an empty or dot segment")
    if "/" in text or "\\" in text or ";" in text:
        raise _bad("it has an encoded separator")
    return text


def _query(raw: bytes, repeatable: frozenset[str]) -> tuple[tuple[str, str], ...]:
    items: list[tuple[str, str]] = []
    seen: set[str] = set()
    for part in raw.split(b"&"):
        key, _, value = part.replace(b"+", b"%20").partition(b"=")
        name = _decode(key)
        if not name:
            raise _bad("it has an empty query item")
        if name in seen and name not in repeatable:
            raise Refusal(Reason.DUPLICATE_MEMBER, "A query key stands twice.")
        seen.add(name)
        items.append((name, _decode(value)))
    return tuple(items)


def _decode(raw: bytes) -> str:
    try:
        text = (unquote_to_bytes(raw) if b"%" in raw else raw).decode("utf-8")
    except UnicodeDecodeError:
        raise _bad("it is not UTF-8") from None
    if not (text.isascii() and text.isprintable()) and any(unicodedata.category(c) in _INVISIBLE for c in text):
        raise _bad("it has a control or format character")
    return text


def _bad(detail: str) -> Refusal:
    return Refusal(Reason.BAD_TARGET, f"The request target is refused: {detail}.")
