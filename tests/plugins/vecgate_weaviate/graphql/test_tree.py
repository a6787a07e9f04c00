from __future__ import annotations

from typing import Any

import pytest

from vecgate.errors import Refusal
from vecgate.reasons import Reason
from vecgate_weaviate.graphql import tree
from vecgate_weaviate.graphql.printer import printed


def resolved(query: str, name: str | None = None, **variables: Any) -> str:
    return printed(tree.query(query, variables, name))


@pytest.mark.parametrize(
    ("query", "sent"),
    [
        ("{a}", "{a}"),
        ("query{a}", "{a}"),
        ("{x:a y:a{b}}", "{x:a y:a{b}}"),
        ("{a,,b # c\n}", "{a b}"),
        ("{...f}fragment f on WeaviateObj{a b{c}}", "{a b{c}}"),
        ("{... on WeaviateObj{a}}", "{a}"),
        ("{...{a}}", "{a}"),
        ("{a{b} a{c}}", "{a{b c}}"),
        ("{a a}", "{a}"),
        ("{a{... on P{b} ...f}}fragment f on P{c}", "{a{... on P{b c}}}"),
        ("{a{... on P{b} ... on Q{b}}}", "{a{... on P{b} ... on Q{b}}}"),
        ("{a{__typename ... on P{b}}}", "{a{__typename ... on P{b}}}"),
        ('{a(b:"x\\u0041\\n" c:"""\n  y\n""" d:null e:true f:[1 2] g:{h:I})}', None),
        ("{a @include(if:true) b @skip(if:true) c @skip(if:false) d @include(if:false)}", "{a c}"),
        ("{a ...f @skip(if:true)}fragment f on WeaviateObj{b}", "{a}"),
        ("{a ... @include(if:false){b}}", "{a}"),
    ],
)
def test_a_query_is_sent_with_nothing_left_to_interpret(query: str, sent: str | None) -> None:
    expected = '{a(b:"xA\\n",c:"y",d:null,e:true,f:[1,2],g:{h:I})}' if sent is None else sent
    assert resolved(query) == expected


@pytest.mark.parametrize(
    ("query", "variables", "sent"),
    [
        ("query($l:Int){a(l:$l)}", {"l": 3}, "{a(l:3)}"),
        ("query($l:Int=4){a(l:$l)}", {}, "{a(l:4)}"),
        ("query($l:Int=4){a(l:$l)}", {"l": None}, "{a(l:null)}"),
        ("query($l:Int){a(l:$l m:1)}", {}, "{a(m:1)}"),
        ("query($w:W){a(w:$w)}", {"w": {"p": ["x"], "v": 'say "hi"'}}, '{a(w:{p:["x"],v:"say \\"hi\\""})}'),
        ("query($i:Boolean!){a b @include(if:$i)}", {"i": False}, "{a}"),
        ("query($v:[Float]){a(v:$v)}", {"v": [1, 0.5, 1e-7]}, "{a(v:[1,0.5,1e-07])}"),
        ("query($i:String){a(i:{j:$i k:[$i]})}", {"i": "x"}, '{a(i:{j:"x",k:["x"]})}'),
    ],
)
def test_variables_are_written_in(query: str, variables: dict[str, Any], sent: str) -> None:
    assert resolved(query, **variables) == sent


def test_the_named_operation_alone_is_judged_and_sent() -> None:
    both = "query A{a} query B{b}"
    assert resolved(both, "A") == "{a}"
    assert resolved(both, "B") == "{b}"


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("mutation{a}", Reason.UNKNOWN_OPERATION),
        ("subscription{a}", Reason.UNKNOWN_OPERATION),
        ("query A{a} query B{b}", Reason.BAD_BODY),
        ("query A{a} query A{b}", Reason.DUPLICATE_MEMBER),
        ("{a}{b}", Reason.DUPLICATE_MEMBER),
        ("type A{a:Int}", Reason.BAD_BODY),
        ("{a} extend type A{a:Int}", Reason.BAD_BODY),
        ("query @x{a}", Reason.BAD_BODY),
        ("{a @x}", Reason.BAD_BODY),
        ("{a @include(if:1)}", Reason.BAD_BODY),
        ("{a @include}", Reason.BAD_BODY),
        ("{a @include(if:true x:1)}", Reason.BAD_BODY),
        ("query($i:Boolean){a @include(if:$i)}", Reason.BAD_BODY),
        ("{a(b:$c)}", Reason.BAD_BODY),
        ("query($c:Int $c:Int){a}", Reason.BAD_BODY),
        ("query($c:Int @x){a}", Reason.BAD_BODY),
        ("{a(b:1 b:2)}", Reason.DUPLICATE_MEMBER),
        ("{a(b:{c:1 c:2})}", Reason.DUPLICATE_MEMBER),
        ("{...f}", Reason.BAD_BODY),
        ("{...f}fragment f on X @y{a}", Reason.BAD_BODY),
        ("{a}fragment f on X{a}fragment f on X{b}", Reason.DUPLICATE_MEMBER),
        ("{x:a x:b}", Reason.BAD_BODY),
        ("{a(b:1) a(b:2)}", Reason.BAD_BODY),
        ("{a a{b}}", Reason.BAD_BODY),
        ("{a{b{c} b}}", Reason.BAD_BODY),
        ("{a{... on P{... on Q{b}}}}", Reason.BAD_BODY),
        ("{... on Other{a}}", Reason.BAD_BODY),
        ("{a{b @skip(if:true)}}", Reason.BAD_BODY),
    ],
)
def test_what_has_no_one_meaning_is_refused(query: str, reason: Reason) -> None:
    with pytest.raises(Refusal) as refused:
        resolved(query)
    assert refused.value.reason is reason


def test_a_variable_with_a_member_whose_name_is_none_cannot_break_out_of_its_place() -> None:
    with pytest.raises(Refusal) as refused:
        resolved("query($w:W){a(w:$w)}", w={"x:1}){secret} b(c:{y": 1})
    assert refused.value.reason is Reason.BAD_BODY


@pytest.mark.parametrize("text", ['"', "\\", '"""', "\n", "\u2028", "\x7f", "{$x}", "é€😀"])
def test_a_text_comes_out_as_it_went_in(text: str) -> None:
    once = resolved("query($t:String){a(t:$t)}", t=text)
    assert resolved(once) == once
    assert tree.query(once, {}, None)["a"].arguments == {"t": text}
