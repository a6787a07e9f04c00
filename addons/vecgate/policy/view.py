"""View: what one principal may do on one connection."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from vecgate.config.models import ApprovalRule, LimitRule
from vecgate.masking.masker import Masker
from vecgate.masking.maskset import MaskSet
from vecgate.operations.model import Action, Operation, Resource, Scope
from vecgate.policy.conditions import Situation
from vecgate.policy.decision import Decision
from vecgate.policy.grants import Grant
from vecgate.policy.place import CHANGES, listed, siblings
from vecgate.policy.standing import Approval, Limit, Rules, Standing

REMEMBERED = 512
"""Resources that a view remembers. Names come from clients, so they are forgotten all at once when there are more."""

type Question = tuple[object, ...]
"""All of an operation that a decision hangs on where no grant has a condition or ends."""


class View:
    def __init__(self, rules: Rules, masker: Masker) -> None:
        self._rules = rules
        self._masker = masker
        self._standings: dict[tuple[Resource, bool], Standing] = {}
        self._decisions: dict[Question, Decision] = {}
        self._lasting = all(grant.lasting for grant in rules.grants)

    def question(self, operations: Sequence[Operation]) -> Question | None:
        """What the decision on such operations may be remembered by; None where each is to be judged by itself."""
        if not self._lasting or len(operations) != 1:
            return None
        one = operations[0]
        if one.fields_used:
            return None  # a client's own words, of any length
        return one.name, one.action, one.resources, one.scope, one.vectors, one.scores_steer, one.risks, one.copies

    def decision(self, question: Question | None) -> Decision | None:
        return None if question is None else self._decisions.get(question)

    def remember(self, question: Question | None, decision: Decision) -> None:
        if question is not None:
            if len(self._decisions) >= REMEMBERED:
                self._decisions.clear()
            object.__setattr__(decision, "shared", True)
            self._decisions[question] = decision

    def standing(self, resource: Resource, changes: bool = False) -> Standing:
        key = (resource, changes)
        known = self._standings.get(key)
        if known is None:
            if len(self._standings) >= REMEMBERED:
                self._standings.clear()
            known = self._standings[key] = Standing.of(resource, changes, self._rules, self._masker)
        return known

    def carriers(self, operation: Operation, situation: Situation) -> list[Grant] | None:
        """For each resource the first grant that allows the operation on it; None if one has none.

        Service facts are carried by any grant on the connection. Nothing carries an operation that names no resource
        and is no service fact.
        """
        if not operation.resources:
            if operation.scope is not Scope.SERVICE or operation.action is not Action.META:
                return None
            return _first(self._rules.grants, operation, situation)
        found: list[Grant] = []
        for resource in operation.resources:
            carrier = self._carrier(operation, resource, situation)
            if carrier is None:
                return None
            found += carrier
        return found

    def visible(self, resource: Resource, operations: Sequence[Operation], situation: Situation) -> bool:
        """May the name be shown? A grant that tells of it must hold for all of the request's operations."""
        known = self.standing(resource).known
        return any(all(grant.active(operation, situation) for operation in operations) for grant in known)

    def masks(self, resource: Resource) -> MaskSet:
        return self.standing(resource).masks

    def limits(self, operations: Sequence[Operation]) -> tuple[LimitRule, ...]:
        """Every rule that one of the operations falls under."""
        found: dict[str, LimitRule] = {}
        for operation in operations:
            for limit in self._limits(operation):
                if limit.on.both(operation):
                    found[limit.rule.name] = limit.rule
        return tuple(found.values())

    def approval(self, operations: Sequence[Operation]) -> ApprovalRule | None:
        """Of the rules that one of the operations falls under, the one that asks for most approvals, else the first."""
        matching = [
            approval.rule
            for operation in operations
            for approval in self._approvals(operation)
            if approval.on.either(operation)
        ]
        return max(matching, key=lambda rule: rule.approvals, default=None)

    def _carrier(self, operation: Operation, resource: Resource, situation: Situation) -> list[Grant] | None:
        standing = self.standing(resource, operation.action in CHANGES)
        allowing = (grant for grant in standing.covering if grant.allows(operation))
        found = _first(allowing, operation, situation)
        if found is None and operation.action is Action.META:
            if operation.scope is Scope.LIST:
                listing = self.standing(resource if listed(resource) is not None else siblings(resource)).listing
                found = _first(listing, operation, situation)
            else:
                found = _first(standing.above, operation, situation)
        return found

    def _limits(self, operation: Operation) -> Iterable[Limit]:
        if not operation.resources:
            return [limit for limit in self._rules.limits if limit.on.place.globs is None]
        changes = operation.action in CHANGES
        return (limit for resource in operation.resources for limit in self.standing(resource, changes).limits)

    def _approvals(self, operation: Operation) -> Iterable[Approval]:
        if not operation.resources:
            return [approval for approval in self._rules.approvals if approval.on.place.globs is None]
        changes = operation.action in CHANGES
        return (approval for resource in operation.resources for approval in self.standing(resource, changes).approvals)


def _first(grants: Iterable[Grant], operation: Operation, situation: Situation) -> list[Grant] | None:
    for grant in grants:
        if grant.active(operation, situation):
            return [grant]
    return None
