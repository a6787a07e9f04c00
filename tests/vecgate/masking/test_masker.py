from __future__ import annotations

from typing import Any

import pytest

from vecgate.masking.masker import Masker
from vecgate.masking.strategies import FieldStrategy, VectorStrategy, Where


class Initials(FieldStrategy):
    strictness = 40
    spec = "initials"

    def __call__(self, value: Any, where: Where) -> str:
        return "".join(word[0] for word in str(value).split())


class Halves(VectorStrategy):
    strictness = 40
    spec = "halves"

    def __call__(self, values: Any) -> list[float]:
        return [value / 2 for value in values]


def test_a_key_shorter_than_32_bytes_is_refused() -> None:
    with pytest.raises(ValueError, match="has 31 bytes"):
        Masker(b"k" * 31)


def test_plugins_add_strategies_of_both_kinds() -> None:
    masker = Masker(b"k" * 32, {"initials": Initials(), "halves": Halves()})
    assert masker.field("initials").spec == "initials"
    assert masker.vectors("halves")([1.0]) == [0.5]
    with pytest.raises(ValueError, match="no field strategy"):
        masker.field("halves")


@pytest.mark.parametrize("name", ["hash", "zero", "drop"])
def test_a_plugin_cannot_replace_a_bundled_strategy(name: str) -> None:
    with pytest.raises(ValueError, match="is taken"):
        Masker(b"k" * 32, {name: Initials()})


def test_the_key_shows_in_no_text_form() -> None:
    assert "kkkk" not in repr(Masker(b"k" * 32))
