from __future__ import annotations

from typing import Any

import pytest
from tests.support.milvus_rest import OPEN, FakeMilvus, decided, described, reply, unbound

from vecgate.errors import Unmaskable
from vecgate_milvus import rest

ONE = {"collectionName": "prod"}


@pytest.fixture
def fake() -> FakeMilvus:
    made = FakeMilvus()
    made.add("default/kb", "prod")
    made.add("default/secret", "hidden")
    return made


ROUTES: dict[str, dict[str, Any]] = {
    "entities/query": ONE,
    "entities/get": ONE | {"id": 1},
    "entities/search": ONE | {"data": [[0.5]]},
    "entities/hybrid_search": ONE | {"search": [{"data": [[0.5]]}]},
    "entities/delete": ONE | {"filter": "id == 1"},
    "entities/insert": ONE | {"data": [{"id": 1}]},
    "entities/upsert": ONE | {"data": [{"id": 1}]},
    "collections/has": ONE,
    "collections/describe": ONE,
    "collections/get_stats": ONE,
    "collections/load": ONE,
    "collections/truncate": ONE,
    "collections/flush": ONE,
    "partitions/drop": ONE | {"partitionName": "p"},
    "indexes/drop": ONE | {"indexName": "i"},
    "aliases/list": ONE,
    "jobs/import/create": ONE | {"files": [["a"]]},
}


@pytest.mark.parametrize("route", ROUTES)
def test_an_alias_is_judged_and_sent_as_what_it_stands_for(fake: FakeMilvus, route: str) -> None:
    """milvus-io/milvus #48061: in every verb."""
    read = fake.bound(unbound(route, ROUTES[route]))
    assert read.operations[0].resources == ("default/kb",)
    assert read.document["collectionName"] == "kb"
    assert b'"collectionName":"kb"' in rest.rewrite(read, decided(OPEN)).body


@pytest.mark.parametrize(
    ("route", "more"), [("collections/drop", {}), ("collections/rename", {"newCollectionName": "new"})]
)
def test_what_the_server_does_not_do_by_an_alias_is_judged_by_it_and_sent_as_written(
    fake: FakeMilvus, route: str, more: dict[str, Any]
) -> None:
    read = fake.bound(unbound(route, ONE | more))
    assert read.operations[0].resources[:2] == ("default/kb", "default/prod")
    assert b'"collectionName":"prod"' in rest.rewrite(read, decided(OPEN)).body


@pytest.mark.parametrize(
    ("route", "body", "resources"),
    [
        ("aliases/describe", {"aliasName": "hidden"}, ("default/hidden", "default/secret")),
        ("aliases/drop", {"aliasName": "hidden"}, ("default/hidden", "default/secret")),
        (
            "aliases/alter",
            {"aliasName": "hidden", "collectionName": "kb"},
            ("default/kb", "default/hidden", "default/secret"),
        ),
        (
            "aliases/alter",
            {"aliasName": "hidden", "collectionName": "prod"},
            ("default/kb", "default/hidden", "default/secret"),
        ),
        ("aliases/create", {"aliasName": "new", "collectionName": "kb"}, ("default/kb", "default/new")),
    ],
)
def test_a_changed_alias_is_judged_with_all_its_names(
    fake: FakeMilvus, route: str, body: dict[str, Any], resources: tuple[str, ...]
) -> None:
    assert fake.bound(unbound(route, body)).operations[0].resources == resources


def test_a_name_that_does_not_exist_stays_as_written(fake: FakeMilvus) -> None:
    read = fake.bound(unbound("entities/query", {"collectionName": "nothing"}))
    assert read.operations[0].resources == ("default/nothing",)
    assert b'"collectionName":"nothing"' in rest.rewrite(read, decided(OPEN)).body


def test_a_new_collection_is_not_looked_up(fake: FakeMilvus) -> None:
    assert rest.lookups(unbound("collections/create", {"collectionName": "prod", "dimension": 4})) == []


def test_the_names_of_a_batch_are_full_resources() -> None:
    read = unbound("entities/query", ONE)
    names = {lookup.key: "default/kb" for lookup in rest.lookups(read) if lookup.name == "prod"}
    assert rest.bind(read, names).operations[0].resources == ("default/kb",)


ALIAS, FIELDS = rest.lookups(unbound("entities/query", ONE))


@pytest.mark.parametrize(
    "answer",
    [
        reply({"code": 1, "message": "not ready"}),
        reply({"code": 1401, "message": "no privilege"}),
        reply({"code": 0, "data": {}}),
        reply({"code": 0, "data": {"collectionName": "kb", "aliasName": "other"}}),
        reply({"code": 0, "data": {"collectionName": "kb", "aliasName": "prod", "dbName": "hr"}}),
        reply({"code": 0, "data": {"collectionName": "a/b", "aliasName": "prod"}}),
        reply({"code": 0, "data": {"collectionName": "*", "aliasName": "prod"}}),
        reply({"code": "0"}),
        reply([]),
        reply({"code": 1600}, 404),
        reply(b"404 page not found", 404, "text/plain"),
        reply(b"", 200),
    ],
)
def test_an_answer_that_says_nothing_certain_of_a_name_is_withheld(answer: Any) -> None:
    with pytest.raises(Unmaskable):
        rest.learn(answer, ALIAS)


@pytest.mark.parametrize(
    "data",
    [
        None,
        {"fields": []},
        {**described(), "fields": [{"name": "id", "type": "NewVector", "primaryKey": True}]},
        {**described(), "fields": [{"name": "id"}]},
        {**described(), "structFields": [{"name": "s", "fields": [{"name": "v", "type": "NewVector"}]}]},
        {**described(), "aliases": [5]},
    ],
)
def test_a_description_that_is_not_understood_is_withheld(data: Any) -> None:
    with pytest.raises(Unmaskable):
        rest.learn(reply({"code": 0, "data": data}), FIELDS)


@pytest.mark.parametrize("code", [100, 800])
def test_a_collection_that_does_not_exist_has_no_fields(code: int) -> None:
    assert rest.learn(reply({"code": code, "message": "x"}), FIELDS) is None


@pytest.mark.parametrize(("stands_for", "aliases"), [("default/kb", ()), ("default/prod", ("prod",))])
def test_two_answers_that_contradict_each_other_are_withheld(stands_for: str, aliases: tuple[str, ...]) -> None:
    """An alias that was changed between them would be masked by another collection's fields."""
    known = rest.learn(reply({"code": 0, "data": described("prod", aliases=aliases)}), FIELDS)
    with pytest.raises(Unmaskable):
        rest.bind(unbound("entities/query", ONE), {ALIAS.key: stands_for, FIELDS.key: known})


def test_a_name_of_another_database_is_withheld() -> None:
    with pytest.raises(Unmaskable):
        rest.bind(unbound("entities/query", ONE), {ALIAS.key: "hr/kb"})


@pytest.mark.parametrize("route", ROUTES)
def test_a_reading_can_be_bound_again(fake: FakeMilvus, route: str) -> None:
    """As it is at the release of a held request: the same is asked, and what is answered then counts."""
    read = unbound(route, ROUTES[route])
    once = fake.bound(read)
    assert list(rest.lookups(once)) == list(rest.lookups(read))
    fake.aliases["default/prod"] = "secret"
    fake.collections["default/secret"]["aliases"].append("prod")
    again = fake.bound(once)
    assert again.operations[0].resources == ("default/secret",)
    assert again.document["collectionName"] == "secret"
