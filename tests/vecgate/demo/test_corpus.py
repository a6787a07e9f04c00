from __future__ import annotations

import numpy as np
import pytest

from vecgate.demo.corpus import DIMENSIONS, LONGEST, PEOPLE, SHORTEST, embed, passages


def test_passages_are_distinct_real_texts_each_with_an_invented_author() -> None:
    found = list(passages(400))
    assert len({passage.id for passage in found}) == 400
    assert len({passage.text for passage in found}) == 400
    assert all(SHORTEST <= len(passage.text) <= LONGEST for passage in found)
    assert {(p.metadata["author"], p.metadata["email"], p.metadata["ssn"], p.metadata["city"]) for p in found} == set(
        PEOPLE
    )
    assert all(number.startswith("900-") for _, _, number, _ in PEOPLE), "which nobody can have"


def test_they_are_spread_over_all_topics_and_the_same_every_time() -> None:
    found = list(passages(400))
    assert len({passage.metadata["topic"] for passage in found}) > 40
    assert found == list(passages(400))


@pytest.mark.parametrize(("asked", "given"), [(0, 0), (1, 1), (100_000, None)])
def test_there_are_only_as_many_as_the_text_has(asked: int, given: int | None) -> None:
    found = list(passages(asked))
    assert len(found) == given if given is not None else 400 < len(found) < asked


def test_embeddings_are_unit_vectors_and_the_same_every_time() -> None:
    texts = ["when does a finally clause run", "generators and coroutines", ""]
    vectors = embed(texts)
    assert vectors.shape == (3, DIMENSIONS)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 1, 0], abs=1e-6)
    assert np.array_equal(vectors, embed(texts))


def test_texts_about_the_same_lie_near_each_other() -> None:
    question, near, far = embed(
        [
            "when does a finally clause run",
            "The finally clause runs on the way out.",
            "Strings are immutable sequences.",
        ]
    )
    assert question @ near > 0.5 > question @ far
