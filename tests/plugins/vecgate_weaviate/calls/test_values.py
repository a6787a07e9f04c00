"""Values of properties: masked whatever kind they are of, and otherwise as they came."""

from __future__ import annotations

import math
import struct
from typing import Any

import pytest
from tests.support.weaviate_calls import OPEN, UUID, found, masked, masks, reading, shown

from vecgate.errors import Unmaskable

SEARCH = reading("Search", {"collection": "Docs", "metadata": {"uuid": True, "vector": True}})
CANARY = "900-11-1111"


def _number(value: Any) -> None:
    value.number_value = 4711.5


def _text(value: Any) -> None:
    value.text_value = CANARY


def _nested(value: Any) -> None:
    value.object_value.fields["ssn"].text_value = CANARY
    value.object_value.fields["city"].text_value = "Ghent"


def _listed(value: Any) -> None:
    for name in ("Ghent", "Bruges"):
        one = value.list_value.object_values.values.add()
        one.fields["ssn"].text_value = CANARY
        one.fields["city"].text_value = name


def _phone(value: Any) -> None:
    value.phone_value.input = CANARY
    value.phone_value.national = 4711


def _geo(value: Any) -> None:
    value.geo_value.latitude = 47.5


KINDS: dict[str, Any] = {
    "number": _number,
    "text": _text,
    "bool": lambda value: setattr(value, "bool_value", True),
    "int": lambda value: setattr(value, "int_value", 4711),
    "date": lambda value: setattr(value, "date_value", "1970-01-01T00:00:00Z"),
    "uuid": lambda value: setattr(value, "uuid_value", UUID),
    "blob": lambda value: setattr(value, "blob_value", "Y2FuYXJ5"),
    "null": lambda value: setattr(value, "null_value", 0),
    "geo": _geo,
    "phone": _phone,
    "object": _nested,
    "objects": _listed,
    "numbers": lambda value: setattr(value.list_value.number_values, "values", struct.pack("<2d", 1.5, 2.5)),
    "ints": lambda value: setattr(value.list_value.int_values, "values", struct.pack("<2q", 1, 2**60)),
    "bools": lambda value: value.list_value.bool_values.values.extend([True, False]),
    "texts": lambda value: value.list_value.text_values.values.extend([CANARY, "b"]),
    "dates": lambda value: value.list_value.date_values.values.extend(["1970-01-01T00:00:00Z"]),
    "uuids": lambda value: value.list_value.uuid_values.values.extend([UUID]),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("strategy", ["drop", "redact", "hash"])
def test_a_masked_property_of_any_kind_is_gone(kind: str, strategy: str) -> None:
    answer = found({"secret": KINDS[kind], "open": KINDS[kind]}, vectors=False)
    before = answer.results[0].properties.non_ref_props.fields["secret"].SerializeToString()
    seen = shown(SEARCH, masks({"secret": strategy}, vectors=None, scores="keep"), answer)
    fields = seen.results[0].properties.non_ref_props.fields
    assert fields["open"] == answer.results[0].properties.non_ref_props.fields["open"]
    assert ("secret" in fields) is (strategy != "drop")
    if strategy != "drop" and kind != "null":
        assert fields["secret"].SerializeToString() != before
        assert CANARY not in str(fields["secret"])


@pytest.mark.parametrize(
    ("kind", "path", "kept"),
    [
        ("object", "secret.ssn", "Ghent"),
        ("objects", "secret.ssn", "Bruges"),
        ("phone", "secret.input", "4711"),
        ("objects", "ssn", "Ghent"),
    ],
)
def test_what_is_nested_is_masked_alone(kind: str, path: str, kept: str) -> None:
    answer = found({"secret": KINDS[kind]}, vectors=False)
    text = str(shown(SEARCH, masks({path: "redact"}, vectors=None), answer))
    assert kept in text
    assert CANARY not in text


def test_a_list_that_could_be_an_embedding_is_a_vector() -> None:
    """Whatever it is called, and however deep it lies (L8)."""

    def numbers(value: Any) -> None:
        value.list_value.number_values.values = struct.pack("<16d", *[0.625] * 16)

    def nested(value: Any) -> None:
        numbers(value.object_value.fields["inner"])
        value.object_value.fields["city"].text_value = "Ghent"

    answer = found({"embedding": numbers, "home": nested, "title": "t"}, vectors=False)
    answered = masked(SEARCH, masks(), answer)
    (body,) = answered.answer.messages or ()
    assert struct.pack("<d", 0.625) not in body
    assert b"Ghent" in body
    assert "vectors" in answered.masked
    assert shown(SEARCH, OPEN, answer) == answer
    assert "0.625" not in str(masked(SEARCH, OPEN, answer).records)


def test_a_text_that_is_json_is_masked_inside() -> None:
    answer = found({"notes": f'{{"ssn": "{CANARY}", "city": "Ghent"}}'}, vectors=False)
    text = str(shown(SEARCH, masks({"ssn": "redact"}, vectors=None), answer))
    assert "Ghent" in text
    assert CANARY not in text


def test_a_value_of_no_known_kind_is_withheld() -> None:
    answer = found({"x": lambda value: None})
    with pytest.raises(Unmaskable):
        masked(SEARCH, masks(), answer)


def test_numbers_that_are_not_finite_pass() -> None:
    answer = found({"x": lambda value: setattr(value, "number_value", math.inf)})
    assert shown(SEARCH, OPEN, answer).results[0].properties.non_ref_props.fields["x"].number_value == math.inf
