from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vecgate.errors import Refusal
from vecgate.reasons import Reason
from vecgate_milvus.expressions import fields_of, key_count

USES = {
    # what it is: expression, the fields it uses
    "nothing": ("", ()),
    "blanks": (" \t\r\n ", ()),
    "an equality": ('ssn == "1"', ("ssn",)),
    "both sides": ("a == b", ("a", "b")),
    "the right side": ("1 < a", ("a",)),
    "a chain": ("1 < age <= 65", ("age",)),
    "a chain the other way": ("65 >= age > 1", ("age",)),
    "arithmetic": ("a + b * 2 - -c % d / 3 > 0", ("a", "b", "c", "d")),
    "power, shifts and bits": ("a ** 2 + ~b << 3 >> c & d | e ^ f == 0", tuple("abcdef")),
    "words": ("a > 1 and b < 2 or not c == 3", ("a", "b", "c")),
    "words in capitals": ("a > 1 AND b < 2 OR NOT c == 3", ("a", "b", "c")),
    "signs": ("a > 1 && b < 2 || !(c == 3)", ("a", "b", "c")),
    "in": ("color in ['red', \"blue\"]", ("color",)),
    "in, empty": ("color in []", ("color",)),
    "not in": ("color not in [1, 2, ]", ("color",)),
    "in, reversed": ("a in [b, 1]", ("a", "b")),
    "like": ('name like "a%"', ("name",)),
    "a pattern": ('name =~ "^a" or other !~ "b"', ("name", "other")),
    "null": ("ssn is null", ("ssn",)),
    "not null": ("meta['ssn'] IS NOT NULL", ("meta.ssn",)),
    "exists": ('exists meta["ssn"]', ("meta.ssn",)),
    "a path": ('meta["a"]["b"] == 1', ("meta.a.b",)),
    "a path with an index at its end": ('meta["a"][0] == 1', ("meta.a",)),
    "a path with an index in it": ('meta["a"][0]["ssn"] == 1', ("meta.a.0.ssn",)),
    "a path in both quotes": ("meta['ssn'] == 1", ("meta.ssn",)),
    "a path in a raw text": ("meta[r'ssn'] == 1", ("meta.ssn",)),
    "a key with a dot": ('meta["a.b"] == 1', ("meta.a.b",)),
    "a key of other letters": ('meta["学号"] == 1', ("meta.学号",)),
    "an escaped letter": (r'meta["\u0073sn"] == 1', ("meta.ssn",)),
    "an array's element": ("tags[0] == 1", ("tags",)),
    "a dynamic field": ('$meta["ssn"] == 1', ("ssn",)),
    "a dynamic field's member": ('$meta["a"]["b"] == 1', ("a.b",)),
    "all dynamic fields": ("$meta == 1", ("$meta",)),
    "all dynamic fields by an index": ("$meta[0] == 1", ("$meta",)),
    "what is in all dynamic fields": ('$meta[0]["ssn"] == 1', ("$meta",)),
    "json_contains": ('json_contains(meta["tags"], "x")', ("meta.tags",)),
    "JSON_CONTAINS_ANY": ("JSON_CONTAINS_ANY(tags, [1, 2])", ("tags",)),
    "array_contains_all": ("array_contains_all(tags, [1, 2])", ("tags",)),
    "array_length": ("array_length(tags) > 2", ("tags",)),
    "text_match": ('text_match(doc, "a b", minimum_should_match=2)', ("doc",)),
    "phrase_match": ('PHRASE_MATCH(doc, "a b", 1)', ("doc",)),
    "text_match_fuzzy": ('text_match_fuzzy(doc, "a", max_edit_distance=1)', ("doc",)),
    "random_sample": ("a > 1 and random_sample(0.01)", ("a",)),
    "geometry": ('st_within(geo, "POINT(0 0)") and ST_DWITHIN(geo, "POINT(0 0)", 5)', ("geo",)),
    "geometry is valid": ("st_isvalid(geo)", ("geo",)),
    "a call": ('starts_with(name, "a") and empty(other)', ("name", "other")),
    "a time": ("ts > ISO '2025-01-01T00:00:00Z'", ("ts",)),
    "a span": ("ts + INTERVAL 'P1D' > iso '2025-01-01T00:00:00Z'", ("ts",)),
    "a time first": ("ISO '2025-01-01T00:00:00Z' < ts - interval 'PT2H'", ("ts",)),
    "a keyword that is a field": ("iso > iso '2025-01-01T00:00:00Z' and threshold == 1", ("iso", "threshold")),
    "a struct's field": ("people[ssn] == 1", ("people.ssn",)),
    "a struct's field of one element": ("people[0][ssn] == 1", ("people.ssn",)),
    "a filter of elements": ("element_filter(people, $[age] > 5 && $[ssn] == 'x')", ("people.age", "people.ssn")),
    "a filter of plain elements": ("match_any(tags, $ == 1)", ("tags",)),
    "a threshold": ("MATCH_LEAST(people, $[ssn] > 1, threshold=2)", ("people.ssn",)),
    "a template": ("age > {low} and age < { high }", ("age",)),
    "a template of a list": ("id in {low}", ("id",)),
    "numbers": ("a == 0x1F or a == 017 or a == 0b11 or a == 1.5e-3 or a == .5 or a == 0x1.8p3 or a == 1.", ("a",)),
    "texts with escapes": (r"""a == "x\"y and ssn == '1'" or b == 'it\'s'""", ("a", "b")),
    "a text with a prefix": ('a == u8"ssn" or a == L"ssn"', ("a",)),
    "a raw text": (r'a == r"\" or ssn" or b == 1', ("a", "b")),
    "a constant in another spelling is a field": ("tRuE == 1", ("tRuE",)),
    "a keyword in another spelling is a field": ("Like == 1 or Not == 2", ("Like", "Not")),
    "a keyword that is a path": ('in["ssn"] == 1', ("in.ssn",)),
    "another keyword that is a path": ('not["ssn"] == 1', ("not.ssn",)),
    "constants": ("true == FALSE", ()),
    "once each": ("b > 1 and a > 1 and b < 3", ("a", "b")),
}


