"""Steering: what a walk over filters, queries and records finds out. Both wires fill one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from vecgate.errors import Refusal
from vecgate.operations.budget import Budget
from vecgate.operations.model import Action, Risk
from vecgate.reasons import Reason

_FIELDS: Final = 1000
_CHARACTERS: Final = 64 * 1024
"""What the gateway judges of one request at most."""


def conditions() -> Budget:
    """What may be read of one request, its batch included."""
    return Budget(20_000, "conditions and prefetches")


@dataclass(slots=True)
class Steering:
    budget: Budget = field(default_factory=conditions)
    """The members of a batch share one."""
    fields: dict[str, None] = field(default_factory=dict)
    """Dotted payload fields that steer, in the order they were met. `nested` keys are joined: `country.cities[].sights`
    counts as `country.cities.sights`."""
    characters: int = 0
    """Of all these names together."""
    scores: bool = False
    """A score threshold, or a formula over scores."""
    egress: bool = False
    """A Document, Image or InferenceObject: its content goes to an inference service."""
    lookups: dict[str, None] = field(default_factory=dict)
    """Other collections whose vectors are used (`lookup_from`), as written."""
    queries: int = 0
    """Queries and prefetches: each is one that limits count."""
    searches: bool = False
    """Some stage ranks by similarity, or re-ranks."""
    scrolls: bool = False
    """Some stage has no query, or one that only sorts or samples: it reads."""

    def use(self, *names: str) -> None:
        """Raises Refusal: body_too_large. One long key around many short ones is written out with each of them."""
        for name in names:
            if name not in self.fields:
                self.fields[name] = None
                self.characters += len(name)
        if len(self.fields) > _FIELDS or self.characters > _CHARACTERS:
            raise Refusal(Reason.BODY_TOO_LARGE, f"At most {_FIELDS} fields steer a request.")

    @property
    def actions(self) -> tuple[Action, ...]:
        """What a query comes to: its first action carries the records that come back."""
        if not self.searches:
            return (Action.READ,)
        return (Action.SEARCH, Action.READ) if self.scrolls else (Action.SEARCH,)

    def facts(self, risks: tuple[Risk, ...] = (), **more: Any) -> dict[str, Any]:
        """The arguments of `Row.base` that follow from the walk."""
        return {
            "fields_used": tuple(self.fields),
            "scores_steer": self.scores,
            "risks": (*risks, Risk.EGRESS) if self.egress else risks,
            "count": max(1, self.queries),
            **more,
        }
