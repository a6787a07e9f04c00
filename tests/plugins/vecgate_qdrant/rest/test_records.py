from __future__ import annotations

from typing import Any

import pytest
from tests.support.qdrant_scene import OPEN, POINTS, UUID, decided, masked, masks, reading, shown

from vecgate.errors import Unmaskable
from vecgate.masking.maskset import MaskSet

V = 0.8675309
SECRET = {"ssn": "078-05-1120", "topic": "x", "deep": [{"ssn": 5}]}
NESTED = '{"ssn": "078-05-1120"}'
POINT = {"id": 1, "payload": SECRET, "vector": [V, 1]}
SCORED = {**POINT, "version": 3, "score": V}
PERSONAL = masks({"ssn": "redact"})
GET = reading("POST", POINTS, {"ids": [1], "with_vector": True})
QUERY = reading("POST", f"{POINTS}/query", {"query": 1})
SORTED = reading("POST", f"{POINTS}/scroll", {"order_by": "n"})
SCROLL = reading("POST", f"{POINTS}/scroll", {})
GROUPS = reading("POST", f"{POINTS}/query/groups", {"query": 1, "group_by": "g", "with_lookup": "al"}, al="other")
VECTORS = [
    [V, 1],
    [V] * 100,
    [[V, 1], [1, V]],
    {"a": [V, 1]},
    {"a": [[V]], "b": {"indices": [8675309], "values": [V]}},
    {"": [V]},
]


@pytest.mark.parametrize("vector", VECTORS, ids=str)
@pytest.mark.parametrize("mask", [masks(), masks(vectors="zero")], ids=["drop", "zero"])
def test_no_vector_comes_out_however_it_is_spelt(vector: Any, mask: MaskSet) -> None:
    for read, result in (
        (GET, [{"id": 1, "vector": vector}]),
        (reading("GET", f"{POINTS}/1"), [{"id": 1, "vector": vector}]),
        (SCROLL, {"points": [{"id": 1, "vector": vector}]}),
        (QUERY, {"points": [{"id": 1, "version": 1, "score": 1, "vector": vector}]}),
        (reading("POST", f"{POINTS}/search", {"vector": [1], "limit": 1}), [{"id": 1, "score": 1, "vector": vector}]),
        (GROUPS, {"groups": [{"id": 1, "hits": [], "lookup": {"id": 2, "vector": vector}}]}),
        (GROUPS, {"groups": [{"id": 1, "hits": [{"id": 2, "score": 1, "vector": vector}]}]}),
    ):
        seen = masked(read, mask, result)
        assert b"867530" not in seen.answer.body
        assert "vectors" in seen.masked


@pytest.mark.parametrize("vector", VECTORS, ids=str)
def test_open_vectors_come_as_they_are(vector: Any) -> None:
    assert shown(GET, OPEN, [{"id": 1, "vector": vector}]) == [{"id": 1, "vector": vector}]


@pytest.mark.parametrize(
    ("vector", "seen"),
    [
        ([V, 1], [0, 0]),
        ([[V], [1]], [[0], [0]]),
        ({"a": [V, 1], "b": {"indices": [1], "values": [V]}}, {"a": [0, 0]}),
    ],
)
def test_vectors_are_masked_one_by_one(vector: Any, seen: Any) -> None:
    assert shown(GET, masks(vectors="zero"), [{"id": 1, "vector": vector}]) == [{"id": 1, "vector": seen}]


def test_payload_is_masked_at_any_depth_and_in_any_place() -> None:
    seen = {"ssn": "[redacted]", "topic": "x", "deep": [{"ssn": "[redacted]"}]}
    assert shown(GET, PERSONAL, [POINT])[0]["payload"] == seen
    assert shown(SCROLL, PERSONAL, {"points": [POINT]})["points"][0]["payload"] == seen
    assert shown(QUERY, PERSONAL, {"points": [SCORED]})["points"][0]["payload"] == seen
    (group,) = shown(
        GROUPS, decided(OPEN, other=PERSONAL), {"groups": [{"id": "x", "hits": [SCORED], "lookup": POINT}]}
    )["groups"]
    assert (group["hits"][0]["payload"], group["lookup"]["payload"]) == (SECRET, seen)
    (group,) = shown(GROUPS, decided(PERSONAL, other=OPEN), {"groups": [{"id": 7, "hits": [SCORED], "lookup": POINT}]})[
        "groups"
    ]
    assert (group["hits"][0]["payload"], group["lookup"]["payload"]) == (seen, SECRET)


