"""The text of a query: parsed by graphql-core, within bounds that are looked at before the parser is.

Vectors are thousands of tokens that say nothing to whoever judges. They are cut out first, checked as a whole, and
stand in the tree as `Numbers`.
"""

from __future__ import annotations

import re
from typing import Final

from graphql import GraphQLError, parse
from graphql.language import DocumentNode, Source

from vecgate.errors import Refusal
from vecgate.operations import document
from vecgate.operations.document import Numbers
from vecgate.reasons import Reason

LONGEST: Final = 1024 * 1024
"""Characters of one query, and of the query that is sent on."""
TOKENS: Final = 10_000
"""Besides those of vectors that were cut out."""
DEPTH: Final = 30
"""Brackets in brackets."""
PLACE: Final = "vecgate_cut_"
"""What a vector's place is called; no query may use such a name itself."""

# A block string, a string, a comment (skipped whole), or a long run that can only be a list of numbers.
_SKIPPED = r'"""(?:[^"\\]++|\\"""|\\|"(?!""))*+"""|"(?:[^"\\\n\r]++|\\.)*+"|#[^\n\r]*+'
_SKIPPED_OR_NUMBERS = re.compile(_SKIPPED + r"|(\[[-+0-9.eE, \t\n\r]{48,}+\])")
_STRINGS = re.compile(_SKIPPED)
_NOT_BRACKETS = re.compile(r"[^\[\](){}]+")
_OPENS: Final = frozenset("[({")


def parsed(text: str) -> tuple[DocumentNode, tuple[Numbers, ...]]:
    """The document, and its vectors in order: variables named `PLACE` and their number stand for them.

    Raises Refusal: bad_body, or body_too_large.
    """
    if len(text) > LONGEST:
        raise Refusal(Reason.BODY_TOO_LARGE, "The query is too long.")
    if PLACE in text:
        raise bad("it uses a name that the gateway keeps for itself")
    skeleton, vectors = _cut(text)
    _measure(skeleton)
    try:
        return parse(Source(skeleton), no_location=True, max_tokens=TOKENS), vectors
    except (GraphQLError, RecursionError, UnicodeError):
        raise bad("it is not GraphQL, or has too many tokens") from None


def bad(detail: str) -> Refusal:
    return Refusal(Reason.BAD_BODY, f"The query is refused: {detail}.")


def _cut(text: str) -> tuple[str, tuple[Numbers, ...]]:
    vectors: list[Numbers] = []

    def cut(found: re.Match[str]) -> str:
        numbers = found[1]
        if numbers is None:
            return found[0]
        # GraphQL takes commas for blanks; a list that JSON would not take is left to the parser and its bounds.
        try:
            read = document.parse(b"[" + numbers.encode() + b"]")[0]
        except Refusal:
            return numbers
        if not isinstance(read, Numbers):
            read = Numbers([float(value) for value in read], numbers.encode())
        vectors.append(read)
        return f"${PLACE}{len(vectors) - 1}"

    return _SKIPPED_OR_NUMBERS.sub(cut, text), tuple(vectors)


def _measure(skeleton: str) -> None:
    """The parser recurses, so what is nested too deeply must not reach it."""
    brackets = _NOT_BRACKETS.sub("", _STRINGS.sub("", skeleton))
    if len(brackets) > TOKENS:
        raise bad("it has too many tokens")
    depth = 0
    for bracket in brackets:
        depth += 1 if bracket in _OPENS else -1
        if depth > DEPTH:
            raise bad("it is nested too deeply")
