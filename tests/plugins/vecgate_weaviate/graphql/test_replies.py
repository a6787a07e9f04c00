from __future__ import annotations

from typing import Any

import pytest
from tests.support.weaviate_graphql import OPEN, UUID, decided, masked, masks, shown

from vecgate.errors import Unmaskable
from vecgate.masking.maskset import MaskSet

HIDDEN = masks()
ROUNDED = masks(vectors="round:1")
VECTOR = [0.123 + n for n in range(40)]
REDACTED = "[redacted]"
OWN_ID = "vecgate_own_id"
OWN_KIND = "vecgate_own_collection"


def object_of(selected: str, mask: MaskSet, value: dict[str, Any]) -> Any:
    return shown(f"{{Get{{A{{{selected}}}}}}}", mask, {"Get": {"A": [value]}})["Get"]["A"][0]


@pytest.mark.parametrize(
    ("selected", "mask", "given", "seen"),
    [
        ("a", OPEN, {"a": 1, OWN_ID: {"id": UUID}}, {"a": 1}),
        ("x:ssn", masks({"ssn": "redact"}), {"x": "123"}, {"x": REDACTED}),
        ("ssn:name", masks({"ssn": "redact"}), {"ssn": "Ann"}, {"ssn": "Ann"}),
        ("a:ssn b:ssn", masks({"ssn": "redact"}), {"a": "1", "b": "1"}, {"a": REDACTED, "b": REDACTED}),
        ("ssn a", masks({"ssn": "drop"}), {"a": 1}, {"ssn": None, "a": 1}),
        ("ssn a", masks({"ssn": "drop"}), {"a": 1, "ssn": "leak"}, {"ssn": None, "a": 1}),
        ("o{x:ssn y}", masks({"ssn": "redact"}), {"o": {"x": "1", "y": 2}}, {"o": {"x": REDACTED, "y": 2}}),
        ("o{x:ssn}", masks({"o.ssn": "redact"}), {"o": [{"x": "1"}, None]}, {"o": [{"x": REDACTED}, None]}),
        ("o{x:ssn}", masks({"ssn": "drop"}), {"o": [{"x": "1"}]}, {"o": [{"x": None}]}),
        ("o{p{x:ssn}}", masks({"o.p": "redact"}), {"o": {"p": {"x": "1"}}}, {"o": {"p": REDACTED}}),
        ("t", masks({"ssn": "redact"}), {"t": '{"ssn":"1"}'}, {"t": f'{{"ssn":"{REDACTED}"}}'}),
        ("l", OPEN, {"l": VECTOR}, {"l": VECTOR}),
        ("_additional{vector}", OPEN, {"_additional": {"vector": VECTOR}}, {"_additional": {"vector": VECTOR}}),
        ("_additional{vector}", HIDDEN, {}, {"_additional": {"vector": None}}),
        ("_additional{vector}", HIDDEN, {"_additional": {"vector": VECTOR}}, {"_additional": {"vector": None}}),
        ("x:_additional{y:vector}", HIDDEN, {"x": {"y": VECTOR}}, {"x": {"y": None}}),
        ("_additional{vectors{v w}}", HIDDEN, {"_additional": {"vectors": {"v": VECTOR}}},
         {"_additional": {"vectors": None}}),
        ("_additional{vector}", ROUNDED, {"_additional": {"vector": [0.123, 0.987]}},
         {"_additional": {"vector": [0.1, 1.0]}}),
        ("_additional{vectors{x:v w}}", ROUNDED, {"_additional": {"vectors": {"x": [[0.123], [0.987]], "w": None}}},
         {"_additional": {"vectors": {"x": [[0.1], [1.0]], "w": None}}}),
        ("_additional{featureProjection{x:vector}}", ROUNDED, {"_additional": {"featureProjection": {"x": [1.5, 2]}}},
         {"_additional": {"featureProjection": None}}),
        ("_additional{featureProjection{x:vector}}", OPEN, {"_additional": {"featureProjection": {"x": [1.5, 2]}}},
         {"_additional": {"featureProjection": {"x": [1.5, 2]}}}),
        ("_additional{explainScore}", HIDDEN, {"_additional": {"explainScore": "ssn 1"}},
         {"_additional": {"explainScore": None}}),
        ("_additional{creationTimeUnix}", HIDDEN, {"_additional": {"creationTimeUnix": "17"}},
         {"_additional": {"creationTimeUnix": "17"}}),
        ("_additional{generate(singleResult:{prompt:\"x\"}){singleResult error}}", HIDDEN,
         {"_additional": {"generate": {"singleResult": None, "error": "Bearer sk-1"}}},
         {"_additional": {"generate": {"singleResult": None, "error": "The model failed."}}}),
        ("__typename a", OPEN, {"__typename": "A", "a": 1}, {"__typename": "A", "a": 1}),
    ],
    ids=range(25),
)  # fmt: skip
def test_an_object_is_masked_by_the_names_behind_its_keys(
    selected: str, mask: MaskSet, given: dict[str, Any], seen: dict[str, Any]
) -> None:
    assert object_of(selected, mask, given) == seen


