from __future__ import annotations

from typing import Any

import pytest
from tests.support.weaviate_rest import ID, OTHER, judged

from vecgate.errors import Refusal
from vecgate.operations.model import Action, Operation, Risk
from vecgate_weaviate.known import Collection

BY = "weaviate://localhost"
DOC: dict[str, Any] = {"class": "Docs", "properties": {"title": "a"}}
WHERE = {"operator": "Equal", "path": ["ssn"], "valueText": "900"}


def facts(operation: Operation) -> tuple[Any, ...]:
    return (operation.action, operation.resources, operation.risks)


@pytest.mark.parametrize(
    ("query", "resources", "fields", "vectors", "points", "risks"),
    [
        ("?class=docs", ("Docs",), (), False, 25, ()),
        ("?class=Docs&tenant=acme&include=vector", ("Docs/acme",), (), True, 25, ()),
        ("?class=Docs&sort=ssn,title&order=asc&limit=5", ("Docs",), ("ssn", "title"), False, 5, ()),
        ("?class=Docs&sort=_creationTimeUnix", ("Docs",), (), False, 25, ()),
        ("?class=Docs&limit=1001", ("Docs",), (), False, 1001, (Risk.BULK_EXPORT,)),
        ("?class=Docs&after=", ("Docs",), (), False, 25, ()),
        (f"?class=Docs&after={ID}", ("Docs",), (), False, 25, (Risk.BULK_EXPORT,)),
        ("", ("**",), (), False, 25, (Risk.BULK_EXPORT,)),
        ("?class=live", ("Secret",), (), False, 25, ()),
    ],
)
def test_lists(
    query: str,
    resources: tuple[str, ...],
    fields: tuple[str, ...],
    vectors: bool,
    points: int,
    risks: tuple[Risk, ...],
) -> None:
    (one,) = judged("GET", f"/objects{query}", Live="Secret")
    assert facts(one) == (Action.READ, resources, risks)
    assert (one.fields_used, one.vectors, one.points) == (fields, vectors, points)


def test_one_object() -> None:
    (one,) = judged("GET", f"/objects/live/{ID}?include=vector&tenant=acme", Live="Docs")
    assert (*facts(one), one.vectors, one.points) == (Action.READ, ("Docs/acme",), (), True, 1)
    (one,) = judged("DELETE", f"/objects/Docs/{ID}")
    assert (*facts(one), one.vectors, one.points) == (Action.DELETE, ("Docs",), (), False, 0)
    (one,) = judged("HEAD", f"/objects/Docs/{ID}")
    assert facts(one) == (Action.READ, ("Docs",), ())


def test_what_is_written_may_make_a_collection_and_reads_what_it_refers_to() -> None:
    link = {"class": "live", "properties": {"by": [{"beacon": f"{BY}/Secret/{OTHER}"}]}, "tenant": "acme"}
    found = judged("POST", "/objects", link, Live="Docs", schema={"Docs": Collection({"by": ("Person", "Secret")})})
    assert [facts(one) for one in found] == [
        (Action.WRITE, ("Docs/acme",), ()),
        (Action.READ, ("Secret", "Secret/acme"), ()),
    ]
    created = judged("POST", "/objects", {**DOC, "class": "new"})
    assert [facts(one) for one in created] == [
        (Action.WRITE, ("New",), ()),
        (Action.ADMIN, ("New",), (Risk.SCHEMA_CHANGE,)),
    ]
    unnamed = judged("POST", "/objects", {**DOC, "properties": {"by": [{"beacon": f"{BY}/{OTHER}"}]}})
    assert unnamed[-1].resources == ("Person",)
    lost = judged("POST", "/objects", {**DOC, "properties": {"to": [{"beacon": f"{BY}/{OTHER}"}]}})
    assert lost[-1].resources == ("**",)


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_change_of_an_object_is_of_its_paths_collection(method: str) -> None:
    (one,) = judged(method, f"/objects/Docs/{ID}", {"properties": {}, "tenant": "acme"})
    assert facts(one) == (Action.WRITE, ("Docs/acme",), ())
    for other in ({"class": "Secret"}, {"class": "Docs", "id": OTHER}):
        with pytest.raises(Refusal) as caught:
            judged(method, f"/objects/Docs/{ID}", other)
        assert caught.value.reason == "bad_body"


