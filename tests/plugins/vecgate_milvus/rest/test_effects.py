from __future__ import annotations

from typing import Any

import pytest
from tests.support.milvus_rest import FakeMilvus, operation, unbound

from vecgate.errors import Refusal
from vecgate.operations.model import Operation, Risk
from vecgate.reasons import Reason

VECTOR = [0.5, 0.25]


def one(route: str, **body: Any) -> Operation:
    return operation(f"entities/{route}", {"collectionName": "kb", **body})


def bound(route: str, **body: Any) -> Operation:
    """With what the database says of the collection."""
    fake = FakeMilvus()
    fake.add("default/kb", "prod")
    (found,) = fake.bound(unbound(f"entities/{route}", {"collectionName": "kb", **body})).operations
    return found


@pytest.mark.parametrize(
    ("body", "points", "risks"),
    [
        ({}, 100, ()),
        ({"limit": 5}, 5, ()),
        ({"limit": 1000}, 1000, ()),
        ({"limit": 1001}, 1001, (Risk.BULK_EXPORT,)),
        ({"limit": 0, "filter": "year > 0"}, None, (Risk.BULK_EXPORT,)),
        ({"limit": 0, "filter": "id in [1, 2]"}, 2, ()),
        ({"limit": 1, "filter": "id in [1, 2]"}, 1, ()),
        ({"filter": "id in {keys}", "exprParams": {"keys": [1, 2, 3]}}, 3, ()),
        ({"filter": "id in {keys}", "limit": 0, "exprParams": {"keys": list(range(99))}}, 99, ()),
        ({"outputFields": ["count(*)"]}, 0, ()),
        ({"outputFields": [" COUNT(*) "], "limit": 0}, 0, ()),
    ],
)
def test_a_query_brings_so_many_records(body: dict[str, Any], points: int | None, risks: tuple[Risk, ...]) -> None:
    found = bound("query", **body)
    assert (found.points, found.risks) == (points, risks)


@pytest.mark.parametrize(
    ("names", "vectors"),
    [
        (None, True),
        (["*"], True),
        (["%"], True),
        (["title", "*"], True),
        (["title"], False),
        ([], False),
        (["vector"], True),
        (["words"], True),
        (["bits"], True),
        (["count(*)"], False),
    ],
)
def test_vectors_come_back_by_name_and_by_default(names: list[str] | None, vectors: bool) -> None:
    """milvus-io/milvus #25487."""
    for route, body in (("query", {}), ("get", {"id": 1})):
        more = {} if names is None else {"outputFields": names}
        assert bound(route, **body, **more).vectors is vectors


@pytest.mark.parametrize(
    ("body", "vectors"),
    [
        ({}, False),
        ({"outputFields": ["*"]}, True),
        ({"outputFields": ["v"], "annsField": "v"}, True),
        ({"outputFields": ["my_embedding"]}, True),
        ({"outputFields": ["title"], "annsField": "v"}, False),
    ],
)
def test_where_a_collection_is_not_described_names_tell_vectors(body: dict[str, Any], vectors: bool) -> None:
    assert one("search", data=[VECTOR], **body).vectors is vectors


@pytest.mark.parametrize(
    ("body", "count", "points", "risks"),
    [
        ({"data": [VECTOR]}, 1, 100, ()),
        ({"data": [VECTOR, VECTOR], "limit": 10}, 2, 20, ()),
        ({"data": [VECTOR], "limit": 10, "groupingField": "year", "groupSize": 3}, 1, 30, ()),
        ({"data": [VECTOR] * 11, "limit": 100}, 11, 1100, (Risk.BULK_EXPORT,)),
        ({"data": [VECTOR], "limit": 0}, 1, 100, ()),
    ],
)
def test_a_search_counts_its_queries(body: dict[str, Any], count: int, points: int, risks: tuple[Risk, ...]) -> None:
    found = one("search", **body)
    assert (found.count, found.points, found.risks) == (count, points, risks)


BOOST = {"name": "b", "type": "Rerank", "params": {"reranker": "boost", "filter": 'ssn == "1"', "weight": 0.5}}
DECAY = {"name": "d", "type": "Rerank", "inputFieldNames": ["year"], "params": {"reranker": "decay", "scale": 5}}
MODEL = {"name": "m", "type": "Rerank", "inputFieldNames": ["title"], "params": {"reranker": "model", "queries": "q"}}
RANDOM = {"name": "r", "type": "Rerank", "params": {"reranker": "boost", "random_score": {"seed": 1, "field": "ssn"}}}


@pytest.mark.parametrize(
    ("body", "fields", "scores", "risks"),
    [
        ({"filter": 'meta["ssn"] == "1" and year > 2000'}, ("meta.ssn", "year"), False, ()),
        ({"filter": "$meta['a'] == {x}", "exprParams": {"x": 1}}, ("a",), False, ()),
        ({"groupingField": "ssn"}, ("ssn",), False, ()),
        ({"groupingField": 'meta["ssn"]'}, ("meta.ssn",), False, ()),
        ({"searchParams": {"radius": 0.5}}, (), True, ()),
        ({"searchParams": {"params": {"range_filter": 0.5}}}, (), True, ()),
        ({"searchParams": {"params": {"nprobe": 5}, "metric_type": "L2"}}, (), False, ()),
        ({"params": {"radius": 0.5}}, (), True, ()),
        ({"functionScore": {"functions": [BOOST]}}, ("ssn",), True, ()),
        ({"functionScore": {"functions": [DECAY]}}, ("year",), True, ()),
        ({"functionScore": {"functions": [MODEL]}}, ("title",), True, (Risk.EGRESS,)),
        ({"functionScore": {"functions": [RANDOM]}}, ("ssn",), True, ()),
        ({"annsField": "vector"}, (), False, ()),
        ({"annsField": "words"}, ("title",), False, ()),
    ],
)
def test_a_search_is_steered(
    body: dict[str, Any], fields: tuple[str, ...], scores: bool, risks: tuple[Risk, ...]
) -> None:
    found = bound("search", data=[VECTOR], **body)
    assert (found.fields_used, found.scores_steer, found.risks) == (fields, scores, risks)


