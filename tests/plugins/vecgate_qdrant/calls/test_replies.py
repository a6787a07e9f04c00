from __future__ import annotations

from typing import Any

import pytest
from tests.support.qdrant_calls import made, masked, masks, reading, shown
from tests.support.qdrant_scene import ALICE, OPEN, QDRANT, decided

from vecgate.errors import Unmaskable
from vecgate.masking.maskset import MaskSet
from vecgate.operations import grpc

KB = {"collection_name": "kb"}
NEAR = {"query": {"nearest": {"dense": {"data": [3, 4]}}}}
MARK = 0.8671875
HIDING = masks({"ssn": "redact", "people.name": "drop"})
PAYLOAD = {
    "ssn": {"string_value": "900-1"},
    "age": {"integer_value": 7},
    "rate": {"double_value": 7.0},
    "none": {"null_value": 0},
    "yes": {"bool_value": True},
    "people": {
        "list_value": {
            "values": [
                {"struct_value": {"fields": {"name": {"string_value": "Ann"}, "town": {"string_value": "Lund"}}}}
            ]
        }
    },
    "copy": {"list_value": {"values": [{"double_value": MARK}] * 16}},
}
VECTORS: dict[str, dict[str, Any]] = {
    "dense": {"vector": {"dense": {"data": [MARK, 1]}}},
    "older dense": {"vector": {"data": [MARK, 1]}},
    "sparse": {"vector": {"sparse": {"values": [MARK], "indices": [4711]}}},
    "older sparse": {"vector": {"data": [MARK], "indices": {"data": [4711]}}},
    "several": {"vector": {"multi_dense": {"vectors": [{"data": [MARK, 1]}]}}},
    "older several": {"vector": {"data": [MARK, 1], "vectors_count": 1}},
    "both forms": {"vector": {"data": [MARK, 1], "dense": {"data": [MARK, 1]}}},
    "named": {"vectors": {"vectors": {"a": {"dense": {"data": [MARK, 1]}}, "b": {"sparse": {"values": [MARK]}}}}},
}
POINT = {"id": {"num": 1}, "payload": PAYLOAD}
SCORED = [{**POINT, "score": 0.75}, {"id": {"uuid": "u"}, "score": 0.5}]
REPLIES: dict[str, tuple[str, dict[str, Any]]] = {
    "Get": ("GetResponse", {"result": [POINT]}),
    "Scroll": ("ScrollResponse", {"result": [POINT]}),
    **{name: (f"{name}Response", {"result": SCORED}) for name in ("Query", "Search", "Recommend", "Discover")},
    **{
        f"{name}Batch": (f"{name}BatchResponse", {"result": [{"result": SCORED}]})
        for name in ("Query", "Search", "Recommend", "Discover")
    },
    **{
        f"{name}Groups": (f"{name}GroupsResponse", {"result": {"groups": [{"id": {}, "hits": SCORED}]}})
        for name in ("Query", "Search", "Recommend")
    },
}


def asked(call: str) -> dict[str, Any]:
    """A request for all there is."""
    every = {"with_vectors": {"enable": True}, **({"vector": [1]} if call.startswith("Search") else {})}
    if call.endswith("Batch"):
        return {**KB, f"{call.removesuffix('Batch').lower()}_points": [every]}
    return {**KB, **every, **({"group_by": "town"} if call.endswith("Groups") else {})}


def points(reply: Any) -> list[Any]:
    """The points of a reply, whatever it is."""
    if reply.DESCRIPTOR.name.endswith("BatchResponse"):
        return [one for part in reply.result for one in part.result]
    if reply.DESCRIPTOR.name.endswith("GroupsResponse"):
        return [one for group in reply.result.groups for one in group.hits]
    return list(reply.result)


@pytest.mark.parametrize("spelling", VECTORS)
@pytest.mark.parametrize("call", REPLIES)
def test_no_vector_is_left_in_any_spelling_anywhere(call: str, spelling: str) -> None:
    kind, document = REPLIES[call]
    reply = made(kind, document)
    for one in points(reply):
        one.vectors.MergeFrom(made("VectorsOutput", VECTORS[spelling]))
    read = reading(f"Points/{call}", asked(call))
    for mask in (masks(), MaskSet.closed()):
        done = masked(read, mask, reply)
        text = str(shown(read, mask, reply))
        assert str(MARK) not in text
        assert "4711" not in text
        assert "vectors" in done.masked
    assert str(MARK) in str(shown(read, OPEN, reply))


