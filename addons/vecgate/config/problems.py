"""Problems: what pydantic found wrong, in the operator's words and at the place in the operator's file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from vecgate.config.document import Document, KeyPath
from vecgate.errors import Finding


def problems(document: Document, error: ValidationError, schema: Mapping[str, Any]) -> list[Finding]:
    """One finding for each place, in file order. `schema` is the JSON Schema of the model, for hints on keys."""
    at: dict[KeyPath, list[ErrorDetails]] = {}
    for detail in error.errors(include_url=False):
        at.setdefault(_path(document.data, detail), []).append(detail)
    # Where one of several forms was expected, pydantic reports each; what lies deeper says more.
    outer = {path[:length] for path in at for length in range(len(path))}
    return sorted(
        (_finding(document, path, details, schema) for path, details in at.items() if path not in outer or not path),
        key=lambda finding: (finding.line, finding.column),
    )


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean grants?`, or nothing when no known word is close."""
    close = get_close_matches(word, list(known), n=1, cutoff=0.7)
    return f"; did you mean {close[0]}?" if close else ""


def _path(data: Any, detail: ErrorDetails) -> KeyPath:
    """The error's place without the names of union branches that pydantic puts into it."""
    path: list[str | int] = []
    for part in detail["loc"]:
        entry = isinstance(data, list) and isinstance(part, int) and part < len(data)
        if entry or (isinstance(data, dict) and part in data):
            data = data[part]
            path.append(part)
    return (*path, detail["loc"][-1]) if detail["type"] == "missing" else tuple(path)


def _finding(document: Document, path: KeyPath, details: list[ErrorDetails], schema: Mapping[str, Any]) -> Finding:
    if details[0]["type"] == "extra_forbidden":
        hint = did_you_mean(str(path[-1]), _keys(schema, path[:-1]))
        return document.finding(path, f"unknown key{hint}", at="key")
    messages = dict.fromkeys(_message(detail) for detail in details)
    return document.finding(path, " or ".join(messages))


def _message(detail: ErrorDetails) -> str:
    say = _MESSAGES.get(detail["type"])
    return say(detail) if say else detail["msg"]


def _choice(detail: ErrorDetails) -> str:
    choices = re.findall(r"'([^']*)'", detail["ctx"]["expected"]) or [detail["ctx"]["expected"]]
    listed = ", ".join(choices[:-1]) + (" or " if len(choices) > 1 else "") + choices[-1]
    return f"must be {listed}{did_you_mean(str(detail['input']), choices)}"


def _pattern(detail: ErrorDetails) -> str:
    if "\\x00" in detail["ctx"]["pattern"]:
        return "must be 1 to 100 characters, none of them control characters"
    if detail["ctx"]["pattern"].startswith("^[a-z0-9]"):
        return "must be lower-case letters, digits or `-`"
    return "must be letters, digits, `_`, `.` or `-`"


_MESSAGES: Mapping[str, Callable[[ErrorDetails], str]] = {
    "missing": lambda _: "is required",
    "value_error": lambda detail: str(detail["ctx"]["error"]),
    "enum": _choice,
    "literal_error": _choice,
    "string_pattern_mismatch": _pattern,
    "string_type": lambda _: "must be text",
    "string_too_short": lambda _: "must not be empty",
    "list_type": lambda _: "must be a list",
    "too_short": lambda _: "must not be empty",
    "dict_type": lambda _: "must be a mapping",
    "model_type": lambda _: "must be a mapping",
    "int_type": lambda _: "must be a whole number",
    "bool_type": lambda _: "must be true or false",
    "greater_than_equal": lambda detail: f"must be {detail['ctx']['ge']} or more",
}


def _keys(schema: Mapping[str, Any], path: KeyPath) -> list[str]:
    node: Mapping[str, Any] = schema
    for part in path:
        node = node.get("items", {}) if isinstance(part, int) else node.get("properties", {}).get(part, {})
        while "$ref" in node:
            node = schema["$defs"][node["$ref"].rpartition("/")[2]]
    return list(node.get("properties", ()))
