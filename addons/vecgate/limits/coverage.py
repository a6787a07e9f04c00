"""Coverage: which operations of a request a limit counts."""

from __future__ import annotations

from collections.abc import Sequence

from vecgate.config.models import LimitRule
from vecgate.operations.model import Operation
from vecgate.policy.place import CHANGES, Scope


class Coverage:
    """Compiled scopes of the rules in use, by rule name; a reloaded rule replaces the old one."""

    def __init__(self) -> None:
        self._scopes: dict[str, tuple[LimitRule, Scope]] = {}

    def covered(self, rule: LimitRule, operations: Sequence[Operation]) -> Sequence[Operation]:
        """The operations that a rule, chosen by policy for this request, counts. All, where none would be."""
        if rule.name in self._scopes and self._scopes[rule.name][0] is rule:
            scope = self._scopes[rule.name][1]
        else:
            scope = Scope.compile(rule.on)
            self._scopes[rule.name] = rule, scope
        if scope.actions is None and scope.risks is None and scope.place.globs is None:
            return operations
        return [operation for operation in operations if _covers(scope, operation)] or operations


def _covers(scope: Scope, operation: Operation) -> bool:
    if not scope.both(operation):
        return False
    changes = operation.action in CHANGES
    return scope.place.globs is None or any(scope.place.touches(name, changes) for name in operation.resources)