@pytest.mark.parametrize("call", REPLIES)
def test_fields_are_masked_in_every_reply(call: str) -> None:
    kind, document = REPLIES[call]
    read, reply = reading(f"Points/{call}", asked(call)), made(kind, document)
    done = masked(read, HIDING, reply)
    text = str(shown(read, HIDING, reply))
    assert "900-1" not in text
    assert "Ann" not in text
    assert "Lund" in text
    assert {"ssn", "people.name", "vectors"} <= set(done.masked)
    ranked = kind not in {"GetResponse", "ScrollResponse"}
    assert done.points == (2 if ranked else 1)
    assert done.records[0].payload["people"] == [{"town": "Lund"}]
    assert "copy" not in done.records[0].payload
    assert "900-1" in str(shown(read, OPEN, reply))


def test_what_is_open_keeps_its_kind() -> None:
    read = reading("Points/Get", KB)
    (one,) = shown(read, HIDING, made("GetResponse", {"result": [POINT]})).result
    kinds = {name: one.payload[name].WhichOneof("kind") for name in one.payload}
    assert kinds == {
        "ssn": "string_value",
        "age": "integer_value",
        "rate": "double_value",
        "none": "null_value",
        "yes": "bool_value",
        "people": "list_value",
    }


@pytest.mark.parametrize(
    ("strategy", "expected"), [("round:1", [0.9, 1.0]), ("zero", [0.0, 0.0])], ids=["round", "zero"]
)
@pytest.mark.parametrize("spelling", ["dense", "older dense", "several", "both forms", "named"])
def test_vectors_are_masked_in_their_place(spelling: str, strategy: str, expected: list[float]) -> None:
    reply = made("GetResponse", {"result": [{"id": {"num": 1}, "vectors": VECTORS[spelling]}]})
    read = reading("Points/Get", {**KB, "with_vectors": {"enable": True}})
    (one,) = shown(read, masks(vectors=strategy), reply).result
    if spelling == "named":
        assert [*one.vectors.vectors.vectors] == ["a"]
        vector = one.vectors.vectors.vectors["a"]
    else:
        vector = one.vectors.vector
    row = {"older dense": vector, "several": (vector.multi_dense.vectors or [None])[0]}.get(spelling, vector.dense)
    assert row is not None
    assert list(row.data) == pytest.approx(expected)
    assert str(MARK) not in str(one)


@pytest.mark.parametrize(("scores", "seen"), [("drop", [0, 0]), ("rank", [0, 1]), ("keep", [0.75, 0.5])])
def test_scores_are_masked_list_by_list(scores: str, seen: list[float]) -> None:
    mask = masks(vectors=None, scores=scores)
    for call in ("Query", "SearchBatch", "RecommendGroups"):
        read = reading(f"Points/{call}", asked(call))
        kind, document = REPLIES[call]
        assert [one.score for one in points(shown(read, mask, made(kind, document)))] == pytest.approx(seen)


def test_a_matrix_shows_as_much_of_scores() -> None:
    mask = masks(vectors=None, scores="drop")
    pairs = {"result": {"pairs": [{"a": {"num": 1}, "b": {"num": 2}, "score": MARK}]}}
    read = reading("Points/SearchMatrixPairs", KB)
    done = masked(read, mask, made("SearchMatrixPairsResponse", pairs))
    assert (done.points, done.masked) == (2, ("scores",))
    assert str(MARK) not in str(shown(read, mask, made("SearchMatrixPairsResponse", pairs)))
    offsets = {"result": {"offsets_row": [0], "offsets_col": [1], "scores": [MARK], "ids": [{"num": 1}, {"num": 2}]}}
    read = reading("Points/SearchMatrixOffsets", KB)
    assert masked(read, mask, made("SearchMatrixOffsetsResponse", offsets)).points == 2
    assert str(MARK) not in str(shown(read, mask, made("SearchMatrixOffsetsResponse", offsets)))


def test_what_was_looked_up_has_the_masks_of_where_it_stands() -> None:
    lookup = {"collection": "live", "with_vectors": {"enable": True}}
    read = reading("Points/SearchGroups", {**KB, "vector": [1], "group_by": "a", "with_lookup": lookup}, live="towns")
    looked = {"id": {"num": 2}, "payload": {"ssn": {"string_value": "900-2"}}, "vectors": VECTORS["dense"]}
    group = {"id": {"string_value": "g"}, "hits": [POINT], "lookup": looked}
    reply = made("SearchGroupsResponse", {"result": {"groups": [group]}})
    text = str(shown(read, OPEN, reply, towns=HIDING))
    assert "900-1" in text
    assert "900-2" not in text
    assert text.count(str(MARK)) == 16
    done = masked(read, OPEN, reply, towns=HIDING)
    assert (done.points, done.records[1].resource) == (2, "towns")
    with pytest.raises(Unmaskable):
        masked(reading("Points/SearchGroups", {**KB, "vector": [1], "group_by": "a"}), OPEN, reply)