def test_a_hybrid_search_is_steered_by_each_part() -> None:
    parts = [
        {"data": [VECTOR], "annsField": "vector", "filter": "year > 1", "params": {"radius": 0.5}},
        {"data": ["a text"], "annsField": "words", "filter": 'ssn == "1"', "groupingField": "a"},
    ]
    for route in ("hybrid_search", "advanced_search"):
        found = bound(route, search=parts, groupingField="b", rerank={"strategy": "rrf", "params": {"k": 60}}, limit=5)
        assert found.fields_used == ("a", "b", "ssn", "title", "year")
        assert (found.scores_steer, found.points, found.count) == (True, 5, 2)
        assert found.query["searches"][1]["texts"] == ["a text"]


@pytest.mark.parametrize(
    ("body", "fields", "count", "risks"),
    [
        ({"filter": "id in [1, 2]"}, ("id",), 2, ()),
        ({"filter": "id == 1"}, ("id",), 1, ()),
        ({"filter": f"id in {list(range(11))}"}, ("id",), 11, (Risk.BULK_DELETE,)),
        ({"filter": "id >= 0"}, ("id",), 1, (Risk.BULK_DELETE,)),
        ({"filter": "id in [1] or year > 0"}, ("id", "year"), 1, (Risk.BULK_DELETE,)),
        ({"filter": 'ssn in ["1"]'}, ("ssn",), 1, (Risk.BULK_DELETE,)),
        ({"filter": "id in {k}", "exprParams": {"k": [1, 2]}}, ("id",), 2, ()),
    ],
)
def test_a_delete_by_few_keys_is_no_bulk_delete(
    body: dict[str, Any], fields: tuple[str, ...], count: int, risks: tuple[Risk, ...]
) -> None:
    found = bound("delete", **body)
    assert (found.fields_used, found.count, found.risks) == (fields, count, risks)


def test_many_upserts_are_a_bulk_update() -> None:
    assert one("upsert", data=[{"id": 1}] * 1000).risks == ()
    assert one("upsert", data=[{"id": 1}] * 1001).risks == (Risk.BULK_UPDATE,)
    assert one("insert", data=[{"id": 1}] * 1001).count == 1001


def test_get_is_bounded_by_its_keys() -> None:
    assert one("get", id="a").points == 1
    many = one("get", id=list(range(1001)))
    assert (many.count, many.points, many.risks) == (1001, 1001, (Risk.BULK_EXPORT,))
    assert len(many.query["ids"]) == 100


@pytest.mark.parametrize("key", ['x"] or ssn == "1', "x\\", "a\nb", 1.5, True, {"a": 1}, ["x\\"], [[1]]])
def test_a_key_cannot_leave_its_quotes(key: Any) -> None:
    """The server writes the keys of `get` into a filter expression as they are."""
    with pytest.raises(Refusal) as caught:
        one("get", id=key)
    assert caught.value.reason is Reason.BAD_BODY


@pytest.mark.parametrize("kind", ["TextEmbedding", "Rerank", "anything"])
def test_a_function_that_is_not_the_databases_own_sends_texts_outside(kind: str) -> None:
    made = {"collectionName": "kb", "schema": {"fields": [], "functions": [{"name": "f", "type": kind}]}}
    assert operation("collections/create", made).risks == (Risk.EGRESS,)


def test_an_own_function_does_not() -> None:
    made = {"collectionName": "kb", "schema": {"fields": [], "functions": [{"name": "f", "type": "BM25"}]}}
    assert operation("collections/create", made).risks == ()


def test_evidence_keeps_what_was_asked_and_no_vector() -> None:
    found = one("search", data=[VECTOR, {"1": 0.5}], filter="a == 1", limit=5, outputFields=["title"])
    assert found.query["filter"] == "a == 1"
    assert found.query["select"] == ["title"]
    assert "0.25" not in str(found.query)
    assert "password" not in str(operation("users/create", {"userName": "u", "password": "secret-1"}).query)


def test_where_nobody_said_which_field_is_the_key_a_list_of_values_is_no_list_of_keys() -> None:
    assert one("delete", filter="id in [1]").risks == (Risk.BULK_DELETE,)
    assert one("query", filter="id in [1]", limit=0).points is None


@pytest.mark.parametrize(
    ("more", "resources"),
    [
        ({}, ("default/kb",)),
        ({"options": {"timeout": "5s"}}, ("default/kb",)),
        ({"options": {"Backup": "true"}}, ("default/kb", "**")),
        ({"options": {"l0_import": "true"}}, ("default/kb", "**")),
        ({"files": [["x/insert_log/449/1"]]}, ("default/kb", "**")),
    ],
)
def test_a_backup_is_imported_by_who_may_do_all(more: dict[str, Any], resources: tuple[str, ...]) -> None:
    found = operation("jobs/import/create", {"collectionName": "kb", "files": [["a.json"]], **more})
    assert found.resources == resources


@pytest.mark.parametrize("name", ["ttl", "collection.ttl.seconds", "TTL"])
def test_a_time_to_live_deletes(name: str) -> None:
    found = operation("collections/alter_properties", {"collectionName": "kb", "properties": {name: 1}})
    assert found.risks == (Risk.SCHEMA_CHANGE, Risk.BULK_DELETE)
