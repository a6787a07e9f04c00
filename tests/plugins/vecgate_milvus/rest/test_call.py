from __future__ import annotations

from typing import Any

import pytest
from tests.support.milvus_rest import OPEN, decided, operation, unbound

from vecgate.errors import Refusal
from vecgate.reasons import Reason
from vecgate_milvus import rest


@pytest.mark.parametrize(
    ("body", "header", "database"),
    [
        ({}, None, "default"),
        ({"dbName": "hr"}, None, "hr"),
        ({}, "hr", "hr"),
        ({"dbName": "hr"}, "hr", "hr"),
        ({"dbName": ""}, "hr", "hr"),
        ({"dbName": None}, "hr", "hr"),
        ({"dbName": "hr"}, "", "hr"),
    ],
)
def test_body_and_header_mean_one_database(body: dict[str, Any], header: str | None, database: str) -> None:
    """milvus-io/milvus #27667, #50678: what is judged is the database that the request means, sent in both places."""
    read = unbound("entities/query", {"collectionName": "kb", **body}, {} if header is None else {"db-name": header})
    assert read.operations[0].resources == (f"{database}/kb",)
    sent = rest.rewrite(read, decided(OPEN))
    assert dict(sent.headers)["db-name"] == database
    assert b'"dbName":"%s"' % database.encode() in sent.body


@pytest.mark.parametrize(
    ("body", "header"),
    [("hr", "default"), ("default", "hr"), ("hr", "HR"), ("", "hr/*"), ("", "*"), ("", "h r"), ("a/b", ""), ("*", "")],
)
def test_two_databases_or_none_are_refused(body: str, header: str) -> None:
    with pytest.raises(Refusal) as caught:
        unbound("entities/query", {"collectionName": "kb", "dbName": body}, {"db-name": header})
    assert caught.value.reason is Reason.BAD_BODY


def test_a_route_without_a_database_in_its_body_goes_by_the_header() -> None:
    body = {"collectionName": "kb", "sourceRgName": "a", "targetRgName": "b", "replicaNum": 1}
    found = operation("resource_groups/transfer_replica", body, {"db-name": "hr"})
    assert found.resources == ("hr/kb", "**")


def test_the_database_of_a_right_is_not_the_database_of_the_request() -> None:
    body = {"roleName": "r", "dbName": "*", "collectionName": "*", "privilege": "p"}
    assert unbound("roles/grant_privilege_v2", body).document == body


def test_null_is_not_sent_but_in_what_is_written() -> None:
    body = {"collectionName": "kb", "partitionName": None, "data": [{"id": 1, "note": None}]}
    read = unbound("entities/insert", body)
    assert read.document == {"collectionName": "kb", "dbName": "default", "data": [{"id": 1, "note": None}]}


def test_null_in_a_part_of_a_search_is_not_given() -> None:
    part = {"data": [[0.5]], "filter": None, "params": None, "exprParams": None}
    read = unbound("entities/hybrid_search", {"collectionName": "kb", "search": [part], "rerank": None})
    assert read.document["search"] == [{"data": [[0.5]]}]
