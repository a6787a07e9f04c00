"""Effects: action, risks, fields and counts of every data request; the two wires share them."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.pinecone_scene import called, operations, reading, refusal, texts

from vecgate.operations.model import Action, Risk, Scope
from vecgate.reasons import Reason

SSN = {"ssn": {"$eq": "1"}}
QUERY: dict[str, Any] = {"namespace": "kb", "topK": 5, "vector": [0.5, 0.25]}
SEARCH: dict[str, Any] = {"top_k": 5}
TOKEN = '{"filter":{"ssn":"1"}}'
IDS = "&".join(f"ids=r{number}" for number in range(1001))

RISKS: dict[str, tuple[str, Any, tuple[Risk, ...]]] = {
    "query": ("POST /query", QUERY, ()),
    "query for a thousand": ("POST /query", {**QUERY, "topK": 1000}, ()),
    "query for more": ("POST /query", {**QUERY, "topK": 1001}, (Risk.BULK_EXPORT,)),
    "fetch": ("GET /vectors/fetch?ids=a&ids=b", None, ()),
    "fetch of many": (f"GET /vectors/fetch?{IDS}", None, (Risk.BULK_EXPORT,)),
    "fetch of a value": ("POST /vectors/fetch_by_metadata", {"filter": {"a": 1}}, ()),
    "fetch of all": ("POST /vectors/fetch_by_metadata", {}, (Risk.BULK_EXPORT,)),
    "fetch of nearly all": ("POST /vectors/fetch_by_metadata", {"filter": {"a": {"$ne": 1}}}, (Risk.BULK_EXPORT,)),
    "fetch of a long page": (
        "POST /vectors/fetch_by_metadata",
        {"filter": {"a": 1}, "limit": 1001},
        (Risk.BULK_EXPORT,),
    ),
    "update": ("POST /vectors/update", {"id": "a", "setMetadata": {"a": 1}}, ()),
    "update by a filter": ("POST /vectors/update", {"filter": SSN, "setMetadata": {"a": 1}}, (Risk.BULK_UPDATE,)),
    "update of everything": ("POST /vectors/update", {"filter": {}, "setMetadata": {"a": 1}}, (Risk.BULK_UPDATE,)),
    "delete": ("POST /vectors/delete", {"ids": ["a"]}, ()),
    "delete of ten": ("POST /vectors/delete", {"ids": [f"r{at}" for at in range(10)]}, ()),
    "delete of more": ("POST /vectors/delete", {"ids": [f"r{at}" for at in range(11)]}, (Risk.BULK_DELETE,)),
    "delete by a filter": ("POST /vectors/delete", {"filter": SSN}, (Risk.BULK_DELETE,)),
    "delete by both": ("POST /vectors/delete", {"ids": ["a"], "filter": {}}, (Risk.BULK_DELETE,)),
    "delete of all": ("POST /vectors/delete", {"deleteAll": True}, (Risk.BULK_DELETE,)),
    "delete of all and one": ("POST /vectors/delete", {"ids": ["a"], "deleteAll": True}, (Risk.BULK_DELETE,)),
    "delete of nothing": ("POST /vectors/delete", {}, (Risk.BULK_DELETE,)),
    "delete of a namespace": ("DELETE /namespaces/kb", None, (Risk.DROP_COLLECTION, Risk.BULK_DELETE)),
    "import": ("POST /bulk/imports", {"uri": "s3://bucket/kb"}, (Risk.EGRESS, Risk.BULK_UPDATE)),
    "search by a vector": (
        "POST /records/namespaces/kb/search",
        {"query": {**SEARCH, "vector": {"values": [0.5]}}},
        (),
    ),
    "search by a text": (
        "POST /records/namespaces/kb/search",
        {"query": {**SEARCH, "inputs": {"text": "a"}}},
        (Risk.EGRESS,),
    ),
    "search ranked by a model": (
        "POST /records/namespaces/kb/search",
        {"query": {**SEARCH, "id": "a"}, "rerank": {"model": "m", "rank_fields": ["a"]}},
        (Risk.EGRESS,),
    ),
    "search for many": ("POST /records/namespaces/kb/search", {"query": {"top_k": 5000}}, (Risk.BULK_EXPORT,)),
}
STEERS: dict[str, tuple[str, Any, tuple[str, ...]]] = {
    "query": ("POST /query", {**QUERY, "filter": SSN}, ("ssn",)),
    "fetch by metadata": ("POST /vectors/fetch_by_metadata", {"filter": SSN}, ("ssn",)),
    "its token": ("POST /vectors/fetch_by_metadata", {"paginationToken": TOKEN}, ("*",)),
    "the token of a list": ("GET /vectors/list?paginationToken=%7B%22filter%22:%7B%22ssn%22:1%7D%7D", None, ("*",)),
    "delete": ("POST /vectors/delete", {"filter": SSN}, ("ssn",)),
    "statistics": ("POST /describe_index_stats", {"filter": SSN}, ("ssn",)),
    "search": ("POST /records/namespaces/kb/search", {"query": {**SEARCH, "filter": SSN}}, ("ssn",)),
    "terms": (
        "POST /records/namespaces/kb/search",
        {"query": {**SEARCH, "match_terms": {"strategy": "all", "terms": ["1"]}}},
        ("#document", "*"),
    ),
    "ranking": (
        "POST /records/namespaces/kb/search",
        {"query": {**SEARCH, "filter": {"a": 1}}, "rerank": {"model": "m", "rank_fields": ["title", "ssn"]}},
        ("a", "title", "ssn"),
    ),
}


@pytest.mark.parametrize("name", RISKS)
def test_risks(name: str) -> None:
    route, document, risks = RISKS[name]
    assert operations(route, document)[0].risks == risks


@pytest.mark.parametrize("name", STEERS)
def test_what_steers(name: str) -> None:
    route, document, fields = STEERS[name]
    assert operations(route, document)[0].fields_used == fields


def test_an_update_by_a_filter_counts_what_matches_so_it_reads_as_well() -> None:
    for document in ({"filter": SSN, "dryRun": True}, {"filter": SSN, "setMetadata": {"a": 1}}):
        write, read = operations("POST /vectors/update", document)
        assert (write.action, read.action) == (Action.WRITE, Action.READ)
        assert write.fields_used == read.fields_used == ("ssn",)


@pytest.mark.parametrize("document", [{}, {"id": "a", "filter": SSN}, {"id": "a", "filter": {}}], ids=str)
def test_an_update_is_of_one_or_of_many(document: Any) -> None:
    assert refusal("POST /vectors/update", document) is Reason.BAD_BODY


def test_statistics_with_a_filter_read_all_namespaces() -> None:
    (plain,) = operations("POST /describe_index_stats", {})
    assert (plain.action, plain.scope, plain.resources) == (Action.META, Scope.LIST, ("docs/*",))
    (filtered,) = operations("POST /describe_index_stats", {"filter": SSN})
    assert (filtered.action, filtered.scope, filtered.resources) == (Action.READ, Scope.NAMED, ("docs/*",))


@pytest.mark.parametrize(
    ("route", "document", "vectors"),
    [
        ("POST /query", QUERY, False),
        ("POST /query", {**QUERY, "includeValues": False}, False),
        ("POST /query", {**QUERY, "includeValues": True}, True),
        ("GET /vectors/fetch?ids=a", None, True),
        ("POST /vectors/fetch_by_metadata", {}, True),
        ("GET /vectors/list", None, False),
        ("POST /records/namespaces/kb/search", {"query": SEARCH}, False),
        ("POST /records/namespaces/kb/search", {"query": SEARCH, "fields": ["_values"]}, True),
    ],
    ids=str,
)
def test_stored_vectors_come_back_where_they_do(route: str, document: Any, vectors: bool) -> None:
    assert operations(route, document)[0].vectors is vectors


@pytest.mark.parametrize(
    ("route", "document", "count", "points"),
    [
        ("POST /query", {**QUERY, "topK": 7}, 1, 7),
        ("GET /vectors/fetch?ids=a&ids=b", None, 2, 2),
        ("POST /vectors/fetch_by_metadata", {}, 1, 100),
        ("POST /vectors/fetch_by_metadata", {"limit": 3}, 1, 3),
        ("GET /vectors/list", None, 1, 100),
        ("GET /vectors/list?limit=09", None, 1, 9),
        ("POST /records/namespaces/kb/search", {"query": {"top_k": 4}}, 1, 4),
        ("POST /vectors/delete", {"ids": ["a", "b", "c"]}, 3, 0),
        ("POST /vectors/upsert", {"vectors": [{"id": "a"}, {"id": "b"}]}, 2, 0),
    ],
    ids=str,
)
def test_what_limits_count(route: str, document: Any, count: int, points: int) -> None:
    operation = operations(route, document)[0]
    assert (operation.count, operation.points) == (count, points)


@pytest.mark.parametrize("top", [0, -1, 10_001, 1.5, "5", None, True])
def test_top_k_is_bounded(top: Any) -> None:
    assert refusal("POST /query", {**QUERY, "topK": top}) is Reason.BAD_BODY
    assert refusal("POST /records/namespaces/kb/search", {"query": {"top_k": top}}) is Reason.BAD_BODY


def test_the_deprecated_queries_are_refused_even_empty() -> None:
    assert refusal("POST /query", {**QUERY, "queries": []}) is Reason.UNKNOWN_MEMBER


def test_texts_go_to_a_model() -> None:
    asked = texts({"_id": "a", "text": "t"}, {"id": "b", "text": "t"})
    assert asked.operations[0].risks == (Risk.EGRESS,)
    assert asked.operations[0].count == 2


def test_evidence_gets_no_vector_no_written_text_and_no_token() -> None:
    secret = 0.123456
    asked = [
        reading("POST /query", {**QUERY, "vector": [secret] * 3}),
        reading("POST /vectors/upsert", {"vectors": [{"id": "a", "values": [secret], "metadata": {"t": "hush"}}]}),
        reading("POST /vectors/update", {"id": "a", "values": [secret], "setMetadata": {"t": "hush"}}),
        reading("POST /records/namespaces/kb/search", {"query": {**SEARCH, "vector": {"values": [secret]}}}),
        reading("POST /vectors/fetch_by_metadata", {"paginationToken": "hush"}),
        texts({"_id": "a", "text": "hush"}),
        called("Query", topK=1, vector=[0.5] * 3),
    ]
    kept = str([one.operations[0].query for one in asked])
    assert str(secret) not in kept
    assert "hush" not in kept
    assert "[0.5" not in kept
    assert kept.count("'norm'") == 2
