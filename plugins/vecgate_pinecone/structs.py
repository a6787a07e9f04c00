"""Structs: `google.protobuf.Struct` to and from plain values, one field at a time and nothing more."""

from __future__ import annotations

import math
from typing import Any

from google.protobuf.message import Message

from vecgate.errors import Refusal
from vecgate.reasons import Reason


def plain(struct: Any) -> dict[str, Any]:
    """The object. Raises Refusal: bad_body for a value of no kind, or a number that is not finite."""
    return {name: _value(value) for name, value in struct.fields.items()}


def _value(value: Any) -> Any:
    match value.WhichOneof("kind"):
        case "string_value":
            return value.string_value
        case "number_value" if math.isfinite(value.number_value):
            return value.number_value
        case "bool_value":
            return value.bool_value
        case "list_value":
            return [_value(each) for each in value.list_value.values]
        case "struct_value":
            return plain(value.struct_value)
        case "null_value":
            return None
    raise Refusal(Reason.BAD_BODY, "A value of the message is of no kind, or no finite number.")


def write(struct: Any, document: dict[str, Any]) -> None:
    """Replace what the struct holds."""
    struct.Clear()
    for name, value in document.items():
        _write(struct.fields[name], value)


def _write(target: Any, value: Any) -> None:
    match value:
        case None:
            target.null_value = 0
        case bool():
            target.bool_value = value
        case int() | float():
            target.number_value = value
        case str():
            target.string_value = value
        case dict():
            target.struct_value.SetInParent()
            write(target.struct_value, value)
        case _:
            target.list_value.SetInParent()
            for each in value:
                _write(target.list_value.values.add(), each)


def optional(message: Message, field: str) -> dict[str, Any] | None:
    """The object of a field, None where it is absent. Raises Refusal."""
    return plain(getattr(message, field)) if message.HasField(field) else None