def test_a_vector_that_is_not_there_stays_so() -> None:
    nothing: tuple[list[float] | None, ...] = ([], None)
    for empty in nothing:
        assert object_of("_additional{vector}", ROUNDED, {"_additional": {"vector": empty}}) == {
            "_additional": {"vector": empty}
        }


def test_numbers_that_could_be_a_vector_are_one_whatever_they_are_called() -> None:
    assert object_of("l", HIDDEN, {"l": VECTOR}) == {"l": None}
    assert object_of("o{l}", HIDDEN, {"o": {"l": VECTOR}}) == {"o": {"l": None}}


@pytest.mark.parametrize(
    ("mask", "distances", "scores"),
    [
        (OPEN, [0.25, 0.5, None], ["0.9", "0.3", "0.1"]),
        (HIDDEN, [0.0, 1.0, None], ["0.0", "1.0", "2.0"]),
        (masks(scores="drop"), [None, None, None], [None, None, None]),
        (masks(scores="round:1"), [0.2, 0.5, None], ["0.9", "0.3", "0.1"]),
    ],
    ids=["open", "rank", "drop", "round"],
)
def test_scores_are_masked_column_by_column(mask: MaskSet, distances: list[Any], scores: list[Any]) -> None:
    given = [{"_additional": {"distance": d, "score": s}} for d, s in ((0.25, "0.9"), (0.5, "0.3"), (None, "0.1"))]
    data = shown("{Get{A{_additional{distance score}}}}", mask, {"Get": {"A": given}})
    seen = [one["_additional"] for one in data["Get"]["A"]]
    assert [one["distance"] for one in seen] == distances
    assert [one["score"] for one in seen] == scores


def test_scores_of_groups_and_rerankers_are_masked_within_their_own_lists() -> None:
    query = (
        '{Get{A{_additional{rerank(property:"a"){score} group{minDistance maxDistance hits{_additional{distance}}}}}}}'
    )
    hits = [{"_additional": {"distance": d}} for d in (0.1, 0.2)]
    given = {
        "_additional": {"rerank": [{"score": 0.7}], "group": {"minDistance": 0.1, "maxDistance": 0.2, "hits": hits}}
    }
    data = shown(query, HIDDEN, {"Get": {"A": [given, given]}})
    first, second = (one["_additional"] for one in data["Get"]["A"])
    assert [first["rerank"], second["rerank"]] == [[{"score": 0.0}], [{"score": 1.0}]]
    assert [first["group"]["minDistance"], second["group"]["minDistance"]] == [0.0, 1.0]
    for one in (first, second):
        assert [hit["_additional"]["distance"] for hit in one["group"]["hits"]] == [0.0, 1.0]


REFERENCE = "{Get{A{r{__typename ... on B{x:ssn} ... on C{x:name _additional{vector}}}}}}"


def test_each_object_of_a_reference_is_masked_by_its_own_collection() -> None:
    given = [
        {OWN_KIND: "B", "x": "1", OWN_ID: {"id": UUID}},
        {OWN_KIND: "C", "x": "Ann", "_additional": {"vector": VECTOR}},
        {OWN_KIND: "D"},
        None,
    ]
    decision = decided(OPEN, {"B": masks({"ssn": "redact", "name": "redact"}), "C": HIDDEN})
    data = shown(REFERENCE, decision, {"Get": {"A": [{"r": given}]}})
    assert data["Get"]["A"][0]["r"] == [
        {"__typename": "B", "x": REDACTED},
        {"__typename": "C", "x": "Ann", "_additional": {"vector": None}},
        {"__typename": None},
        None,
    ]


