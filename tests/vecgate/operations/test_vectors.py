from __future__ import annotations

from typing import Any

import pytest

from vecgate.operations.document import parse
from vecgate.operations.vectors import EMBEDDING_LIKE, is_embedding, is_vector, summary

LONG = "[" + ",".join(["0.123456"] * 60) + "]"


@pytest.mark.parametrize("value", [[], [1, 2.5], [float("0.5")], parse(LONG.encode()), parse(b"[1e2,1.10]")])
def test_a_list_of_numbers_is_a_vector(value: Any) -> None:
    assert is_vector(value)
    assert is_embedding(value) is (len(value) >= EMBEDDING_LIKE)


@pytest.mark.parametrize("value", [["1"] * 20, [True] * 20, [None] * 20, "1" * 20, {"a": 1}, None, 7, [[1] * 20]])
def test_anything_else_is_none(value: Any) -> None:
    assert not is_vector(value)
    assert not is_embedding(value)


def test_a_vector_has_one_digest_and_a_norm() -> None:
    assert summary([3.0, 4.0])["norm"] == 5.0
    assert summary([3.0, 4.0]) == summary([3.0, 4.0])
    assert summary("AACAPw==").keys() == {"sha256"}
