"""Replies: the same masks over gRPC, on messages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.support.pinecone_scene import ALICE, OPEN, PINECONE, called, decided, masks, replied, sent_as

from vecgate.errors import Refusal, Unmaskable
from vecgate.operations import grpc
from vecgate.operations.dialect import Reading
from vecgate.operations.messages import Answer
from vecgate.reasons import Reason
from vecgate_pinecone.descriptors import DESCRIPTORS

QUERY = called("Query", topK=2, id="r1", namespace="kb", includeValues=True)
FETCH = called("Fetch", ids=["r1"], namespace="kb")
BY_METADATA = called("FetchByMetadata", namespace="kb")
STATS = called("DescribeIndexStats")
NAMESPACES = called("ListNamespaces")


def message(name: str) -> Any:
    return DESCRIPTORS.type(name)()


def filled(record: Any, name: str = "r1") -> Any:
    record.id = name
    record.values.extend([0.25, 0.5])
    record.sparse_values.indices.extend([7])
    record.sparse_values.values.extend([0.5])
    record.metadata["ssn"] = "900-1"
    record.metadata["title"] = "t"
    return record


def matches() -> Any:
    reply = message("QueryResponse")
    reply.namespace = "kb"
    for name, score in (("r1", 0.75), ("r2", 0.5)):
        filled(reply.matches.add(), name).score = score
    return reply


def fetched(name: str = "FetchResponse") -> Any:
    reply = message(name)
    filled(reply.vectors["r1"])
    return reply


ANSWERS: dict[str, tuple[Reading, Any, Callable[[Any], list[Any]]]] = {
    "query": (QUERY, matches(), lambda reply: list(reply.matches)),
    "fetch": (FETCH, fetched(), lambda reply: list(reply.vectors.values())),
    "metadata": (BY_METADATA, fetched("FetchByMetadataResponse"), lambda reply: list(reply.vectors.values())),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_open_replies_come_as_they_are(name: str) -> None:
    asked, reply, _ = ANSWERS[name]
    assert replied(asked, OPEN, reply)[1] == reply


@pytest.mark.parametrize("name", ANSWERS)
def test_vectors_are_cleared(name: str) -> None:
    asked, reply, records = ANSWERS[name]
    found, seen = replied(asked, masks(), reply)
    assert records(seen)
    for record in records(seen):
        assert not record.values
        assert not record.sparse_values.indices
        assert not record.sparse_values.values
    assert "vectors" in found.masked


@pytest.mark.parametrize("name", ANSWERS)
def test_a_strategy_shows_dense_vectors_only(name: str) -> None:
    asked, reply, records = ANSWERS[name]
    for record in records(replied(asked, masks(vectors="zero"), reply)[1]):
        assert list(record.values) == [0.0, 0.0]
        assert not record.HasField("sparse_values")


@pytest.mark.parametrize("name", ANSWERS)
def test_metadata_is_masked(name: str) -> None:
    asked, reply, records = ANSWERS[name]
    found, seen = replied(asked, masks({"ssn": "redact"}, vectors=None), reply)
    assert b"900-1" not in seen.SerializeToString()
    assert all(record.metadata["title"] == "t" for record in records(seen))
    assert all(record.payload["ssn"] != "900-1" for record in found.records)
    assert "ssn" in found.masked


def test_a_vector_in_metadata_is_dropped() -> None:
    reply = message("FetchResponse")
    reply.vectors["r1"].id = "r1"
    reply.vectors["r1"].metadata.get_or_create_list("copy").extend([0.25] * 20)
    reply.vectors["r1"].metadata["title"] = "t"
    assert set(replied(FETCH, masks(), reply)[1].vectors["r1"].metadata) == {"title"}
    assert set(replied(FETCH, OPEN, reply)[1].vectors["r1"].metadata) == {"copy", "title"}


def test_scores_become_ranks() -> None:
    scores = [one.score for one in replied(QUERY, masks(), matches())[1].matches]
    assert scores == [0, 1]


def test_the_reply_of_queries_is_left_out() -> None:
    reply = matches()
    filled(reply.results.add().matches.add())
    assert not replied(QUERY, OPEN, reply)[1].results


@pytest.mark.parametrize("place", ["top", "match", "metadata"])
def test_fields_that_nobody_knows_are_left_out(place: str) -> None:
    unknown = b"\x9a\x06\x06SECRET"  # field 99, of bytes
    reply = message("QueryResponse")
    target = reply.matches.add() if place == "match" else reply.matches.add().metadata if place == "metadata" else reply
    target.MergeFromString(unknown)
    raw = reply.SerializeToString()
    assert b"SECRET" in raw
    found, _ = replied(QUERY, OPEN, raw)
    assert found.answer.messages is not None
    assert b"SECRET" not in found.answer.messages[0]


def test_what_is_not_understood_is_withheld() -> None:
    elsewhere, odd, two = matches(), matches(), fetched()
    elsewhere.namespace = "hr"
    odd.matches[0].metadata.fields["x"].SetInParent()
    two.vectors["r1"].id = "r2"
    for asked, reply in ((QUERY, elsewhere), (QUERY, odd), (FETCH, two), (QUERY, b"\xff")):
        with pytest.raises(Unmaskable):
            replied(asked, OPEN, reply)


def test_more_than_one_message_is_withheld() -> None:
    raw = matches().SerializeToString()
    with pytest.raises(Unmaskable):
        PINECONE.mask(QUERY, decided(OPEN), ALICE, grpc.answered(raw, raw))


def test_a_failure_keeps_its_code_alone() -> None:
    found = PINECONE.mask(QUERY, decided(OPEN), ALICE, grpc.failed(5, "no record of ssn 900-1")).answer
    assert found.header("grpc-status") == "5"
    assert "900-1" not in str(found)
    bare = PINECONE.mask(QUERY, decided(OPEN), ALICE, Answer(200, grpc.TYPE, messages=())).answer
    assert bare.header("grpc-status") == "2"


def test_statistics_count_what_may_be_seen() -> None:
    reply = message("DescribeIndexStatsResponse")
    for name, count in (("kb", 3), ("hr", 40), ("", 5)):
        reply.namespaces[name].vector_count = count
    reply.total_vector_count, reply.index_fullness, reply.dimension = 48, 0.5, 8
    some = decided(OPEN, lambda resource: resource in {"docs/kb", "docs/__default__"})
    seen = replied(STATS, some, reply)[1]
    assert (set(seen.namespaces), seen.total_vector_count, seen.index_fullness) == ({"kb", ""}, 8, 0.0)
    assert replied(STATS, OPEN, reply)[1] == reply


def test_namespaces_are_those_that_may_be_seen() -> None:
    reply = message("ListNamespacesResponse")
    for name in ("kb", "hr"):
        reply.namespaces.add().name = name
    reply.pagination.next, reply.total_count = "past:hr", 9
    seen = replied(NAMESPACES, decided(OPEN, lambda resource: resource == "docs/kb"), reply)[1]
    assert ([one.name for one in seen.namespaces], seen.total_count, seen.pagination.next) == (["kb"], 1, "")
    assert replied(NAMESPACES, OPEN, reply)[1] == reply


def test_a_namespace_is_the_one_asked_for() -> None:
    reply = message("NamespaceDescription")
    reply.name = "hr"
    with pytest.raises(Unmaskable):
        replied(called("DescribeNamespace", namespace="kb"), OPEN, reply)
    assert replied(called("DescribeNamespace", namespace="hr"), OPEN, reply)[1] == reply


def test_what_the_mask_drops_is_not_asked_for() -> None:
    for mask, asks in ((masks(), False), (masks(vectors="zero"), True), (OPEN, True)):
        outgoing = PINECONE.rewrite(QUERY, decided(mask))
        assert DESCRIPTORS.read(outgoing.path, outgoing.body).include_values is asks  # type: ignore[attr-defined]
    assert QUERY.document.include_values  # the judged message is left as it was


@pytest.mark.parametrize("place", ["top", "filter", "sparse", "queries"])
def test_a_request_with_a_field_that_nobody_knows_is_refused(place: str) -> None:
    asked = message("QueryRequest")
    asked.top_k = 1
    asked.filter["a"] = 1
    target = {"top": asked, "filter": asked.filter, "sparse": asked.sparse_vector, "queries": asked}[place]
    if place == "queries":
        target = asked.queries.add()
    target.MergeFromString(b"\x9a\x06\x06SECRET")
    with pytest.raises(Refusal) as caught:
        sent_as("Query", asked.SerializeToString())
    assert caught.value.reason is Reason.UNKNOWN_MEMBER


def test_a_vector_that_is_not_finite_is_refused() -> None:
    asked = message("QueryRequest")
    asked.top_k = 1
    asked.vector.extend([float("nan")])
    with pytest.raises(Refusal) as caught:
        sent_as("Query", asked.SerializeToString())
    assert caught.value.reason is Reason.BAD_BODY
