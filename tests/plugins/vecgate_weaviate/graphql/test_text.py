from __future__ import annotations

import pytest

from vecgate.errors import Refusal
from vecgate.operations.document import Numbers
from vecgate.reasons import Reason
from vecgate_weaviate.graphql import tree
from vecgate_weaviate.graphql.printer import printed
from vecgate_weaviate.graphql.text import LONGEST, OWN, SKELETON, cut

VECTOR = "[" + ",".join(f"0.{n:05d}1" for n in range(1536)) + "]"
DOUBLING = "".join(f"fragment f{n} on C{{...f{n + 1} ...f{n + 1}}}" for n in range(28)) + "fragment f28 on C{a}"


def test_a_vector_is_cut_out_and_comes_back_to_the_digit() -> None:
    query = f"{{Get{{C(nearVector:{{vector:{VECTOR}}}){{a}}}}}}"
    _, cuts = cut(query)
    assert isinstance(cuts[0], Numbers)
    assert len(cuts[0]) == 1536
    assert VECTOR in printed(tree.query(query, {}, None))


def test_a_picture_is_cut_out_and_comes_back() -> None:
    picture = "QUJD" * 500_000
    query = f'{{Get{{C(nearImage:{{image:"{picture}"}}){{a}}}}}}'
    assert f'image:"{picture}"' in printed(tree.query(query, {}, None))


@pytest.mark.parametrize(
    "query",
    [
        '{a(b:"[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23]")}',
        '{a(b:"x\\"[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23]")}',
        '{a(b:"""x"[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23]""")}',
        '{a(b:"""x\\"""[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23]""")}',
        "{a #[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23]\n}",
    ],
)
def test_what_looks_like_a_vector_within_texts_is_text(query: str) -> None:
    assert cut(query)[1] == ()


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("", Reason.BAD_BODY),
        ("{", Reason.BAD_BODY),
        ("{}", Reason.BAD_BODY),
        ("{a}}", Reason.BAD_BODY),
        ('{a(b:"', Reason.BAD_BODY),
        ('{a(b:"\\ud800")}', Reason.BAD_BODY),
        (f"{{{OWN}id:a}}", Reason.BAD_BODY),
        (f"{{a(b:${OWN}0)}}", Reason.BAD_BODY),
        ("{" * 10_000, Reason.BAD_BODY),
        ("{a" * 10_000 + "}" * 10_000, Reason.BAD_BODY),
        ("{a" * 100 + "}" * 100, Reason.BAD_BODY),
        ("{a(b:" + "[" * 5_000 + "]" * 5_000 + ")}", Reason.BAD_BODY),
        ("{a(b:" + "{c:" * 100 + "1" + "}" * 100 + ")}", Reason.BAD_BODY),
        ("{" + "a " * 20_000 + "}", Reason.BAD_BODY),
        ("{" + " ".join(f"a{n}:b" for n in range(10_000)) + "}", Reason.BAD_BODY),
        ('{a(b:"' + "x " * SKELETON + '")}', Reason.BODY_TOO_LARGE),
        ("{a}" + "#\n" * 60_000, Reason.BAD_BODY),
        ("{a(b:[" + '"",' * 60_000 + "])}", Reason.BAD_BODY),
        ("{a(b:[" + ("[" + "1," * 40 + "1],") * 5_000 + "])}", Reason.BODY_TOO_LARGE),
        ("{a}" + " " * LONGEST, Reason.BODY_TOO_LARGE),
        ("{a(b:" + "1" * 5_000 + ")}", Reason.BAD_BODY),
        ("{a(b:1e999)}", Reason.BAD_BODY),
        ("{...f0}" + DOUBLING, Reason.BODY_TOO_LARGE),
        ("{...f}fragment f on C{...f}", Reason.BAD_BODY),
        ("{...f}fragment f on C{...g}fragment g on C{...f}", Reason.BAD_BODY),
        ("query($v:[Float]=" + VECTOR + "){a(b:$v)}", Reason.BAD_BODY),
    ],
    ids=range(26),
)
def test_bombs_and_nonsense_are_refused(query: str, reason: Reason) -> None:
    with pytest.raises(Refusal) as refused:
        tree.query(query, {}, None)
    assert refused.value.reason is reason


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("{a(l: 3hybrid:{b:1})}", "{a(l:3,hybrid:{b:1})}"),
        ('{a(l:"x: 3hybrid")}', '{a(l:"x: 3hybrid")}'),
        ("{a3b: 1}", None),
        ("{a(l:3e5)}", "{a(l:3e5)}"),
        ("{a(l:0x5)}", None),
    ],
)
def test_a_blank_may_be_missing_after_a_number_as_a_client_has_it(query: str, expected: str | None) -> None:
    if expected is None:
        with pytest.raises(Refusal):
            tree.query(query, {}, None)
    else:
        assert printed(tree.query(query, {}, None)) == expected


def test_variables_cannot_make_a_query_grow_without_bound() -> None:
    query = "query($v:String){" + " ".join(f"a{n}(b:$v)" for n in range(500)) + "}"
    with pytest.raises(Refusal) as refused:
        tree.query(query, {"v": "x" * 100_000}, None)
    assert refused.value.reason is Reason.BODY_TOO_LARGE
