"""Policies in tests: text in, decisions out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.support.configs import MASKER, loaded
from vecgate.identity.principal import Principal
from vecgate.operations.model import Action, Operation, Scope
from vecgate.policy.decision import Decision
from vecgate.policy.policy import Policy, RequestFacts

NOW = datetime(2026, 11, 15, 12, tzinfo=UTC)
FACTS = RequestFacts("POST", "127.0.0.1:50000")
ISSUER = "https://idp.example/"


def person(*groups: str, subject: str = "anna", **claims: object) -> Principal:
    return Principal(ISSUER, subject, groups=frozenset(groups), claims=claims)


def on(*resources: str, action: Action = Action.READ, scope: Scope = Scope.NAMED, **more: object) -> Operation:
    """An operation named after its action."""
    return Operation(f"test.{action}", action, resources, scope, **more)  # type: ignore[arg-type]  # table cells


def policy(folder: Path, text: str) -> Policy:
    return Policy.compile(loaded(folder, text), MASKER)


def decide(
    made: Policy, principal: Principal, *operations: Operation, now: datetime = NOW, facts: RequestFacts = FACTS
) -> Decision:
    return made.decide(principal, "docs", operations, now=now, facts=facts)


def listing(parent: str) -> Operation:
    return on(f"{parent}/*" if parent else "*", action=Action.META, scope=Scope.LIST)


def shown(decision: Decision, names: Sequence[str]) -> list[str]:
    """What is left of a list."""
    return [name for name in names if decision.visible(name)]