@pytest.mark.parametrize(
    "led",
    [
        {"x": "1"},
        {OWN_KIND: "D", "x": "1"},
        {OWN_KIND: "B", "x": "1", "y": 2},
        {OWN_KIND: "B", "x": "1", "_additional": {"vector": VECTOR}},
        {OWN_KIND: None, "x": "1"},
        "weaviate://localhost/B/x",
    ],
)
def test_an_object_of_a_reference_that_is_not_what_was_asked_for_is_withheld(led: Any) -> None:
    with pytest.raises(Unmaskable):
        shown(REFERENCE, OPEN, {"Get": {"A": [{"r": [led]}]}})


def test_a_reference_that_is_masked_is_null() -> None:
    query = "{Get{A{r{... on B{b}}}}}"
    assert shown(query, masks({"r": "redact"}), {"Get": {"A": [{}]}}) == {"Get": {"A": [{"r": None}]}}


@pytest.mark.parametrize(
    ("query", "data"),
    [
        ("{Get{A{a}}}", {"Get": {"A": [{"a": 1, "vector": [1]}]}}),
        ("{Get{A{a}}}", {"Get": {"A": [{"a": 1, "_additional": {"id": UUID}}]}}),
        ("{Get{A{a}}}", {"Get": {"A": {"a": 1}}}),
        ("{Get{A{a}}}", {"Get": {"A": ["x"]}}),
        ("{Get{A{a}}}", {"Get": {"B": []}}),
        ("{Get{A{a}}}", {"Aggregate": {}}),
        ("{Get{A{a}}}", {"Get": []}),
        ("{Get{A{a}}}", []),
        ("{Get{A{a}}}", {"Get": {"A": [{"a": {"vector": [1]}}]}}),
        ("{Get{A{a{b}}}}", {"Get": {"A": [{"a": {"c": 1}}]}}),
        ("{Get{A{_additional{id}}}}", {"Get": {"A": [{"_additional": {"id": UUID, "vector": [1]}}]}}),
        ("{Get{A{_additional{id}}}}", {"Get": {"A": [{"_additional": {"id": VECTOR}}]}}),
        ("{Get{A{_additional{id}}}}", {"Get": {"A": [{"_additional": {"id": {"x": 1}}}]}}),
        ("{Get{A{_additional{vector}}}}", {"Get": {"A": [{"_additional": {"vector": "AAAA"}}]}}),
        ("{Get{A{_additional{vector}}}}", {"Get": {"A": [{"_additional": {"vector": [[1, "x"]]}}]}}),
        ("{Get{A{_additional{vectors{v}}}}}", {"Get": {"A": [{"_additional": {"vectors": {"w": [1]}}}]}}),
        ("{Get{A{_additional{distance}}}}", {"Get": {"A": [{"_additional": {"distance": [1]}}]}}),
        ("{Get{A{_additional{score}}}}", {"Get": {"A": [{"_additional": {"score": "vector"}}]}}),
        ("{Get{A{_additional{score}}}}", {"Get": {"A": [{"_additional": {"score": "inf"}}]}}),
        ("{Get{A{_additional{group{id}}}}}", {"Get": {"A": [{"_additional": {"group": {"hits": []}}}]}}),
        ("{Get{A{_additional{classification{id}}}}}", {"Get": {"A": [{"_additional": {"classification": {"x": 1}}}]}}),
        ("{Get{A{__typename}}}", {"Get": {"A": [{"__typename": "Secret"}]}}),
        ("{Aggregate{A{meta{count}}}}", {"Aggregate": {"A": [{"meta": {"count": 1, "x": 2}}]}}),
        ("{Aggregate{A{a{count}}}}", {"Aggregate": {"A": [{"a": {"topOccurrences": []}}]}}),
        ("{Aggregate{A{a{count}}}}", {"Aggregate": {"A": {"a": 1}}}),
        ("{Explore(nearVector:{vector:[1]}){beacon}}", {"Explore": [{"beacon": "x", "className": "Secret"}]}),
    ],
    ids=range(26),
)
def test_an_answer_with_more_than_was_asked_for_is_withheld(query: str, data: Any) -> None:
    with pytest.raises(Unmaskable):
        shown(query, OPEN, data)


