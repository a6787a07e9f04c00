from __future__ import annotations

from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from tests.support.qdrant_calls import decided, masks, reading, sent
from tests.support.qdrant_scene import OPEN, QDRANT

from vecgate.masking.maskset import MaskSet

KB = {"collection_name": "live"}
NEAR = {"query": {"nearest": {"dense": {"data": [3, 4]}}}}
ASKED = [{"enable": True}, {"include": {"names": ["a"]}}, {"enable": False}, None]


def plain(message: Any) -> dict[str, Any]:
    found: dict[str, Any] = MessageToDict(message, preserving_proto_field_name=True)
    return found


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("mask", [OPEN, masks(vectors="round:1"), masks(vectors="drop"), MaskSet.closed()])
@pytest.mark.parametrize("call", ["Get", "Scroll", "Query", "Search", "Recommend", "Discover", "QueryGroups"])
def test_vectors_are_fetched_only_for_who_may_see_any(call: str, mask: MaskSet, asked: Any) -> None:
    message = {**KB, **({"with_vectors": asked} if asked else {})}
    needed: dict[str, dict[str, Any]] = {"Search": {"vector": [1]}, "QueryGroups": {"group_by": "a"}}
    message |= needed.get(call, {})
    got = plain(sent(reading(f"Points/{call}", message, live="kb"), mask))
    assert got["collection_name"] == "kb"
    assert got["with_vectors"] == (asked if asked and mask.fetches_vectors else {"enable": False})


def test_names_are_resolved_wherever_they_stand() -> None:
    inner = {"lookup_from": {"collection_name": "live"}}
    read = reading(
        "Points/QueryGroups",
        {
            **KB,
            **NEAR,
            **inner,
            "group_by": "a",
            "prefetch": [{**inner, "prefetch": [inner]}],
            "with_lookup": {"collection": "old", "with_vectors": {"enable": True}},
        },
        live="kb",
        old="towns",
    )
    text = str(plain(sent(read, OPEN)))
    assert "live" not in text
    assert text.count("'kb'") == 4
    looked = plain(sent(read, OPEN, towns=masks()))["with_lookup"]
    assert looked == {"collection": "towns", "with_vectors": {"enable": False}}
    batch = reading("Points/QueryBatch", {**KB, "query_points": [{**KB, **inner}, NEAR]}, live="kb")
    assert [one.collection_name for one in sent(batch, OPEN).query_points] == ["kb", "kb"]


@pytest.mark.parametrize("call", ["Collections/Delete", "Collections/Create"])
def test_what_is_made_or_dropped_is_named_as_written(call: str) -> None:
    read = reading(call, KB, live="kb")
    assert sent(read, OPEN).collection_name == "live"
    assert QDRANT.changes_names(read)


def test_a_change_is_sent_as_it_was_judged() -> None:
    message = {**KB, "points": {"filter": {"must": [{"is_null": {"key": "a"}}]}}, "wait": True}
    read = reading("Points/Delete", message, live="kb")
    assert plain(sent(read, masks())) == {**message, "collection_name": "kb"}
    assert read.document.collection_name == "live"
    assert QDRANT.lookups(read)[0].request.path == "/qdrant.Collections/ListAliases"


def test_a_collection_that_is_not_for_the_caller_does_not_exist() -> None:
    read = reading("Collections/CollectionExists", KB, live="kb")
    assert QDRANT.local(read, None, decided(OPEN)) is None
    answer = QDRANT.local(read, None, decided(OPEN, lambda resource: resource != "kb"))
    assert answer is not None
    assert answer.header("grpc-status") == "0"
    assert answer.messages == (b"\x0a\x00",)
