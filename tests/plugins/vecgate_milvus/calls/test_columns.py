from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest
from tests.support.milvus_calls import CLOSED, OPEN, column, made, masks, vectors

from vecgate.errors import Unmaskable
from vecgate.masking.maskset import MaskSet
from vecgate_milvus.calls.columns import Columns, rows, values, without_embeddings

LONG = [0.5] * 16
SECRET = "900-11-1111"


def struct(name: str, *fields: Any) -> Any:
    made_struct = made("schema.FieldData", field_name=name, type=200)
    made_struct.struct_arrays.fields.extend(fields)
    return made_struct


def face() -> Any:
    part = made("schema.VectorField", dim=2)
    part.float_vector.data.extend([1.0, 2.0])
    return vectors("face", "vector_array", [part], 2, 106)


def arrays(name: str, kind: str, *lists: Any) -> Any:
    made_array = made("schema.FieldData", field_name=name, type=22)
    for one in lists:
        getattr(made_array.scalars.array_data.data.add(), kind).data.extend(one)
    return made_array


def kept(mask: MaskSet, *columns: Any) -> list[Any]:
    reply = made("milvus.QueryResults", fields_data=list(columns))
    Columns(mask).keep(reply.fields_data)
    return list(reply.fields_data)


VECTORS = {
    "float": vectors("v", "float_vector", [1.0, 2.0], 2),
    "binary": vectors("v", "binary_vector", b"\x01", 8, 100),
    "float16": vectors("v", "float16_vector", bytes(4), 2, 102),
    "bfloat16": vectors("v", "bfloat16_vector", bytes(4), 2, 103),
    "sparse": vectors("v", "sparse_float_vector", [bytes(8)], 2, 104),
    "int8": vectors("v", "int8_vector", bytes(2), 2, 105),
    "array": face(),
    "of no type": vectors("title", "float_vector", [1.0], 1, 0),
    "of the type of a text": vectors("title", "float_vector", [1.0], 1, 21),
    "as bytes": column("v", "bytes_data", [bytes(8)], 101),
    "as bytes of no type": column("v", "bytes_data", [bytes(8)]),
    "as numbers": column("v", "float_data", [1.0, 2.0], 101),
    "nothing but its type": made("schema.FieldData", field_name="v", type=101),
    "in a struct": struct("people", face()),
    "as an array": arrays("copy", "float_data", LONG),
    "as an array of integers": arrays("copy", "int_data", range(16)),
    "as an array among short ones": arrays("copy", "double_data", [0.5], LONG),
}


@pytest.mark.parametrize("name", VECTORS)
def test_vectors_of_every_kind_are_left_out(name: str) -> None:
    assert kept(CLOSED, VECTORS[name]) == []


@pytest.mark.parametrize("name", VECTORS)
def test_open_vectors_stay_as_they_came(name: str) -> None:
    assert kept(OPEN, VECTORS[name]) == [VECTORS[name]]


@pytest.mark.parametrize("name", ["binary", "sparse", "int8", "as bytes", "as numbers"])
def test_vectors_that_no_strategy_fits_are_left_out(name: str) -> None:
    assert kept(masks(vectors="zero"), VECTORS[name]) == []


def test_a_strategy_masks_vectors_one_by_one() -> None:
    (shown,) = kept(masks(vectors="round:0"), vectors("v", "float_vector", [0.9, 0.2, 2.1, 0.4], 2))
    assert list(shown.vectors.float_vector.data) == [1.0, 0.0, 2.0, 0.0]


