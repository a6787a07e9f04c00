"""Globs within one name, and the search for names in texts. Linear in what they read: it comes from the database."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from vecgate.masking.paths import ANY


class Glob:
    """A name in which `*` stands for any characters."""

    __slots__ = ("pieces", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.pieces = tuple(re.split(r"\*+", text))

    def matches(self, name: str) -> bool:
        """The whole name, with each piece between stars at its first place."""
        first, *middle = self.pieces
        if not middle:
            return name == first
        last = middle.pop()
        if len(name) < len(first) + len(last) or not (name.startswith(first) and name.endswith(last)):
            return False
        at, end = len(first), len(name) - len(last)
        for piece in middle:
            if (at := name.find(piece, at, end)) < 0:
                return False
            at += len(piece)
        return True

    def within(self, text: str) -> bool:
        """A name that this stands for may be somewhere in the text."""
        return all(piece in text for piece in self.pieces)


@lru_cache(maxsize=1024)
def glob(text: str) -> Glob:
    return Glob(text)


class Mentions:
    """Some names, looked for in a text that is JSON or looks like it. Texts and names are in NFC."""

    __slots__ = ("_assigned", "_globs", "_wild")

    def __init__(self, names: Iterable[str]) -> None:
        self._globs = tuple(glob("*" if name == ANY else name) for name in sorted(set(names)))
        self._wild = tuple(one for one in self._globs if len(one.pieces) > 1)
        plain = "|".join(re.escape(one.text) for one in self._globs if len(one.pieces) == 1)
        self._assigned = re.compile(rf"(?:{plain})[\"'\\]*+\s*+[:=]") if plain else None

    def named(self, text: str) -> bool:
        """False only if no member of one of these names is in this JSON: other spellings need a backslash."""
        return "\\" in text or any(one.within(text) for one in self._globs)

    def assigned(self, text: str) -> bool:
        """A text that is no JSON seems to give one of these names a value."""
        if "\\u" in text or (self._assigned is not None and self._assigned.search(text)):
            return True
        return any(one.within(text) for one in self._wild) and (":" in text or "=" in text)
