from __future__ import annotations

from typing import Any

import pytest
from tests.support import weaviate_calls, weaviate_graphql, weaviate_rest

from vecgate.errors import Refusal
from vecgate_weaviate.reach import MOST, Reach

SPELLINGS = [
    "home.town",
    "Home.town",
    "home[0].town",
    "home[007].town",
    "home[+1].town",
    "home.town[+1]",
    "home[].town",
]


@pytest.mark.parametrize("written", SPELLINGS)
@pytest.mark.parametrize("length", [False, True], ids=["value", "length"])
def test_a_field_within_an_object_is_used_in_every_spelling(written: str, length: bool) -> None:
    name = f"len({written})" if length else written
    where = {"operator": "Equal", "path": [name], "valueInt": 1}
    used = [
        weaviate_rest.judged("DELETE", "/batch/objects", {"match": {"class": "Docs", "where": where}})[0],
        weaviate_graphql.operations(f'{{Get{{Docs(where:{{operator:Equal,path:["{name}"],valueInt:1}}){{title}}}}}}')[
            0
        ],
        *(
            weaviate_calls.operations("Search", {"collection": "Docs", "filters": weaviate_calls.clause(path)})[0]
            for path in (name, [name])
        ),
    ]
    mask = weaviate_rest.masks({"home.town": "drop"})
    for one in used:
        assert one.fields_used == ("home.town",)
        assert mask.used(one.fields_used)


@pytest.mark.parametrize(
    "clause",
    [
        {"path": ["a"], "valueInt": 1, "valueText": "x"},
        {"operands": [{"path": ["a"], "valueInt": 1, "valueIntArray": [1]}]},
    ],
)
def test_a_filter_has_one_value(clause: dict[str, Any]) -> None:
    with pytest.raises(Refusal):
        Reach().where("Docs", clause)
    Reach().where("Docs", {"path": ["a"], "valueInt": 1, "valueText": None})


def test_what_steers_is_bounded() -> None:
    reach = Reach()
    with pytest.raises(Refusal) as caught:
        reach.walk("Docs", [step for at in range(MOST) for step in ("by", f"C{at}")] + ["a"])
    assert caught.value.reason == "body_too_large"
    reach = Reach()
    reach.uses("Docs", (f"a{at % 10}" for at in range(2 * MOST)))
    with pytest.raises(Refusal):
        reach.uses("Docs", (f"a{at}" for at in range(MOST)))
