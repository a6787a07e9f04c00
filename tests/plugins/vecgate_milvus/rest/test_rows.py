from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.support.milvus_rest import (
    BITS,
    OPEN,
    SENSITIVE,
    VECTOR,
    FakeMilvus,
    document,
    masks,
    row,
)

from vecgate.errors import Unmaskable
from vecgate.masking.maskset import MaskSet

READS: dict[str, dict[str, Any]] = {
    "entities/query": {},
    "entities/get": {"id": [1, 2]},
    "entities/search": {"data": [VECTOR], "annsField": "vector"},
    "entities/hybrid_search": {"search": [{"data": [VECTOR]}]},
    "entities/advanced_search": {"search": [{"data": [VECTOR]}]},
}
WHOLE = {name: body | {"collectionName": "kb", "outputFields": ["*"]} for name, body in READS.items()}
PERSONAL = {"ssn": "redact"}


def answered(mask: MaskSet, route: str, rows: list[dict[str, Any]], *, dynamic: bool = False, **more: Any) -> Any:
    """What is shown of a database that answers with these rows, whatever it was asked."""
    fake = FakeMilvus()
    fake.add("default/kb", dynamic=dynamic)
    fake.replies[route] = {"code": 0, "data": rows, **more}
    return fake.through(mask, route, WHOLE[route])


@pytest.mark.parametrize("dynamic", [False, True])
@pytest.mark.parametrize("route", READS)
def test_nothing_sensitive_comes_back(route: str, dynamic: bool) -> None:
    """Whatever the database answers: a server that ignores what it is asked for, too."""
    masked = answered(masks(PERSONAL), route, [row(1), row(2)], dynamic=dynamic)
    text = masked.answer.body.decode()
    assert not [secret for secret in SENSITIVE if secret in text]
    shown = document(masked)["data"]
    assert [one["title"] for one in shown] == ["title 1", "title 2"]
    assert set(shown[0]) == {"id", "title", "ssn", "year", "tags", "meta"}
    assert masked.points == 2
    assert set(masked.masked) >= {"vectors", "ssn"}


@pytest.mark.parametrize("route", READS)
def test_who_is_cleared_gets_what_the_database_answers(route: str) -> None:
    distance = {} if READS[route].keys() <= {"id"} else {"distance": 0.123456789}
    rows = [row(1) | distance, row(2) | distance]
    masked = answered(OPEN, route, rows)
    assert document(masked)["data"] == rows
    assert masked.masked == ()


@pytest.mark.parametrize(
    ("extra", "kept"),
    [
        ({"copy": [0.5] * 8}, False),
        ({"copy": list(range(8))}, False),
        ({"copy": [0.5] * 200}, False),
        ({"copy": {"7": 0.75}}, False),
        ({"copy": {"a": {"b": [0.5] * 8}}}, False),
        ({"copy": [[0.5] * 8, [0.5] * 8]}, False),
        ({"copy": [1, 2, 3]}, True),
        ({"copy": ["a"] * 20}, True),
        ({"copy": {"a": 1}}, True),
        ({"copy": "text"}, True),
        ({"copy": None}, True),
    ],
)
def test_a_field_of_any_name_that_looks_like_a_vector_is_one(extra: dict[str, Any], kept: bool) -> None:
    masked = answered(masks(), "entities/query", [{"id": "1", **extra}], dynamic=True)
    shown = document(masked)["data"][0]
    assert (shown.get("copy", "gone") == extra["copy"]) is kept
    assert ("vectors" in masked.masked) is not kept


def test_a_field_that_nobody_described_withholds_the_answer() -> None:
    """It could be a vector in base64: a collection that was made anew under the same name."""
    with pytest.raises(Unmaskable):
        answered(masks(), "entities/query", [{"id": "1", "blob": BITS}])


def test_records_of_a_collection_that_was_not_described_are_withheld() -> None:
    fake = FakeMilvus()
    fake.replies["entities/query"] = {"code": 0, "data": [row(1)]}
    with pytest.raises(Unmaskable):
        fake.through(masks(), "entities/query", {"collectionName": "kb"})


@pytest.mark.parametrize("rows", [{}, "x", [1], [[1]], None, [None]])
def test_what_is_no_list_of_records_is_withheld(rows: Any) -> None:
    with pytest.raises(Unmaskable):
        answered(masks(), "entities/query", rows)


STRUCTS = [{"name": "people", "fields": [{"name": "age", "type": "Array"}, {"name": "face", "type": "ArrayOfVector"}]}]


@pytest.mark.parametrize(
    "value",
    [
        [{"age": 5, "face": VECTOR}, {"age": 6, "face": VECTOR}],
        {"age": [5, 6], "face": [VECTOR, VECTOR]},
        {"people[age]": [5], "people[face]": [VECTOR]},
    ],
)
def test_a_vector_in_a_struct_is_one(value: Any) -> None:
    fake = FakeMilvus()
    fake.add("default/kb", rows=[{"id": "1", "people": value, "people[face]": VECTOR}])
    fake.collections["default/kb"]["structFields"] = STRUCTS
    masked = fake.through(masks(), "entities/query", WHOLE["entities/query"])
    assert b"0.75" not in masked.answer.body
    assert b"age" in masked.answer.body


def test_a_struct_with_a_field_that_nobody_described_is_withheld() -> None:
    fake = FakeMilvus()
    fake.add("default/kb", rows=[{"id": "1", "people": [{"other": BITS}]}])
    fake.collections["default/kb"]["structFields"] = STRUCTS
    with pytest.raises(Unmaskable):
        fake.through(masks(), "entities/query", WHOLE["entities/query"])