def test_a_batch_is_judged_by_collection_and_tenant() -> None:
    objects = [DOC, DOC, {"class": "person"}, {"class": "Person", "tenant": "a"}]
    found = judged("POST", "/batch/objects", {"objects": objects})
    assert [(one.resources, one.count) for one in found] == [(("Docs",), 2), (("Person",), 1), (("Person/a",), 1)]
    (many,) = judged("POST", "/batch/objects", {"objects": [DOC] * 1001})
    assert many.risks == (Risk.BULK_UPDATE,)
    with pytest.raises(Refusal):
        judged("POST", "/batch/objects", {"objects": []})


def test_references_read_what_they_lead_to() -> None:
    path = f"/objects/Docs/{ID}/references/by"
    for method, body in (("POST", {"beacon": f"{BY}/{OTHER}"}), ("PUT", [{"beacon": f"{BY}/Person/{OTHER}"}])):
        found = judged(method, path, body)
        assert [facts(one) for one in found] == [
            (Action.WRITE, ("Docs",), ()),
            (Action.READ, ("Person",), ()),
        ]
    rows = [
        {"from": f"{BY}/docs/{ID}/by", "to": f"{BY}/{OTHER}", "tenant": "acme"},
        {"from": f"{BY}/Secret/{ID}/to", "to": f"{BY}/Docs/{OTHER}"},
    ]
    found = judged("POST", "/batch/references", rows)
    assert [one.resources for one in found] == [("Docs/acme",), ("Secret",), ("Person",), ("Docs",)]


@pytest.mark.parametrize(
    ("where", "fields", "risks", "count"),
    [
        (WHERE, ("ssn",), (Risk.BULK_DELETE,), 1),
        ({"operator": "Equal", "path": ["len(ssn)"], "valueInt": 3}, ("ssn",), (Risk.BULK_DELETE,), 1),
        ({"operator": "Equal", "path": ["id"], "valueText": ID}, (), (), 1),
        ({"operator": "ContainsAny", "path": ["id"], "valueTextArray": [ID] * 10}, (), (), 10),
        ({"operator": "ContainsAny", "path": ["id"], "valueTextArray": [ID] * 11}, (), (Risk.BULK_DELETE,), 11),
        ({"operator": "Or", "operands": [WHERE, {**WHERE, "path": ["wage"]}]}, ("ssn", "wage"), (Risk.BULK_DELETE,), 1),
        ({"operator": "NotEqual", "path": ["id"], "valueText": ID}, (), (Risk.BULK_DELETE,), 1),
    ],
)
def test_deletes_by_a_filter(
    where: dict[str, Any], fields: tuple[str, ...], risks: tuple[Risk, ...], count: int
) -> None:
    (one,) = judged("DELETE", "/batch/objects?tenant=acme", {"match": {"class": "docs", "where": where}})
    assert facts(one) == (Action.DELETE, ("Docs/acme",), risks)
    assert (one.fields_used, one.count) == (fields, count)


def test_a_filter_that_walks_reads_where_it_gets() -> None:
    where = {"operator": "Equal", "path": ["by", "person", "wage"], "valueInt": 1}
    found = judged("DELETE", "/batch/objects", {"match": {"class": "Docs", "where": where}})
    assert [(one.action, one.resources, one.fields_used) for one in found] == [
        (Action.DELETE, ("Docs",), ("by",)),
        (Action.READ, ("Person",), ("wage",)),
    ]


def test_a_collections_references_and_addresses_are_judged() -> None:
    properties = [{"name": "by", "dataType": ["person", "Secret"]}, {"name": "t", "dataType": ["text"]}]
    found = judged("POST", "/schema", {"class": "docs", "properties": properties})
    assert [facts(one) for one in found] == [
        (Action.ADMIN, ("Docs",), ()),
        (Action.META, ("Person",), ()),
        (Action.META, ("Secret",), ()),
    ]
    module = {"generative-openai": {"baseURL": "https://evil.example"}}
    (one,) = judged("POST", "/schema", {"class": "Docs", "moduleConfig": module})
    assert one.risks == (Risk.EGRESS,)
    (one,) = judged("POST", "/schema/Docs/properties", {"name": "t", "dataType": ["text"]})
    assert facts(one) == (Action.ADMIN, ("Docs",), (Risk.SCHEMA_CHANGE,))
    with pytest.raises(Refusal):
        judged("PUT", "/schema/Docs", {"class": "Secret"})


