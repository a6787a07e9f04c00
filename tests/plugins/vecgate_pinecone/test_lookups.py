"""Look-ups: the index of a backup or a restore job, and what is judged when there is none."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.pinecone_scene import PINECONE, answer, reading

from vecgate.errors import Unmaskable
from vecgate.operations.model import Action, Risk

BACKUP = {"backup_id": "b1", "source_index_name": "docs"}
ROUTES: dict[str, tuple[str, Any, tuple[tuple[str, ...], ...], tuple[tuple[str, ...], ...]]] = {
    "describe": ("GET /backups/b1", None, (("docs",),), (("**",),)),
    "delete": ("DELETE /backups/b1", None, (("docs", "docs/*"),), (("**",),)),
    "restore": (
        "POST /backups/b1/create-index",
        {"name": "new"},
        (("docs", "docs/*"), ("docs", "new"), ("docs/__default__", "new/__default__")),
        (("**",), ("**", "new"), ("**", "new/__default__")),
    ),
    "job": ("GET /restore-jobs/j1", None, (("docs",),), (("**",),)),
}


@pytest.mark.parametrize("name", ROUTES)
def test_the_index_is_judged_and_without_one_everything(name: str) -> None:
    route, body, known, unknown = ROUTES[name]
    asked = reading(route, body)
    (lookup,) = PINECONE.lookups(asked)
    assert tuple(one.resources for one in PINECONE.bind(asked, {lookup.key: "docs"}).operations) == known
    assert tuple(one.resources for one in PINECONE.bind(asked, {lookup.key: None}).operations) == unknown
    assert PINECONE.bind(asked, {}) is asked


def test_a_restore_copies_under_a_new_name() -> None:
    asked = reading("POST /backups/b1/create-index", {"name": "new"})
    (lookup,) = PINECONE.lookups(asked)
    bound = PINECONE.bind(asked, {lookup.key: "docs"}).operations
    assert {(one.action, one.risks) for one in bound} == {(Action.ADMIN, (Risk.RESTORE,))}
    assert [one.copies for one in bound] == [False, True, True]


def test_what_the_service_says_is_learnt() -> None:
    (lookup,) = PINECONE.lookups(reading("GET /backups/b1"))
    assert (lookup.request.method, lookup.request.path, lookup.name) == ("GET", "/backups/b1", "b1")
    assert PINECONE.learn(lookup, answer(BACKUP)) == "docs"
    assert PINECONE.learn(lookup, answer({"error": {}}, status=404)) is None


@pytest.mark.parametrize(
    ("document", "status"),
    [
        ({**BACKUP, "backup_id": "b2"}, 200),
        ({"backup_id": "b1"}, 200),
        ({**BACKUP, "source_index_name": "a/b"}, 200),
        ({**BACKUP, "source_index_name": "**"}, 200),
        (BACKUP, 201),
        ({}, 500),
        ([], 200),
    ],
    ids=str,
)
def test_what_cannot_be_understood_is_not_learnt(document: Any, status: int) -> None:
    (lookup,) = PINECONE.lookups(reading("GET /backups/b1"))
    with pytest.raises(Unmaskable):
        PINECONE.learn(lookup, answer(document, status=status))


def test_a_page_that_is_no_json_is_not_a_name_that_does_not_exist() -> None:
    (lookup,) = PINECONE.lookups(reading("GET /backups/b1"))
    with pytest.raises(Unmaskable):
        PINECONE.learn(lookup, answer(b"<html>", status=404, content_type="text/html"))


@pytest.mark.parametrize("route", ["GET /indexes/docs", "GET /backups", "POST /query"])
def test_nothing_else_is_looked_up(route: str) -> None:
    asked = reading(route, {"topK": 1} if "query" in route else None)
    assert PINECONE.lookups(asked) == ()
