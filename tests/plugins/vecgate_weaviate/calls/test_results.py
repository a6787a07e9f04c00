"""What a search shows: nothing hidden in any position or spelling of its reply, nothing that nobody asked for."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from tests.support.weaviate_calls import (
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