def test_a_strategy_masks_halves() -> None:
    half = np.asarray([0.9, 2.2], "<f2").tobytes()
    (shown,) = kept(masks(vectors="round:0"), vectors("v", "float16_vector", half, 2, 102))
    assert np.frombuffer(shown.vectors.float16_vector, "<f2").tolist() == [1.0, 2.0]
    brain = (np.asarray([0.9, 2.2], "<f4").view("<u4") >> 16).astype("<u2").tobytes()
    (shown,) = kept(masks(vectors="round:0"), vectors("v", "bfloat16_vector", brain, 2, 103))
    wide = np.frombuffer(shown.vectors.bfloat16_vector, "<u2").astype("<u4") << 16
    assert wide.view("<f4").tolist() == [1.0, 2.0]


def test_a_strategy_masks_arrays_of_vectors() -> None:
    (shown,) = kept(masks(vectors="zero"), face())
    assert list(shown.vectors.vector_array.data[0].float_vector.data) == [0.0, 0.0]


def test_a_vector_column_of_another_length_is_not_understood() -> None:
    with pytest.raises(Unmaskable):
        kept(masks(vectors="zero"), vectors("v", "float_vector", [1.0, 2.0, 3.0], 2))


def test_what_is_no_vector_of_a_struct_stays() -> None:
    (shown,) = kept(CLOSED, struct("people", face(), arrays("name", "string_data", ["a"])))
    assert [field.field_name for field in shown.struct_arrays.fields] == ["name"]


@pytest.mark.parametrize(
    ("made_column", "strategy", "shown"),
    [
        (column("ssn", "string_data", [SECRET, "x"]), "redact", ["[redacted]", "[redacted]"]),
        (column("ssn", "string_data", [SECRET]), "partial:last4", ["***1111"]),
        (column("ssn", "geometry_wkt_data", [SECRET]), "redact", ["[redacted]"]),
    ],
)
def test_texts_are_masked_by_their_fields(made_column: Any, strategy: str, shown: list[str]) -> None:
    (found,) = kept(masks({"ssn": strategy}), made_column)
    assert values(found) == shown


MASKED = {
    "dropped": (column("ssn", "string_data", [SECRET]), "drop"),
    "integers": (column("ssn", "long_data", [9]), "redact"),
    "floats": (column("ssn", "double_data", [9.5]), "redact"),
    "booleans": (column("ssn", "bool_data", [True]), "redact"),
    "times": (column("ssn", "timestamptz_data", [9]), "redact"),
    "bytes": (column("ssn", "bytes_data", [b"x"]), "redact"),
    "a shape": (column("ssn", "geometry_data", [b"x"]), "redact"),
    "an aggregate": (column("max(ssn)", "string_data", [SECRET]), "drop"),
    "an aggregate of numbers": (column("sum( ssn )", "long_data", [9]), "redact"),
    "a list that is dropped": (arrays("ssn", "string_data", [SECRET]), "drop"),
    "a list of numbers": (arrays("ssn", "long_data", [9]), "redact"),
    "JSON that is dropped": (column("ssn", "json_data", [b'{"a": 1}']), "drop"),
}


@pytest.mark.parametrize("name", MASKED)
def test_what_its_type_cannot_hold_is_left_out(name: str) -> None:
    made_column, strategy = MASKED[name]
    assert all(SECRET.encode() not in one.SerializeToString() for one in kept(masks({"ssn": strategy}), made_column))
    if "aggregate" not in name or "numbers" in name:
        assert kept(masks({"ssn": strategy}), made_column) in ([], [arrays("ssn", "string_data", [])])


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b'{"ssn":"1","a":1}', {"ssn": "[redacted]", "a": 1}),
        (b'{"deep":[{"ssn":"1"}]}', {"deep": [{"ssn": "[redacted]"}]}),
        (b'{"text":"{\\"ssn\\":\\"1\\"}"}', {"text": '{"ssn":"[redacted]"}'}),
        (b'{"a":1.10}', {"a": 1.1}),
        (b'{"a":1,"a":{"ssn":"1"}}', "[redacted]"),
        (b'{"ssn":', "[redacted]"),
        (b'"plain"', "plain"),
    ],
)
def test_json_is_masked_inside(raw: bytes, shown: Any) -> None:
    (found,) = kept(masks({"ssn": "redact"}), column("meta", "json_data", [raw], 23))
    assert msgspec.json.decode(found.scalars.json_data.data[0]) == shown