@pytest.mark.parametrize("query", ["{Get{A{a}}}", "{Aggregate{A{meta{count}}}}"])
def test_null_stays_null(query: str) -> None:
    root = query[1:-1].partition("{")[0]
    assert shown(query, HIDDEN, None) is None
    assert shown(query, HIDDEN, {root: None}) == {root: None}
    assert shown(query, HIDDEN, {root: {"A": None}}) == {root: {"A": None}}
    assert shown(query, HIDDEN, {root: {"A": [None]}}) == {root: {"A": [None]}}


def test_evidence_has_what_the_caller_sees_and_where_it_is_from() -> None:
    query = '{Get{A(tenant:"t"){x:ssn r{... on B{b}} _additional{distance vector}}}}'
    led = {OWN_KIND: "B", "b": 1, OWN_ID: {"id": "2"}}
    given = {"x": "1", "r": [led], "_additional": {"distance": 0.5}, OWN_ID: {"id": "1"}}
    result = masked(query, masks({"ssn": "redact"}), {"data": {"Get": {"A": [given]}}})
    assert [(one.resource, one.id, one.payload, one.score) for one in result.records] == [
        ("A/t", "1", {"ssn": REDACTED}, 0.0),
        ("B", "2", {"b": 1}, None),
    ]
    assert (result.points, result.masked, result.error) == (2, ("scores", "ssn", "vectors"), "")


def test_evidence_holds_no_vector_even_where_the_caller_may_see_it() -> None:
    given = {"l": VECTOR, "_additional": {"vector": VECTOR}}
    result = masked("{Get{A{l _additional{vector}}}}", OPEN, {"data": {"Get": {"A": [given]}}})
    assert result.records[0].payload == {}


def test_an_aggregation_shows_its_groups_and_no_collection_that_the_caller_may_not_know() -> None:
    query = "{Aggregate{A{m:meta{n:count} groupedBy{value} t{topOccurrences{v:value}} r{pointingTo}}}}"
    given = {
        "m": {"n": 3},
        "groupedBy": {"value": "x"},
        "t": {"topOccurrences": [{"v": "y"}]},
        "r": {"pointingTo": ["B", "Secret", f"weaviate://localhost/Secret/{UUID}", f"weaviate://localhost/B/{UUID}"]},
    }
    decision = decided(HIDDEN, visible=lambda name: name == "B")
    seen = shown(query, decision, {"Aggregate": {"A": [given]}})["Aggregate"]["A"][0]
    assert seen == given | {"r": {"pointingTo": ["B", f"weaviate://localhost/B/{UUID}"]}}


def test_figures_of_a_masked_property_are_withheld_should_they_ever_come() -> None:
    with pytest.raises(Unmaskable):
        shown("{Aggregate{A{ssn{count}}}}", masks({"ssn": "redact"}), {"Aggregate": {"A": [{"ssn": {"count": 1}}]}})


def test_what_is_explored_is_told_by_its_place() -> None:
    query = "{Explore(nearVector:{vector:[1]}){b:beacon className certainty}}"
    given = [{"b": f"weaviate://localhost/B/{UUID}", "className": "B", "certainty": 0.9}]
    result = masked(query, HIDDEN, {"data": {"Explore": given}})
    assert [(one.resource, one.id, one.score) for one in result.records] == [("B", UUID, 0.0)]


def test_an_alias_that_was_resolved_keeps_its_key() -> None:
    data = shown("{Get{Old{a __typename}}}", HIDDEN, {"Get": {"Old": [{"a": 1, "__typename": "New"}]}}, Old="New")
    assert data == {"Get": {"Old": [{"a": 1, "__typename": "New"}]}}


def test_names_of_types_are_answered() -> None:
    data = shown("{__typename Get{__typename A{a}}}", HIDDEN, {"__typename": "x", "Get": {"__typename": "y", "A": []}})
    assert data == {"__typename": "WeaviateObj", "Get": {"__typename": "GetObjectsObj", "A": []}}
