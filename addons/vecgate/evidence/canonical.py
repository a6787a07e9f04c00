"""RFC 8785 canonical JSON, fast, for the restricted shape that evidence is made of.

The shape: text, integers within ±(2^53-1), booleans, null, lists, and objects with ASCII keys. There, msgspec's sorted
encoding is RFC 8785's byte for byte (a test holds it to the `rfc8785` package). What would differ is refused: floats,
larger integers, other keys (RFC 8785 sorts by UTF-16 code units), lone surrogates.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Set
from enum import Enum
from typing import Any

import msgspec

MAX_INT = 2**53 - 1
MAX_DEPTH = 64

_encoder = msgspec.json.Encoder(order="sorted")


class NotCanonical(ValueError):
    """The value, or the line, is not of the shape that has one canonical form here."""


def check(value: object, depth: int = 0) -> None:
    """Raise NotCanonical unless msgspec's sorted encoding of `value` is its RFC 8785 form."""
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return
    if kind is int:
        if not -MAX_INT <= value <= MAX_INT:  # type: ignore[operator]  # `kind is int` does not narrow
            raise NotCanonical("an integer is outside ±(2^53-1)")
    elif depth >= MAX_DEPTH:
        raise NotCanonical(f"nested deeper than {MAX_DEPTH}")
    elif isinstance(value, dict):
        for key, member in value.items():
            if type(key) is not str or not key.isascii():
                raise NotCanonical("a key is not ASCII text")
            if type(member) is not str:
                check(member, depth + 1)
    elif isinstance(value, list):
        for member in value:
            if type(member) is not str:
                check(member, depth + 1)
    else:
        raise NotCanonical(f"{kind.__name__} has no canonical form here")


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