def test_a_masked_field_is_masked_inside_json_and_dynamic_fields() -> None:
    rows = [{"id": "1", "meta": '{"ssn": "900-11-1111", "note": "n"}', "address": {"ssn": "900-11-1111"}}]
    masked = answered(masks({"ssn": "redact"}), "entities/query", rows, dynamic=True)
    assert b"900-11" not in masked.answer.body
    assert b"note" in masked.answer.body


def test_rounded_vectors_are_rounded() -> None:
    masked = answered(masks(vectors="round:1"), "entities/query", [row(1)])
    shown = document(masked)["data"][0]
    assert shown["vector"] == [0.2, 0.5, 0.8, 1.0]
    assert not {"words", "bits"} & set(shown)


def test_a_vector_field_that_is_masked_by_its_name_is_left_out() -> None:
    masked = answered(masks({"vector": "redact"}, vectors=None), "entities/query", [row(1)])
    assert "vector" not in document(masked)["data"][0]
    assert document(masked)["data"][0]["bits"] == BITS


def ranked(*scores: Any) -> list[dict[str, Any]]:
    return [{"id": str(at), "distance": score} for at, score in enumerate(scores)]


def distances(masked: Any) -> list[Any]:
    return [one.get("distance") for one in document(masked)["data"]]


def test_scores_become_ranks_of_each_list() -> None:
    masked = answered(masks(), "entities/search", ranked(0.9, 0.8, 0.7), topks=[2, 1])
    assert distances(masked) == [0.0, 1.0, 0.0]
    assert "scores" in masked.masked


def test_scores_can_be_left_out_rounded_and_kept() -> None:
    assert distances(answered(masks(scores="drop"), "entities/search", ranked(0.91))) == [None]
    assert distances(answered(masks(scores="keep"), "entities/search", ranked(0.91))) == [0.91]


@pytest.mark.parametrize("topks", [[1], [3], [-1, 3], [2.5]])
def test_other_numbers_of_records_than_the_answer_says_are_withheld(topks: list[Any]) -> None:
    with pytest.raises(Unmaskable):
        answered(masks(), "entities/search", ranked(0.9, 0.8), topks=topks)


def test_a_distance_that_is_no_number_is_withheld() -> None:
    with pytest.raises(Unmaskable):
        answered(masks(), "entities/search", ranked("0.9"))


def test_a_distance_that_was_not_searched_for_is_a_field() -> None:
    masked = answered(masks({"distance": "redact"}), "entities/query", [{"id": "1", "distance": 5}], dynamic=True)
    assert document(masked)["data"][0]["distance"] != 5


@pytest.mark.parametrize("number", ["9223372036854775807", "1.1111111", "1.10", "1e5", "-0.0"])
def test_numbers_keep_their_digits(number: str) -> None:
    """milvus-io/milvus #24225, #16951."""
    fake = FakeMilvus()
    fake.add("default/kb")
    raw = b'{"code":0,"data":[{"id":"1","year":%s,"ssn":"x"}]}' % number.encode()
    fake.replies["entities/query"] = msgspec.Raw(raw)  # type: ignore[assignment]  # as its bytes are
    masked = fake.through(masks(), "entities/query", WHOLE["entities/query"])
    assert b'"year":%s,' % number.encode() in masked.answer.body


def test_a_count_is_a_count_and_nothing_else() -> None:
    fake = FakeMilvus()
    fake.add("default/kb")
    body = {"collectionName": "kb", "outputFields": ["count(*)"]}
    masked = fake.through(masks(PERSONAL), "entities/query", body)
    assert document(masked)["data"] == [{"count(*)": 2}]
    assert (masked.points, masked.records) == (0, ())
    for wrong in ([row(1)], [{"count(*)": 1, "ssn": "900"}], [{"count(*)": [0.5]}], [{"max(ssn)": 5}]):
        fake.replies["entities/query"] = {"code": 0, "data": wrong}
        with pytest.raises(Unmaskable):
            fake.through(masks(PERSONAL), "entities/query", body)


def test_evidence_has_what_the_caller_saw() -> None:
    masked = answered(masks(PERSONAL), "entities/search", [row(1) | {"distance": 0.5}])
    (record,) = masked.records
    assert (record.resource, record.id, record.score) == ("default/kb", "1", 0.0)
    assert set(record.payload) == {"title", "ssn", "year", "tags", "meta"}
    assert "900" not in str(record.payload)


def test_evidence_has_no_vector_of_who_may_see_them() -> None:
    rows = [{"id": "1", "copy": [0.5] * 20, "title": "t"}]
    (record,) = answered(OPEN, "entities/query", rows, dynamic=True).records
    assert record.payload == {"title": "t"}


def test_many_lists_and_many_keys_are_read() -> None:
    """A long list of numbers is read otherwise than a short one."""
    masked = answered(masks(), "entities/search", ranked(*[0.5] * 100), topks=[1] * 100)
    assert distances(masked) == [0.0] * 100
    fake = FakeMilvus()
    fake.add("default/kb")
    fake.replies["entities/insert"] = {
        "code": 0,
        "data": {"insertCount": 99, "insertIds": list(range(10**9, 10**9 + 99))},
    }
    shown = document(fake.through(masks(), "entities/insert", {"collectionName": "kb", "data": [{"id": 1}]}))
    assert len(shown["data"]["insertIds"]) == 99
