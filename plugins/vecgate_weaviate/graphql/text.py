"""The text of a query: parsed by graphql-core, within bounds that are looked at before the parser is.

Vectors are thousands of tokens that say nothing to whoever judges, pictures are long texts that the parser reads
character by character. Both are cut out first and put back into the tree.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import count
from typing import Final

from graphql import GraphQLError, parse
from graphql.language import DocumentNode, Source

from vecgate.errors import Refusal
from vecgate.operations import document
from vecgate.operations.document import Numbers
from vecgate.reasons import Reason

LONGEST: Final = 20 * 1024 * 1024
"""Characters of one query, and of the query that is sent on."""
SKELETON: Final = 128 * 1024
"""Characters of the queries of one request without what was cut out."""
CUTS: Final = 4096
"""Vectors and pictures of a query that are cut out."""
PIECES: Final = 50_000
"""Texts, comments, vectors and pictures of a query."""
USUAL: Final = 2048
"""Queries up to this length are remembered once parsed, since clients repeat theirs: a quarter of a megabyte each."""
TOKENS: Final = 10_000
"""Besides what was cut out."""
DEPTH: Final = 30
"""Brackets in brackets."""
OWN: Final = "vecgate_own_"
"""What names begin with that the gateway puts into queries. None that it gets may have it in it."""

# A block string, a string, a comment (skipped whole); before strings those of base64, and long lists of numbers.
_BLOCK = r'"""(?:[^"\\]++|\\"""|\\|"(?!""))*+"""'
_SKIPPED = r'"(?:[^"\\\n\r]++|\\.)*+"|#[^\n\r]*+'
_NUMBERS = r"(\[[-+0-9.eE, \t\n\r]{48,}+\])"
# A client leaves out the blank after a number, `limit: 3hybrid: …`, which the server's older grammar lets it do.
_GLUED = r"(?<=[: ])([0-9]++)(?=[A-DF-Za-df-z_])"
_SOUGHT = re.compile(rf'{_BLOCK}|"([0-9A-Za-z+/=_-]{{256,}}+)"|{_SKIPPED}|{_NUMBERS}|{_GLUED}')
_STRINGS = re.compile(f"{_BLOCK}|{_SKIPPED}")
_NOT_BRACKETS = re.compile(r"[^\[\](){}]+")
_OPENS: Final = frozenset("[({")


type Cut = Numbers | str


def cut(text: str) -> tuple[str, tuple[Cut, ...]]:
    """The text without vectors and pictures, and these in order: variables named `OWN` and a number stand for them.

    Raises Refusal: bad_body, or body_too_large.
    """
    if len(text) > LONGEST:
        raise Refusal(Reason.BODY_TOO_LARGE, "The query is too long.")
    if OWN in text:
        raise bad("it uses a name that the gateway keeps for itself")
    cuts: list[Cut] = []
    pieces = count(1)

    def replaced(found: re.Match[str]) -> str:
        if next(pieces) > PIECES:
            raise bad("it has too many tokens")
        encoded, numbers, glued = found.groups()
        if glued is not None:
            return f"{glued} "
        if len(cuts) == CUTS or not (encoded or numbers):
            return found[0]
        if encoded is not None:
            cuts.append(encoded)
        else:
            # GraphQL takes commas for blanks; a list that JSON would not take is left to the parser and its bounds.
            try:
                read = document.parse(b"[" + numbers.encode() + b"]")[0]
            except Refusal:
                return found[0]
            cuts.append(read if isinstance(read, Numbers) else Numbers(list(map(float, read)), numbers.encode()))
        return f"${OWN}{len(cuts) - 1}"

    return _SOUGHT.sub(replaced, text), tuple(cuts)


def parsed(skeleton: str) -> DocumentNode:
    """The document of a text from which was cut what is long. Raises Refusal: bad_body, or body_too_large."""
    return (_usual if len(skeleton) <= USUAL else _parse)(skeleton)


def bad(detail: str) -> Refusal:
    return Refusal(Reason.BAD_BODY, f"The query is refused: {detail}.")


def _parse(skeleton: str) -> DocumentNode:
    if len(skeleton) > SKELETON:
        raise Refusal(Reason.BODY_TOO_LARGE, "The query is too long.")
    _measure(skeleton)
    try:
        return parse(Source(skeleton), no_location=True, max_tokens=TOKENS)
    except (GraphQLError, RecursionError, UnicodeError):
        raise bad("it is not GraphQL, or has too many tokens") from None


_usual = lru_cache(maxsize=128)(_parse)


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
