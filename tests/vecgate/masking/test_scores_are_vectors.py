"""What scores give away: whoever may choose the query reads a stored vector from the scores of d queries."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from vecgate.config.models import MaskRule
from vecgate.masking.masker import Masker
from vecgate.masking.maskset import MaskSet

DIMENSION = 768


def stored(records: int) -> NDArray[np.float64]:
    vectors = np.random.default_rng(20261125).standard_normal((records, DIMENSION))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def masks(scores: str) -> MaskSet:
    rule = MaskRule(name="vectors", vectors="drop", scores=scores)
    return MaskSet.combine([rule], vectors_open=False, masker=Masker(b"k" * 32))


def recovered(scores: str) -> float:
    """Cosine of a vector with what d basis queries, each filtered to its id alone, say of it."""
    victim = stored(1)[0]
    seen = (masks(scores).scores([float(query @ victim)]) or [None] for query in np.eye(DIMENSION))
    return cosine(victim, np.array([score or 0.0 for (score,) in seen]))


def cosine(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    length = float(np.linalg.norm(one) * np.linalg.norm(other))
    return abs(float(one @ other)) / length if length else 0.0


@pytest.mark.parametrize("scores", ["rank", "drop"])
def test_ranks_and_missing_scores_give_nothing_usable(scores: str) -> None:
    assert recovered(scores) < 0.2


@pytest.mark.parametrize(
    ("scores", "at_least"), [("keep", 0.999999), ("round:4", 0.9999), ("round:3", 0.999), ("round:2", 0.99)]
)
def test_rounded_scores_give_the_vector_away(scores: str, at_least: float) -> None:
    """docs/masking.md says so; if this fails, the page is wrong."""
    assert recovered(scores) > at_least


def test_one_decimal_is_no_protection_either() -> None:
    assert recovered("round:1") > 0.5


def test_the_order_of_several_records_gives_each_of_them_away() -> None:
    """No `scores:` setting hides it: an order is what a search is for. Budgets on records are what bounds it."""
    vectors = stored(10)
    places = np.argsort(np.argsort(-vectors, axis=0), axis=0)[0]
    assert cosine(vectors[0], 4.5 - places) > 0.8
