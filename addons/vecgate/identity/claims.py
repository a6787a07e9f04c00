"""The JSON inside tokens: strict objects, and pointers into them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Self

from vecgate.errors import Refusal
from vecgate.operations.document import parse, plain

_MAX_DEPTH = 32


def parse_object(data: bytes) -> dict[str, Any]:
    """Parse one JSON object, as strictly as any body: no duplicate members, finite numbers. Raises ValueError."""
    try:
        value = plain(parse(data, depth=_MAX_DEPTH))
    except Refusal as error:
        raise ValueError(error.detail) from None
    if not isinstance(value, dict):
        raise ValueError("It is not a JSON object.")
    return value


class Pointer:
    """A JSON pointer (RFC 6901) to a claim. Raises ValueError if it is not one, or points to the whole document."""

    __slots__ = ("path",)

    def __init__(self, path: tuple[str, ...]) -> None:
        self.path = path

    @classmethod
    def parse(cls, text: str) -> Self:
        if not text.startswith("/") or re.search(r"~(?![01])", text):
            raise ValueError("write a JSON pointer, like /groups or /realm_access/roles")
        return cls(tuple(part.replace("~1", "/").replace("~0", "~") for part in text[1:].split("/")))

    @property
    def claim(self) -> str:
        """The top-level claim it leads into."""
        return self.path[0]

    def find(self, document: Mapping[str, Any]) -> Any:
        """The value, or None where the path leads nowhere."""
        value: Any = document
        for part in self.path:
            if isinstance(value, Mapping):
                value = value.get(part)
            elif isinstance(value, list) and re.fullmatch(r"0|[1-9]\d{0,8}", part, re.ASCII):
                value = value[int(part)] if int(part) < len(value) else None
            else:
                return None
        return value
