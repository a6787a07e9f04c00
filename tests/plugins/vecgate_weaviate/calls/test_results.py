"""What a search shows: nothing hidden in any position or spelling of its reply, nothing that nobody asked for."""

from __future__ import annotations

import math
import struct
from typing import Any

import numpy as np
import pytest
from tests.support.weaviate_calls import (
    FLOATS,
    OPEN,
    UUID,
    VECTOR,
    decided,
    found,
    masked,
    masks,
    put,
    reading,
    reply,
    shown,
    told,
)

from vecgate.errors import Unmaskable
from vecgate.masking.maskset import MaskSet
from vecgate.operations import grpc
from vecgate.operations.messages import Answer

ASKED = {"collection": "Docs", "metadata": {"uuid": True, "vector": True}}
FOLLOWED = {"reference_property": "author", "metadata": {"uuid": True, "vector": True}}
DEEP = {**FOLLOWED, "properties": {"ref_properties": [{"reference_property": "employer", "metadata": {"uuid": True}}]}}
CANARY = "900-11-1111"


def search(**more: Any) -> Any:
    return reading("Search", {**ASKED, **more})


def led() -> Any:
    """A document whose author has an employer, each with everything that a reply can hold."""
    answer = found({"title": "t"})
    author = answer.results[0].properties.ref_props.add(prop_name="author").properties.add(target_collection="Person")
    author.non_ref_props.fields["ssn"].text_value = CANARY
    told(author.metadata)
    employer = author.ref_props.add(prop_name="employer").properties.add(target_collection="Secret")
    employer.non_ref_props.fields["wage"].int_value = 4711
    told(employer.metadata)
    return answer


def grouped() -> Any:
    answer = reply("SearchReply")
    group = answer.group_by_results.add(name="a", number_of_objects=1, min_distance=0.25, max_distance=0.75)
    group.rerank.score = 0.5
    put(group.objects.add(), {"ssn": CANARY}, 0, "Docs", True, {})
    return answer


PLACES: dict[str, tuple[Any, Any]] = {
    "results": (search(), lambda: found({"ssn": CANARY})),
    "groups": (search(group_by={"path": ["title"]}), grouped),
    "references": (search(properties={"ref_properties": [DEEP]}), led),
}


@pytest.mark.parametrize("place", PLACES)
def test_dropped_vectors_are_nowhere(place: str) -> None:
    read, answer = PLACES[place]
    answered = masked(read, masks(), answer())
    (body,) = answered.answer.messages or ()
    for spelling in (VECTOR, struct.pack("<f", 0.625), b"canary-explained"):
        assert spelling in answer().SerializeToString()
        assert spelling not in body
    assert {"vectors", "scores"} <= set(answered.masked)


def test_metadata_has_one_place() -> None:
    answer = found({})
    told(answer.results[0].properties.metadata)
    (body,) = masked(search(), masks(), answer).answer.messages or ()
    assert VECTOR not in body


@pytest.mark.parametrize("place", PLACES)
def test_open_vectors_stay_as_they_came(place: str) -> None:
    read, answer = PLACES[place]
    assert shown(read, OPEN, answer()) == answer()


@pytest.mark.parametrize("place", ["results", "groups"])
def test_masked_properties_are_nowhere(place: str) -> None:
    read, answer = PLACES[place]
    answered = masked(read, masks({"ssn": "redact"}, vectors=None), answer())
    assert CANARY.encode() not in b"".join(answered.answer.messages or ())
    assert "ssn" in answered.masked
    assert CANARY not in str(answered.records)


def test_each_collection_has_its_own_masks() -> None:
    read, answer = PLACES["references"]
    others = {"Person": masks({"ssn": "redact"}), "Secret": OPEN}
    seen = shown(read, decided(OPEN, others), answer())
    author = seen.results[0].properties.ref_props[0].properties[0]
    employer = author.ref_props[0].properties[0]
    assert author.non_ref_props.fields["ssn"].text_value == "[redacted]"
    assert not author.metadata.vector_bytes
    assert employer.metadata.vector_bytes == VECTOR
    assert seen.results[0].metadata.vector_bytes == VECTOR
    closed = shown(read, decided(OPEN, {"Secret": masks({"wage": "drop"})}), answer())
    employer = closed.results[0].properties.ref_props[0].properties[0].ref_props[0].properties[0]
    assert not employer.metadata.vectors
    assert "wage" not in employer.non_ref_props.fields


