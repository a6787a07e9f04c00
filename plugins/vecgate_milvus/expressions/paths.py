"""Paths: the payload fields that an operand of a filter expression names, dotted as masks write them.

The server decodes `\\u0073` in a path before it looks for brackets and quotes, and decodes no other escape; so a key
that has one of those after decoding, or another escape before, means different things to different versions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from vecgate_milvus.expressions.grammar import bad

_STEP: Final = re.compile(r"""\[(?:([0-9]++)|([rR]?)("(?:[^"\\]|\\.)*+"|'(?:[^'\\]|\\.)*+'))\]""", re.DOTALL)
_ESCAPE: Final = re.compile(r"\\u([0-9a-fA-F]{4})")
_AMBIGUOUS: Final = frozenset("[]\"'\\")


def field(path: str) -> str:
    """The field of `meta["a"][0]["b"]`: `meta.a.0.b`, since a list's index may as well be the key of an object.

    What an index at the end adds to its list says nothing, and is left out. `$meta["a"]` is `a`.
    Raises Refusal: bad_body for a key that has more than one reading.
    """
    root, bracket, rest = path.partition("[")
    names = [root, *_steps(bracket + rest)]
    while len(names) > 1 and names[-1].isdigit() and path.endswith(f"[{names[-1]}]"):
        path = path.removesuffix(f"[{names.pop()}]")
    if root == "$meta" and len(names) > 1:
        # An index of the dynamic field can only be another spelling of the whole.
        return root if path.startswith("$meta[") and path[6].isdigit() else ".".join(names[1:])
    return ".".join(names)


def struct(path: str) -> str:
    """The field of `people[name]` or `people[0][name]`: `people.name`."""
    root, _, rest = path.partition("[")
    return f"{root}.{rest.rpartition('[')[2].rstrip(']')}"


def _steps(text: str) -> Iterator[str]:
    at = 0
    while at < len(text):
        found = _STEP.match(text, at)
        if found is None:
            raise bad("a key of a path has a prefix or a line break")
        index, raw, quoted = found.groups()
        yield _key(quoted[1:-1], bool(raw)) if index is None else index
        at = found.end()


def _key(written: str, raw: bool) -> str:
    key = written if raw else _ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), written)
    if not key or not _AMBIGUOUS.isdisjoint(key) or not key.isprintable():
        raise bad("a key of a path is empty, or has a bracket, a quote, a backslash or an invisible character")
    return key
