"""Vectors: every field in which a reply has one, emptied or masked. No float is touched where all are dropped."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from vecgate.errors import Unmaskable
from vecgate.masking.maskset import MaskSet

FIELDS: Final = ("vector", "vector_bytes", "vectors")
"""Of an object's metadata; the first two are one vector in two spellings."""
SINGLE: Final = frozenset({0, 1})
"""Types of a named vector: one vector, said or not."""
MULTI: Final = 2
"""Several vectors of one length: that length in two bytes, then the numbers."""


def hide(metadata: Any, masks: MaskSet) -> bool:
    """Says whether there was one. Raises Unmaskable for a vector that is to be changed and is of no known form."""
    if not (metadata.vector_bytes or metadata.vectors or metadata.vector):
        return False
    if not masks.fetches_vectors:
        for name in FIELDS:
            metadata.ClearField(name)
        return True
    _one(metadata, masks)
    kept = [(one.name, one.type, shown) for one in metadata.vectors if (shown := _named(one, masks)) is not None]
    del metadata.vectors[:]
    for name, kind, shown in kept:
        metadata.vectors.add(name=name, type=kind, vector_bytes=shown)
    return True


def _one(metadata: Any, masks: MaskSet) -> None:
    """The vector without a name, in the spelling it came in, or both."""
    if metadata.vector_bytes:
        shown = masked(metadata.vector_bytes, masks)
        metadata.ClearField("vector_bytes")
        if shown is not None:
            metadata.vector_bytes = shown
    if metadata.vector:
        values = masks.vector(list(metadata.vector))
        metadata.ClearField("vector")
        if values is not None:
            metadata.vector.extend(values)


def _named(one: Any, masks: MaskSet) -> bytes | None:
    if one.type in SINGLE:
        return masked(one.vector_bytes, masks)
    if one.type != MULTI or len(one.vector_bytes) < 2:
        raise Unmaskable("A vector is of an unknown type.")
    head, rest = one.vector_bytes[:2], one.vector_bytes[2:]
    size = 4 * int.from_bytes(head, "little")
    if not size or len(rest) % size:
        raise Unmaskable("Several vectors are not of one length.")
    rows = [masked(rest[at : at + size], masks) for at in range(0, len(rest), size)]
    return None if None in rows else head + b"".join(row for row in rows if row is not None)


def masked(data: bytes, masks: MaskSet) -> bytes | None:
    """Little-endian float32, as the caller may see them; None where they are left out."""
    if len(data) % 4:
        raise Unmaskable("A vector is cut short.")
    shown = masks.vector(np.frombuffer(data, "<f4").tolist())
    return None if shown is None else np.array(shown, "<f4").tobytes()
