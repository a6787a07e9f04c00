from __future__ import annotations

from typing import Any

import pytest
from tests.support.qdrant_scene import KB, OPEN, POINTS, QDRANT, UUID, decided, masks, reading, sent

from vecgate.masking.maskset import MaskSet

VECTOR = [0.5, 0.25]


@pytest.mark.parametrize(
    ("verb", "body", "mask", "with_vector", "with_payload"),
    [
        ("", {"ids": [1]}, OPEN, False, True),
        ("", {"ids": [1], "with_vector": True, "with_payload": False}, OPEN, True, False),
        ("", {"ids": [1], "with_vectors": ["v"]}, OPEN, ["v"], True),
        ("", {"ids": [1], "with_vectors": ["v"]}, masks(), False, True),
        ("", {"ids": [1], "with_vector": True}, masks(vectors="zero"), True, True),
        ("/scroll", {}, masks(), False, True),
        ("/scroll", {"with_payload": ["a"], "with_vector": True}, masks(), False, ["a"]),
        ("/query", {"query": VECTOR}, OPEN, False, False),
        (
            "/query",
            {"query": VECTOR, "with_payload": {"include": ["a"]}, "with_vector": True},
            masks(),
            False,
            {"include": ["a"]},
        ),
        ("/query/groups", {"query": VECTOR, "group_by": "g", "with_vector": True}, masks(), False, False),
        ("/search", {"vector": VECTOR, "limit": 1, "with_vectors": True}, masks(), False, False),
        ("/search", {"vector": VECTOR, "limit": 1, "with_vectors": True}, OPEN, True, False),
    ],
)
def test_vectors_that_are_masked_are_not_asked_for(
    verb: str, body: Any, mask: MaskSet, with_vector: Any, with_payload: Any
) -> None:
    _, document = sent(reading("POST", f"{POINTS}{verb}", body), mask)
    assert (document["with_vector"], document["with_payload"]) == (with_vector, with_payload)
    assert "with_vectors" not in document


def test_each_search_of_a_batch_is_rewritten() -> None:
    body = {"searches": [{"query": VECTOR, "with_vectors": True}, {"with_vector": ["v"]}]}
    _, document = sent(reading("POST", f"{POINTS}/query/batch", body), masks())
    assert [one["with_vector"] for one in document["searches"]] == [False, False]


@pytest.mark.parametrize(("mask", "fetched"), [(OPEN, True), (masks(), False), (masks(vectors="zero"), True)])
@pytest.mark.parametrize(("written", "asked"), [("7", 7), ("007", 7), (UUID, UUID), (UUID.upper(), UUID)])
def test_one_point_is_asked_for_as_a_list_of_one(mask: MaskSet, fetched: bool, written: str, asked: Any) -> None:
    line, document = sent(reading("GET", f"{POINTS}/{written}?consistency=2", kb="real"), mask)
    assert line == "POST /collections/real/points?consistency=2"
    assert document == {"ids": [asked], "with_payload": True, "with_vector": fetched}


def test_what_is_looked_up_has_the_masks_of_where_it_is() -> None:
    body = {
        "query": 1,
        "group_by": "g",
        "with_vector": True,
        "with_lookup": {"collection": "other", "with_vector": True},
    }
    read = reading("POST", f"{POINTS}/query/groups", body, other="hr")
    _, document = sent(read, decided(OPEN, hr=masks()))
    assert document["with_vector"] is True
    assert document["with_lookup"] == {"collection": "hr", "with_payload": True, "with_vectors": False}
    _, document = sent(reading("POST", f"{POINTS}/query/groups", {**body, "with_lookup": "other"}), OPEN)
    assert document["with_lookup"] == {"collection": "other", "with_payload": True, "with_vectors": False}


def test_aliases_are_resolved_wherever_they_stand() -> None:
    body = {
        "query": {"fusion": "rrf"},
        "lookup_from": {"collection": "al", "vector": "v"},
        "prefetch": [
            {"query": 1, "lookup_from": {"collection": "be"}},
            {"prefetch": {"query": 2, "lookup_from": {"collection": "al"}}, "query": 3},
        ],
    }
    line, document = sent(reading("POST", f"{POINTS}/query", body, kb="real", al="a1", be="b1"), OPEN)
    assert line == "POST /collections/real/points/query"
    assert document["lookup_from"] == {"collection": "a1", "vector": "v"}
    assert document["prefetch"][0]["lookup_from"] == {"collection": "b1"}
    assert document["prefetch"][1]["prefetch"]["lookup_from"] == {"collection": "a1"}


@pytest.mark.parametrize(
    ("method", "path", "body", "line"),
    [
        ("GET", KB, None, "GET /collections/real"),
        ("GET", f"{KB}/exists", None, "GET /collections/real/exists"),
        ("POST", f"{POINTS}/delete", {"points": [1]}, "POST /collections/real/points/delete"),
        ("POST", f"{POINTS}/count?timeout=5", {}, "POST /collections/real/points/count?timeout=5"),
        ("PUT", KB, {}, "PUT /collections/kb"),
        ("DELETE", KB, None, "DELETE /collections/kb"),
        ("GET", "/collections", None, "GET /collections"),
        ("GET", "/", None, "GET /"),
        ("DELETE", f"{KB}/index/a%5B%5D.b", None, "DELETE /collections/real/index/a%5B%5D.b"),
        ("GET", "/collections/a%252Fb", None, "GET /collections/a%252Fb"),
    ],
)
def test_names_are_sent_as_they_were_judged(method: str, path: str, body: Any, line: str) -> None:
    assert sent(reading(method, path, body, kb="real"), OPEN)[0] == line


def test_numbers_leave_as_they_came() -> None:
    raw = b'{"query":[1.10,1e-3,' + b",".join([b"0.50"] * 100) + b'],"limit":10}'
    out = QDRANT.rewrite(reading("POST", f"{POINTS}/query", raw), decided(OPEN))
    assert b"[1.10,1e-3," + b",".join([b"0.50"] * 100) + b"]" in out.body