@pytest.mark.parametrize("key", ["v", "embedding", "pages"])
def test_a_list_that_could_be_an_embedding_is_one(key: str) -> None:
    payload = {key: [V] * 16, "in": {"list": [{key: [V] * 200}, [1, 2]]}, "few": [1, 2]}
    assert shown(GET, masks(), [{"id": 1, "payload": payload}])[0]["payload"] == {
        "in": {"list": [{}, [1, 2]]},
        "few": [1, 2],
    }
    seen = masked(GET, OPEN, [{"id": 1, "payload": payload}])
    assert str(V).encode() in seen.answer.body
    assert str(V) not in str(seen.records), "evidence keeps no vector"


def test_scores_are_masked_list_by_list() -> None:
    points = [{"id": i, "version": 1, "score": 1 - i / 10} for i in range(3)]
    ranks = [0.0, 1.0, 2.0]
    assert [one["score"] for one in shown(QUERY, masks(), {"points": points})["points"]] == ranks
    assert [one["score"] for one in shown(QUERY, OPEN, {"points": points})["points"]] == [1, 0.9, 0.8]
    dropped = shown(QUERY, masks(scores="drop"), {"points": points})["points"]
    assert [one["score"] for one in dropped] == [0.0] * 3, "clients need a number"
    groups = shown(GROUPS, masks(), {"groups": [{"id": 1, "hits": points}, {"id": 2, "hits": points[:2]}]})["groups"]
    assert [[hit["score"] for hit in group["hits"]] for group in groups] == [ranks, ranks[:2]]


@pytest.mark.parametrize("form", ["pairs", "offsets"])
def test_a_matrix_tells_no_geometry(form: str) -> None:
    read = reading("POST", f"{POINTS}/search/matrix/{form}", {})
    pairs = {"pairs": [{"a": 1, "b": 2, "score": V}, {"a": UUID, "b": 1, "score": V / 2}]}
    offsets = {"offsets_row": [0, 1], "offsets_col": [1, 0], "scores": [V, V / 2], "ids": [1, 2, UUID]}
    result = pairs if form == "pairs" else offsets
    seen = masked(read, masks(), result)
    assert (b"867" in seen.answer.body, seen.points, seen.masked) == (False, 3, ("scores",))
    assert shown(read, OPEN, result) == result


def test_an_order_value_comes_back_where_it_was_asked_for() -> None:
    point = {"id": 1, "payload": {}, "order_value": 5}
    assert shown(SORTED, masks(), {"points": [point]})["points"] == [point]
    assert shown(SCROLL, masks(), {"points": [point]})["points"] == [{"id": 1, "payload": {}}]
    by_query = reading("POST", f"{POINTS}/query", {"query": {"order_by": {"key": "n"}}})
    assert shown(by_query, OPEN, {"points": [{**point, "score": 0}]})["points"] == [{**point, "score": 0}]


def test_evidence_has_what_the_caller_saw() -> None:
    seen = masked(QUERY, PERSONAL, {"points": [SCORED]})
    (record,) = seen.records
    assert (record.resource, record.id, record.score) == ("kb", "1", 0.0)
    assert record.payload["ssn"] == "[redacted]"
    assert (seen.points, seen.masked) == (1, ("deep.ssn", "scores", "ssn", "vectors"))
    groups = masked(GROUPS, OPEN, {"groups": [{"id": 1, "hits": [SCORED], "lookup": POINT}]})
    assert [one.resource for one in groups.records] == ["kb", "other"]
    assert groups.points == 2


