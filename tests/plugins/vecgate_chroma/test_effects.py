from __future__ import annotations

import pytest
from tests.support.chroma_scene import COLLECTION, DATABASE, PARENT, UUID, unbound

from vecgate.errors import Refusal
from vecgate.operations.model import Operation


def only(path: str, body: object) -> Operation:
    (operation,) = unbound("POST", f"{COLLECTION}/{path}", body).operations
    return operation


@pytest.mark.parametrize(
    ("path", "body", "count", "points"),
    [
        ("get", {"ids": ["a", "b"]}, 1, 2),
        ("get", {"ids": ["a", "b"], "limit": 1}, 1, 1),
        ("get", {"limit": 7}, 1, 7),
        ("get", {}, 1, None),
        ("query", {"query_embeddings": [[1], [2], [3]]}, 3, 30),
        ("query", {"query_embeddings": [[1], [2]], "n_results": 5}, 2, 10),
        ("query", {"query_embeddings": [[1]], "n_results": 0}, 1, 0),
        ("add", {"ids": ["a", "b"], "embeddings": [[1], [2]]}, 2, 0),
        ("delete", {"ids": ["a", "b", "c"]}, 3, 0),
        ("delete", {"where": {"a": 1}}, 1, 0),
        ("search", {"searches": [{"limit": {"limit": 4}}]}, 1, 4),
    ],
)
def test_every_element_counts(path: str, body: object, count: int, points: int | None) -> None:
    operation = only(path, body)
    assert (operation.count, operation.points) == (count, points)


def test_every_search_of_a_batch_is_an_operation_of_its_own() -> None:
    searches = [{"filter": {"a": 1}}, {"filter": {"ssn": 1}}, {"rank": {"$mul": [{"$val": 1}, {"$val": 2}]}}]
    operations = unbound("POST", f"{COLLECTION}/search", {"searches": searches}).operations
    assert [operation.fields_used for operation in operations] == [("a",), ("ssn",), ()]
    assert [operation.scores_steer for operation in operations] == [False, False, True]


@pytest.mark.parametrize("name", ["#score", "#embedding"])
def test_a_filter_on_scores_or_vectors_is_a_threshold(name: str) -> None:
    (operation,) = unbound("POST", f"{COLLECTION}/search", {"searches": [{"filter": {name: {"$gt": 0.5}}}]}).operations
    assert operation.scores_steer
    assert operation.fields_used == ()


@pytest.mark.parametrize(
    "search",
    [
        {"group_by": {"keys": ["a"], "aggregate": {"$avg": {"keys": ["a"], "k": 1}}}},
        {"group_by": {"keys": ["a"], "aggregate": {"$min_k": {"keys": ["a"]}}}},
        {"group_by": {"keys": ["a"], "aggregate": {"$min_k": {"keys": ["a"], "k": "1"}}}},
        {"group_by": {"keys": ["a"], "aggregate": {"$min_k": {"keys": ["a"], "k": 1}, "$max_k": {}}}},
        {"filter": {"query_ids": [1]}},
        {"filter": {"where_clause": {"$eq": 1}}},
    ],
)
def test_a_search_that_is_not_understood_is_refused(search: object) -> None:
    with pytest.raises(Refusal):
        unbound("POST", f"{COLLECTION}/search", {"searches": [search]})


def test_evidence_gets_filters_and_ids_but_no_vector() -> None:
    vector = [0.123456] * 60
    operation = only(
        "query",
        {
            "query_embeddings": [vector],
            "where": {"k": {"$in": list(range(60))}},
            "n_results": 3,
            "ids": [str(n) for n in range(200)],
        },
    )
    assert operation.query["where"] == {"k": {"$in": list(range(60))}}
    assert operation.query["records"] == 200
    assert len(operation.query["ids"]) == 100
    (kept,) = operation.query["vectors"]
    assert set(kept) == {"dimension", "norm", "sha256"}
    assert kept["dimension"] == 60
    assert "0.123456" not in str(operation.query)


def test_written_documents_are_not_kept() -> None:
    operation = only("add", {"ids": ["a"], "embeddings": [[1]], "documents": ["secret text"]})
    assert operation.query == {"ids": ["a"], "records": 1}


def test_the_unresolved_uuid_stands_in_the_last_segment() -> None:
    assert only("get", {}).resources == (f"{PARENT}/{UUID}",)


@pytest.mark.parametrize("query", ["tenant=other", "tenant=default_tenant&tenant=other", "tenant="])
def test_a_tenant_named_twice_is_one_tenant(query: str) -> None:
    assert unbound("GET", f"{DATABASE}?tenant=default_tenant").operations[0].resources == (PARENT,)
    with pytest.raises(Refusal):
        unbound("GET", f"{DATABASE}?{query}")