def test_drops_aliases_and_tenants() -> None:
    (one,) = judged("DELETE", "/schema/live", Live="Secret")
    assert facts(one) == (Action.ADMIN, ("Live", "Secret"), (Risk.DROP_COLLECTION,))
    (one,) = judged("PUT", "/aliases/live", {"class": "docs"}, Live="Secret")
    assert facts(one) == (Action.ADMIN, ("Live", "Secret", "Docs"), (Risk.ALIAS_CHANGE,))
    (one,) = judged("POST", "/aliases", {"alias": "new", "class": "live"}, Live="Secret")
    assert one.resources == ("New", "Secret")
    (one,) = judged("GET", "/aliases/live", Live="Secret")
    assert facts(one) == (Action.META, ("Secret",), ())
    (one,) = judged("DELETE", "/schema/Docs/tenants", ["a", "b"])
    assert facts(one) == (Action.ADMIN, ("Docs/a", "Docs/b"), (Risk.SCHEMA_CHANGE, Risk.BULK_DELETE))
    (one,) = judged("GET", "/schema/Docs/tenants/a")
    assert one.resources == ("Docs/a",)


@pytest.mark.parametrize(
    ("body", "resources", "risks"),
    [
        ({"id": "a"}, ("**",), (Risk.SNAPSHOT,)),
        ({"id": "a", "include": ["docs"]}, ("Docs",), (Risk.SNAPSHOT,)),
        ({"id": "a", "include": ["Docs"], "includeUsers": ["*"]}, ("Docs", "**"), (Risk.SNAPSHOT, Risk.ACCESS_CHANGE)),
        ({"id": "a", "include": ["Docs"], "config": {"Bucket": "x"}}, ("Docs",), (Risk.SNAPSHOT, Risk.EGRESS)),
    ],
)
def test_backups(body: dict[str, Any], resources: tuple[str, ...], risks: tuple[Risk, ...]) -> None:
    (one,) = judged("POST", "/backups/s3", body)
    assert facts(one) == (Action.ADMIN, resources, risks)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/objects/Docs/not-an-id", None),
        ("GET", f"/objects/9docs/{ID}", None),
        ("GET", "/objects?class=a/b", None),
        ("GET", "/objects?class=Docs&tenant=a/b", None),
        ("GET", "/objects?class=Docs&include=featureProjection", None),
        ("GET", "/objects?class=Docs&where=x", None),
        ("GET", "/schema", {}),
        ("POST", "/objects", {**DOC, "additional": {}}),
        ("POST", "/objects", {**DOC, "vector": ["a"]}),
        ("POST", "/objects", {**DOC, "tenant": "a/b"}),
        ("POST", "/objects", {**DOC, "properties": {"by": [{"beacon": "http://x"}]}}),
        ("POST", "/objects", {**DOC, "properties": {"by": [{"beacon": f"{BY}/{ID}"}, "a"]}}),
        ("POST", "/objects", {"properties": {}}),
        ("POST", "/objects", b"{"),
        ("DELETE", "/batch/objects", {"match": {"class": "Docs"}}),
        ("DELETE", "/batch/objects", {"match": {"class": "Docs", "where": {"operator": "Any"}}}),
        ("DELETE", "/batch/objects", {"match": {"class": "Docs", "where": {**WHERE, "path": ["by", "Person"]}}}),
        ("POST", "/batch/references", [{"from": f"{BY}/{ID}", "to": f"{BY}/{ID}"}]),
        ("POST", "/schema/Docs/tenants", [{"name": "a/b"}]),
        ("POST", "/schema/Docs/tenants", []),
    ],
)
def test_what_is_malformed_is_refused(method: str, path: str, body: Any) -> None:
    with pytest.raises(Refusal) as caught:
        judged(method, path, body)
    assert caught.value.reason in {"bad_body", "bad_target", "unknown_member", "unknown_operation"}
