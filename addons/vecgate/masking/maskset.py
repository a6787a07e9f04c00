"""MaskSet: the masks in force for one caller on one resource, with everything needed to apply them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class MaskSet:
    """Immutable; made once per rule combination by policy and shared between requests.

    Field paths are dotted (`address.city`); `#document` is the record's text, `#uri` its address.
    """

    @classmethod
    def closed(cls) -> Self:
        """What holds where no rule says otherwise: raw vectors are dropped, scores become ranks, fields are open."""
        raise NotImplementedError

    @property
    def hides_vectors(self) -> bool:
        """Raw vectors must not reach the caller: score thresholds and formulas over scores are refused."""
        raise NotImplementedError

    @property
    def fetches_vectors(self) -> bool:
        """Vectors need to be fetched at all; false for `drop`, where the request is rewritten not to ask."""
        raise NotImplementedError

    def vector(self, values: Sequence[float]) -> list[float] | None:
        """A stored vector as the caller may see it; None where it is to be left out."""
        raise NotImplementedError

    def scores(self, values: Sequence[float | None]) -> list[float | None] | None:
        """The scores of one ranked list, best first, as the caller may see them; None where they are left out."""
        raise NotImplementedError

    def strategy(self, path: str) -> str | None:
        """The strategy that masks exactly this field (itself or through a parent), None if it is open."""
        raise NotImplementedError

    def payload(self, payload: Mapping[str, Any]) -> tuple[dict[str, Any], frozenset[str]]:
        """A record's payload, masked at any depth, and the names of the fields that were masked."""
        raise NotImplementedError

    def text(self, path: str, value: str) -> str | None:
        """One text outside the payload (`#document`, `#uri`) as the caller may see it; None where it is left out."""
        raise NotImplementedError

    def used(self, fields: Iterable[str]) -> str | None:
        """The first of these fields that would act as an oracle: masked, or parent or child of one."""
        raise NotImplementedError

    def at_least(self, other: Self) -> bool:
        """This set masks everything that `other` masks, at least as strictly (for copies between resources)."""
        raise NotImplementedError

    def describe(self) -> dict[str, Any]:
        """For `explain` and evidence: `{"vectors": "drop", "scores": "rank", "fields": {"ssn": "redact"}}`."""
        raise NotImplementedError
