"""What the other calls come to: aggregates, batches of objects and references, deletes, tenants; and what they show."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.weaviate_calls import (
    NEAR,
    OPEN,
    OTHER,
    UUID,
    both,
    clause,
    decided,
    masked,
    masks,
    operations,
    reading,
    reply,
    shown,
    single,
)

from vecgate.errors import Refusal, Unmaskable
from vecgate.operations.model import Action, Risk, Scope
from vecgate.reasons import Reason

DOCS = {"collection": "Docs"}


def aggregate(**more: Any) -> Any:
    return operations("Aggregate", {**DOCS, **more})


@pytest.mark.parametrize(
    ("asked", "fields"),
    [
        ({"objects_count": True}, ()),
        ({"aggregations": [{"property": "Ssn", "text": {"count": True}}]}, ("ssn",)),
        ({"aggregations": [{"property": "a", "int": {}}, {"property": "b", "reference": {}}]}, ("a", "b")),
        ({"group_by": {"collection": "docs", "property": "ssn"}}, ("ssn",)),
        ({"group_by": {"property": "ssn"}}, ("ssn",)),
        ({"filters": clause("ssn")}, ("ssn",)),
        ({"hybrid": {"query": "x"}}, ("*",)),
        ({"hybrid": {"query": "x", "properties": ["a"]}}, ("a",)),
    ],
)
def test_properties_that_are_aggregated_are_used(asked: dict[str, Any], fields: tuple[str, ...]) -> None:
    assert aggregate(**asked)[0].fields_used == fields


def test_an_aggregate_of_what_is_found_searches_and_reads() -> None:
    found = aggregate(near_vector={**NEAR, "distance": 0.5})
    assert [(one.action, one.scores_steer, one.count) for one in found] == [
        (Action.READ, True, 1),
        (Action.SEARCH, True, 0),
    ]
    assert [one.action for one in aggregate()] == [Action.READ]


def test_groups_of_another_collection_are_its_own() -> None:
    _, other = aggregate(group_by={"collection": "Secret", "property": "wage"})
    assert (other.resources, other.fields_used) == (("Secret",), ("wage",))


def counted(*properties: str) -> Any:
    answer = reply("AggregateReply")
    for name in properties:
        answer.single_result.aggregations.aggregations.add(property=name).text.top_occurences.items.add(value="canary")
    return answer


def test_figures_are_of_what_was_asked_for() -> None:
    read = reading("Aggregate", {**DOCS, "aggregations": [{"property": "a", "text": {}}]})
    assert "canary" in str(shown(read, masks({"ssn": "redact"}), counted("a")))
    for names, mask in ((("ssn",), OPEN), (("a", "b"), OPEN), (("a",), masks({"a": "redact"}))):
        with pytest.raises(Unmaskable):
            masked(read, mask, counted(*names))


def test_groups_are_of_what_was_grouped() -> None:
    answer = reply("AggregateReply")
    answer.grouped_results.groups.add().grouped_by.text = "canary"
    with pytest.raises(Unmaskable):
        masked(reading("Aggregate", DOCS), OPEN, answer)
    asked = {**DOCS, "group_by": {"property": "a"}}
    assert "canary" in str(shown(reading("Aggregate", asked), OPEN, answer))


def test_collections_that_a_reference_points_to_are_filtered() -> None:
    read = reading("Aggregate", {**DOCS, "aggregations": [{"property": "about", "reference": {}}]})
    answer = reply("AggregateReply")
    figure = answer.single_result.aggregations.aggregations.add(property="about").reference
    figure.pointing_to.extend(
        ["Docs", "Secret", f"weaviate://localhost/Secret/{UUID}", f"weaviate://localhost/Docs/{UUID}"]
    )
    seen = shown(read, decided(OPEN, visible=lambda name: name == "Docs"), answer)
    assert list(seen.single_result.aggregations.aggregations[0].reference.pointing_to) == [
        "Docs",
        f"weaviate://localhost/Docs/{UUID}",
    ]


def objects(*written: dict[str, Any]) -> Any:
    return operations("BatchObjects", {"objects": [{"uuid": UUID, **one} for one in written]})


def test_objects_are_written_where_each_belongs() -> None:
    found = objects({"collection": "kb"}, {"collection": "Docs"}, {"collection": "docs", "tenant": "acme"})
    assert [(one.action, one.resources, one.count) for one in found] == [
        (Action.WRITE, ("Docs",), 2),
        (Action.WRITE, ("Docs/acme",), 1),
    ]


def test_a_large_batch_changes_in_bulk() -> None:
    (found,) = objects(*[{"collection": "Docs"}] * 1001)
    assert (found.count, found.risks) == (1001, (Risk.BULK_UPDATE,))
    assert objects(*[{"collection": "Docs"}] * 1000)[0].risks == ()


@pytest.mark.parametrize(
    ("properties", "target"),
    [
        ({"single_target_ref_props": [{"prop_name": "author", "uuids": [OTHER]}]}, "Person"),
        ({"single_target_ref_props": [{"prop_name": "nowhere", "uuids": [OTHER]}]}, "**"),
        ({"multi_target_ref_props": [{"prop_name": "about", "uuids": [], "target_collection": "hidden"}]}, "Secret"),
    ],
)
def test_references_of_an_object_name_collections(properties: dict[str, Any], target: str) -> None:
    _, other = objects({"collection": "Docs", "properties": properties})
    assert (other.action, other.resources) == (Action.READ, (target,))


def link(**more: Any) -> Any:
    one = {"from_collection": "Docs", "from_uuid": UUID, "name": "author", "to_uuid": OTHER}
    return operations("BatchReferences", {"references": [one | more]})


@pytest.mark.parametrize(
    ("more", "written", "target"),
    [
        ({}, "Docs", "Person"),
        ({"to_collection": "hidden"}, "Docs", "Secret"),
        ({"tenant": "acme"}, "Docs/acme", "Person"),
        ({"name": "about"}, "Docs", "**"),
    ],
)
def test_references_name_both_their_ends(more: dict[str, Any], written: str, target: str) -> None:
    found = [(one.action, one.resources) for one in link(**more)]
    assert found == [(Action.WRITE, (written,)), (Action.READ, (target,))]


WRONG: dict[str, tuple[str, dict[str, Any]]] = {
    "nothing": ("BatchObjects", {"objects": []}),
    "no reference": ("BatchReferences", {"references": []}),
    "an object of no collection": ("BatchObjects", {"objects": [{"uuid": UUID}]}),
    "an object's id": ("BatchObjects", {"objects": [{"collection": "A", "uuid": f"{UUID}/x"}]}),
    "a beacon's id": (
        "BatchObjects",
        {
            "objects": [
                {
                    "collection": "Docs",
                    "uuid": UUID,
                    "properties": {"single_target_ref_props": [{"prop_name": "author", "uuids": [f"../B/{UUID}"]}]},
                }
            ]
        },
    ),
    "a beacon of no collection": (
        "BatchObjects",
        {
            "objects": [
                {
                    "collection": "Docs",
                    "uuid": UUID,
                    "properties": {"multi_target_ref_props": [{"prop_name": "about", "uuids": [UUID]}]},
                }
            ]
        },
    ),
    "a delete of everything": ("BatchDelete", DOCS),
    "a tenant": ("TenantsGet", {**DOCS, "names": {"values": ["a", "b/c"]}}),
    "tenants of no collection": ("TenantsGet", {}),
    "an aggregate of no collection": ("Aggregate", {}),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_malformed_is_refused(name: str) -> None:
    with pytest.raises(Refusal) as caught:
        operations(*WRONG[name])
    assert caught.value.reason is Reason.BAD_BODY


@pytest.mark.parametrize(
    "more",
    [
        {"from_uuid": f"{UUID}/author/x"},
        {"to_uuid": f"Secret/{UUID}"},
        {"name": "author/x"},
        {"name": ""},
        {"from_collection": f"Secret/{UUID}/author?"},
        {"to_collection": ""},
        {"to_collection": "A/B"},
        {"tenant": "a/b"},
    ],
)
def test_an_address_that_the_server_would_make_another_of_is_refused(more: dict[str, Any]) -> None:
    with pytest.raises(Refusal) as caught:
        link(**more)
    assert caught.value.reason is Reason.BAD_BODY


IDS = {"operator": "OPERATOR_CONTAINS_ANY", "target": {"property": "_id"}}


@pytest.mark.parametrize(
    ("asked", "count", "risks"),
    [
        ({"filters": clause("_id")}, 1, ()),
        ({"filters": clause(["id"])}, 1, ()),
        ({"filters": {**IDS, "value_text_array": {"values": [UUID] * 10}}}, 10, ()),
        ({"filters": {**IDS, "value_text_array": {"values": [UUID] * 11}}}, 11, (Risk.BULK_DELETE,)),
        ({"filters": {**IDS, "operator": "OPERATOR_NOT_EQUAL", "value_text": "x"}}, 1, (Risk.BULK_DELETE,)),
        ({"filters": clause("year")}, 1, (Risk.BULK_DELETE,)),
        ({"filters": both(clause("_id"), operator="NOT")}, 1, (Risk.BULK_DELETE,)),
        ({"filters": {**clause("_id"), "filters": [clause("year")]}}, 1, (Risk.BULK_DELETE,)),
        ({"filters": clause("year"), "dry_run": True}, 1, ()),
    ],
)
def test_deletes_are_of_few_objects_or_in_bulk(asked: dict[str, Any], count: int, risks: tuple[Risk, ...]) -> None:
    (operation,) = operations("BatchDelete", {**DOCS, **asked})
    assert (operation.action, operation.count, operation.risks) == (Action.DELETE, count, risks)


def test_deletes_use_what_their_filters_use() -> None:
    first, other = operations("BatchDelete", {**DOCS, "tenant": "acme", "filters": clause(single("author", "ssn"))})
    assert (first.resources, first.fields_used) == (("Docs/acme",), ("author",))
    assert other.fields_used == ("ssn",)


def deleted() -> Any:
    answer = reply("BatchDeleteReply", matches=1)
    answer.objects.add(uuid=bytes.fromhex(UUID.replace("-", "")), error="canary-text")
    answer.objects.add(uuid=b"short", error="", successful=True)
    return answer


def test_deleted_objects_are_listed_if_that_was_asked_for() -> None:
    asked = {**DOCS, "filters": clause("year")}
    answered = masked(reading("BatchDelete", {**asked, "verbose": True}), OPEN, deleted())
    assert [(one.resource, one.id) for one in answered.records] == [("Docs", UUID), ("Docs", "")]
    assert answered.points == 2
    seen = shown(reading("BatchDelete", {**asked, "verbose": True}), OPEN, deleted())
    assert "canary" not in str(seen)
    assert [bool(one.error) for one in seen.objects] == [True, False]
    with pytest.raises(Unmaskable):
        masked(reading("BatchDelete", asked), OPEN, deleted())


@pytest.mark.parametrize("method", ["BatchObjects", "BatchReferences"])
def test_errors_of_a_batch_keep_their_places_alone(method: str) -> None:
    asked: dict[str, Any] = {"objects": [{"collection": "Docs", "uuid": UUID}]}
    if method == "BatchReferences":
        asked = {"references": [{"from_collection": "Docs", "name": "author", "from_uuid": UUID, "to_uuid": UUID}]}
    answer = reply(f"{method}Reply")
    answer.errors.add(index=3, error="canary-text")
    seen = shown(reading(method, asked), OPEN, answer)
    assert seen.errors[0].index == 3
    assert "canary" not in str(seen)


def test_tenants_are_listed_or_named() -> None:
    (listed,) = operations("TenantsGet", {"collection": "kb"})
    assert (listed.scope, listed.resources) == (Scope.LIST, ("Docs/*",))
    (named,) = operations("TenantsGet", {"collection": "kb", "names": {"values": ["a", "b"]}})
    assert (named.scope, named.resources) == (Scope.NAMED, ("Docs/a", "Docs/b"))


def test_tenants_that_the_caller_may_not_see_are_left_out() -> None:
    answer = reply("TenantsGetReply")
    for name in ("acme", "other", "third"):
        answer.tenants.add(name=name, activity_status=1)
    decision = decided(OPEN, visible=lambda name: name == "Docs/acme")
    seen = shown(reading("TenantsGet", DOCS), decision, answer)
    assert [(one.name, one.activity_status) for one in seen.tenants] == [("acme", 1)]


@pytest.mark.parametrize("named", ["", "Docs", "kb", "Person"])
def test_an_aggregate_groups_its_own_collection_whichever_is_named(named: str) -> None:
    found = operations("Aggregate", {"collection": "Docs", "group_by": {"collection": named, "property": "Ssn"}})
    assert found[0].resources == ("Docs",)
    assert found[0].fields_used == ("ssn",)
    assert [one.resources for one in found[1:]] == ([("Person",)] if named == "Person" else [])


@pytest.mark.parametrize(("groups", "objects", "points"), [(2, 3, 6), (-1, 1, None), (1, -1, None), (2, 1000, 2000)])
def test_groups_without_a_limit_export(groups: int, objects: int, points: int | None) -> None:
    by = {"path": ["title"], "number_of_groups": groups, "objects_per_group": objects}
    (one,) = operations("Search", {"collection": "Docs", "group_by": by})
    assert one.points == points
    assert (Risk.BULK_EXPORT in one.risks) is (points is None or points > 1000)


def test_groups_of_a_masked_property_are_withheld() -> None:
    read = reading("Aggregate", {"collection": "Docs", "group_by": {"collection": "Person", "property": "ssn"}})
    answer = reply("AggregateReply")
    answer.grouped_results.groups.add().grouped_by.text = "900-1"
    with pytest.raises(Unmaskable):
        masked(read, masks({"ssn": "redact"}), answer)
