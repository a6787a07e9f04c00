"""Operations that would pass for less than they are."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.weaviate_rest import ID, judged

from vecgate.errors import Refusal
from vecgate.operations.model import Action, Risk

READONLY = {"status": "READONLY"}


@pytest.mark.parametrize(
    ("method", "path", "body", "resources"),
    [
        ("GET", "/schema/Spaces/shards?tenant=acme", None, ("Spaces/acme",)),
        ("GET", "/schema/live/shards", None, ("Spaces/*",)),
        ("GET", "/schema/Other/shards", None, ("Other/*",)),
        ("GET", "/schema/Docs/shards", None, ("Docs",)),
        ("GET", "/schema/Docs/shards?tenant=acme", None, ("Docs",)),
        ("PUT", "/schema/live/shards/acme", READONLY, ("Spaces", "Spaces/acme")),
        ("PUT", "/schema/Docs/shards/x7Yz", READONLY, ("Docs",)),
        ("GET", "/nodes/Spaces", None, ("Spaces", "Spaces/*")),
        ("GET", "/nodes/Spaces?shardName=acme", None, ("Spaces", "Spaces/acme")),
        ("GET", "/nodes/Docs", None, ("Docs",)),
    ],
)
def test_shards_are_tenants(method: str, path: str, body: Any, resources: tuple[str, ...]) -> None:
    (one,) = judged(method, path, body, Live="Spaces")
    assert one.resources == resources


@pytest.mark.parametrize("verb", ["upsert", "rebuild"])
@pytest.mark.parametrize(
    ("query", "resources"), [("", ("Spaces",)), ("?tenants=a,b", ("Spaces", "Spaces/a", "Spaces/b"))]
)
def test_indexes_are_made_anew_for_tenants(verb: str, query: str, resources: tuple[str, ...]) -> None:
    path = "/schema/Spaces/properties/title/index/searchable"
    body: Any = {} if verb == "upsert" else None
    method, path = ("PUT", path) if verb == "upsert" else ("POST", f"{path}/rebuild")
    (one,) = judged(method, f"{path}{query}", body)
    assert (one.action, one.resources) == (Action.ADMIN, resources)
    for bad in ("a/b", "a,,b", ""):
        with pytest.raises(Refusal):
            judged(method, f"{path}?tenants={bad}", body)


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        ({"class": "Docs", "properties": {"title": "t", "home": {"town": "a"}}}, [(Action.WRITE, ("Docs",), ())]),
        (
            {"class": "Docs", "properties": {"wage": 1}},
            [(Action.WRITE, ("Docs",), ()), (Action.ADMIN, ("Docs",), (Risk.SCHEMA_CHANGE,))],
        ),
        (
            {"class": "Docs", "properties": {"home": {"zip": 1}}},
            [(Action.WRITE, ("Docs",), ()), (Action.ADMIN, ("Docs",), (Risk.SCHEMA_CHANGE,))],
        ),
        ({"class": "Docs", "properties": {"Title": "t", "wage": None}}, [(Action.WRITE, ("Docs",), ())]),
        ({"class": "Spaces", "tenant": "a"}, [(Action.WRITE, ("Spaces/a",), ())]),
        ({"class": "Rooms", "tenant": "a"}, [(Action.WRITE, ("Rooms/a",), (Risk.SCHEMA_CHANGE,))]),
        (
            {"class": "Spaces", "tenant": "a", "properties": {"by": [{"beacon": f"weaviate://localhost/Person/{ID}"}]}},
            [(Action.WRITE, ("Spaces/a",), ()), (Action.READ, ("Person",), ())],
        ),
        (
            {"class": "Spaces", "tenant": "a", "properties": {"by": [{"beacon": f"weaviate://localhost/spaces/{ID}"}]}},
            [(Action.WRITE, ("Spaces/a",), ()), (Action.READ, ("Spaces/a",), ())],
        ),
    ],
)
@pytest.mark.parametrize("way", ["one", "batch", "put", "patch"])
def test_what_a_write_takes_for_granted(way: str, one: dict[str, Any], expected: list[Any]) -> None:
    at = f"/objects/{one['class']}/{ID}"
    method, path, body = {
        "one": ("POST", "/objects", one),
        "batch": ("POST", "/batch/objects", {"objects": [one]}),
        "put": ("PUT", at, one),
        "patch": ("PATCH", at, one),
    }[way]
    found = judged(method, path, body)
    assert [(each.action, each.resources, each.risks) for each in found] == expected


@pytest.mark.parametrize("name", ["by", "self"])
def test_references_lead_to_the_same_tenant(name: str) -> None:
    to, led = ("Person", ("Person",)) if name == "by" else ("Spaces", ("Spaces/a",))
    link = {"beacon": f"weaviate://localhost/{to}/{ID}"}
    for method, path, body in (
        ("POST", f"/objects/Spaces/{ID}/references/{name}?tenant=a", link),
        (
            "POST",
            "/batch/references",
            [{"from": f"weaviate://localhost/Spaces/{ID}/{name}", "to": link["beacon"], "tenant": "a"}],
        ),
    ):
        wrote, read = judged(method, path, body)
        assert (wrote.resources, read.resources) == (("Spaces/a",), led)


@pytest.mark.parametrize(
    "more",
    [
        {"valueText": ID},
        {"valueString": ID},
        {"valueStringArray": [ID]},
        {"valueInt": 1},
    ],
)
def test_a_filter_compares_with_one_value(more: dict[str, Any]) -> None:
    clause = {"operator": "ContainsAny", "path": ["id"], "valueTextArray": [ID], **more}
    for where in (clause, {"operator": "Or", "operands": [clause]}):
        with pytest.raises(Refusal) as caught:
            judged("DELETE", "/batch/objects", {"match": {"class": "Docs", "where": where}})
        assert caught.value.reason == "bad_body"


@pytest.mark.parametrize(
    "settings",
    [
        {"text2vec-google": {"apiEndpoint": "evil.example"}},
        {"text2vec-openai": {"resourceName": "evil.example/", "deploymentId": "d"}},
        {"text2vec-openai": {"baseURL": "//evil.example"}},
        {"text2vec-aws": {"endpoint": "evil"}},
    ],
)
@pytest.mark.parametrize("wrapped", [False, True], ids=["moduleConfig", "vectorConfig"])
def test_addresses_without_a_scheme(settings: dict[str, Any], wrapped: bool) -> None:
    body = {"vectorConfig": {"a": {"vectorizer": settings}}} if wrapped else {"moduleConfig": settings}
    for method, path in (("POST", "/schema"), ("PUT", "/schema/Docs")):
        (one,) = judged(method, path, {"class": "Docs", **body})
        assert Risk.EGRESS in one.risks


@pytest.mark.parametrize(("enabled", "deletes"), [(True, True), (False, False)])
def test_a_time_to_live_deletes(enabled: bool, deletes: bool) -> None:
    body = {"class": "Docs", "objectTtlConfig": {"enabled": enabled, "deleteOn": "_creationTimeUnix", "defaultTtl": 1}}
    (one,) = judged("PUT", "/schema/Docs", body)
    assert (Risk.BULK_DELETE in one.risks) is deletes


@pytest.mark.parametrize(
    "described",
    [
        {"name": "a", "dataType": ["hr:Secret"]},
        {"name": "a", "dataType": ["_Secret"]},
        {"name": "a", "dataType": ["text", "hr:Secret"]},
        {"name": "a", "dataType": ["secret[]"]},
        {"name": "a", "dataType": ["object"], "nestedProperties": [{"name": "b", "dataType": ["Secret"]}]},
    ],
)
def test_properties_that_lead_where_nobody_can_judge(described: dict[str, Any]) -> None:
    for method, path, body in (
        ("POST", "/schema", {"class": "New", "properties": [described]}),
        ("POST", "/schema/Docs/properties", described),
    ):
        with pytest.raises(Refusal):
            judged(method, path, body)


@pytest.mark.parametrize("kinds", [["secret"], ["Secret"], ["live"], ["Docs", "secret"], ["text", "Secret"]])
def test_whatever_is_no_type_of_values_is_a_collection(kinds: list[str]) -> None:
    for method, path, body in (
        ("POST", "/schema", {"class": "New", "properties": [{"name": "a", "dataType": kinds}]}),
        ("POST", "/schema/Docs/properties", {"name": "a", "dataType": kinds}),
    ):
        found = judged(method, path, body, Live="Secret")
        assert (Action.META, ("Secret",)) in [(one.action, one.resources) for one in found]
