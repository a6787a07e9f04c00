from __future__ import annotations

from typing import Any

import pytest
from tests.support.weaviate_graphql import read

from vecgate.errors import Refusal
from vecgate.reasons import Reason

UUID = "c14de12b-166a-45bd-bb64-44a0b48b93f6"


def asked(arguments: str, **variables: Any) -> str:
    """The arguments of a Get in the one form in which they are judged and sent."""
    declared = ",".join(f"${name}:X" for name in variables)
    query = f"{f'query({declared})' if declared else ''}{{Get{{A({arguments}){{a}}}}}}"
    sent: str = read(query, variables).document["query"]
    return sent.removeprefix("{Get{A(").removesuffix("){a}}}")


@pytest.mark.parametrize(
    ("arguments", "sent"),
    [
        ('where:{path:"a" operator:Equal valueText:"x"}', 'where:{path:["a"],operator:Equal,valueText:"x"}'),
        ('where:{path:["a"] operator:Like valueString:["x"]}', 'where:{path:["a"],operator:Like,valueString:["x"]}'),
        (
            'where:{operator:Not operands:{operator:IsNull path:"a"}}',
            'where:{operator:Not,operands:[{operator:IsNull,path:["a"]}]}',
        ),
        ('where:{path:"n" operator:Equal valueNumber:1.50}', 'where:{path:["n"],operator:Equal,valueNumber:1.50}'),
        (
            'where:{path:"n" operator:Equal valueInt:9007199254740993}',
            'where:{path:["n"],operator:Equal,valueInt:9007199254740993}',
        ),
        ("nearVector:{vector:[[1,2],[3,4]]}", "nearVector:{vector:[[1,2],[3,4]]}"),
        ('nearVector:{vector:[1] targetVectors:"v"}', 'nearVector:{vector:[1],targetVectors:["v"]}'),
        ('nearText:{concepts:"x" certainty:null}', 'nearText:{concepts:["x"]}'),
        ("limit:null", "limit:null"),
        ('sort:{path:["a"] order:desc}', 'sort:[{path:["a"],order:desc}]'),
        ('hybrid:{query:"x" fusionType:rankedFusion alpha:1}', 'hybrid:{query:"x",fusionType:rankedFusion,alpha:1}'),
        (
            'bm25:{query:"x" searchOperator:{operator:Or minimumOrTokensMatch:2}}',
            'bm25:{query:"x",searchOperator:{operator:Or,minimumOrTokensMatch:2}}',
        ),
        ("consistencyLevel:ONE", "consistencyLevel:ONE"),
    ],
    ids=range(13),
)
def test_arguments_have_one_form(arguments: str, sent: str) -> None:
    assert asked(f"{arguments} offset:1") == ("offset:1" if sent.endswith("null") else f"{sent},offset:1")


@pytest.mark.parametrize(
    ("arguments", "variables", "sent"),
    [
        (
            "where:$w",
            {"w": {"operator": "Equal", "path": ["a"], "valueText": "x"}},
            'where:{operator:Equal,path:["a"],valueText:"x"}',
        ),
        ("sort:$s", {"s": [{"path": "a", "order": "asc"}]}, 'sort:[{path:["a"],order:asc}]'),
        ("consistencyLevel:$c", {"c": "ALL"}, "consistencyLevel:ALL"),
        ("nearVector:{vector:$v}", {"v": [0.1, 2]}, "nearVector:{vector:[0.1,2]}"),
        (
            "nearVector:$n",
            {"n": {"vectorPerTarget": {"x": [1, 2], "y": [[1], [2]]}}},
            "nearVector:{vectorPerTarget:{x:[1,2],y:[[1],[2]]}}",
        ),
    ],
    ids=range(5),
)
def test_texts_of_variables_become_what_the_query_would_have(arguments: str, variables: Any, sent: str) -> None:
    assert asked(arguments, **variables) == sent


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [
        ("limit:1.5", {}),
        ("limit:true", {}),
        ("limit:$l", {"l": "1"}),
        ("limit:[1]", {}),
        ("offset:2147483648", {}),
        ("after:1", {}),
        ('tenant:["t"]', {}),
        ("tenant:T", {}),
        ("consistencyLevel:SOME", {}),
        ("nearVector:{vector:1}", {}),
        ('nearVector:{vector:["x"]}', {}),
        ("nearVector:{vector:[true]}", {}),
        ("nearVector:{vector:[null]}", {}),
        ("nearVector:[1]", {}),
        ("nearVector:{vectorPerTarget:[1]}", {}),
        ("nearVector:$n", {"n": {"vectorPerTarget": {"a b": [1]}}}),
        ("where:$w", {"w": [{"operator": "Equal", "path": ["a"], "valueText": "x"}]}),
        ("where:$w", {"w": {"operator": ["Equal"]}}),
        ('where:{operator:Equal path:[a] valueText:"x"}', {}),
        ('where:{operator:Equal path:["a"] valueText:x}', {}),
        ('where:{operator:Equal path:[] valueText:"x"} sort:{path:[]}', {}),
        ("where:{operator:WithinGeoRange valueGeoRange:{distance:{max:1}}}", {}),
        ("groupBy:{groups:1}", {}),
        ("group:{force:1}", {}),
        ("nearImage:{certainty:1}", {}),
        ('ask:{properties:["a"]}', {}),
    ],
    ids=range(26),
)
def test_arguments_of_another_kind_are_refused(arguments: str, variables: Any) -> None:
    with pytest.raises(Refusal) as refused:
        asked(arguments, **variables)
    assert refused.value.reason is Reason.BAD_BODY


def test_a_filter_from_a_variable_is_as_deep_as_json_may_be_and_no_deeper() -> None:
    where: dict[str, Any] = {"operator": "IsNull", "path": ["a"], "valueBoolean": True}
    for _ in range(200):
        where = {"operator": "And", "operands": [where]}
    with pytest.raises(Refusal):
        asked("where:$w", w=where)
