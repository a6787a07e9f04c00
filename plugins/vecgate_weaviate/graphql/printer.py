"""The query that is sent: printed from the tree that was judged, its vectors with the digits they came with."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from graphql.language.print_string import print_string

from vecgate.errors import Refusal
from vecgate.operations.document import Number, Numbers
from vecgate.reasons import Reason
from vecgate_weaviate.graphql.text import LONGEST
from vecgate_weaviate.graphql.tree import Enum, Field

_NAME: Final = re.compile(r"[_A-Za-z][_0-9A-Za-z]*")


def printed(fields: Mapping[str, Field]) -> str:
    """The text of a query of these root fields. Raises Refusal: body_too_large."""
    text = "{" + " ".join(_field(one) for one in fields.values()) + "}"
    if len(text) > LONGEST:
        raise Refusal(Reason.BODY_TOO_LARGE, "The query is too long.")
    return text


def _field(one: Field) -> str:
    text = one.name if one.key == one.name else f"{one.key}:{one.name}"
    if one.arguments:
        text += f"({_members(one.arguments)})"
    if one.leaf:
        return text
    return f"{text}{{{' '.join(_selections(one))}}}"


def _selections(one: Field) -> Iterator[str]:
    yield from (_field(inner) for inner in one.fields.values())
    for kind, group in one.types.items():
        yield f"... on {kind}{{{' '.join(_field(inner) for inner in group.values())}}}"


def _members(members: Mapping[str, Any]) -> str:
    # Names of members may come from variables, where they are any text.
    if not all(_NAME.fullmatch(name) for name in members):
        raise Refusal(Reason.BAD_BODY, "The query is refused: a variable has a member whose name is no name.")
    return ",".join(f"{name}:{_value(value)}" for name, value in members.items())


def _value(value: Any) -> str:
    if isinstance(value, Enum):
        return str.__str__(value)
    if isinstance(value, str):
        return print_string(value)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, Number):
        return value.text
    if isinstance(value, Numbers):
        return value.text.decode("ascii")
    if isinstance(value, Mapping):
        return f"{{{_members(value)}}}"
    if isinstance(value, list):
        return f"[{','.join(map(_value, value))}]"
    return repr(value)
