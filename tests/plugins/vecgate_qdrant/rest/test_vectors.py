from __future__ import annotations

from typing import Any

import pytest
from tests.support.qdrant_scene import UUID

from vecgate.errors import Refusal
from vecgate.operations.document import dump, parse
from vecgate_qdrant.rest import vectors
from vecgate_qdrant.steering import Steering

LONG = parse(dump([0.123456] * 100))
SPARSE = {"indices": [1, 5], "values": [0.5, 0.25]}
DOCUMENT = {"text": "a question", "model": "m", "options": {"api-key": "secret"}}
IMAGE, OBJECT = {"image": "https://x/y.png", "model": "m"}, {"object": [0.1, 0.2], "model": "m"}


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (7, 7),
        (UUID, UUID),
        (SPARSE, {"sparse": 2}),
        (DOCUMENT, {"text": "a question"}),
        (IMAGE, {"inference": "m"}),
        (OBJECT, {"inference": "m"}),
    ],
)
def test_evidence_keeps_ids_and_texts(value: Any, kept: Any) -> None:
    steering = Steering()
    assert vectors.asked(value, steering, "query") == kept
    assert steering.egress is (type(value) is dict and "model" in value)


@pytest.mark.parametrize("value", [[0.123456, 2], LONG, [[0.123456, 2], [3, 4]], [LONG, LONG]])
def test_evidence_keeps_no_values_of_a_vector(value: Any) -> None:
    kept = vectors.asked(value, Steering(), "query")
    assert kept.keys() >= {"dimension", "norm", "sha256"}
    assert "0.123456" not in str(kept)


@pytest.mark.parametrize(
    ("value", "egress"),
    [
        ([1, 2], False),
        ([[1, 2], [3, 4]], False),
        ({}, False),
        ({"a": [1], "b": SPARSE, "c": [[1], [2]], "model": [1], "text": [2]}, False),
        ({"a": DOCUMENT}, True),
        ({"a": [1], "b": IMAGE}, True),
        (DOCUMENT, True),
        (OBJECT, True),
    ],
)
def test_a_stored_vector_may_have_names(value: Any, egress: bool) -> None:
    steering = Steering()
    vectors.stored(value, steering, "vector")
    assert steering.egress is egress


@pytest.mark.parametrize(
    ("value", "egress"),
    [([[1], [2]], False), ([], False), ([[[1]], [[2]]], False), ({"a": [[1], SPARSE]}, False), ([DOCUMENT], True)],
)
def test_a_batch_has_columns(value: Any, egress: bool) -> None:
    steering = Steering()
    vectors.batch(value, steering, "vectors")
    assert steering.egress is egress


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        -1,
        2**64,
        "text",
        ["a"],
        [None],
        [[1], "a"],
        [[[1]]],
        {},
        {"a": [1]},
        {"indices": [1]},
        {**SPARSE, "name": "x"},
        {**SPARSE, "values": "x"},
        {**DOCUMENT, "vector": [1]},
        {"model": "m"},
        {"text": 1, "model": "m"},
        {"text": "a", "image": "b", "model": "m"},
    ],
)
def test_what_is_no_vector_is_refused(value: Any) -> None:
    with pytest.raises(Refusal):
        vectors.asked(value, Steering(), "query")


@pytest.mark.parametrize("value", [1, UUID, None, {"a": 1}, {"a": {"b": [1]}}, {"a": None}, {"text": "a"}])
def test_what_cannot_be_stored_is_refused(value: Any) -> None:
    with pytest.raises(Refusal):
        vectors.stored(value, Steering(), "vector")
