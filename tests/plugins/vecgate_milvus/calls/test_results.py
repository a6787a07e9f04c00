from __future__ import annotations

from typing import Any

import pytest
from tests.support.milvus_calls import CLOSED, OPEN, column, made, masked, masks, pairs, reading, shown, vectors

from vecgate.errors import Unmaskable
from vecgate.operations.dialect import Record

SEARCH = reading("Search", {"collection_name": "kb", "nq": 2, "search_params": pairs(topk=2), "output_fields": ["*"]})
QUERY = reading("Query", {"collection_name": "kb", "output_fields": ["*"]})


def found(**more: Any) -> Any:
    reply = made("milvus.SearchResults", collection_name="kb")
    results = reply.results
    results.num_queries, results.top_k, results.primary_field_name = 2, 2, "id"
    results.topks.extend([2, 1])
    results.scores.extend([0.9, 0.8, 0.7])
    results.ids.int_id.data.extend([7, 8, 9])
    results.output_fields.extend(["dense", "title", "ssn"])
    results.fields_data.extend(
        [
            vectors("dense", "float_vector", [1.0] * 6, 2),
            column("title", "string_data", ["a", "b", "c"], 21),
            column("ssn", "string_data", ["1", "2", "3"], 21),
            column("$meta", "json_data", [b'{"x":1}', b'{"x":2}', b"{}"], 23, is_dynamic=True),
        ]
    )
    for name, value in more.items():
        getattr(results, name).extend(value)
    return reply


def test_a_search_is_masked() -> None:
    done = masked(SEARCH, masks({"ssn": "drop"}), found())
    results = shown(SEARCH, masks({"ssn": "drop"}), found()).results
    assert [one.field_name for one in results.fields_data] == ["title", "$meta"]
    assert list(results.output_fields) == ["title"]
    assert list(results.scores) == [0.0, 1.0, 0.0]
    assert done.points == 3
    assert done.masked == ("scores", "ssn", "vectors")
    assert done.records[0] == Record("default/kb", "7", {"title": "a", "x": 1}, 0.0)


def test_a_search_that_nothing_is_masked_in_stays() -> None:
    done = masked(SEARCH, OPEN, found())
    assert shown(SEARCH, OPEN, found()) == found()
    assert (done.masked, done.points) == ((), 3)
    assert all("dense" not in record.payload for record in done.records)


@pytest.mark.parametrize(("scores", "seen"), [("drop", [0, 0, 0]), ("rank", [0, 1, 0]), ("keep", [0.9, 0.8, 0.7])])
def test_scores_are_ranked_query_by_query(scores: str, seen: list[float]) -> None:
    results = shown(SEARCH, masks(vectors=None, scores=scores), found(distances=[0.9, 0.8, 0.7])).results
    assert list(results.scores) == pytest.approx(seen)
    assert list(results.distances) == pytest.approx(seen)


def test_the_bound_of_an_iterator_is_a_score() -> None:
    reply = found()
    reply.results.search_iterator_v2_results.token = "t"
    reply.results.search_iterator_v2_results.last_bound = 0.7
    assert shown(SEARCH, CLOSED, reply).results.search_iterator_v2_results.last_bound == 0
    assert shown(SEARCH, OPEN, reply).results.search_iterator_v2_results.last_bound == pytest.approx(0.7)


def test_scores_that_are_not_as_many_as_the_records() -> None:
    with pytest.raises(Unmaskable):
        masked(SEARCH, CLOSED, found(scores=[0.1]))


def test_groups_are_masked_like_their_fields() -> None:
    groups = [column(name, "string_data", ["1", "2", "3"]) for name in ("ssn", "title")]
    reply = found(group_by_field_values=groups)
    reply.results.group_by_field_value.CopyFrom(column("ssn", "string_data", ["1", "2", "3"]))
    results = shown(SEARCH, masks({"ssn": "drop"}), reply).results
    assert [one.field_name for one in results.group_by_field_values] == ["title"]
    assert not results.HasField("group_by_field_value")