@pytest.mark.parametrize(("text", "fields"), USES.values(), ids=USES)
def test_an_expression_uses_fields(text: str, fields: tuple[str, ...]) -> None:
    assert fields_of(text, ("low", "high")) == fields


REFUSED = {
    "half an expression": "a ==",
    "two operands": "a b",
    "a comment": "a == 1 # b",
    "an assignment": "a = 1",
    "an unclosed text": 'a == "x',
    "an unclosed bracket": "(a == 1",
    "a bracket too many": "a == 1) or (b == 2",
    "a line break in a text": 'a == "x\ny"',
    "another blank": "a\u00a0== 1",
    "another letter": "ѕsn == 1",
    "a dotted name": "meta.ssn == 1",
    "a key with a bracket": 'meta["a]["] == 1',
    "a key that closes its bracket when decoded": r'meta["a\u0022][\u0022ssn"] == 1',
    "a key with an escaped quote": r'meta["a\"][\"ssn"] == 1',
    "a key with an escape that versions read differently": r'meta["s\x73n"] == 1',
    "a key with an octal escape": r'meta["s\163n"] == 1',
    "a raw key with a backslash": r'meta[r"s\u0073n"] == 1',
    "a key with a prefix": 'meta[u8"ssn"] == 1',
    "an empty key": 'meta[""] == 1',
    "half a surrogate pair": r'meta["\ud800"] == 1',
    "an invisible key": r'meta["s\u200bsn"] == 1',
    "a key of a line break": "meta['a\\\nb'] == 1",
    "a path with blanks": 'meta ["ssn"] == 1',
    "an unknown function": "bloom_match(ssn, 1)",
    "a function in another spelling": "Json_Contains(ssn, 1)",
    "an unknown option": 'text_match(doc, "x", field=1)',
    "a text after a name": "ssn '1'",
    "an element of nothing": "$[ssn] == 1",
    "itself of nothing": "$ == 1",
    "elements of elements": "element_filter(a, match_any(b, $ == 1))",
    "elements of an expression": "element_filter(a + b, $ == 1)",
    "an unknown template": "a == {secret}",
    "a template of nothing": "a == {}",
    "a statement": "a == 1; b == 2",
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_what_is_not_an_expression_is_refused(text: str) -> None:
    with pytest.raises(Refusal) as caught:
        fields_of(text, ("low",))
    assert caught.value.reason is Reason.BAD_BODY
    assert "ssn" not in caught.value.detail


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("(" * 1_000_000, id="brackets"),
        pytest.param("[" * 1_000_000, id="square brackets"),
        pytest.param("(" * 65 + "a == 1" + ")" * 65, id="deeper than 64"),
        pytest.param("a" * 1_000_000, id="a name"),
        pytest.param('"' * 1_000_000, id="quotes"),
        pytest.param("[1," * 300_000, id="lists"),
        pytest.param("not " * 250_000 + "a", id="negations"),
        pytest.param("a == 1 or " * 2_000 + "a == 1", id="a chain"),
        pytest.param("id in [" + "1," * 600_000 + "1]", id="too many keys"),
    ],
)
def test_what_is_too_long_or_too_deep_is_refused(text: str) -> None:
    with pytest.raises(Refusal) as caught:
        fields_of(text)
    assert caught.value.reason is Reason.BAD_BODY


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("(" * 60 + "a == 1" + ")" * 60, id="sixty deep"),
        pytest.param("a in [" + ", ".join(f"'{n}'" for n in range(50_000)) + "]", id="many keys"),
        pytest.param("a == 1 or " * 1_000 + "a == 2", id="a chain"),
    ],
)
def test_long_expressions_of_clients_are_read(text: str) -> None:
    assert fields_of(text) == ("a",)


