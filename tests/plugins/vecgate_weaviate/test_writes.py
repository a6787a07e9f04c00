"""One write over REST and over gRPC: the same operations."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support import weaviate_calls, weaviate_rest
from tests.support.weaviate_calls import KNOWN, OTHER, UUID

from vecgate.errors import Refusal
from vecgate_weaviate.known import Known
from vecgate_weaviate.reach import MOST
from vecgate_weaviate.writes import Written

AT = "weaviate://localhost"
OBJECTS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "a collection": ({"class": "docs"}, {"collection": "docs"}),
    "an alias": ({"class": "kb"}, {"collection": "kb"}),
    "a new collection": ({"class": "New"}, {"collection": "New"}),
    "a tenant": ({"class": "Docs", "tenant": "a"}, {"collection": "Docs", "tenant": "a"}),
    "a tenant that may be new": ({"class": "Rooms", "tenant": "a"}, {"collection": "Rooms", "tenant": "a"}),
    "a property": (
        {"class": "Docs", "properties": {"Title": "t"}},
        {"collection": "Docs", "properties": {"non_ref_properties": {"Title": "t"}}},
    ),
    "a new property": (
        {"class": "Docs", "properties": {"wage": [1]}},
        {"collection": "Docs", "properties": {"int_array_properties": [{"prop_name": "wage", "values": [1]}]}},
    ),
    "a new property within": (
        {"class": "Docs", "properties": {"home": {"zip": "1"}}},
        {"collection": "Docs", "properties": {"non_ref_properties": {"home": {"zip": "1"}}}},
    ),
    "a reference": (
        {"class": "Rooms", "tenant": "a", "properties": {"author": [{"beacon": f"{AT}/{OTHER}"}]}},
        {
            "collection": "Rooms",
            "tenant": "a",
            "properties": {"single_target_ref_props": [{"prop_name": "author", "uuids": [OTHER]}]},
        },
    ),
    "a reference of several": (
        {"class": "Docs", "properties": {"about": [{"beacon": f"{AT}/hidden/{OTHER}"}]}},
        {
            "collection": "Docs",
            "properties": {
                "multi_target_ref_props": [{"prop_name": "about", "uuids": [OTHER], "target_collection": "hidden"}]
            },
        },
    ),
}
LINKS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "one": (
        {"from": f"{AT}/kb/{UUID}/author", "to": f"{AT}/{OTHER}"},
        {"from_collection": "kb", "from_uuid": UUID, "name": "author", "to_uuid": OTHER},
    ),
    "named": (
        {"from": f"{AT}/Docs/{UUID}/about", "to": f"{AT}/hidden/{OTHER}", "tenant": "a"},
        {
            "from_collection": "Docs",
            "from_uuid": UUID,
            "name": "about",
            "to_collection": "hidden",
            "to_uuid": OTHER,
            "tenant": "a",
        },
    ),
    "unknown": (
        {"from": f"{AT}/Docs/{UUID}/lost", "to": f"{AT}/{OTHER}"},
        {"from_collection": "Docs", "from_uuid": UUID, "name": "lost", "to_uuid": OTHER},
    ),
}


def rest(path: str, body: Any) -> list[Any]:
    assert KNOWN.schema is not None
    return facts(weaviate_rest.judged("POST", path, body, schema=KNOWN.schema, **KNOWN.aliases))


def facts(operations: Any) -> list[Any]:
    return [(one.action, one.resources, one.risks, one.count, one.scope, one.fields_used) for one in operations]


@pytest.mark.parametrize("name", OBJECTS)
def test_two_wires_judge_objects_alike(name: str) -> None:
    body, message = OBJECTS[name]
    found = facts(weaviate_calls.operations("BatchObjects", {"objects": [{"uuid": UUID, **message}]}))
    assert rest("/objects", body) == rest("/batch/objects", {"objects": [body]}) == found


@pytest.mark.parametrize("name", LINKS)
def test_two_wires_judge_references_alike(name: str) -> None:
    link, message = LINKS[name]
    found = facts(weaviate_calls.operations("BatchReferences", {"references": [message]}))
    assert rest("/batch/references", [link]) == found


def test_an_empty_batch_is_refused() -> None:
    with pytest.raises(Refusal):
        Written(Known()).operations("a")


@pytest.mark.parametrize("way", ["places", "targets"])
def test_a_batch_goes_to_no_more_places_than_are_judged(way: str) -> None:
    written = Written(Known())

    def write(at: int) -> None:
        if way == "places":
            written.object("Docs", f"t{at}", ())
        else:
            written.leads(f"C{at}", "")

    for at in range(MOST):
        write(at)
    write(0)
    with pytest.raises(Refusal) as caught:
        write(MOST)
    assert caught.value.reason == "body_too_large"
