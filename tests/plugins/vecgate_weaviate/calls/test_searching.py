"""What a search comes to: its collections, the properties and scores that steer it, its risks, how much comes back."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.weaviate_calls import (
    EQUAL,
    NEAR,
    OTHER,
    PACKED,
    UUID,
    both,
    clause,
    multi,
    operations,
    reading,
    single,
)

from vecgate.errors import Refusal
from vecgate.operations.model import Action, Risk
from vecgate.reasons import Reason

SSN = clause("ssn")


def search(**more: Any) -> Any:
    """The first operation of a search of `Docs`."""
    return operations("Search", {"collection": "Docs", **more})[0]


@pytest.mark.parametrize(
    ("asked", "fields"),
    [
        ({"filters": SSN}, ("ssn",)),
        ({"filters": clause("Ssn")}, ("ssn",)),
        ({"filters": clause("len(ssn)")}, ("ssn",)),
        ({"filters": clause(["ssn"])}, ("ssn",)),
        ({"filters": clause(["len( ssn )"])}, ("ssn",)),
        ({"filters": clause("address.city")}, ("address.city",)),
        ({"filters": clause("address[0].city")}, ("address.city",)),
        ({"filters": clause({"count": {"on": "author"}})}, ("author",)),
        ({"filters": clause("id")}, ()),
        ({"filters": clause("_creationTimeUnix")}, ()),
        (
            {"filters": both(clause("a"), both(clause("b"), both(SSN, operator="NOT"), operator="OR"))},
            ("a", "b", "ssn"),
        ),
        # The server goes by one of the two spellings, and by neither in a conjunction: all count.
        ({"filters": {**clause("a"), "on": ["ssn"]}}, ("ssn", "a")),
        ({"filters": {**both(SSN), "target": {"property": "a"}}}, ("ssn", "a")),
        ({"filters": {**clause("a"), "filters": [SSN]}}, ("ssn", "a")),
        ({"sort_by": [{"path": ["Ssn"]}, {"path": ["a"], "ascending": True}]}, ("ssn", "a")),
        ({"group_by": {"path": ["ssn"]}}, ("ssn",)),
        ({"bm25_search": {"query": "x", "properties": ["Title^2", "ssn"]}}, ("title", "ssn")),
        ({"bm25_search": {"query": "x"}}, ("*",)),
        ({"hybrid_search": {"query": "x"}}, ("*",)),
        ({"hybrid_search": {"query": "x", "properties": ["ssn^3"]}}, ("ssn",)),
        ({"hybrid_search": {"vector_bytes": PACKED, "alpha": 1}}, ()),
        ({"near_vector": NEAR}, ()),
        ({"rerank": {"property": "Ssn"}}, ("ssn",)),
        ({"generative": {"single": {"prompt": "about { ssn }{title}"}}}, ("ssn", "title")),
        ({"generative": {"single_response_prompt": "about {{ssn}}"}}, ("ssn",)),
        ({"generative": {"grouped": {"task": "sum"}}}, ("*",)),
        ({"generative": {"grouped": {"task": "sum", "properties": {"values": ["Ssn"]}}}}, ("ssn",)),
        ({"generative": {"grouped_response_task": "sum"}}, ("*",)),
        ({"generative": {"grouped_response_task": "sum", "grouped_properties": ["ssn"]}}, ("ssn",)),
        (
            {"generative": {"single": {"queries": [{"openai": {"image_properties": {"values": ["photo"]}}}]}}},
            ("photo",),
        ),
        ({"boost": {"conditions": [{"filter": SSN}]}}, ("ssn",)),
        ({"boost": {"conditions": [{"time_decay": {"property": "born"}}]}}, ("born",)),
        ({"boost": {"conditions": [{"numeric_decay": {"property": "wage"}}]}}, ("wage",)),
        ({"boost": {"conditions": [{"property_value": {"property": "wage"}}]}}, ("wage",)),
        ({"properties": {"non_ref_properties": ["ssn"]}}, ()),
    ],
)
def test_properties_that_steer(asked: dict[str, Any], fields: tuple[str, ...]) -> None:
    assert search(**asked).fields_used == fields


@pytest.mark.parametrize("name", ["vector", "object", "text", "image", "audio", "video", "depth", "thermal", "imu"])
@pytest.mark.parametrize("threshold", ["certainty", "distance", "selection"])
def test_thresholds_steer(name: str, threshold: str) -> None:
    near: dict[str, Any] = {"id": UUID} if name == "object" else {}
    value: Any = {"mmr": {"limit": 3}} if threshold == "selection" else 0.0
    plain = search(**{f"near_{name}": near})
    assert (plain.action, plain.scores_steer) == (Action.SEARCH, False)
    assert search(**{f"near_{name}": {**near, threshold: value}}).scores_steer


@pytest.mark.parametrize(
    "asked",
    [
        {"hybrid_search": {"vector_distance": 0.0}},
        {"hybrid_search": {"selection": {}}},
        {"hybrid_search": {"near_text": {"distance": 0.5}}},
        {"hybrid_search": {"near_vector": {"certainty": 0.5}}},
        {"near_vector": NEAR, "autocut": 1},
        {"near_vector": NEAR, "boost": {"weight": 0.5}},
    ],
)
def test_what_else_weighs_scores(asked: dict[str, Any]) -> None:
    assert search(**asked).scores_steer


@pytest.mark.parametrize(
    ("asked", "action"),
    [
        ({}, Action.READ),
        ({"filters": SSN}, Action.READ),
        ({"rerank": {"property": "a"}}, Action.READ),
        ({"bm25_search": {"query": "x"}}, Action.SEARCH),
        ({"hybrid_search": {}}, Action.SEARCH),
        ({"near_text": {"query": ["x"]}}, Action.SEARCH),
    ],
)
def test_reading_is_not_searching(asked: dict[str, Any], action: Action) -> None:
    assert search(**asked).action is action


@pytest.mark.parametrize(
    ("asked", "points", "risks"),
    [
        ({}, 10, ()),
        ({"limit": 500}, 500, ()),
        ({"limit": 5000}, 5000, (Risk.BULK_EXPORT,)),
        ({"limit": 5, "after": UUID}, 5, (Risk.BULK_EXPORT,)),
        ({"group_by": {"path": ["a"], "number_of_groups": 3, "objects_per_group": 4}}, 12, ()),
        ({"rerank": {"property": "a"}}, 10, (Risk.EGRESS,)),
        ({"generative": {"single": {"prompt": "x"}}}, 10, (Risk.EGRESS,)),
    ],
)
def test_how_much_comes_back_and_what_it_risks(asked: dict[str, Any], points: int, risks: tuple[Risk, ...]) -> None:
    operation = search(**asked)
    assert (operation.points, operation.risks) == (points, risks)


@pytest.mark.parametrize(
    ("metadata", "vectors"),
    [({}, False), ({"uuid": True}, False), ({"vector": True}, True), ({"vectors": ["title"]}, True)],
)
def test_vectors_that_are_asked_for(metadata: dict[str, Any], vectors: bool) -> None:
    assert search(metadata=metadata).vectors is vectors


@pytest.mark.parametrize(
    ("asked", "others"),
    [
        ({"filters": clause(single("author", "ssn"))}, {"Person": ("ssn",)}),
        (
            {"filters": clause(single("author", single("employer", "wage")))},
            {"Person": ("employer",), "Secret": ("wage",)},
        ),
        ({"filters": clause(multi("about", "secret", "wage"))}, {"Secret": ("wage",)}),
        ({"filters": clause(multi("about", "hidden", "wage"))}, {"Secret": ("wage",)}),
        ({"filters": clause(["about", "hidden", "wage"])}, {"Secret": ("wage",)}),
        ({"boost": {"conditions": [{"filter": clause(single("author", "ssn"))}]}}, {"Person": ("ssn",)}),
        ({"properties": {"ref_properties": [{"reference_property": "author"}]}}, {"Person": ()}),
        (  # The server goes where the schema says, whichever collection is named.
            {"properties": {"ref_properties": [{"reference_property": "Author", "target_collection": "Docs"}]}},
            {"Person": ()},
        ),
        (
            {"properties": {"ref_properties": [{"reference_property": "about", "target_collection": "hidden"}]}},
            {"Secret": ()},
        ),
        (
            {"properties": {"ref_properties": [{"reference_property": "about", "target_collection": "Person"}]}},
            {"**": ()},
        ),
        ({"properties": {"ref_properties": [{"reference_property": "about"}]}}, {"**": ()}),
        (
            {
                "properties": {
                    "ref_properties": [
                        {
                            "reference_property": "author",
                            "properties": {"ref_properties": [{"reference_property": "employer"}]},
                        }
                    ]
                }
            },
            {"Person": (), "Secret": ()},
        ),
    ],
)
def test_other_collections_are_read(asked: dict[str, Any], others: dict[str, tuple[str, ...]]) -> None:
    _, *found = operations("Search", {"collection": "Docs", **asked})
    assert {one.resources[0]: one.fields_used for one in found} == others
    assert {one.action for one in found} == {Action.READ}
    assert {one.points for one in found} == {None if "properties" in asked else 0}


@pytest.mark.parametrize("name", ["nowhere", "about"])
def test_a_filter_goes_nowhere_that_is_not_known(name: str) -> None:
    """`about` leads into two collections. Masks of what is not known are not known either."""
    asked = {"collection": "Docs", "filters": clause(single(name, "wage"))}
    with pytest.raises(Refusal) as caught:
        operations("Search", asked)
    assert (caught.value.reason, caught.value.detail) == (Reason.NO_GRANT, "No grant allows Weaviate/Search.")
    assert [one.resources for one in operations("Search", asked, None)] == [("Docs",), ("**",)]


def test_vectors_of_references_are_the_other_collections() -> None:
    reference = {"reference_property": "author", "metadata": {"vectors": ["a"]}}
    first, other = operations("Search", {"collection": "Docs", "properties": {"ref_properties": [reference]}})
    assert (first.vectors, other.vectors) == (False, True)


def test_a_tenant_is_a_resource_of_its_own() -> None:
    first, other = operations(
        "Search", {"collection": "docs", "tenant": "acme", "filters": clause(single("author", "ssn"))}
    )
    assert first.resources == ("Docs/acme",)
    assert other.resources == ("Person", "Person/acme")  # it may have tenants, or not


@pytest.mark.parametrize(("written", "own"), [("Docs", "Docs"), ("docs", "Docs"), ("kb", "Docs"), ("Hidden", "Secret")])
def test_names_are_the_collections_own(written: str, own: str) -> None:
    assert operations("Search", {"collection": written})[0].resources == (own,)


def test_before_anything_is_known_names_stand_as_written() -> None:
    asked = {"collection": "kb", "filters": clause(multi("about", "hidden", "wage"))}
    assert [one.resources for one in operations("Search", asked, None)] == [("Kb",), ("Hidden",)]


ADDRESSES = [
    ("openai", "base_url"),
    ("openai", "resource_name"),
    ("openai", "deployment_id"),
    ("ollama", "api_endpoint"),
    ("aws", "endpoint"),
    ("aws", "region"),
    ("databricks", "endpoint"),
    ("google", "project_id"),
    ("google", "location"),
    ("xai", "base_url"),
]


@pytest.mark.parametrize(("provider", "name"), ADDRESSES)
@pytest.mark.parametrize("part", ["single", "grouped"])
def test_content_goes_where_the_database_says(part: str, provider: str, name: str) -> None:
    queries = {"queries": [{provider: {name: "http://169.254.169.254/"}}]}
    with pytest.raises(Refusal) as caught:
        search(generative={part: queries})
    assert caught.value.reason is Reason.UNKNOWN_MEMBER


BAD: dict[str, dict[str, Any]] = {
    "no collection": {"collection": ""},
    "a collection that is a path": {"collection": "Docs/acme"},
    "a collection of another namespace": {"collection": "ns:Docs"},
    "everything": {"collection": "**"},
    "a tenant that is a path": {"tenant": "a/b"},
    "an id that is an address": {"near_object": {"id": f"Secret/{UUID}"}},
    "an id with more": {"near_object": {"id": f"{UUID}/x"}},
    "an id that is none": {"near_text": {"query": ["x"], "move_to": {"uuids": ["x"]}}},
    "another that is none": {"near_text": {"query": ["x"], "move_away": {"uuids": [OTHER, "x"]}}},
    "one in a hybrid search": {"hybrid_search": {"near_text": {"move_to": {"uuids": ["../x"]}}}},
    "a cursor that is none": {"after": "x"},
    "half a path": {"filters": {**EQUAL, "on": ["author", "Person"]}},
    "a path into nothing": {"filters": {**EQUAL, "on": ["author", "Per/son", "ssn"]}},
    "a reference followed twice": {"properties": {"ref_properties": [{"reference_property": "author"}] * 2}},
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_malformed_is_refused(name: str) -> None:
    with pytest.raises(Refusal) as caught:
        operations("Search", {"collection": "Docs", **BAD[name]})
    assert caught.value.reason is Reason.BAD_BODY


def test_fields_that_are_not_known_are_refused_at_any_depth() -> None:
    """What is left of a filter without its newest clause could match everything."""
    read = reading("Search", {"collection": "Docs", "filters": both(SSN)})
    body = bytearray(read.request.body)
    unknown = b"\xa2\x3f\x01x"  # field 1012, a text
    with pytest.raises(Refusal) as caught:
        reading("Search", bytes(body) + unknown)
    assert caught.value.reason is Reason.UNKNOWN_MEMBER


def test_evidence_has_the_query_without_its_vector() -> None:
    query = search(near_vector={**NEAR, "certainty": 0.5}, filters=SSN, limit=3, tenant="acme").query
    assert query["limit"] == 3
    assert query["filters"]["value_text"] == "x"
    (vector,) = query["near_vector"]["vectors"]
    assert vector["vector_bytes"]["dimension"] == 3
    assert "0.625" not in str(query)


def test_evidence_has_no_value_that_another_collections_property_is_compared_with() -> None:
    for target in (single("author", "ssn"), multi("about", "Secret", "ssn")):
        query = search(filters={**clause(target), "value_text": "canary"}).query
        assert "canary" not in str(query)
    assert "canary" not in str(search(filters={**EQUAL, "on": ["a", "B", "c"], "value_text": "canary"}).query)


def test_a_vector_of_anything_but_numbers_is_put_on_record_all_the_same() -> None:
    broken = {"vectors": [{"vector_bytes": "AADAfwAAwH8="}]}  # two NaN
    assert search(near_vector=broken).query["near_vector"]["vectors"][0]["vector_bytes"]["dimension"] == 2