def test_values_of_an_order_come_back_where_it_was_asked_for() -> None:
    reply = made("ScrollResponse", {"result": [{"id": {"num": 1}, "order_value": {"int": 4711}}]})
    assert "4711" not in str(shown(reading("Points/Scroll", KB), OPEN, reply))
    assert "4711" in str(shown(reading("Points/Scroll", {**KB, "order_by": {"key": "a"}}), OPEN, reply))
    query = made("QueryResponse", {"result": [{"id": {"num": 1}, "order_value": {"int": 4711}}]})
    assert "4711" not in str(shown(reading("Points/Query", {**KB, **NEAR}), OPEN, query))
    ordered = {**KB, "query": {"order_by": {"key": "a"}}}
    assert "4711" in str(shown(reading("Points/Query", ordered), OPEN, query))


def test_a_collection_says_nothing_of_what_is_hidden() -> None:
    info = {
        "result": {
            "config": {"metadata": {"ssn": {"string_value": "900-1"}, "team": {"string_value": "a"}}},
            "payload_schema": {"ssn": {"points": 3}, "people.name": {"points": 2}, "town": {"points": 1}},
            "optimizer_status": {"error": "cannot index 900-1"},
            "warnings": [{"message": "900-1"}],
        },
        "time": 0.5,
    }
    read = reading("Collections/Get", KB)
    reply = shown(read, HIDING, made("GetCollectionInfoResponse", info))
    assert "900-1" not in str(reply)
    assert [*reply.result.payload_schema] == ["town"]
    assert reply.result.config.metadata["team"].string_value == "a"
    assert set(masked(read, HIDING, made("GetCollectionInfoResponse", info)).masked) == {"ssn", "people.name"}


def test_lists_have_what_the_caller_may_see() -> None:
    names = made("ListCollectionsResponse", {"collections": [{"name": "kb"}, {"name": "secret"}, {"name": "kb2"}]})
    seen = shown(reading("Collections/List"), OPEN, names, visible=lambda resource: resource != "secret")
    assert [one.name for one in seen.collections] == ["kb", "kb2"]
    pairs = [{"alias_name": "a", "collection_name": "secret"}, {"alias_name": "b", "collection_name": "kb"}]
    for call in ("Collections/ListAliases", "Collections/ListCollectionAliases"):
        read = reading(call, KB if call.endswith("CollectionAliases") else None)
        reply = made("ListAliasesResponse", {"aliases": pairs})
        seen = shown(read, OPEN, reply, visible=lambda resource: resource != "secret")
        assert [one.alias_name for one in seen.aliases] == ["b"]


def test_what_it_cost_is_not_told() -> None:
    reply = made("CountResponse", {"result": {"count": 3}, "usage": {"hardware": {"cpu": 4711}}})
    assert "4711" not in str(shown(reading("Points/Count", KB), OPEN, reply))


@pytest.mark.parametrize(
    ("call", "reply"),
    [
        ("Points/Get", made("GetResponse", {"result": [{}]})),
        ("Points/QueryBatch", made("QueryBatchResponse", {"result": [{}]})),
    ],
)
def test_what_is_not_understood_is_withheld(call: str, reply: Any) -> None:
    with pytest.raises(Unmaskable):
        masked(reading(call, KB), OPEN, reply)


def test_an_error_does_not_quote_what_is_stored() -> None:
    failed = grpc.failed(3, "Wrong input: value 900-1 of ssn")
    done = QDRANT.mask(reading("Points/Get", KB), decided(OPEN), ALICE, failed)
    assert done.error == "grpc 3"
    assert "900-1" not in str(done.answer)


def test_aliases_are_learnt() -> None:
    (lookup,) = QDRANT.lookups(reading("Points/Count", KB))
    reply = made("ListAliasesResponse", {"aliases": [{"alias_name": "live", "collection_name": "kb"}]})
    assert QDRANT.learn(lookup, grpc.answered(reply.SerializeToString())) == {"live": "kb"}
    with pytest.raises(Unmaskable):
        QDRANT.learn(lookup, grpc.failed(14, "down"))
