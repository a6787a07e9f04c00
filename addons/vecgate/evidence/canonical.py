"""RFC 8785 canonical JSON, fast, for the restricted shape that evidence is made of.

The shape: text, integers within ±(2^53-1), booleans, null, lists, and objects with ASCII keys. There, msgspec's sorted
encoding is RFC 8785's byte for byte (a test holds it to the `rfc8785` package). What would differ is refused: floats,
larger integers, other keys (RFC 8785 sorts by UTF-16 code units), lone surrogates.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Set
from enum import Enum
from typing import Any

import msgspec

MAX_INT = 2**53 - 1
MAX_DEPTH = 64

_FREE = frozenset({str, bool, type(None), msgspec.Raw})
"""What is canonical whatever its value; lone surrogates are found when it is encoded."""
_encoder = msgspec.json.Encoder(order="sorted")


class NotCanonical(ValueError):
    """The value, or the line, is not of the shape that has one canonical form here."""


def check(value: object, depth: int = 0) -> None:
    """Raise NotCanonical unless msgspec's sorted encoding of `value` is its RFC 8785 form.

    A `msgspec.Raw` is taken for what `encode` has made.
    """
    members: Iterable[object]
    if isinstance(value, dict):
        for key in value:
            if type(key) is not str or not key.isascii():
                raise NotCanonical("a key is not ASCII text")
        members = value.values()
    elif isinstance(value, list):
        members = value
    else:
        members, depth = (value,), depth - 1
    if depth >= MAX_DEPTH:
        raise NotCanonical(f"nested deeper than {MAX_DEPTH}")
    for member in members:
        kind = type(member)
        if kind in _FREE or (kind is int and -MAX_INT <= member <= MAX_INT):  # type: ignore[operator]  # not narrowed
            continue
        if not isinstance(member, (dict, list)):
            raise NotCanonical(f"a value of type {kind.__name__} has no canonical form here, or is too large")
        check(member, depth + 1)


def encode(value: Any) -> bytes:
    """The RFC 8785 form of plain data. Raises NotCanonical."""
    check(value)
    return encode_checked(value)


def encode_checked(value: Any) -> bytes:
    """The same for data (or a msgspec Struct) whose free parts `check` has passed."""
    try:
        return _encoder.encode(value)
    except UnicodeEncodeError as error:
        raise NotCanonical("a text has a lone surrogate") from error


def digest(data: bytes) -> str:
    """SHA-256 in lower-case hex."""
    return hashlib.sha256(data).hexdigest()


def clean(value: object, depth: int = 0) -> Any:
    """Any value, brought into the canonical shape; never fails, so that no request can make a record unwritable.

    Lone surrogates and non-ASCII keys become backslash escapes, numbers without a canonical form their decimal text;
    an object of a foreign type leaves only its type's name, because its text could hold anything.
    """
    if depth >= MAX_DEPTH // 2:
        return "…"
    match value:
        case None | bool():
            return value
        case Enum():
            return clean(value.value, depth + 1)
        case str():
            return str(value).encode("utf-8", "backslashreplace").decode("utf-8")
        case int():
            return int(value) if -MAX_INT <= value <= MAX_INT else hex(value)
        case float():
            return repr(float(value))
        case msgspec.Raw():
            return clean(msgspec.json.decode(value), depth + 1)
        case bytes() | bytearray():
            return value.hex()
        case Mapping():
            return {
                str(key).encode("ascii", "backslashreplace").decode("ascii"): clean(member, depth + 1)
                for key, member in value.items()
            }
        case list() | tuple():
            return [clean(member, depth + 1) for member in value]
        case Set():
            return sorted((clean(member, depth + 1) for member in value), key=repr)
        case _:
            return f"<{type(value).__name__}>"
