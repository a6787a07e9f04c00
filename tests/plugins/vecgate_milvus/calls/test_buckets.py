from __future__ import annotations

from typing import Any

import pytest
from tests.support.milvus_calls import CLOSED, OPEN, made, masked, masks, pairs, reading, shown

from vecgate.errors import Unmaskable

SPEC = {
    "fields": ["topic", "ssn"],
    "size": 2,
    "metrics": {
        "best": {"op": "max", "field_name": "_score"},
        "number": {"op": "count", "field_name": "*"},
        "pay": {"op": "avg", "field_name": "salary"},
    },
    "top_hits": {"size": 2},
    "sub_aggregation": {"fields": ["year"], "size": 1},
}
READ = reading("Search", {"collection_name": "kb", "nq": 1, "search_params": pairs(topk=2), "search_aggregation": SPEC})


def found() -> Any:
    reply = made("milvus.SearchResults")
    bucket = reply.results.agg_buckets.add(count=2)
    bucket.key.add(field_name="topic", string_val="x")
    bucket.key.add(field_name="ssn", string_val="900-11-1111")
    bucket.metrics["best"].double_val = 0.9
    bucket.metrics["number"].int_val = 2
    bucket.metrics["pay"].double_val = 100.5
    bucket.metrics["other"].double_val = 1.5
    for key, score in ((7, 0.9), (8, 0.8)):
        hit = bucket.hits.add(int_pk=key, score=score)
        hit.fields.add(field_name="ssn", string_val="900-11-1111")
        hit.fields.add(field_name="dense", bytes_val=b"\0\1\2\3")
        hit.fields.add(field_name="title", string_val="a")
    bucket.sub_groups.add(count=1).key.add(field_name="year", int_val=2026)
    reply.results.primary_field_name = "id"
    return reply


def test_buckets_are_masked_at_every_level() -> None:
    mask = masks({"ssn": "redact", "salary": "drop", "year": "redact"})
    (bucket,) = shown(READ, mask, found()).results.agg_buckets
    assert [entry.string_val for entry in bucket.key] == ["x", "[redacted]"]
    assert set(bucket.metrics) == {"number"}
    assert [hit.score for hit in bucket.hits] == [0.0, 1.0]
    assert {one.field_name: one.string_val for one in bucket.hits[0].fields} == {"ssn": "[redacted]", "title": "a"}
    assert bucket.sub_groups[0].key[0].WhichOneof("value") is None


def test_open_buckets_stay_but_for_metrics_that_nobody_asked_for() -> None:
    expected = found()
    del expected.results.agg_buckets[0].metrics["other"]
    expected.collection_name = "kb"
    assert shown(READ, OPEN, found()) == expected


def test_keys_in_buckets_are_keys() -> None:
    (bucket,) = shown(READ, masks({"id": "redact"}), found()).results.agg_buckets
    assert bucket.hits[0].WhichOneof("pk") is None


def test_records_in_buckets_are_charged() -> None:
    assert masked(READ, CLOSED, found()).points == 2


def test_levels_that_nobody_asked_for_are_not_understood() -> None:
    reply = found()
    reply.results.agg_buckets[0].sub_groups[0].sub_groups.add(count=1)
    with pytest.raises(Unmaskable):
        masked(READ, CLOSED, reply)


def test_buckets_that_nobody_asked_for_are_not_understood() -> None:
    read = reading("HybridSearch", {"collection_name": "kb", "rank_params": pairs(limit=2)})
    with pytest.raises(Unmaskable):
        masked(read, CLOSED, found())