def test_json_that_nothing_is_masked_in_stays_to_the_byte() -> None:
    raw = b'{ "a": 1.10, "n": 9223372036854775807 }'
    (found,) = kept(masks({"ssn": "redact"}), column("meta", "json_data", [raw], 23))
    assert found.scalars.json_data.data[0] == raw


@pytest.mark.parametrize("named", [{"is_dynamic": True}, {}])
def test_dynamic_members_are_fields_of_their_own(named: dict[str, bool]) -> None:
    made_column = column("$meta", "json_data", [b'{"ssn":"1","a":1}', b'{"ssn":1,"ssn":2}'], 23, **named)
    (found,) = kept(masks({"ssn": "drop"}), made_column)
    assert [msgspec.json.decode(raw) for raw in found.scalars.json_data.data] == [{"a": 1}, {}]


def test_dynamic_members_that_are_no_object_are_not_understood() -> None:
    with pytest.raises(Unmaskable):
        kept(masks({"ssn": "drop"}), column("$meta", "json_data", [b"[1]"], 23, is_dynamic=True))


def test_embeddings_in_json_are_left_out() -> None:
    raw = msgspec.json.encode({"copy": LONG, "deep": {"all": [LONG, [1]]}, "few": [1, 2], "a": 1})
    for name, dynamic in (("$meta", True), ("meta", False)):
        (found,) = kept(CLOSED, column(name, "json_data", [raw], 23, is_dynamic=dynamic))
        document = msgspec.json.decode(found.scalars.json_data.data[0])
        assert document == {"deep": {"all": [[], [1]]}, "few": [1, 2], "a": 1}


def test_a_field_of_a_struct_is_masked_by_its_path() -> None:
    fields = struct("people", arrays("people[ssn]", "string_data", [SECRET]), arrays("name", "string_data", ["a"]))
    for pattern in ("people.ssn", "ssn", "people"):
        found = kept(masks({pattern: "drop"}, vectors=None), fields)
        assert SECRET.encode() not in b"".join(one.SerializeToString() for one in found)


def test_lists_of_texts_are_masked_one_by_one() -> None:
    (found,) = kept(masks({"tags": "redact"}), arrays("tags", "string_data", ["a", "b"], ["c"]))
    assert values(found) == [["[redacted]", "[redacted]"], ["[redacted]"]]


def test_a_column_without_a_name_cannot_be_masked() -> None:
    with pytest.raises(Unmaskable):
        kept(masks({"ssn": "redact"}), column("", "string_data", [SECRET]))


def test_a_count_is_of_no_field() -> None:
    count = column("count(*)", "long_data", [7])
    assert kept(masks({"*": "drop"}), count) == [count]


@pytest.mark.parametrize(
    ("made_column", "size"),
    [
        (column("a", "long_data", [1, 2]), 2),
        (made("schema.FieldData", valid_data=[False, False]), 0),
        (column("a", "long_data", [], valid_data=[False]), 1),
        (VECTORS["float"], 1),
        (VECTORS["binary"], 1),
        (VECTORS["float16"], 1),
        (VECTORS["sparse"], 1),
        (VECTORS["int8"], 1),
        (VECTORS["in a struct"], 1),
    ],
)
def test_how_many_rows_a_column_has(made_column: Any, size: int) -> None:
    assert rows(made_column) == size


def test_null_is_no_value() -> None:
    assert values(column("a", "long_data", [1, 0], valid_data=[True, False])) == [1, None]


@pytest.mark.parametrize("document", [{"a": [1, 2]}, [1], "x", {"a": {"b": None}}])
def test_a_document_without_embeddings_is_itself(document: Any) -> None:
    assert without_embeddings(document) is document
