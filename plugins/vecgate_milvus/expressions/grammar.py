"""The grammar of filter expressions, and the bounds within which one is read.

It takes what Milvus' own grammar takes (`Plan.g4` of the 2.3, 2.5 and 3.x servers; facts, no text of it), and a little
more: operators are one flat chain, because which field an operand names does not hang on how tightly an operator binds.
Tokens are the server's exactly, with the longest one first: `in["a"]` is a path, `tRuE` a field, `r"\"` goes on. What
is read here as a field, the server reads as one; what it would refuse may be taken here, and is then refused by it.
"""

from __future__ import annotations

import re
from typing import Final

from lark import Lark, Tree
from lark.exceptions import LarkError

from vecgate.errors import Refusal
from vecgate.reasons import Reason

LONGEST: Final = 2**20
"""Characters of one expression. Nearly all of a long one are the keys of a list."""
LONGEST_SKELETON: Final = 16 * 1024
"""Characters of one expression beside its texts and lists of values: what the parser goes through token by token."""
DEPTH: Final = 64

_NAME: Final = r"[A-Za-z_][A-Za-z0-9_]*+"
_INDEX: Final = r"(?:0|[1-9][0-9]*+)"
_TEXT: Final = (
    r"(?:u8|[uUL])?(?:"
    r'"(?:[^"\\\r\n]|\\(?:[^\r\n]|\r?\n))*+"|'
    r"'(?:[^'\\\r\n]|\\(?:[^\r\n]|\r?\n))*+')"
)
_RAW: Final = r"""[rR](?:"(?:[^"\\\r\n]|\\[^\r\n])*+"|'(?:[^'\\\r\n]|\\[^\r\n])*+')"""
_STRING: Final = f"(?:{_TEXT}|{_RAW})"
_NUMBER: Final = (
    r"(?:0[xX](?:[0-9a-fA-F]++\.?[0-9a-fA-F]*+|\.[0-9a-fA-F]++)[pP][+-]?[0-9]++"
    r"|0[xX][0-9a-fA-F]++|0[bB][01]++"
    r"|(?:[0-9]++\.[0-9]*+|\.[0-9]++)(?:[eE][+-]?[0-9]++)?|[0-9]++[eE][+-]?[0-9]++|[0-9]++)"
)
_BOOLEAN: Final = r"(?:true|True|TRUE|false|False|FALSE)(?![A-Za-z0-9_])"
_BLANK: Final = r"[ \t\r\n]*+"
LITERAL: Final = f"(?:[+-]{_BLANK})?(?:{_NUMBER}|{_STRING}|{_BOOLEAN})"
_LIST: Final = rf"\[{_BLANK}(?:{LITERAL}(?:{_BLANK},{_BLANK}{LITERAL})*+{_BLANK}(?:,{_BLANK})?)?\]"


def _word(*words: str) -> str:
    """Keywords as the server spells them: in lower or in upper case, whole."""
    return f"(?:{'|'.join(spelling for word in words for spelling in (word, word.upper()))})(?![A-Za-z0-9_])"


_TERMINALS: Final = (
    # name, priority: what is longer at the same place comes first; pattern
    ("STRING", 9, _STRING),
    ("TEMPLATE", 9, rf"\{{{_BLANK}{_NAME}{_BLANK}\}}"),
    ("LIST", 9, _LIST),
    ("SUBFIELD", 9, rf"\$\[{_NAME}\]"),
    ("STRUCT", 8, rf"{_NAME}(?:\[{_INDEX}\])?\[{_NAME}\]"),
    ("PATH", 7, rf"(?:\$meta|{_NAME})(?:\[(?:{_STRING}|{_INDEX})\])+"),
    ("META", 7, r"\$meta(?![A-Za-z0-9_])"),
    ("NULL", 6, _word("is not null", "is null")),
    ("JOIN", 6, _word("like", "and", "or")),
    ("IN", 6, _word("in")),
    ("NEGATE", 6, _word("not")),
    ("EXISTS", 6, _word("exists")),
    ("BOOLEAN", 6, _BOOLEAN),
    ("NUMBER", 6, _NUMBER),
    ("NAME", 5, _NAME),
    ("SELF", 5, r"\$"),
    ("OPERATOR", 4, r"\*\*|<<|>>|<=|>=|==|!=|=~|!~|&&|\|\||[<>*\/%&|^]"),
    ("SIGN", 3, r"[+-]"),
    ("BANG", 3, r"[!~]"),
)
_RULES: Final = r"""
start: chain
chain: operand (join operand)*
join: OPERATOR | SIGN | JOIN | IN | NEGATE IN
operand: _prefix* primary NULL?
_prefix: NEGATE | SIGN | BANG | EXISTS

?primary: STRING | NUMBER | BOOLEAN | LIST | TEMPLATE | NAME | META | PATH | STRUCT | SUBFIELD | SELF
    | NAME STRING                                -> timed
    | NAME "(" [argument ("," argument)* ","?] ")" -> call
    | "(" chain ")"                              -> group
    | "[" chain ("," chain)* ","? "]"            -> array
?argument: chain | NAME "=" NUMBER               -> option

%ignore /[ \t\r\n]+/
"""
_PARSER: Final = Lark(
    _RULES + "\n".join(f"{name}.{priority}: /{pattern}/" for name, priority, pattern in _TERMINALS),
    parser="lalr",
    lexer="basic",
    maybe_placeholders=False,
)
_OPAQUE: Final = re.compile(f"{_STRING}|{_LIST}")
_BRACKET: Final = re.compile(r"[()\[\]]")


def parse(text: str) -> Tree[str]:
    """The tree of an expression that is not blank. Raises Refusal: bad_body."""
    if len(text) > LONGEST:
        raise bad("it is too long")
    skeleton = _OPAQUE.sub("0", text)
    if len(skeleton) > LONGEST_SKELETON:
        raise bad("it is too long beside its values")
    _measure(skeleton)
    try:
        tree: Tree[str] = _PARSER.parse(text)  # type: ignore[assignment]  # tokens are texts
    except LarkError:
        raise bad("it is not in Milvus' grammar") from None
    return tree


def bad(detail: str) -> Refusal:
    """The detail never quotes the expression: it may hold what somebody else's policy hides."""
    return Refusal(Reason.BAD_BODY, f"The filter expression is refused: {detail}.")


def _measure(skeleton: str) -> None:
    depth = 0
    for bracket in _BRACKET.findall(skeleton):
        depth += 1 if bracket in "([" else -1
        if depth > DEPTH:
            raise bad("it is nested too deeply")
