"""Records: vectors, metadata and scores masked in every JSON answer that holds them."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.pinecone_scene import OPEN, called, masked, masks, reading, sent, shown

from vecgate.errors import Unmaskable

MARK = 0.8675309
SPARSE = {"indices": [77, 5], "values": [MARK, 0.5]}
RECORD: dict[str, Any] = {
    "id": "r1",
    "values": [MARK, 0.5],
    "sparseValues": SPARSE,
    "metadata": {"ssn": "900-1", "title": "t"},
}
MATCHES = {"matches": [{**RECORD, "score": 0.91}, {**RECORD, "id": "r2", "score": 0.5}], "namespace": "kb"}
FETCHED = {"vectors": {"r1": RECORD}, "namespace": "kb", "usage": {"readUnits": 1}}
HITS = {"result": {"hits": [{"_id": "r1", "_score": 0.91, "fields": {"ssn": "900-1", "title": "t"}}]}}
QUERY = reading("POST /query", {"topK": 2, "id": "r1", "namespace": "kb", "includeValues": True})
FETCH = reading("GET /vectors/fetch?ids=r1&namespace=kb")
BY_METADATA = reading("POST /vectors/fetch_by_metadata", {"namespace": "kb"})
SEARCH = reading("POST /records/namespaces/kb/search", {"query": {"top_k": 2}})
ANSWERS = {"query": (QUERY, MATCHES), "fetch": (FETCH, FETCHED), "metadata": (BY_METADATA, FETCHED)}
LONG = [MARK] * 20


@pytest.mark.parametrize("name", ANSWERS)
def test_open_answers_come_as_they_are(name: str) -> None:
    asked, document = ANSWERS[name]
    assert shown(asked, OPEN, document) == document


@pytest.mark.parametrize("name", ANSWERS)
def test_vectors_are_dropped_dense_and_sparse(name: str) -> None:
    asked, document = ANSWERS[name]
    found = masked(asked, masks(), document)
    text = found.answer.body.decode()
    assert str(MARK) not in text
    assert "77" not in text
    assert "vectors" in found.masked


@pytest.mark.parametrize("strategy", ["zero", "round:1"])
def test_a_strategy_shows_dense_vectors_only(strategy: str) -> None:
    seen = shown(FETCH, masks(vectors=strategy), FETCHED)["vectors"]["r1"]
    assert len(seen["values"]) == 2
    assert seen["values"] != RECORD["values"]
    assert seen.get("sparseValues", {"indices": [], "values": []})["indices"] == []


@pytest.mark.parametrize("name", ANSWERS)
def test_metadata_is_masked(name: str) -> None:
    asked, document = ANSWERS[name]
    found = masked(asked, masks({"ssn": "redact"}, vectors=None), document)
    assert "900-1" not in found.answer.body.decode()
    assert "ssn" in found.masked
    assert all(record.payload["ssn"] != "900-1" for record in found.records)


def test_fields_of_hits_are_masked() -> None:
    found = shown(SEARCH, masks({"ssn": "drop"}, vectors=None), HITS)
    assert found["result"]["hits"][0]["fields"] == {"title": "t"}


@pytest.mark.parametrize(
    "hidden",
    [
        {"_values": LONG},
        {"_values": [MARK]},
        {"_sparse_values": SPARSE},
        {"embedding": LONG},
        {"deep": [{"inner": {"values": [MARK]}}]},
        {"other": {"indices": [1], "values": [MARK]}},
        {"other": {"sparse_indices": [1], "sparse_values": [MARK]}},
        {"batch": [LONG, LONG]},
    ],
    ids=str,
)
def test_a_vector_among_the_fields_is_dropped(hidden: Any) -> None:
    document = {"result": {"hits": [{"_id": "r1", "_score": 0.9, "fields": {"title": "t", **hidden}}]}}
    found = masked(SEARCH, masks(), document)
    assert str(MARK) not in found.answer.body.decode()
    assert str(MARK) not in str(found.records)
    assert shown(SEARCH, OPEN, document) == document


def test_scores_become_ranks_where_vectors_are_hidden() -> None:
    scores = [one["score"] for one in shown(QUERY, masks(), MATCHES)["matches"]]
    assert scores == [0, 1]
    assert [one["score"] for one in shown(QUERY, masks(scores="drop"), MATCHES)["matches"]] == [0, 0]
    assert shown(SEARCH, masks(), HITS)["result"]["hits"][0]["_score"] != 0.91


def test_the_answer_of_queries_is_left_out() -> None:
    assert "results" not in shown(QUERY, OPEN, {**MATCHES, "results": [MATCHES]})


@pytest.mark.parametrize(
    "document",
    [
        {**MATCHES, "namespace": "hr"},
        {"matches": [{**RECORD, "score": "0.9"}]},
        {"matches": [{**RECORD, "values": "AAAA"}]},
        {"matches": [{**RECORD, "values": [[MARK]]}]},
        {"matches": [{**RECORD, "metadata": [1]}]},
        {"matches": {"r1": RECORD}},
        {"matches": [{"score": 0.5}]},
        [],
        "text",
    ],
    ids=str,
)
def test_what_is_not_understood_is_withheld(document: Any) -> None:
    with pytest.raises(Unmaskable):
        masked(QUERY, OPEN, document)


@pytest.mark.parametrize(
    "document",
    [{"vectors": {"r1": {**RECORD, "id": "r2"}}}, {"vectors": [RECORD]}, {"vectors": {}, "namespace": "hr"}],
    ids=str,
)
def test_a_fetch_that_is_not_understood_is_withheld(document: Any) -> None:
    with pytest.raises(Unmaskable):
        masked(FETCH, OPEN, document)


def test_ids_of_a_list_count() -> None:
    asked = reading("GET /vectors/list?namespace=kb")
    found = masked(asked, masks(), {"vectors": [{"id": "a"}, {"id": "b"}], "pagination": {"next": "t"}})
    assert (found.points, [record.id for record in found.records]) == (2, ["a", "b"])


def test_what_the_mask_drops_is_not_asked_for() -> None:
    assert sent(QUERY, masks())[1]["includeValues"] is False
    assert sent(QUERY, masks(vectors="zero"))[1]["includeValues"] is True
    assert sent(QUERY, OPEN)[1]["includeValues"] is True
    asked = reading("POST /records/namespaces/kb/search", {"query": {"top_k": 2}, "fields": ["ssn", "title"]})
    assert sent(asked, masks({"ssn": "drop"}))[1]["fields"] == ["title"]
    alone = reading("POST /records/namespaces/kb/search", {"query": {"top_k": 2}, "fields": ["ssn"]})
    assert sent(alone, masks({"ssn": "drop"}))[1]["fields"] == ["ssn"]  # an empty list could be all


def test_an_error_tells_nothing_stored() -> None:
    quoted = {"code": 3, "message": "record r9 of ssn 900-1 is broken", "details": [{"ssn": "900-1"}]}
    for status in (400, 404, 409, 500, 503):
        found = masked(QUERY, OPEN, quoted, status=status).answer
        assert found.status == status
        assert b"900-1" not in found.body
    assert called("Query", topK=1, id="a").operations
