"""Naming: every field of a call that names a collection, written anew.

The server makes the first letter a capital in some of them only, and resolves aliases in some of them only: what is
sent has the collections' own names everywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Final

from google.protobuf.descriptor import Descriptor

NAMES: Final = frozenset({"collection", "target_collection", "from_collection", "to_collection"})
"""Fields that name a collection."""
NEEDED: Final = frozenset({"collection", "from_collection"})
"""Those that a call cannot be without."""
PATH: Final = "on"
"""Of a filter: reference, collection, …, property."""


def rename(message: Any, name: Callable[[str], str]) -> None:
    """Put `name` of each collection in its place. Raises Refusal: bad_body."""
    for field, repeated, kind in _concerned(message.DESCRIPTOR):
        if kind == "name":
            written = getattr(message, field)
            if (written or _needed(message.DESCRIPTOR, field)) and (own := name(written)) != written:
                setattr(message, field, own)
        elif kind == "path":
            path = getattr(message, field)
            for index in range(1, len(path), 2):
                path[index] = name(path[index])
        elif repeated:
            for one in getattr(message, field):
                rename(one, name)
        elif message.HasField(field):
            rename(getattr(message, field), name)


def _needed(kind: Descriptor, field: str) -> bool:
    return field in NEEDED and kind.name != "GroupBy"  # which is of the call's own collection if it names none


@cache
def _concerned(kind: Descriptor) -> tuple[tuple[str, bool, str], ...]:
    """The fields of a message to look at, whether each is repeated, and as what; vectors are none of them."""
    found = []
    for field in kind.fields:
        if field.name in NAMES:
            found.append((field.name, False, "name"))
        elif field.name == PATH and field.is_repeated and kind.name == "Filters":
            found.append((field.name, True, "path"))
        elif field.message_type is not None and _holds(field.message_type, frozenset()):
            found.append((field.name, field.is_repeated, "message"))
    return tuple(found)


def _holds(kind: Descriptor, above: frozenset[str]) -> bool:
    """A name stands somewhere in such messages."""
    if kind.GetOptions().map_entry or kind.full_name in above:
        return False
    if kind.name == "Filters":
        return True
    return any(
        field.name in NAMES or (field.message_type is not None and _holds(field.message_type, above | {kind.full_name}))
        for field in kind.fields
    )
