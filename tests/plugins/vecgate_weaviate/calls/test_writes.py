"""What batches of objects write, make and lead to, in whichever field of a message it stands."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.weaviate_calls import OTHER, UUID, operations

from vecgate.errors import Refusal
from vecgate.operations.model import Action, Risk

BEACON = f"weaviate://localhost/Secret/{OTHER}"
WRITES = (Action.WRITE, ("Docs",), ())
MAKES = (Action.ADMIN, ("Docs",), (Risk.SCHEMA_CHANGE,))


def facts(collection: str = "Docs", tenant: str = "", **properties: Any) -> list[Any]:
    one = {"collection": collection, "uuid": UUID, "tenant": tenant, "properties": properties}
    return [(each.action, each.resources, each.risks) for each in operations("BatchObjects", {"objects": [one]})]


@pytest.mark.parametrize(
    ("properties", "makes"),
    [
        ({"non_ref_properties": {"title": "t", "Title": "t", "wage": None}}, False),
        ({"non_ref_properties": {"wage": 1}}, True),
        ({"non_ref_properties": {"home": {"town": "a"}}}, False),
        ({"non_ref_properties": {"home": {"zip": 1}}}, True),
        ({"non_ref_properties": {"home": [{"zip": 1}]}}, True),
        ({"text_array_properties": [{"prop_name": "title", "values": ["a"]}]}, False),
        *(
            ({f"{kind}_array_properties": [{"prop_name": "wage"}]}, True)
            for kind in ("number", "int", "text", "boolean")
        ),
        ({"empty_list_props": ["wage"]}, True),
        ({"empty_list_props": ["title"]}, False),
        ({"object_properties": [{"prop_name": "wage", "value": {}}]}, True),
        ({"object_properties": [{"prop_name": "home", "value": {"empty_list_props": ["town"]}}]}, False),
        ({"object_properties": [{"prop_name": "home", "value": {"empty_list_props": ["zip"]}}]}, True),
        ({"object_array_properties": [{"prop_name": "wage", "values": [{}]}]}, True),
        ({"object_array_properties": [{"prop_name": "home", "values": [{"empty_list_props": ["zip"]}]}]}, True),
    ],
)
def test_properties_that_do_not_exist_are_made(properties: dict[str, Any], makes: bool) -> None:
    assert facts(**properties) == ([WRITES, MAKES] if makes else [WRITES])


@pytest.mark.parametrize(
    ("collection", "expected"),
    [
        ("Rooms", [(Action.WRITE, ("Rooms/a",), (Risk.SCHEMA_CHANGE,))]),
        ("Docs", [(Action.WRITE, ("Docs/a",), ())]),
    ],
)
def test_a_tenant_that_may_be_new_changes_the_schema(collection: str, expected: list[Any]) -> None:
    assert facts(collection, "a") == expected


def test_references_lead_to_the_same_tenant() -> None:
    links = [{"prop_name": name, "uuids": [OTHER]} for name in ("author", "next")]
    assert [one[1] for one in facts("Rooms", "a", single_target_ref_props=links)] == [
        ("Rooms/a",),
        ("Person",),
        ("Rooms/a",),
    ]
    link = {"from_collection": "Rooms", "from_uuid": UUID, "to_uuid": OTHER, "tenant": "a"}
    found = operations("BatchReferences", {"references": [{**link, "name": "author"}, {**link, "name": "next"}]})
    assert [one.resources for one in found] == [("Rooms/a",), ("Person",), ("Rooms/a",)]


@pytest.mark.parametrize(
    "properties",
    [
        {"non_ref_properties": {"about": [{"beacon": BEACON}]}},
        {"non_ref_properties": {"about": [{"beacon": BEACON, "href": "x"}]}},
        {"non_ref_properties": {"about": {"beacon": BEACON}}},
        {"object_array_properties": [{"prop_name": "about", "values": [{"non_ref_properties": {"beacon": BEACON}}]}]},
        {"object_properties": [{"prop_name": "about", "value": {"non_ref_properties": {"beacon": BEACON}}}]},
        {
            "object_array_properties": [{"prop_name": "about", "values": [{"non_ref_properties": {"beacon": BEACON}}]}],
            "multi_target_ref_props": [{"prop_name": "about", "target_collection": "Docs", "uuids": [OTHER]}],
        },
    ],
)
def test_references_among_values_are_refused(properties: dict[str, Any]) -> None:
    """The server would take them for references, whatever they lead to."""
    with pytest.raises(Refusal) as caught:
        facts(**properties)
    assert caught.value.reason == "bad_body"
