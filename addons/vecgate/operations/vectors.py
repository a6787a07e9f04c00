"""Vectors as they stand in JSON: what looks like one, and what evidence may keep of one."""

from __future__ import annotations

import hashlib
import math
from typing import Any, Final

from vecgate.operations.document import Number, Numbers, dump

EMBEDDING_LIKE: Final = 16
"""Numbers in one list from which it counts as a vector, whatever it is called."""

_NUMERIC: Final = frozenset({int, float, Number})


def is_vector(value: Any) -> bool:
    """A list of numbers."""
    return type(value) is Numbers or (type(value) is list and _NUMERIC.issuperset(map(type, value)))


def is_embedding(value: Any) -> bool:
    """A list of numbers that is long enough for an embedding."""
    return isinstance(value, list | Numbers) and len(value) >= EMBEDDING_LIKE and is_vector(value)


def summary(vector: Any) -> dict[str, Any]:
    """What evidence keeps of a vector, a list or a text: never its values."""
    if isinstance(vector, Numbers | list):
        values, text = (vector.values, vector.text) if isinstance(vector, Numbers) else (vector, dump(vector))
        return {
            "dimension": len(values),
            "norm": round(math.hypot(*values), 6),
            "sha256": hashlib.sha256(text).hexdigest()[:32],
        }
    return {"sha256": hashlib.sha256(dump(vector)).hexdigest()[:32]}
