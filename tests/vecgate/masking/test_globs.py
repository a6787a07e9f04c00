from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vecgate.masking.globs import Mentions, glob


@given(st.text("ab*", min_size=1, max_size=8), st.text("ab", max_size=10))
def test_a_glob_matches_what_its_expression_would(pattern: str, name: str) -> None:
    expression = ".*".join(map(re.escape, re.split(r"\*+", pattern)))
    assert glob(pattern).matches(name) is (re.fullmatch(expression, name) is not None)


@given(st.text("ab*", min_size=1, max_size=6), st.text("ab", max_size=8), st.text("ab:{", max_size=4))
def test_whatever_a_glob_matches_is_found_in_a_text_around_it(pattern: str, name: str, rest: str) -> None:
    if glob(pattern).matches(name):
        assert glob(pattern).within(rest + name + rest)


@pytest.mark.parametrize(
    ("names", "text", "named", "assigned"),
    [
        (["ssn"], '{"ssn": 1}', True, True),
        (["ssn"], "{'ssn' : 1}", True, True),
        (["ssn"], "{ssn=1}", True, True),
        (["ssn"], "[x] the ssn is secret: no", True, False),
        (["ssn"], '{"s\\u0073n": 1}', True, True),
        (["ssn"], '{"a": "b"}', False, False),
        (["s*n"], '{"sn": 1}', True, True),
        (["s*n"], "[sun]", True, False),
        (["**"], '{"a": 1}', True, True),
        (["*"], "[a]", True, False),
        (["a.b", "c"], "{c: 1}", True, True),
    ],
)
def test_names_are_looked_for_in_texts(names: list[str], text: str, named: bool, assigned: bool) -> None:
    mentions = Mentions(names)
    assert (mentions.named(text), mentions.assigned(text)) == (named, assigned)
