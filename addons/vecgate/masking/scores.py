"""Score strategies: what a caller sees instead of the scores of a ranked list. docs/masking.md says what they leak."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from vecgate.masking.strategies import Rounding, Strategy


class ScoreStrategy(Strategy):
    """Masks the scores of one ranked list, best first."""

    @abstractmethod
    def __call__(self, values: Sequence[float | None]) -> list[float | None] | None:
        """The scores to show; None leaves them out."""


@dataclass(frozen=True, slots=True)
class DropScores(ScoreStrategy):
    strictness = 100
    spec = "drop"

    def __call__(self, values: Sequence[float | None]) -> None:
        return None


@dataclass(frozen=True, slots=True)
class RankScores(ScoreStrategy):
    """0.0, 1.0, 2.0 … in the order of the list: what a ranking says anyway."""

    strictness = 90
    spec = "rank"

    def __call__(self, values: Sequence[float | None]) -> list[float | None]:
        return [None if value is None else float(rank) for rank, value in enumerate(values)]


@dataclass(frozen=True, slots=True)
class RoundScores(Rounding, ScoreStrategy):
    def __call__(self, values: Sequence[float | None]) -> list[float | None]:
        return [None if value is None else round(value, self.decimals) + 0.0 for value in values]


@dataclass(frozen=True, slots=True)
class KeepScores(ScoreStrategy):
    strictness = 0
    spec = "keep"

    def __call__(self, values: Sequence[float | None]) -> list[float | None]:
        return list(values)


SCORES: Final[dict[str, ScoreStrategy]] = {
    "drop": DropScores(),
    "rank": RankScores(),
    "round": RoundScores(),
    "keep": KeepScores(),
}
