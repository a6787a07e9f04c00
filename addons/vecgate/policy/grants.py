"""Grants: what one `grants` rule allows, compiled."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from vecgate.config.identity import Subjects
from vecgate.config.models import Grant as GrantModel
from vecgate.operations.model import Action, Operation
from vecgate.policy.conditions import Condition, Situation
from vecgate.policy.place import Scope


@dataclass(frozen=True, eq=False)
class Grant:
    """Compared by identity: two rules of the same content stay two."""

    name: str
    to: Subjects
    on: Scope
    actions: frozenset[Action]
    starts: datetime | None
    ends: datetime | None
    when: Condition | None

    @classmethod
    def compile(cls, model: GrantModel) -> Self:
        """Raises ValueError."""
        on = Scope.compile(model.on)
        actions = frozenset(model.allow)
        return cls(
            name=model.name,
            to=model.to,
            on=on,
            actions=actions if on.actions is None else actions & on.actions,
            starts=model.from_,
            ends=model.until,
            when=None if model.when is None else Condition(model.when),
        )

    @property
    def tells_names(self) -> bool:
        """It allows `meta`, whatever the risk: names it covers may be known of."""
        return Action.META in self.actions and self.on.risks is None

    @property
    def lasting(self) -> bool:
        """It holds at any time and under any circumstances."""
        return self.starts is None and self.ends is None and self.when is None

    def active(self, operation: Operation, situation: Situation) -> bool:
        """It holds now, under these circumstances."""
        if self.starts is not None and situation.now < self.starts:
            return False
        if self.ends is not None and situation.now >= self.ends:
            return False
        return self.when is None or situation.holds(self.when, operation)

    def allows(self, operation: Operation) -> bool:
        """The action, and one of the risks where the grant is bound to some."""
        return operation.action in self.actions and (
            self.on.risks is None or not self.on.risks.isdisjoint(operation.risks)
        )
