"""Field paths: one form for `address.city`, `address[].city`, `address[0].city`, `address["city"]`, `$.address.city`.

Masking and the search for fields that steer a request both go through `segments`, so what one hides the other refuses.
Where a spelling is ambiguous (a payload key with a dot, a bracket or a quote in it) it means the path with fewer
distinctions: more is masked, never less.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final
from unicodedata import normalize

type Segments = tuple[str, ...]

ANY: Final = "**"
"""The pattern segment that stands for any number of segments, none included."""

LONG: Final = 256
"""Names longer than this are not kept in caches."""

_SPECIAL: Final = re.compile(r"[.\[\]\"'`\\\s]")
_INDEX: Final = re.compile(r"\[\s*+(?:(?:[-+]?\d++|\*)\s*+)?\]")
_QUOTES: Final = str.maketrans({"[": ".", "]": ".", '"': "", "'": "", "`": "", "\\": ""})

ROOTS: Final = frozenset({"$", "$meta"})
"""First segments that mean the payload itself: JSONPath's root and Milvus' field of dynamic members."""


def segments(path: str) -> Segments:
    """The names along a path, in NFC. A list's indexes in brackets are no names.

    >>> segments('address[0]."city"')
    ('address', 'city')
    """
    # Names come from answers, too: a cache of long ones would grow with what somebody wrote into the database.
    return _kept(path) if len(path) <= LONG else _split(path)


def _split(path: str) -> Segments:
    if not path.isascii():
        path = normalize("NFC", path)
    if not _SPECIAL.search(path):
        return (path,) if path else ()
    parts = _INDEX.sub(".", path).translate(_QUOTES).split(".")
    return tuple(name for part in parts if (name := part.strip()))


_kept = lru_cache(maxsize=8192)(_split)


@lru_cache(maxsize=1024)
def pattern(text: str) -> Segments:
    """A pattern's segments. One without a dot means the name at any depth, so it begins with `**`.

    Raises ValueError for a pattern that names nothing.
    """
    names = segments(text)
    if len(names) > 1 and names[0] in ROOTS:
        names = names[1:]
    if not names:
        raise ValueError(f"{text!r} names no field: write a dotted path such as address.city")
    if len(names) == 1 and not names[0].startswith("#"):
        names = (ANY, *names)
    # `a.**` hides a and all beneath it, as `a` alone does; and `**.**` is `**`.
    while len(names) > 1 and names[-1] == ANY:
        names = names[:-1]
    return tuple(name for name, before in zip(names, ("", *names), strict=False) if not name == before == ANY)
