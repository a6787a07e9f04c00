"""Vectors in replies: emptied, or changed in the form that each came in."""

from __future__ import annotations

import numpy as np
import pytest
from tests.support.weaviate_calls import FLOATS, VECTOR, found, masked, masks, reading, shown

from vecgate.errors import Unmaskable

SEARCH = reading("Search", {"collection": "Docs", "metadata": {"uuid": True, "vector": True}})


def test_vectors_are_changed_in_every_spelling() -> None:
    seen = shown(SEARCH, masks(vectors="zero"), found({}))
    metadata = seen.results[0].metadata
    assert list(metadata.vector) == [0.0] * 3
    assert metadata.vector_bytes == bytes(12)
    assert [one.vector_bytes for one in metadata.vectors] == [bytes(12), b"\3\0" + bytes(24)]
    assert [(one.name, one.type) for one in metadata.vectors] == [("title", 1), ("many", 2)]


def test_rounded_vectors_keep_their_form() -> None:
    seen = shown(SEARCH, masks(vectors="round:1"), found({}))
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
        masked(SEARCH, masks(vectors="zero"), answer)
    assert not shown(SEARCH, masks(), answer).results[0].metadata.vectors