@pytest.mark.parametrize(
    ("text", "templates", "count"),
    [
        ("id in [1, 2, 3]", (), 3),
        ("id IN ['a', \"b\", 'c,d', ]", (), 3),
        ("id in [-1, +2]", (), 2),
        ("id in []", (), 0),
        ("id == 5", (), 1),
        ("id == -5", (), 1),
        ("id == 'x'", (), 1),
        ("(id in [1])", (), 1),
        ("id in {keys}", {"keys": [1, 2]}, 2),
        ("id in {keys}", ("keys",), None),
        ("id in {keys}", {"keys": "x"}, None),
        ("id not in [1]", (), None),
        ("not id in [1]", (), None),
        ("not (id in [1])", (), None),
        ("id in [1] or id > 0", (), None),
        ("id in [1, other]", (), None),
        ("id != 1", (), None),
        ("id == other", (), None),
        ("id >= 0", (), None),
        ("id == !1", (), None),
        ("id == ~1", (), None),
        ("id", (), None),
        ("other in [1]", (), None),
        ('id["x"] in [1]', (), None),
        ("", (), None),
    ],
)
def test_a_list_of_keys_is_told_from_other_expressions(text: str, templates: Any, count: int | None) -> None:
    assert key_count(text, "id", templates) == count


NAMES = st.sampled_from(["ssn", "a", "b1", "_x", "Like", "iso", "tRuE", "notes", "inside", "existsx", "u8", "r", "L"])
TEXTS = st.text(st.sampled_from(list("ssn\"'\\ ()[]{}$=")), max_size=8)


@st.composite
def quoted(draw: st.DrawFn) -> str:
    quote = draw(st.sampled_from("\"'"))
    return quote + draw(TEXTS).replace("\\", "\\\\").replace(quote, "\\" + quote) + quote


@st.composite
def operands(draw: st.DrawFn) -> tuple[str, frozenset[str]]:
    """An operand with the fields it names."""
    name, other = draw(NAMES), draw(NAMES)
    written = draw(quoted())
    return draw(
        st.sampled_from(
            [
                (name, frozenset({name})),
                (f'{name}["{other}"]', frozenset({f"{name}.{other}"})),
                (f"$meta['{other}']", frozenset({other})),
                (f"{name}[{other}]", frozenset({f"{name}.{other}"})),
                (f"array_length({name})", frozenset({name})),
                (f"json_contains({name}, {written})", frozenset({name})),
                (f"{name} is null", frozenset({name})),
                (f"{name} not in [{written}, 1]", frozenset({name})),
                (f"match_any({name}, $[{other}] == {written})", frozenset({f"{name}.{other}"})),
                (written, frozenset[str]()),
                ("-0x1F", frozenset[str]()),
                ("{t}", frozenset[str]()),
            ]
        )
    )


@st.composite
def expressions(draw: st.DrawFn) -> tuple[str, frozenset[str]]:
    parts = draw(st.lists(operands(), min_size=1, max_size=5))
    text, fields = parts[0]
    for operand, named in parts[1:]:
        join = draw(st.sampled_from(["==", "<=", " and ", "&&", " or ", "**", " + ", " like ", " in ", " =~ ", "!="]))
        before = draw(st.sampled_from(["", "not ", "! ", "exists ", "- "]))
        text = draw(st.sampled_from([f"{text}{join}{before}{operand}", f"({text}){join}{before}({operand})"]))
        fields |= named
    return text, fields


@given(expressions())
def test_no_name_outside_of_texts_is_missed(drawn: tuple[str, frozenset[str]]) -> None:
    text, fields = drawn
    assert set(fields_of(text, ("t",))) == fields


@given(st.text(st.sampled_from(list("ab_$[](){}\"'\\ \t\n=<!~&|+-*/0179.,rRuin")), max_size=24), st.just(("a", "b")))
def test_whatever_is_read_uses_every_name_in_it(text: str, templates: Collection[str]) -> None:
    try:
        fields = fields_of(text, templates)
    except Refusal:
        return
    named = {name for field in fields for name in field.split(".")}
    assert {name for name in _outside(text) if not name.isdigit()} <= named | {*templates, "in"}


def _outside(text: str) -> set[str]:
    """The names of an accepted text outside of quotes, found the plain way: character by character."""
    names, name, quote, at = set(), "", "", 0
    while at < len(text):
        character = text[at]
        if quote:
            at += character == "\\"
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote, name = character, ""  # what stands right before is a prefix
        elif character.isalnum() or character == "_":
            name += character
        else:
            names.add(name)
            name = ""
        at += 1
    return {name for name in names | {name} if name and not name[0].isdigit()}
