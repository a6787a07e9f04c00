from __future__ import annotations

from typing import Any

import pytest
from tests.support.milvus_rest import OPEN, FakeMilvus, decided, document, masks, reply, unbound

from vecgate.errors import Unmaskable
from vecgate_milvus import rest


def visible(resource: str) -> bool:
    return resource in {"default", "default/kb", "default/prod"}


@pytest.fixture
def fake() -> FakeMilvus:
    made = FakeMilvus()
    made.add("default/kb", "prod", "hidden_prod")
    made.add("default/secret", "other")
    made.add("hr/people")
    return made


def shown(fake: FakeMilvus, route: str, body: Any = None) -> Any:
    return document(fake.through(masks(), route, body or {}, visible=visible))["data"]


def test_lists_show_what_the_caller_may_see(fake: FakeMilvus) -> None:
    assert shown(fake, "collections/list") == ["kb"]
    assert shown(fake, "collections/list", {"dbName": "hr"}) == []
    assert shown(fake, "databases/list") == ["default"]
    assert shown(fake, "aliases/list") == ["prod"]


def test_a_collection_that_may_not_be_seen_does_not_exist(fake: FakeMilvus) -> None:
    assert shown(fake, "collections/has", {"collectionName": "kb"}) == {"has": True}
    assert shown(fake, "collections/has", {"collectionName": "secret"}) == {"has": False}
    assert shown(fake, "collections/has", {"collectionName": "other"}) == {"has": False}
    assert shown(fake, "collections/has", {"collectionName": "nothing"}) == {"has": False}


def test_a_description_has_no_secrets(fake: FakeMilvus) -> None:
    fake.collections["default/kb"]["fields"][2]["defaultValue"] = {"Data": {"StringData": "deep-secret"}}
    answer = document(
        fake.through(masks({"ssn": "redact"}), "collections/describe", {"collectionName": "prod"}, visible=visible)
    )["data"]
    assert answer["collectionName"] == "kb"
    assert answer["aliases"] == ["prod"]
    assert answer["functions"][0]["params"] == [{"key": "k", "value": "v"}]
    assert "deep-secret" not in str(answer)
    assert [field["name"] for field in answer["fields"]][:3] == ["id", "title", "ssn"]


def test_an_alias_is_described_as_it_was_judged(fake: FakeMilvus) -> None:
    assert shown(fake, "aliases/describe", {"aliasName": "prod"})["collectionName"] == "kb"


@pytest.mark.parametrize(
    ("route", "body", "data"),
    [
        ("collections/describe", {"collectionName": "kb"}, {"collectionName": "secret", "fields": []}),
        ("collections/describe", {"collectionName": "kb"}, {"collectionName": "kb", "fields": [], "other": 1}),
        ("databases/describe", {"dbName": "default"}, {"dbName": "hr"}),
        ("collections/list", {}, ["kb", 5]),
        ("collections/list", {}, {"a": 1}),
        ("collections/has", {"collectionName": "kb"}, {"has": "yes"}),
        ("collections/drop", {"collectionName": "kb"}, {"vectors": [[0.5]]}),
        ("entities/insert", {"collectionName": "kb", "data": []}, {"insertIds": [0.5]}),
        ("entities/delete", {"collectionName": "kb", "filter": "id == 1"}, [{"id": 1}]),
        ("users/list", {}, [{"name": "u"}]),
        ("indexes/describe", {"collectionName": "kb", "indexName": "i"}, [{"sample": [0.5]}]),
    ],
)
def test_an_unexpected_answer_is_withheld(fake: FakeMilvus, route: str, body: Any, data: Any) -> None:
    fake.replies[route] = {"code": 0, "data": data}
    if route == "collections/describe":
        fake.aliases.clear()
    with pytest.raises(Unmaskable):
        fake.through(OPEN, route, body)


def test_an_alias_that_changed_meanwhile_is_withheld(fake: FakeMilvus) -> None:
    read = fake.bound(unbound("aliases/describe", {"aliasName": "prod"}))
    answer = reply({"code": 0, "data": {"collectionName": "secret", "aliasName": "prod", "dbName": "default"}})
    with pytest.raises(Unmaskable):
        rest.mask(read, decided(OPEN), answer)


JOBS = [
    {"jobId": "1", "collectionName": "kb", "state": "Failed", "progress": 5, "reason": "row 900-11"},
    {"jobId": "2", "collectionName": "secret", "state": "Completed", "progress": 100},
    {"jobId": "3", "collectionName": "kb", "dbName": "hr", "state": "Completed", "progress": 100},
]


@pytest.mark.parametrize("route", ["jobs/import/list", "jobs/snapshot/list", "jobs/external_collection/list"])
def test_jobs_show_what_the_caller_may_see_and_not_why_they_failed(fake: FakeMilvus, route: str) -> None:
    fake.replies[route] = {"code": 0, "data": {"records": JOBS}}
    assert shown(fake, route) == {"records": [{"jobId": "1", "collectionName": "kb", "state": "Failed", "progress": 5}]}


def test_a_job_does_not_say_why_it_failed(fake: FakeMilvus) -> None:
    details = [{"fileName": "a.json", "reason": "row 900-11", "progress": 5}]
    fake.replies["jobs/import/describe"] = {
        "code": 0,
        "data": {"jobId": "1", "state": "Failed", "reason": "row 900-11", "details": details},
    }
    assert "900-11" not in str(shown(fake, "jobs/import/describe", {"jobId": "1"}))


def test_the_one_answer_without_an_envelope(fake: FakeMilvus) -> None:
    fake.replies["resource_groups/describe"] = {"resource_group": {"name": "g", "capacity": 1}}
    assert shown(fake, "resource_groups/describe", {"name": "g"}) == {"resource_group": {"name": "g", "capacity": 1}}
