"""The mask strategy `initials`: `Ada Lovelace` becomes `A. L.`"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from vecgate.masking.strategies import REDACTED, FieldStrategy, Where


@dataclass(frozen=True)
class Initials(FieldStrategy):
    """Shows less than `partial:first1` does of one name, and more than `hash`."""

    strictness = 25
    spec = "initials"

    def __call__(self, value: Any, where: Where) -> str:
        if not isinstance(value, str):
            return REDACTED
        letters = [word[0] for word in value.split() if word[0].isalpha() and len(word) > 1]
        return " ".join(f"{letter}." for letter in letters) or REDACTED
