"""Expression: what policy needs to know of a filter expression.

>>> fields_of('meta["ssn"] == "1" and year > 2000 or $meta["note"] like "a%"')
('meta.ssn', 'note', 'year')
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from lark import Token, Tree

from vecgate_milvus.expressions import paths
from vecgate_milvus.expressions.grammar import LITERAL, bad, parse

KEPT: Final = 2048
"""Characters of an expression up to which its reading is remembered."""
PLAIN_FUNCTIONS: Final = frozenset(
    {
        *(f"{kind}_contains{which}" for kind in ("json", "array") for which in ("", "_all", "_any")),
        *("array_length", "text_match", "text_match_fuzzy", "phrase_match", "random_sample", "empty", "starts_with"),
        *("st_equals", "st_touches", "st_overlaps", "st_crosses", "st_contains", "st_intersects", "st_within"),
        *("st_dwithin", "st_isvalid"),
    }
)
SCOPED_FUNCTIONS: Final = frozenset(
    {"element_filter", "match_all", "match_any", "match_least", "match_most", "match_exact"}
)
"""Functions over the elements of their first argument: `$` and `$[sub]` in the others are of that."""
OPTIONS: Final = frozenset({"minimum_should_match", "threshold", "max_edit_distance"})
TIMES: Final = frozenset({"iso", "interval"})

_LITERALS: Final = re.compile(LITERAL)


@dataclass(frozen=True, slots=True)
class Keys:
    """`field in […]` or `field == value` and nothing else. `template` holds the values where `count` is 0."""

    field: str
    count: int
    template: str = ""


@dataclass(frozen=True, slots=True)
class Expression:
    fields: tuple[str, ...] = ()
    """The dotted fields that steer it, sorted, each once."""
    keys: Keys | None = None


NONE: Final = Expression()


def fields_of(text: str, templates: Collection[str] = ()) -> tuple[str, ...]:
    """The dotted payload fields that an expression uses, sorted, each once; none of a blank one.

    `templates` are the names that `{name}` may stand for. Raises Refusal: bad_body for what does not parse, is too long
    or too deep, or uses a template or a function that is not known.
    """
    return read(text, templates).fields


def key_count(text: str, key: str, templates: Collection[str] | Mapping[str, Any] = ()) -> int | None:
    """How many values of the field `key` an expression lists, if that is all it does: `key in [1, 2]` is 2.

    None for every other expression. A template's list counts if `templates` is a mapping to the values.
    """
    keys = read(text, templates).keys
    if keys is None or keys.field != key:
        return None
    if not keys.template:
        return keys.count
    values = templates.get(keys.template) if isinstance(templates, Mapping) else None
    return len(values) if isinstance(values, Sequence) and not isinstance(values, str | bytes) else None


def read(text: str, templates: Collection[str] = ()) -> Expression:
    """Raises Refusal: bad_body."""
    names = frozenset(templates)
    return _kept(text, names) if len(text) <= KEPT else _read(text, names)


def _read(text: str, templates: frozenset[str]) -> Expression:
    if not text.strip(" \t\r\n"):
        return NONE
    (chain,) = parse(text).children
    assert isinstance(chain, Tree)
    reader = _Reader(templates)
    reader.node(chain, "")
    return Expression(tuple(sorted(reader.fields)), _keys(chain))


_kept = lru_cache(maxsize=2048)(_read)


class _Reader:
    """Walks a tree, no deeper than its brackets are, and collects fields. `scope` is what `$` stands for."""

    def __init__(self, templates: frozenset[str]) -> None:
        self.templates = templates
        self.fields: set[str] = set()

    def node(self, node: Any, scope: str) -> None:
        if isinstance(node, Token):
            self.token(node.type, str(node), scope)
        elif node.data == "call":
            self.call(node.children, scope)
        elif node.data == "timed":
            if _lowered(node.children[0]) not in TIMES:
                raise bad("a text follows a name")
        elif node.data == "option":
            if _lowered(node.children[0]) not in OPTIONS:
                raise bad("a function is given an unknown option")
        elif node.data != "join":
            for child in node.children:
                self.node(child, scope)

    def token(self, kind: str, text: str, scope: str) -> None:
        match kind:
            case "NAME" | "META":
                self.fields.add(text)
            case "PATH":
                self.fields.add(paths.field(text))
            case "STRUCT":
                self.fields.add(paths.struct(text))
            case "SUBFIELD" | "SELF":
                if not scope:
                    raise bad("$ stands outside of a function over elements")
                self.fields.add(f"{scope}.{text[2:-1]}" if kind == "SUBFIELD" else scope)
            case "TEMPLATE":
                if text[1:-1].strip(" \t\r\n") not in self.templates:
                    raise bad("a template is not among its parameters")

    def call(self, children: list[Any], scope: str) -> None:
        name, *arguments = children
        function = _lowered(name)
        if function in SCOPED_FUNCTIONS:
            over = _name(arguments[0]) if arguments else ""
            if not over or scope:
                raise bad("a function over elements needs the name of a field, and stands in no other")
            inner = _Reader(self.templates)
            for argument in arguments[1:]:
                inner.node(argument, over)
            self.fields |= inner.fields or {over}
        elif function in PLAIN_FUNCTIONS:
            for argument in arguments:
                self.node(argument, scope)
        else:
            raise bad("a function is not known")


def _lowered(name: Any) -> str:
    """The name of a function or keyword in lower or in upper case; any other spelling is another name."""
    text = str(name)
    return text.lower() if text in (text.lower(), text.upper()) else ""


def _name(node: Any) -> str:
    """The field that an argument is, if it is just that."""
    while isinstance(node, Tree) and node.data in {"chain", "operand"} and len(node.children) == 1:
        node = node.children[0]
    return str(node) if isinstance(node, Token) and node.type == "NAME" else ""


def _keys(chain: Tree[Any]) -> Keys | None:
    while len(chain.children) == 1 and (inner := _only(chain.children[0])) is not None and inner.data == "group":
        chain = inner.children[0]
    if len(chain.children) != 3:
        return None
    field, join, values = _name(chain.children[0]), chain.children[1], chain.children[2]
    operator = "".join(map(str, join.children))
    value = values.children[-1] if len(values.children) <= 2 else None
    if not field or not isinstance(value, Token) or "NULL" in _types(values) or _prefixed(values) - {"SIGN"}:
        return None
    if operator in {"in", "IN"} and len(values.children) == 1:
        if value.type == "LIST":
            return Keys(field, len(_LITERALS.findall(value)))
        if value.type == "TEMPLATE":
            return Keys(field, 0, str(value)[1:-1].strip(" \t\r\n"))
    return Keys(field, 1) if operator == "==" and value.type in {"NUMBER", "STRING"} else None


def _only(operand: Tree[Any]) -> Tree[Any] | None:
    child = operand.children[0] if len(operand.children) == 1 else None
    return child if isinstance(child, Tree) else None


def _types(operand: Tree[Any]) -> set[str]:
    return {child.type for child in operand.children if isinstance(child, Token)}


def _prefixed(operand: Tree[Any]) -> set[str]:
    return {child.type for child in operand.children[:-1] if isinstance(child, Token)}
