"""Taking: an answer is rebuilt from the members that are understood. Services add members at any time; what is not
known is left out, and what is known but of another kind withholds the answer.
"""

from __future__ import annotations

from typing import Any

from vecgate.errors import Refusal, Unmaskable
from vecgate.operations.shapes import Kind, ListOf, MapOf, Nullable, Shape


def take(kind: Kind, value: Any) -> Any:
    """The value with its known members alone; a member that may be left out may be null. Raises Unmaskable."""
    match kind:
        case Shape():
            return _object(kind, value)
        case ListOf():
            if type(value) is not list:
                raise Unmaskable("A list of the database's answer is none.")
            return [take(kind.item, entry) for entry in value]
        case MapOf():
            return {name: take(kind.item, entry) for name, entry in _members(value).items()}
        case Nullable():
            return None if value is None else take(kind.kind, value)
    try:
        kind.check(value, "")
    except Refusal:
        raise Unmaskable("A member of the database's answer is of another kind than expected.") from None
    return value


def _object(shape: Shape, value: Any) -> dict[str, Any]:
    members = _members(value)
    taken: dict[str, Any] = {}
    for name, kind in shape.members.items():
        found = members.get(name)
        if found is not None:
            taken[name] = take(kind, found)
        elif name in shape.required:
            raise Unmaskable("A member is missing from the database's answer.")
        elif name in members:
            taken[name] = None
    return taken


def _members(value: Any) -> dict[str, Any]:
    if type(value) is not dict:
        raise Unmaskable("An object of the database's answer is none.")
    return value