def test_a_masked_reference_leads_nowhere() -> None:
    read, answer = PLACES["references"]
    answered = masked(read, masks({"author": "redact"}, vectors=None), answer())
    assert CANARY.encode() not in b"".join(answered.answer.messages or ())
    assert "author" in answered.masked


def test_vectors_are_changed_in_every_spelling() -> None:
    seen = shown(search(), masks(vectors="zero"), found({}))
    metadata = seen.results[0].metadata
    assert list(metadata.vector) == [0.0] * 3
    assert metadata.vector_bytes == bytes(12)
    assert [one.vector_bytes for one in metadata.vectors] == [bytes(12), b"\3\0" + bytes(24)]
    assert [(one.name, one.type) for one in metadata.vectors] == [("title", 1), ("many", 2)]


def test_rounded_vectors_keep_their_form() -> None:
    seen = shown(search(), masks(vectors="round:1"), found({}))
    values = np.frombuffer(seen.results[0].metadata.vector_bytes, "<f4")
    assert values.tolist() == pytest.approx([round(value, 1) for value in FLOATS])


@pytest.mark.parametrize(
    ("data", "kind"),
    [(b"\1\2\3", 1), (b"\3\0" + VECTOR[:8], 2), (b"\0\0" + VECTOR, 2), (b"\3", 2), (VECTOR, 9)],
)
def test_a_vector_of_another_form_is_withheld(data: bytes, kind: int) -> None:
    answer = found({}, vectors=False)
    answer.results[0].metadata.vectors.add(name="x", vector_bytes=data, type=kind)
    with pytest.raises(Unmaskable):
        masked(search(), masks(vectors="zero"), answer)
    assert not shown(search(), masks(), answer).results[0].metadata.vectors


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
    seen = shown(search(), masks({"secret": strategy}, vectors=None, scores="keep"), answer)
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
    text = str(shown(search(), masks({path: "redact"}, vectors=None), answer))
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
    answered = masked(search(), masks(), answer)
    (body,) = answered.answer.messages or ()
    assert struct.pack("<d", 0.625) not in body
    assert b"Ghent" in body
    assert "vectors" in answered.masked
    assert shown(search(), OPEN, answer) == answer
    assert "0.625" not in str(masked(search(), OPEN, answer).records)


def test_a_text_that_is_json_is_masked_inside() -> None:
    answer = found({"notes": f'{{"ssn": "{CANARY}", "city": "Ghent"}}'}, vectors=False)
    text = str(shown(search(), masks({"ssn": "redact"}, vectors=None), answer))
    assert "Ghent" in text
    assert CANARY not in text


def test_a_value_of_no_known_kind_is_withheld() -> None:
    answer = found({"x": lambda value: None})
    with pytest.raises(Unmaskable):
        masked(search(), masks(), answer)


def scored(mask: MaskSet) -> list[tuple[float, ...]]:
    seen = shown(search(), mask, found({}, {}, {}))
    names = ("distance", "certainty", "score", "rerank_score")
    return [tuple(getattr(one.metadata, name) for name in names) for one in seen.results]


def test_scores_become_ranks_or_go() -> None:
    assert scored(masks()) == [(0.0,) * 4, (1.0,) * 4, (2.0,) * 4]
    assert scored(masks(scores="drop")) == [(0.0,) * 4] * 3
    assert scored(masks(vectors=None)) == [(0.25,) * 4, (1.25,) * 4, (2.25,) * 4]
    gone = shown(search(), masks(scores="drop"), found({})).results[0].metadata
    names = ("distance", "certainty", "score", "rerank_score")
    assert [getattr(gone, f"{name}_present") for name in names] == [False] * 4


def test_scores_of_groups_become_ranks() -> None:
    group = shown(PLACES["groups"][0], masks(), grouped()).group_by_results[0]
    assert (group.min_distance, group.max_distance, group.rerank.score) == (0.0, 0.0, 0.0)


