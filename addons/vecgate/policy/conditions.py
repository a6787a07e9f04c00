"""Conditions: `when` in a grant, a CEL expression over `principal`, `operation` and `request`.

Whatever does not evaluate to true does not match: an absent claim, a type error, a value CEL cannot hold, a result that
is no truth value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import cel

from vecgate.identity.principal import Principal
from vecgate.operations.model import Operation

MEMBERS: Mapping[str, frozenset[str]] = {
    "principal": frozenset({"issuer", "subject", "name", "groups", "client", "claims"}),
    "operation": frozenset({"name", "action", "resources", "risks", "fields_used", "count"}),
    "request": frozenset({"method", "time", "peer"}),
}
"""Every variable and its members."""

_ERROR = re.compile(r"ERROR: <input>:(\d+):(\d+): (?:Syntax error: )?([^\n]*)")


@dataclass(frozen=True, slots=True)
class RequestFacts:
    """What conditions may know of the request itself. `peer` is the socket's, `address:port`."""

    method: str = ""
    peer: str = ""


class Condition:
    """A compiled expression."""

    __slots__ = ("_program", "text")

    def __init__(self, text: str) -> None:
        """Raises ValueError with the place of the first mistake."""
        self.text = text
        try:
            self._program = cel.compile(text)
        except Exception as error:
            raise ValueError(_explain(str(error))) from error

    @property
    def variables(self) -> list[str]:
        """Names that the expression refers to, those its own macros bind included."""
        return self._program.variables()

    def evaluate(self, context: cel.Context | None) -> Any:
        """The result, whatever its type. Raises whatever CEL raises."""
        return self._program.execute(context)

    def holds(self, context: cel.Context) -> bool:
        try:
            return self.evaluate(context) is True
        except Exception:
            return False


def variables(principal: Principal, operation: Operation, now: datetime, facts: RequestFacts) -> dict[str, Any]:
    """What an expression sees. docs/policy.md lists it; a test holds it to MEMBERS."""
    return {
        "principal": {
            "issuer": principal.issuer,
            "subject": principal.subject,
            "name": principal.name,
            "groups": sorted(principal.groups),
            "client": principal.client,
            "claims": dict(principal.claims),
        },
        "operation": {
            "name": operation.name,
            "action": operation.action.value,
            "resources": list(operation.resources),
            "risks": [risk.value for risk in operation.risks],
            "fields_used": list(operation.fields_used),
            "count": operation.count,
        },
        "request": {"method": facts.method, "time": now, "peer": facts.peer.rpartition(":")[0]},
    }


class Situation:
    """One request as conditions see it. Expressions share what was made for the first of them."""

    __slots__ = ("_contexts", "_facts", "_principal", "now")

    def __init__(self, principal: Principal, now: datetime, facts: RequestFacts) -> None:
        self.now = now
        self._principal = principal
        self._facts = facts
        self._contexts: dict[int, cel.Context | None] = {}

    def holds(self, condition: Condition, operation: Operation) -> bool:
        key = id(operation)
        if key not in self._contexts:
            self._contexts[key] = self._context(operation)
        context = self._contexts[key]
        return context is not None and condition.holds(context)

    def _context(self, operation: Operation) -> cel.Context | None:
        try:
            return cel.Context(variables(self._principal, operation, self.now, self._facts))
        except Exception:
            return None


def _explain(message: str) -> str:
    found = _ERROR.search(message)
    if not found:
        return "is no CEL expression"
    line, column, what = found.groups()
    where = f"column {column}" if line == "1" else f"line {line}, column {column}"
    return f"is no CEL expression: {what.split(', expecting')[0].split(' expecting')[0]} at {where}"
