"""What is asked of the database's REST port, what its answers say, and what follows from what they do not."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.support.weaviate_calls import OTHER, UUID, clause, multi, request, single

from vecgate.errors import Refusal, Unmaskable
from vecgate.operations.messages import Answer
from vecgate.operations.model import Action, Risk
from vecgate_weaviate import calls
from vecgate_weaviate.known import ALIASES, SCHEMA, Collection, Known, learnt

SCHEMA_SAID = {
    "classes": [
        {
            "class": "Docs",
            "properties": [
                {"name": "title", "dataType": ["text"]},
                {"name": "place", "dataType": ["geoCoordinates"]},
                {"name": "author", "dataType": ["Person"]},
                {"name": "about", "dataType": ["Docs", "Person"]},
                {"name": "owner", "dataType": ["ns:Person"]},
            ],
        },
        {"class": "Person", "properties": None},
        {"class": "Empty"},
    ]
}
ALIASES_SAID = {"aliases": [{"alias": "Kb", "class": "Docs"}]}


def answer(document: Any, status: int = 200) -> Answer:
    return Answer(status, (("content-type", "application/json"),), msgspec.json.encode(document))


def test_answers_say_what_names_stand_for_and_where_references_lead() -> None:
    assert learnt(answer(ALIASES_SAID), ALIASES) == {"Kb": "Docs"}
    assert learnt(answer(SCHEMA_SAID), SCHEMA) == {
        "Docs": Collection(
            {"title": (), "place": (), "author": ("Person",), "about": ("Docs", "Person"), "owner": ("**",)}
        ),
        "Person": Collection(),
        "Empty": Collection(),
    }


@pytest.mark.parametrize("document", [{}, {"aliases": None}, {"aliases": []}])
def test_a_database_may_have_no_aliases(document: Any) -> None:
    assert learnt(answer(document), ALIASES) == {}


def test_a_database_may_know_nothing_of_aliases() -> None:
    assert learnt(answer({"code": 404}, 404), ALIASES) == {}
    with pytest.raises(Unmaskable):
        learnt(answer({"code": 404}, 404), SCHEMA)


@pytest.mark.parametrize("document", [{"classes": {}}, {"classes": [1]}, {"classes": [{"class": 1}]}, {"classes": "x"}])
def test_an_answer_that_is_none_is_withheld(document: Any) -> None:
    with pytest.raises(Unmaskable):
        learnt(answer(document), SCHEMA)


@pytest.mark.parametrize("kinds", [None, "Secret", [1], {}])
def test_a_property_of_no_type_is_withheld(kinds: Any) -> None:
    properties = [{"name": "x", "dataType": kinds}]
    with pytest.raises(Unmaskable):
        learnt(answer({"classes": [{"class": "Docs", "properties": properties}]}), SCHEMA)


@pytest.mark.parametrize("status", [401, 403, 500])
def test_a_failure_is_no_answer(status: int) -> None:
    for lookup in (ALIASES, SCHEMA):
        with pytest.raises(Unmaskable):
            learnt(answer({}, status), lookup)


def test_what_is_no_document_is_no_answer() -> None:
    with pytest.raises(Refusal):
        learnt(Answer(200, (), b"{"), SCHEMA)


DOCS = {"collection": "Docs"}
LINK = {"from_collection": "Docs", "name": "author", "from_uuid": UUID, "to_uuid": OTHER}
ASKING: dict[str, tuple[str, dict[str, Any], bool]] = {
    "a search": ("Search", DOCS, False),
    "a filter": ("Search", {**DOCS, "filters": clause("x")}, False),
    "a filter of a collection it names": ("Search", {**DOCS, "filters": clause(multi("about", "B", "x"))}, False),
    "a filter behind a reference": ("Search", {**DOCS, "filters": clause(single("author", "x"))}, True),
    "a reference": ("Search", {**DOCS, "properties": {"ref_properties": [{"reference_property": "author"}]}}, True),
    "objects": ("BatchObjects", {"objects": [{"collection": "Docs", "uuid": UUID}]}, True),
    "a link into a collection it names": ("BatchReferences", {"references": [{**LINK, "to_collection": "B"}]}, False),
    "a link": ("BatchReferences", {"references": [LINK]}, True),
    "a delete": ("BatchDelete", {**DOCS, "filters": clause("x")}, False),
    "tenants": ("TenantsGet", DOCS, False),
}


@pytest.mark.parametrize("name", ASKING)
def test_the_schema_is_asked_for_where_something_hangs_on_it(name: str) -> None:
    method, message, schema = ASKING[name]
    lookups = calls.lookups(calls.read(request(method, message)))
    assert lookups == ((ALIASES, SCHEMA) if schema else (ALIASES,))


def test_health_asks_for_no_names() -> None:
    assert calls.lookups(calls.read(request("Check", {}, "grpc.health.v1.Health"))) == ()


def test_names_are_bound_to_what_was_learnt() -> None:
    read = calls.read(request("Search", {"collection": "kb", "filters": clause(single("author", "ssn"))}))
    names = {
        ALIASES.key: learnt(answer(ALIASES_SAID), ALIASES),
        SCHEMA.key: learnt(answer(SCHEMA_SAID), SCHEMA),
    }
    bound = calls.bind(read, names)
    assert [one.resources for one in bound.operations] == [("Docs",), ("Person",)]
    assert bound.names == names
    again = calls.bind(
        bound, {ALIASES.key: {"Kb": "Other"}, SCHEMA.key: {"Other": Collection({"author": ("Secret",)})}}
    )
    assert [one.resources for one in again.operations] == [("Other",), ("Secret",)]


def test_names_that_classify_is_given_are_aliases() -> None:
    read = calls.read(request("Search", {"collection": "kb"}))
    assert calls.bind(read, {ALIASES.key: {"Kb": "Docs"}}).operations[0].resources == ("Docs",)


def test_a_collection_that_the_write_would_create_is_administered() -> None:
    read = calls.read(request("BatchObjects", {"objects": [{"collection": "New", "uuid": UUID}]}))
    assert [one.action for one in read.operations] == [Action.WRITE]
    bound = calls.bind(read, {ALIASES.key: {}, SCHEMA.key: {"Docs": Collection()}})
    assert [(one.action, one.resources, one.risks) for one in bound.operations] == [
        (Action.WRITE, ("New",), ()),
        (Action.ADMIN, ("New",), (Risk.SCHEMA_CHANGE,)),
    ]
    assert len(calls.bind(read, {ALIASES.key: {}, SCHEMA.key: {"New": Collection()}}).operations) == 1


def test_what_nobody_knows_stands_for_everything() -> None:
    known = Known({}, {"Docs": Collection({"about": ("Docs", "Person")})})
    assert known.target("Docs", "about", "person") == "Person"
    assert known.target("Docs", "about", "Secret") == "**"
    assert known.target("Docs", "about", "") == "**"
    assert known.target("Docs", "x", "Person") == "**"
    assert known.target("**", "x", "Person") == "**"
    assert Known().target("Docs", "about", "secret") == "Secret"


TENANTS_SAID = {"enabled": True, "autoTenantCreation": True}
NESTED_SAID = {"name": "home", "dataType": ["object"], "nestedProperties": [{"name": "town", "dataType": ["text"]}]}


@pytest.mark.parametrize(
    ("tenancy", "tenants", "makes"),
    [
        (None, False, False),
        ({"enabled": False, "autoTenantCreation": True}, False, False),
        ({"enabled": True}, True, False),
        (TENANTS_SAID, True, True),
    ],
)
def test_the_schema_says_who_has_tenants(tenancy: Any, tenants: bool, makes: bool) -> None:
    said = {"classes": [{"class": "Docs", "multiTenancyConfig": tenancy}]}
    known = Known({}, learnt(answer(said), SCHEMA))
    assert (known.tenanted("Docs"), known.makes_tenants("Docs")) == (tenants, makes)
    assert known.tenanted("Other")
    assert not known.makes_tenants("Other")


@pytest.mark.parametrize("described", [{"multiTenancyConfig": [1]}, {"properties": {"a": 1}}])
def test_a_collection_that_is_none_is_withheld(described: dict[str, Any]) -> None:
    with pytest.raises(Unmaskable):
        learnt(answer({"classes": [{"class": "Docs", **described}]}), SCHEMA)


@pytest.mark.parametrize(
    ("names", "lacks"),
    [
        (["home", "home.town", "place", "place.latitude"], False),
        (["home.zip"], True),
        (["wage"], True),
        (["wage.a"], False),  # its own name says it
        ([], False),
    ],
)
def test_properties_that_a_write_would_make(names: list[str], lacks: bool) -> None:
    properties = [NESTED_SAID, {"name": "place", "dataType": ["geoCoordinates"]}]
    known = Known({}, learnt(answer({"classes": [{"class": "Docs", "properties": properties}]}), SCHEMA))
    assert known.lacks("Docs", names) is lacks
    assert not known.lacks("Other", names)
    assert not Known().lacks("Docs", names)


@pytest.mark.parametrize(
    ("collection", "tenant", "resources"),
    [
        ("Plain", "", ("Plain",)),
        ("Plain", "acme", ("Plain",)),
        ("Rooms", "", ("Rooms",)),
        ("Rooms", "acme", ("Rooms/acme",)),
        ("Other", "acme", ("Other", "Other/acme")),
        ("**", "acme", ("**",)),
    ],
)
def test_references_lead_to_the_same_tenant(collection: str, tenant: str, resources: tuple[str, ...]) -> None:
    known = Known({}, {"Plain": Collection(), "Rooms": Collection(tenants=True)})
    assert known.led(collection, tenant) == resources
