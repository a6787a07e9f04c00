from __future__ import annotations

import pytest
from tests.support.weaviate_graphql import OPEN, UUID, decided, masks, sent

from vecgate.errors import Refusal
from vecgate.masking.maskset import MaskSet
from vecgate.reasons import Reason

ID = "vecgate_own_id:_additional{id}"
KIND = "vecgate_own_collection:__typename"
HIDDEN = masks()
ROUNDED = masks(vectors="round:1")


@pytest.mark.parametrize(
    ("selected", "mask", "left"),
    [
        ("a", OPEN, f"a {ID}"),
        ("a _additional{id}", OPEN, "a _additional{id}"),
        ("a x:_additional{y:id}", OPEN, "a x:_additional{y:id}"),
        ("_additional{vector}", OPEN, f"_additional{{vector}} {ID}"),
        ("_additional{vector}", HIDDEN, ID),
        ("_additional{vector}", ROUNDED, f"_additional{{vector}} {ID}"),
        ("_additional{x:vector y:vectors{z}}", HIDDEN, ID),
        ("_additional{vectors{z}}", ROUNDED, f"_additional{{vectors{{z}}}} {ID}"),
        ("_additional{featureProjection{vector} distance}", HIDDEN, f"_additional{{distance}} {ID}"),
        ("_additional{featureProjection{vector} distance}", ROUNDED, f"_additional{{distance}} {ID}"),
        ("_additional{semanticPath{path{concept}} nearestNeighbors{neighbors{concept}}}", HIDDEN, ID),
        ("_additional{explainScore queryProfile}", OPEN, f"_additional{{explainScore queryProfile}} {ID}"),
        ("_additional{explainScore queryProfile}", HIDDEN, ID),
        ("_additional{explainScore}", masks({"a": "hash"}, vectors=None), ID),
        ("_additional{explainScore}", masks(vectors=None, scores="round:1"), ID),
        ("a b", masks({"a": "drop"}), f"b {ID}"),
        ("x:a b", masks({"a": "drop"}), f"b {ID}"),
        ("a b", masks({"a": "redact"}), f"a b {ID}"),
        ("a", masks({"a": "drop"}), ID),
        ("r{... on B{b}}", OPEN, f"r{{{KIND} ... on B{{b {ID}}}}} {ID}"),
        ("r{__typename ... on B{b}}", OPEN, f"r{{{KIND} ... on B{{b {ID}}}}} {ID}"),
        ("r{... on B{_additional{vector}}}", HIDDEN, f"r{{{KIND} ... on B{{{ID}}}}} {ID}"),
        ("r{... on B{b}}", masks({"r": "redact"}), ID),
        ("r{... on B{b}}", masks({"r.b": "redact"}), ID),
        ("_additional{group{hits{a _additional{vector distance}}}}", HIDDEN,
         f"_additional{{group{{hits{{a _additional{{distance}} {ID}}}}}}} {ID}"),
        ("_additional{... on AAdditional{vector distance}}", HIDDEN, f"_additional{{distance}} {ID}"),
    ],
    ids=range(26),
)  # fmt: skip
def test_what_masks_hide_is_not_asked_for(selected: str, mask: MaskSet, left: str) -> None:
    assert sent(f"{{Get{{A{{{selected}}}}}}}", mask) == f"{{Get{{A{{{left}}}}}}}"


def test_a_reference_goes_by_the_masks_of_the_collection_that_it_leads_to() -> None:
    query = "{Get{A{a r{... on B{a _additional{vector}}}}}}"
    decision = decided(OPEN, {"B": masks({"a": "drop"})})
    assert sent(query, decision) == f"{{Get{{A{{a r{{{KIND} ... on B{{{ID}}}}} {ID}}}}}}}"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("{Get{old{a}}}", f"{{Get{{old:New{{a {ID}}}}}}}"),
        ("{Get{x:Old{a}}}", f"{{Get{{x:New{{a {ID}}}}}}}"),
        ("{Aggregate{Old{meta{count}}}}", "{Aggregate{Old:New{meta{count}}}}"),
        (
            '{Get{A(where:{path:["r","old","p"] operator:Equal valueText:"Old"}){a}}}',
            f'{{Get{{A(where:{{path:["r","New","p"],operator:Equal,valueText:"Old"}}){{a {ID}}}}}}}',
        ),
        (
            f'{{Get{{A(nearObject:{{beacon:"weaviate://localhost/old/{UUID}"}}){{a}}}}}}',
            f'{{Get{{A(nearObject:{{beacon:"weaviate://localhost/New/{UUID}"}}){{a {ID}}}}}}}',
        ),
        ("{Get{A{r{... on Old{a}}}}}", f"{{Get{{A{{r{{{KIND} ... on New{{a {ID}}}}} {ID}}}}}}}"),
        (
            '{Aggregate{A(groupBy:["r","Old","p"]){meta{count}}}}',
            '{Aggregate{A(groupBy:["r","New","p"]){meta{count}}}}',
        ),
    ],
    ids=range(7),
)
def test_names_are_sent_resolved(query: str, expected: str) -> None:
    assert sent(query, OPEN, Old="New").replace("old:New{", "old:New{") == expected


def test_where_a_tenant_and_its_collection_are_masked_differently_nothing_is_sent() -> None:
    query = '{Get{A(tenant:"t"){r{... on B{b}}}}}'
    stricter, other = masks({"x": "drop", "y": "drop"}), masks({"z": "drop"})
    assert sent(query, decided(OPEN, {"B/t": stricter}))
    with pytest.raises(Refusal) as refused:
        sent(query, decided(OPEN, {"B": other, "B/t": stricter}))
    assert refused.value.reason is Reason.MASKED_FIELD_USED
