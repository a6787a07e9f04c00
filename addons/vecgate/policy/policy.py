"""Policy: the rules of one configuration, compiled, and the decision they come to. Default deny.

Grants add up: each operation on each resource needs one, and one that is missing denies the whole request. Masks never
loosen through a second grant. What masks hide must not steer a request either. Deny beats hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Self

from vecgate.config.load import Loaded
from vecgate.config.rules import mask_mistakes
from vecgate.errors import ConfigError
from vecgate.identity.principal import Principal
from vecgate.masking.masker import Masker
from vecgate.masking.maskset import MaskSet
from vecgate.operations.model import Operation, Resource
from vecgate.policy.chain import joined
from vecgate.policy.conditions import RequestFacts, Situation
from vecgate.policy.decision import Decision, Verdict
from vecgate.policy.grants import Grant
from vecgate.policy.place import Place, Scope
from vecgate.policy.standing import Approval, Limit, Mask, Rules, Standing
from vecgate.policy.subjects import matches
from vecgate.policy.view import View
from vecgate.reasons import Reason

__all__ = ["Policy", "RequestFacts"]

NOBODY = Principal("", "")
REMEMBERED = 1024
"""Views kept: one for each principal with its groups, on each connection."""


class Policy:
    """Immutable but for what it remembers. Used from one thread.

    `connections` says how many segments the narrowest resource of each has, None if unknown.
    """

    def __init__(
        self,
        connections: Mapping[str, int | None],
        grants: Sequence[Grant],
        masks: Sequence[Mask],
        limits: Sequence[Limit],
        approvals: Sequence[Approval],
        masker: Masker,
    ) -> None:
        self._connections = connections
        self._grants = grants
        self._masks = masks
        self._limits = limits
        self._approvals = approvals
        self._masker = masker
        self._views: dict[tuple[str, str, str, str, frozenset[str]], View] = {}

    @classmethod
    def compile(cls, loaded: Loaded, masker: Masker) -> Self:
        """Compile a loaded configuration's rules. Raises ConfigError for a strategy that `masker` does not know."""
        unknown = [
            loaded.source.finding(path, message) for path, message in mask_mistakes(loaded.config.policy, masker)
        ]
        if unknown:
            raise ConfigError(*unknown)
        rules = loaded.config.policy
        return cls(
            {connection.name: loaded.depths.get(connection.name) for connection in loaded.config.connections},
            [Grant.compile(rule) for rule in rules.grants],
            [Mask(rule, Place.compile(rule.on)) for rule in rules.masks],
            [Limit(rule, Scope.compile(rule.on)) for rule in rules.limits],
            [Approval(rule, Scope.compile(rule.on)) for rule in rules.approvals],
            masker,
        )

    def decide(
        self,
        principal: Principal,
        connection: str,
        operations: Sequence[Operation],
        *,
        now: datetime,
        facts: RequestFacts,
    ) -> Decision:
        """Judge a request's operations together; for a principal that others act for, as allowed to each of them.

        `now` has a zone. Raises KeyError for an unknown connection."""
        if principal.actors:
            parties = (replace(principal, actors=()), *principal.actors)
            return joined([self.decide(each, connection, operations, now=now, facts=facts) for each in parties])
        view = self._view(principal, connection)
        question = view.question(operations)
        known = view.decision(question)
        if known is None:
            # What is remembered keeps nothing of the request that it was first worked out for.
            judged = operations if question is None else (replace(operations[0], query={}),)
            known = self._judge(view, judged, Situation(principal, now, facts), self._view(NOBODY, connection))
            view.remember(question, known)
        return known

    def _judge(self, view: View, operations: Sequence[Operation], situation: Situation, nobodys: View) -> Decision:
        masks = {resource: view.masks(resource) for operation in operations for resource in operation.resources}
        carriers: dict[str, None] = {}
        denied = "" if operations else "The request has no operation."
        for operation in operations:
            found = view.carriers(operation, situation)
            if found is None:
                # Not the action: of what may exist already, it would say whether it does.
                denied = denied or f"No grant allows {operation.name}."
            else:
                carriers.update((grant.name, None) for grant in found)
        verdict, reason, detail = Verdict.ALLOW, Reason.GRANTED, ""
        approval, oracle = view.approval(operations), _oracle(operations, masks)
        if denied:
            verdict, reason, detail = Verdict.DENY, Reason.NO_GRANT, denied
            carriers.clear()
        elif oracle:
            verdict, reason, detail = Verdict.DENY, Reason.MASKED_FIELD_USED, oracle
        elif approval is not None:
            verdict, reason = Verdict.HOLD, Reason.APPROVAL_PENDING
        return Decision(
            verdict=verdict,
            reason=reason,
            detail=detail,
            oracle=oracle,
            grants=tuple(carriers),
            masks=masks,
            limits=view.limits(operations),
            approval=approval,
            visible=partial(view.visible, operations=operations, situation=situation),
            masks_for=view.masks,
            recorded=nobodys.masks,
        )

    def standing(self, principal: Principal, connection: str, resource: Resource) -> Standing:
        """How a resource stands to the rules that concern the principal. Raises KeyError for an unknown connection."""
        return self._view(principal, connection).standing(resource)

    def _view(self, principal: Principal, connection: str) -> View:
        key = (connection, principal.issuer, principal.subject, principal.client, principal.groups)
        view = self._views.get(key)
        if view is None:
            if len(self._views) >= REMEMBERED:
                self._views.clear()
            view = self._views[key] = self._look(principal, connection)
        return view

    def _look(self, principal: Principal, connection: str) -> View:
        masks = [mask for mask in self._masks if mask.place.at(connection)]
        cleared = {mask.rule.name for mask in masks if mask.rule.clearance and matches(mask.rule.clearance, principal)}
        rules = Rules(
            connection=connection,
            depth=self._connections[connection],
            grants=tuple(
                rule
                for rule in self._grants
                if rule.actions and rule.on.place.at(connection) and matches(rule.to, principal)
            ),
            masks=tuple(mask for mask in masks if mask.rule.name not in cleared),
            opened=tuple(mask for mask in masks if mask.rule.name in cleared and mask.rule.vectors is not None),
            limits=tuple(_concerning(self._limits, connection, principal)),
            approvals=tuple(_concerning(self._approvals, connection, principal)),
        )
        return View(rules, self._masker)


def _concerning[R: (Limit, Approval)](rules: Iterable[R], connection: str, principal: Principal) -> Iterator[R]:
    return (rule for rule in rules if rule.on.place.at(connection) and matches(rule.rule.to, principal))


def _oracle(operations: Sequence[Operation], masks: dict[Resource, MaskSet]) -> str:
    """What would carry hidden values out of the database, in the caller's words; an empty text if nothing would."""
    for operation in operations:
        for resource in operation.resources:
            used = masks[resource].used(operation.fields_used)
            if used is not None:
                return f"The field {used} is masked for you, so it cannot steer {operation.name}."
            if operation.scores_steer and masks[resource].hides_vectors:
                return f"Vectors are masked for you, so scores cannot steer {operation.name}."
        if operation.copies:
            source, *targets = (masks[resource] for resource in operation.resources)
            if not all(target.at_least(source) for target in targets):
                return f"The target of {operation.name} would show what is masked for you in its source."
    return ""
