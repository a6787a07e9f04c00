"""Errors: what a server says of a query in its answer, without what it could quote of the database."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from vecgate.errors import Unmaskable
from vecgate_weaviate.graphql.parts import Root
from vecgate_weaviate.graphql.tree import Field

MOST: Final = 100
"""Errors of one answer that are passed on."""
_SAYS: Final = "The database could not answer this part of the query."
# Texts that hold nothing but names the query has itself; suggestions of others that follow are cut off.
_ECHOES: Final = (
    re.compile(r'(Cannot query field "(\w+)" on type "\w+"\.).*', re.DOTALL),
    re.compile(r'(Unknown argument "(\w+)" on field "\w+").*', re.DOTALL),
    re.compile(r"((?:bm25|hybrid) search is not compatible with sort)"),
    re.compile(r"(cannot provide distance and certainty)"),
)


def normalised(value: Any, query: Mapping[str, Root]) -> list[dict[str, Any]]:
    """The errors of one query, each with its path where that is of the query's own keys. Raises Unmaskable."""
    if type(value) is not list:
        raise Unmaskable("the errors of an answer are not a list")
    names = frozenset(_names(root.field for root in query.values()))
    return [_error(one, names) for one in value[:MOST]]


def _error(value: Any, names: frozenset[str]) -> dict[str, Any]:
    if type(value) is not dict:
        raise Unmaskable("an error of an answer is not an object")
    shown: dict[str, Any] = {"locations": [], "message": _SAYS}
    text = value.get("message")
    for pattern in _ECHOES:
        found = pattern.fullmatch(text) if isinstance(text, str) else None
        if found and all(name in names for name in found.groups()[1:]):
            shown["message"] = found[1]
    path = value.get("path")
    if type(path) is list and all(type(step) is int or (isinstance(step, str) and step in names) for step in path):
        shown["path"] = path
    return shown


def _names(fields: Iterable[Field]) -> Iterator[str]:
    """Every key and name of a query."""
    for one in fields:
        yield one.key
        yield one.name
        yield from one.arguments
        yield from _names(one.fields.values())
        for group in one.types.values():
            yield from _names(group.values())
