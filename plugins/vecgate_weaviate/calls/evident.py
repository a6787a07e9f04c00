"""Evident: a call's fields as evidence keeps them: no vectors, no pictures, no values that properties of other
collections are compared with, since whether one of those is masked is not known where the filter starts."""

from __future__ import annotations

import hashlib
import math
from typing import Any, Final

import numpy as np

_LEFT_OUT: Final = frozenset(
    {
        *("collection", "tenant", "consistency_level", "properties", "metadata"),
        *("uses_123_api", "uses_125_api", "uses_127_api"),
    }
)
"""Fields of a call that evidence has elsewhere, or does not need."""
_LONG: Final = 1000
"""Characters of a text that evidence keeps; a longer one is a picture or a sound."""
_SHOWN: Final = 100
"""Values of a list that evidence keeps."""


def evident(message: Any) -> dict[str, Any]:
    return {field.name: _shown(field, value) for field, value in message.ListFields() if field.name not in _LEFT_OUT}


def _shown(field: Any, value: Any) -> Any:
    if field.message_type is None:
        if not field.is_repeated:
            return _scalar(field, value)
        if field.cpp_type == field.CPPTYPE_FLOAT:
            return _vector(np.asarray(value, "<f4"))
        return [_scalar(field, one) for one in value[:_SHOWN]]
    if field.message_type.GetOptions().map_entry:
        return {name: _scalar(field.message_type.fields_by_name["value"], one) for name, one in value.items()}
    if field.is_repeated:
        return [_message(one) for one in value[:_SHOWN]]
    return _message(value)


def _message(message: Any) -> Any:
    hidden = message.DESCRIPTOR.name == "Filters" and _leads_on(message)
    return {
        field.name: _shown(field, value)
        for field, value in message.ListFields()
        if not (hidden and field.name.startswith("value"))
    }


def _leads_on(clause: Any) -> bool:
    return len(clause.on) > 1 or clause.target.WhichOneof("target") in {"single_target", "multi_target"}


def _scalar(field: Any, value: Any) -> Any:
    if isinstance(value, bytes):
        return _vector(np.frombuffer(value[: len(value) // 4 * 4], "<f4"))
    if isinstance(value, str):
        return value if len(value) <= _LONG else {"sha256": hashlib.sha256(value.encode()).hexdigest()}
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if field.enum_type is not None:
        named = field.enum_type.values_by_number.get(value)
        return named.name if named else value
    return value


def _vector(values: Any) -> dict[str, Any]:
    """What evidence keeps of a vector: never its values."""
    norm = float(np.linalg.norm(values))
    return {
        "dimension": len(values),
        "norm": round(norm, 6) if math.isfinite(norm) else None,
        "sha256": hashlib.sha256(values.tobytes()).hexdigest(),
    }
