"""Payloads: what a record's payload shows, whatever wire it came by. A list that could be an embedding is a vector."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from vecgate.errors import Unmaskable
from vecgate.masking.maskset import MaskSet
from vecgate.operations.document import Numbers, plain
from vecgate.operations.vectors import is_embedding

_DEPTH: Final = 64
_SCALARS: Final = frozenset({str, int, float, bool, type(None)})


def masked(payload: Any, masks: MaskSet, said: set[str]) -> tuple[dict[str, Any], Mapping[str, Any]]:
    """A payload as the caller may see it, and as evidence keeps it: without vectors, whoever may see those.

    What was masked is added to `said`. Raises Unmaskable for what is no payload.
    """
    if type(payload) is not dict:
        raise Unmaskable("a payload is not an object")
    if _SCALARS.issuperset(map(type, payload.values())):
        if not masks.fields:
            return payload, payload
        shown, hidden = masks.payload(payload)
        said |= hidden
        return shown, shown
    bare, found = _without_vectors(payload, 0)
    visible = bare if masks.hides_vectors else payload
    if found and masks.hides_vectors:
        said.add("vectors")
    if not masks.fields:
        return visible, plain(bare)
    shown, hidden = masks.payload(plain(visible))
    said |= hidden
    kept = shown if not found or masks.hides_vectors else masks.payload(plain(bare))[0]
    return (shown if hidden else visible), kept


def _without_vectors(value: Any, depth: int) -> tuple[Any, bool]:
    """The same value without lists that could be embeddings, and whether there were any."""
    if depth > _DEPTH:
        raise Unmaskable("a payload is nested too deeply")
    found = False
    if type(value) is dict:
        kept = {}
        for name, member in value.items():
            if is_embedding(member):
                found = True
                continue
            if type(member) in {dict, list}:
                member, inside = _without_vectors(member, depth + 1)
                found |= inside
            kept[name] = member
        return kept, found
    if type(value) is list:
        items = []
        for member in value:
            if is_embedding(member):
                found = True
                continue
            if type(member) in {dict, list, Numbers}:
                member, inside = _without_vectors(member, depth + 1)
                found |= inside
            items.append(member)
        return items, found
    return value, False