def test_what_was_not_fetched_is_on_record() -> None:
    assert masked(GET, masks(), [{"id": 1}]).masked == ("vectors",)
    assert masked(QUERY, masks(), {"points": []}).masked == ()


def test_a_batch_has_one_answer_for_each_search() -> None:
    searches = [{"query": {"order_by": "n"}}, {"query": 1}]
    read = reading("POST", f"{POINTS}/query/batch", {"searches": searches})
    one = {"points": [{"id": 1, "score": 0, "order_value": 5, "vector": [V], "payload": {"ssn": "s"}}]}
    first, second = shown(read, PERSONAL, [one, one])
    assert first["points"] == [{"id": 1, "score": 0, "order_value": 5, "payload": {"ssn": "[redacted]"}}]
    assert second["points"] == [{"id": 1, "score": 0, "payload": {"ssn": "[redacted]"}}]
    assert masked(read, PERSONAL, [one, one]).points == 2


@pytest.mark.parametrize(
    ("read", "result"),
    [
        (GET, {}),
        (GET, None),
        (GET, [None]),
        (GET, [{"payload": {}}]),
        (GET, [{"id": "not an id"}]),
        (GET, [{"id": 1.5}]),
        (GET, [{"id": 1, "vectors": [V]}]),
        (GET, [{"id": 1, "embedding": [V]}]),
        (GET, [{"id": 1, "vector": "AACAPw=="}]),
        (GET, [{"id": 1, "vector": {"a": {"b": [V]}}}]),
        (GET, [{"id": 1, "vector": {"a": {"indices": [1], "values": [V], "text": "x"}}}]),
        (GET, [{"id": 1, "vector": [[[V]]]}]),
        (GET, [{"id": 1, "payload": [SECRET]}]),
        (GET, [{"id": 1, "payload": NESTED}]),
        (GET, [{"id": 1, "shard_key": SECRET}]),
        (GET, [{"id": 1, "order_value": [V]}]),
        (GET, [{"id": 1, "score": 1}]),
        (QUERY, [SCORED]),
        (QUERY, {"points": [{"id": 1}]}),
        (QUERY, {"points": [{"id": 1, "score": None}]}),
        (QUERY, {"points": [{"id": 1, "score": "1"}]}),
        (QUERY, {"points": [], "time": 1}),
        (SCROLL, {"points": [], "next_page_offset": {"a": 1}}),
        (GROUPS, {"groups": [{"id": [1], "hits": []}]}),
        (GROUPS, {"groups": [{"id": 1, "hits": [], "more": 1}]}),
        (
            reading("POST", f"{POINTS}/query/groups", {"group_by": "g"}),
            {"groups": [{"id": 1, "hits": [], "lookup": POINT}]},
        ),
        (reading("POST", f"{POINTS}/query/batch", {"searches": [{}]}), []),
        (reading("POST", f"{POINTS}/query/batch", {"searches": [{}]}), [{"points": []}] * 2),
        (reading("GET", f"{POINTS}/1"), [{"id": 2}]),
        (reading("GET", f"{POINTS}/1"), [{"id": 1}, {"id": 1}]),
        (reading("GET", f"{POINTS}/1"), {"id": 1}),
        (reading("POST", f"{POINTS}/search/matrix/pairs", {}), {"pairs": [{"a": 1, "b": [V], "score": 1}]}),
        (reading("POST", f"{POINTS}/search/matrix/offsets", {}), {"scores": [V]}),
        (reading("POST", f"{POINTS}/count", {}), {"count": 1, "points": [1]}),
        (reading("POST", "/collections/kb/facet", {"key": "a"}), {"hits": [{"value": SECRET, "count": 1}]}),
    ],
)
@pytest.mark.parametrize("mask", [masks(), OPEN], ids=["masked", "open"])
def test_what_is_not_understood_is_withheld(read: Any, result: Any, mask: MaskSet) -> None:
    with pytest.raises(Unmaskable):
        masked(read, mask, result)