def test_profiles_are_for_whom_nothing_is_hidden() -> None:
    answer = found({})
    answer.query_profile.shards.add(name="s").searches["vector"].details["x"] = "canary-profile"
    assert "canary-profile" in str(shown(search(), OPEN, answer))
    for mask in (masks(), masks({"ssn": "redact"}, vectors=None), masks(vectors=None, scores="rank")):
        assert "canary-profile" not in str(shown(search(), mask, answer))


def generated() -> Any:
    answer = found({})
    answer.generative_grouped_result = "canary-made"
    answer.generative_grouped_results.values.add(result="canary-made")
    answer.results[0].generative.values.add(result="canary-made").debug.full_prompt = "canary-made"
    answer.results[0].metadata.generative, answer.results[0].metadata.generative_present = "canary-made", True
    group = answer.group_by_results.add(name="x")
    group.generative.result = "canary-made"
    group.generative_result.values.add(result="canary-made")
    return answer


def test_what_models_make_comes_only_if_it_was_asked_for() -> None:
    assert "canary-made" not in str(shown(search(), OPEN, generated()))
    asked = search(generative={"single": {"prompt": "{title}"}})
    assert str(shown(asked, OPEN, generated())).count("canary-made") == 7


WRONG: dict[str, Any] = {
    "another collection": lambda answer: setattr(answer.results[0].properties, "target_collection", "Secret"),
    "a reference that was not followed": lambda answer: answer.results[0].properties.ref_props.add(prop_name="about"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_was_not_asked_for_is_withheld(name: str) -> None:
    answer = found({})
    WRONG[name](answer)
    with pytest.raises(Unmaskable):
        masked(search(), OPEN, answer)


@pytest.mark.parametrize("name", ["Docs", "Secret", "secret"])
def test_a_reference_into_another_collection_is_withheld(name: str) -> None:
    answer = led()
    answer.results[0].properties.ref_props[0].properties[0].target_collection = name
    with pytest.raises(Unmaskable):
        masked(PLACES["references"][0], OPEN, answer)


def test_an_object_that_does_not_say_whose_it_is_is_of_the_only_collection_there_is() -> None:
    answer = led()
    answer.results[0].properties.ref_props[0].properties[0].target_collection = ""
    seen = shown(PLACES["references"][0], decided(OPEN, {"Person": masks({"ssn": "redact"})}), answer)
    assert CANARY not in str(seen)


def test_ids_that_were_not_asked_for_are_kept_for_evidence_alone() -> None:
    answered = masked(reading("Search", {"collection": "Docs"}), OPEN, found({"title": "t"}))
    assert [(one.resource, one.id, dict(one.payload)) for one in answered.records] == [("Docs", UUID, {"title": "t"})]
    assert UUID.encode() not in b"".join(answered.answer.messages or ())


def test_records_have_what_the_caller_sees() -> None:
    answered = masked(search(), masks({"ssn": "redact"}), found({"ssn": CANARY, "n": 7}, {"ssn": CANARY}))
    assert answered.points == 2
    assert [one.score for one in answered.records] == [0.0, 1.0]
    assert dict(answered.records[0].payload) == {"ssn": "[redacted]", "n": 7}


def test_objects_that_references_lead_to_count() -> None:
    answered = masked(PLACES["references"][0], OPEN, led())
    assert [one.resource for one in answered.records] == ["Docs", "Person", "Secret"]
    assert answered.points == 3


@pytest.mark.parametrize("code", ["2", "7", "13", "99", ""])
def test_failures_do_not_quote_the_database(code: str) -> None:
    answered = masked(search(), OPEN, Answer(200, (("grpc-status", code), ("grpc-message", "canary-text"))))
    assert "canary" not in str(answered.answer)
    assert answered.error == f"grpc {code}"


def test_a_reply_that_is_none_is_withheld() -> None:
    for messages in ((), (b"", b""), (b"\xff",)):
        with pytest.raises(Unmaskable):
            masked(search(), OPEN, grpc.answered(*messages))


def test_numbers_that_are_not_finite_pass() -> None:
    answer = found({"x": lambda value: setattr(value, "number_value", math.inf)})
    assert shown(search(), OPEN, answer).results[0].properties.non_ref_props.fields["x"].number_value == math.inf