def test_highlights_of_a_masked_field_are_left_out() -> None:
    lights = [made("common.HighlightResult", field_name=name) for name in ("ssn", "title")]
    for one in lights:
        one.datas.add(fragments=["<em>1</em>"])
    results = shown(SEARCH, masks({"ssn": "redact"}), found(highlight_results=lights)).results
    assert [one.field_name for one in results.highlight_results] == ["title"]


@pytest.mark.parametrize("strategy", ["drop", "redact", "hash"])
def test_keys_that_are_masked_are_empty_or_masked(strategy: str) -> None:
    assert list(shown(SEARCH, masks({"id": strategy}), found()).results.ids.int_id.data) == [0, 0, 0]
    reply = found()
    reply.results.ids.str_id.data.extend(["k7", "k8", "k9"])
    keys = list(shown(SEARCH, masks({"id": strategy}), reply).results.ids.str_id.data)
    assert len(keys) == 3
    assert not any(key.startswith("k") for key in keys)


def test_the_key_of_the_schema_counts_where_the_reply_does_not_say_it() -> None:
    reply = found()
    reply.results.primary_field_name = ""
    assert list(shown(SEARCH, masks({"id": "redact"}), reply).results.ids.int_id.data) == [0, 0, 0]


def queried() -> Any:
    reply = made("milvus.QueryResults", collection_name="other", primary_field_name="id", output_fields=["id", "dense"])
    reply.fields_data.extend(
        [
            column("id", "long_data", [7, 8], 5),
            vectors("dense", "float_vector", [1.0] * 4, 2),
            column("ssn", "string_data", ["1", "2"], 21),
        ]
    )
    return reply


def test_a_query_is_masked() -> None:
    done = masked(QUERY, masks({"ssn": "redact"}), queried())
    reply = shown(QUERY, masks({"ssn": "redact"}), queried())
    assert [one.field_name for one in reply.fields_data] == ["id", "ssn"]
    assert list(reply.output_fields) == ["id"]
    assert reply.collection_name == "kb"
    assert (done.points, done.masked) == (2, ("ssn", "vectors"))
    assert done.records[1] == Record("default/kb", "8", {"id": 8, "ssn": "[redacted]"}, None)


def test_what_was_not_fetched_is_on_record_as_masked() -> None:
    reply = made("milvus.QueryResults", primary_field_name="id", fields_data=[column("id", "long_data", [7], 5)])
    assert masked(QUERY, CLOSED, reply).masked == ("vectors",)


def test_a_count_is_no_record() -> None:
    reply = made("milvus.QueryResults", fields_data=[column("count(*)", "long_data", [7], 5)])
    done = masked(reading("Query", {"collection_name": "kb", "output_fields": ["count(*)"]}), CLOSED, reply)
    assert (done.points, done.records) == (0, ())


def test_records_without_columns_are_charged() -> None:
    reply = made("milvus.QueryResults", fields_data=[vectors("dense", "float_vector", [1.0] * 4, 2)])
    assert masked(QUERY, CLOSED, reply).points == 2


def test_the_searches_of_a_hybrid_one_answer_as_one() -> None:
    read = reading("HybridSearch", {"collection_name": "kb", "rank_params": pairs(limit=2), "output_fields": ["*"]})
    assert [one.field_name for one in shown(read, CLOSED, found()).results.fields_data] == ["title", "ssn", "$meta"]


def test_keys_that_a_write_made() -> None:
    read = reading("Insert", {"collection_name": "kb", "num_rows": 1})
    reply = made("milvus.MutationResult", IDs={"str_id": {"data": ["k7"]}}, insert_cnt=1)
    assert list(shown(read, CLOSED, reply).IDs.str_id.data) == ["k7"]
    assert list(shown(read, masks({"id": "drop"}), reply).IDs.str_id.data) == [""]
