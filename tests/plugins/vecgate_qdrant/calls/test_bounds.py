"""Bounds: what a few bytes may ask for, and names of files."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.qdrant_calls import judged

from vecgate.errors import Refusal
from vecgate.reasons import Reason

_DELETES = {"delete_points": {"points": {"points": {"ids": [{"num": 1}]}}}}
_ALIAS = {"delete_alias": {"alias_name": "a"}}
BATCHES: dict[str, tuple[str, dict[str, Any]]] = {
    "Points/SearchBatch": ("search_points", {"vector": [1.0], "limit": 1}),
    "Points/RecommendBatch": ("recommend_points", {"positive": [{"num": 1}], "limit": 1}),
    "Points/DiscoverBatch": ("discover_points", {"target": {"single": {"id": {"num": 1}}}, "limit": 1}),
    "Points/QueryBatch": ("query_points", {}),
    "Points/UpdateBatch": ("operations", _DELETES),
    "Collections/UpdateAliases": ("actions", _ALIAS),
}


def _batch(call: str, members: int) -> dict[str, Any]:
    field, member = BATCHES[call]
    named = {} if call.startswith("Collections") else {"collection_name": "kb"}
    return {**named, field: [member] * members}


@pytest.mark.parametrize("call", BATCHES)
def test_a_batch_is_refused_before_its_members_are_read(call: str) -> None:
    with pytest.raises(Refusal) as refused:
        judged(call, _batch(call, 1001))
    assert refused.value.reason is Reason.BODY_TOO_LARGE
    assert len(judged(call, _batch(call, 1000))) == 1000


@pytest.mark.parametrize("name", ["../other/1.snapshot", "", "..", "a\x00b", "a\\b"])
def test_a_snapshots_name_is_no_path(name: str) -> None:
    for call, named in (("Snapshots/Delete", {"collection_name": "kb"}), ("Snapshots/DeleteFull", {})):
        with pytest.raises(Refusal):
            judged(call, {**named, "snapshot_name": name})


def test_a_long_key_is_not_written_out_with_each_key_within() -> None:
    inner = [{"field": {"key": f"k{number}", "is_null": True}} for number in range(900)]
    for long, keys in (("k" * 70_000, inner[:1]), ("k" * 1000, inner), ("k", inner * 2 + [{"is_null": {"key": "x"}}])):
        nested = {"nested": {"key": long, "filter": {"must": keys}}}
        message = {"collection_name": "kb", "filter": {"must": [nested]}}
        if long == "k":
            assert len(judged("Points/Count", message)[0].fields_used) == 902
            continue
        with pytest.raises(Refusal) as refused:
            judged("Points/Count", message)
        assert refused.value.reason is Reason.BODY_TOO_LARGE


_EMPTY: dict[str, Any] = {"filter": {}}
MANY: dict[str, tuple[str, Any]] = {
    "conditions": ("Points/Scroll", lambda many: {"filter": {"must": [_EMPTY] * many}}),
    "prefetches": ("Points/Query", lambda many: {"prefetch": [{"limit": 1}] * many}),
    "deletion": ("Points/Delete", lambda many: {"points": {"filter": {"must": [_EMPTY] * many}}}),
    "batch of searches": (
        "Points/SearchBatch",
        lambda many: {
            "search_points": [{"vector": [1.0], "limit": 1, "filter": {"must": [_EMPTY] * (many // 100)}}] * 100
        },
    ),
    "batch of deletions": (
        "Points/UpdateBatch",
        lambda many: {
            "operations": [{"delete_points": {"points": {"filter": {"must": [_EMPTY] * (many // 100)}}}}] * 100
        },
    ),
}
"""Everything a request may bring in great numbers of a few bytes each."""


@pytest.mark.parametrize("name", MANY)
def test_what_steers_is_bounded_over_the_whole_request(name: str) -> None:
    call, of = MANY[name]
    assert judged(call, {"collection_name": "kb", **of(5_000)})
    with pytest.raises(Refusal) as refused:
        judged(call, {"collection_name": "kb", **of(20_100)})
    assert refused.value.reason is Reason.BODY_TOO_LARGE
