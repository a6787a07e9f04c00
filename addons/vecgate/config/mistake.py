"""Mistake: something wrong at a key of the merged configuration, and what the checks of its meaning share."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from vecgate.config.document import KeyPath

type Mistake = tuple[KeyPath, str]

REFERENCE = re.compile(r"[a-z][a-z0-9+.-]*:[^\s]\S*")
"""A scheme, and what it is to find."""


def attempt[T](at: KeyPath, parse: Callable[[str], T], text: str) -> Iterator[Mistake]:
    """The mistake that a parser finds in a text, if any. `parse` raises ValueError for it."""
    try:
        parse(text)
    except ValueError as error:
        yield at, str(error)


def parsed[T](at: KeyPath, parse: Callable[[str], T], text: str, found: list[Mistake]) -> T | None:
    """What the text means; None, and the mistake in `found`, if it means nothing."""
    try:
        return parse(text)
    except ValueError as error:
        found.append((at, str(error)))
        return None


def repeated(at: KeyPath, key: str, names: Sequence[str]) -> Iterator[Mistake]:
    """Each name after the first of its kind."""
    for index, name in enumerate(names):
        if name in names[:index]:
            yield (*at, index, key), f"{name} is named twice"


def file_reference(text: str) -> None:
    """Raises ValueError."""
    if not re.fullmatch(r"file:\S.*", text):
        raise ValueError("must be a reference, file:PATH")


def secret_reference(text: str) -> None:
    """Raises ValueError. The text is never part of it: what fails here may be the secret itself."""
    if not REFERENCE.fullmatch(text):
        raise ValueError("must be a reference to a secret, env:NAME or file:PATH, never the secret itself")
