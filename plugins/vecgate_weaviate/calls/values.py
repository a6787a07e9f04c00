"""Values: properties as the wire has them, as plain values, which masks go by, and back again.

Numbers of lists stand in bytes, eight for each, little-endian. What a mask leaves as it is keeps the bytes it came in;
what it changes is written as the nearest kind of value, a masked date as text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from vecgate.errors import Unmaskable

_GEO: Final = {"latitude": "latitude", "longitude": "longitude"}
_PHONE: Final = {
    "countryCode": "country_code",
    "defaultCountry": "default_country",
    "input": "input",
    "internationalFormatted": "international_formatted",
    "national": "national",
    "nationalFormatted": "national_formatted",
    "valid": "valid",
}
"""Members of what has a kind of its own, called as schemas and the other wires call them."""
_LISTS: Final[dict[type, str]] = {str: "text_values", bool: "bool_values"}
_NUMBERS: Final[dict[type, tuple[str, str]]] = {int: ("int_values", "<i8"), float: ("number_values", "<f8")}
_SCALARS: Final[dict[type, str]] = {
    str: "text_value",
    bool: "bool_value",
    int: "int_value",
    float: "number_value",
}


def payload(properties: Any) -> dict[str, Any]:
    """The properties as plain values. Raises Unmaskable for a value of unknown kind."""
    return {name: plain(value) for name, value in properties.fields.items()}


def plain(value: Any) -> Any:
    kind = value.WhichOneof("kind")
    if (read := _READ.get(kind)) is not None:
        return read(getattr(value, kind))
    if kind is None:
        raise Unmaskable("A property's value is of an unknown kind.")
    return getattr(value, kind)


def put(properties: Any, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Make the properties, which are `before`, what masks have made of them."""
    if after is before:
        return
    fields = properties.fields
    for name, value in before.items():
        if name not in after:
            del fields[name]
        elif after[name] is not value:
            _put(fields[name], value, after[name])


def _put(value: Any, before: Any, after: Any) -> None:
    kind = value.WhichOneof("kind")
    if kind == "object_value" and type(after) is dict:
        put(value.object_value, before, after)
    elif kind == "list_value" and type(after) is list and value.list_value.HasField("object_values"):
        _put_objects(value.list_value.object_values.values, before, after)
    elif before != after:
        value.Clear()
        write(value, after)


def _put_objects(stored: Any, before: list[Any], after: list[Any]) -> None:
    """Each of a list of objects, if none was left out or became something else."""
    if len(before) != len(after) or not all(type(one) is dict for one in after):
        kept = [one for one in after if type(one) is dict]
        del stored[:]
        for one in kept:
            write_members(stored.add(), one)
        return
    for one, was, now in zip(stored, before, after, strict=True):
        put(one, was, now)


def write(value: Any, shown: Any) -> None:
    """A plain value into an empty one."""
    if shown is None:
        value.null_value = 0
    elif type(shown) is dict:
        value.object_value.SetInParent()
        write_members(value.object_value, shown)
    elif type(shown) is list:
        _write_list(value.list_value, shown)
    else:
        setattr(value, _SCALARS[type(shown)], shown)


def write_members(properties: Any, shown: Mapping[str, Any]) -> None:
    properties.SetInParent()
    for name, one in shown.items():
        write(properties.fields[name], one)


def _write_list(stored: Any, shown: list[Any]) -> None:
    kinds = set(map(type, shown))
    if kinds == {dict}:
        for one in shown:
            write_members(stored.object_values.values.add(), one)
    elif len(kinds) == 1 and (kind := next(iter(kinds))) in _NUMBERS:
        name, code = _NUMBERS[kind]
        getattr(stored, name).values = np.array(shown, code).tobytes()
    elif kinds == {bool}:
        stored.bool_values.values.extend(shown)
    else:  # a list that masks have made of several kinds
        stored.text_values.SetInParent()
        stored.text_values.values.extend(one if type(one) is str else str(one) for one in shown)


def _numbers(code: str) -> Callable[[Any], list[Any]]:
    def read(values: Any) -> list[Any]:
        if len(values.values) % 8:
            raise Unmaskable("A list of numbers is cut short.")
        found: list[Any] = np.frombuffer(values.values, code).tolist()
        return found

    return read


def _list(stored: Any) -> list[Any]:
    kind = stored.WhichOneof("kind")
    if kind is None:
        return []
    read = _ITEMS.get(kind)
    values = getattr(stored, kind)
    return list(values.values) if read is None else read(values)


def _members(names: Mapping[str, str]) -> Callable[[Any], dict[str, Any]]:
    return lambda message: {name: getattr(message, field) for name, field in names.items()}


_ITEMS: Final[dict[str, Callable[[Any], list[Any]]]] = {
    "number_values": _numbers("<f8"),
    "int_values": _numbers("<i8"),
    "object_values": lambda stored: [payload(one) for one in stored.values],
}
_READ: Final[dict[str | None, Callable[[Any], Any]]] = {
    "null_value": lambda value: None,
    "object_value": payload,
    "list_value": _list,
    "geo_value": _members(_GEO),
    "phone_value": _members(_PHONE),
}
