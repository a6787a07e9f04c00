"""Values: payloads as they stand in protobuf, a map of `Value`, and as everything else reads them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vecgate.errors import Unmaskable

_DEPTH = 64


def plain(payload: Any) -> dict[str, Any]:
    """A map of values as a document. Raises Unmaskable for one nested deeper than 64."""
    return {name: _plain(payload[name], 0) for name in payload}


def fill(payload: Any, document: Mapping[str, Any]) -> None:
    """Make a map of values say what a document says. Raises Unmaskable for a value of an unknown type."""
    for name in [*payload]:
        if name not in document:
            del payload[name]
    for name, value in document.items():
        if name not in payload or _plain(payload[name], 0) != value:
            payload[name].Clear()
            _write(payload[name], value)


def _plain(value: Any, depth: int) -> Any:
    if depth > _DEPTH:
        raise Unmaskable("a payload is nested too deeply")
    match value.WhichOneof("kind"):
        case None | "null_value":
            return None
        case "struct_value":
            fields = value.struct_value.fields
            return {name: _plain(fields[name], depth + 1) for name in fields}
        case "list_value":
            return [_plain(one, depth + 1) for one in value.list_value.values]
        case kind:
            return getattr(value, kind)


def _write(target: Any, value: Any) -> None:
    match value:
        case None:
            target.null_value = 0
        case bool():
            target.bool_value = value
        case int():
            target.integer_value = value
        case float():
            target.double_value = value
        case str():
            target.string_value = value
        case list():
            target.list_value.SetInParent()
            for one in value:
                _write(target.list_value.values.add(), one)
        case dict():
            target.struct_value.SetInParent()
            for name, one in value.items():
                _write(target.struct_value.fields[name], one)
        case _:
            raise Unmaskable("a masked value is of an unknown type")
