"""What a model is told of objects that references lead to is told before it is masked, so it counts as used."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support import weaviate_calls, weaviate_graphql

from vecgate.errors import Refusal

TASK = '_additional{generate(groupedResult:{task:"say all",properties:["author"]}){groupedResult}}'


@pytest.mark.parametrize(
    ("selected", "used"),
    [
        ("{... on Person{ssn name}}", {"Person": ("ssn", "name")}),
        ("{... on Person{n:ssn}}", {"Person": ("ssn",)}),
        ("{... on Person{home{town}}}", {"Person": ("home",)}),
        ("{... on Person{employer{... on Firm{ssn}}}}", {"Person": ("employer",), "Firm": ("ssn",)}),
        ("{... on Person{_additional{id}}}", {}),
    ],
)
def test_graphql_tells_what_is_selected_behind_references(selected: str, used: dict[str, Any]) -> None:
    for query in (
        f"{{Get{{Docs{{author{selected} {TASK}}}}}}}",
        f"{{Get{{Docs{{{TASK} _additional{{group{{hits{{author{selected}}}}}}}}}}}}}",
    ):
        assert weaviate_graphql.steering(query) == {"Docs": ("author",), **used}
    plain = f"{{Get{{Docs{{author{selected}}}}}}}"
    assert weaviate_graphql.steering(plain) == {}


@pytest.mark.parametrize("extra", ["vector", "vectors{a}", "featureProjection(dimensions:2){vector}"])
def test_graphql_tells_no_vectors(extra: str) -> None:
    query = "{{Get{{Docs{{author{{... on Person{{_additional{{{}}}}}}}{}}}}}}}"
    with pytest.raises(Refusal) as caught:
        weaviate_graphql.operations(query.format(extra, f" {TASK}"))
    assert caught.value.reason == "bad_body"
    assert weaviate_graphql.operations(query.format(extra, ""))


GENERATIVE = {"grouped_response_task": "say all", "grouped_properties": ["author"]}
DYNAMIC = {"grouped": {"task": "say all", "properties": {"values": ["author"]}}}


def followed(**more: Any) -> dict[str, Any]:
    return {"ref_properties": [{"reference_property": "author", **more}]}


@pytest.mark.parametrize("generative", [GENERATIVE, DYNAMIC], ids=["legacy", "dynamic"])
@pytest.mark.parametrize(
    ("more", "used"),
    [
        ({"properties": {"non_ref_properties": ["Ssn"]}}, {"Person": ("ssn",)}),
        ({}, {"Person": ("*",)}),
        ({"properties": {"return_all_nonref_properties": True}}, {"Person": ("*",)}),
        ({"properties": {"object_properties": [{"prop_name": "home"}]}}, {"Person": ("home",)}),
        (
            {"properties": {"ref_properties": [{"reference_property": "employer"}]}},
            {"Person": ("employer",), "Secret": ("*",)},
        ),
        ({"properties": {}}, {}),
    ],
)
def test_grpc_tells_what_is_asked_for_behind_references(
    generative: dict[str, Any], more: dict[str, Any], used: dict[str, Any]
) -> None:
    asked = {"collection": "Docs", "properties": followed(**more)}
    found = weaviate_calls.operations("Search", {**asked, "generative": generative})
    assert {one.resources[0]: one.fields_used for one in found if one.fields_used} == {"Docs": ("author",), **used}
    assert not any(one.fields_used for one in weaviate_calls.operations("Search", asked))


@pytest.mark.parametrize("metadata", [{"vector": True}, {"vectors": ["a"]}])
def test_grpc_tells_no_vectors(metadata: dict[str, Any]) -> None:
    asked = {"collection": "Docs", "properties": followed(metadata=metadata)}
    with pytest.raises(Refusal) as caught:
        weaviate_calls.operations("Search", {**asked, "generative": GENERATIVE})
    assert caught.value.reason == "bad_body"
    assert weaviate_calls.operations("Search", asked)
