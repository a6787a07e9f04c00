"""Asked: everything about a request that an approval is given for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Self

from vecgate.config.models import ApprovalRule
from vecgate.exchange import Exchange
from vecgate.identity.principal import Principal
from vecgate.operations.dialect import Dialect
from vecgate.operations.messages import Request
from vecgate.operations.model import Operation
from vecgate.policy.decision import Decision


@dataclass(frozen=True, slots=True)
class Asked:
    """A judged request: who, what, and what policy said. Taken again after a hold, it tells whether anything moved."""

    connection: str
    exchange: str
    peer: str
    user_agent: str
    principal: Principal
    request: Request = field(repr=False)
    operations: tuple[Operation, ...]
    decision: Decision
    document: Any = field(default=None, repr=False)
    """The parsed body without members that a retry may change (`Dialect.volatile`)."""

    @classmethod
    def of(cls, exchange: Exchange, dialect: Dialect) -> Self:
        """What an exchange asks for right now. It must have been judged."""
        reading, decision, principal = exchange.reading, exchange.decision, exchange.principal
        assert reading is not None
        assert decision is not None
        assert principal is not None
        return cls(
            connection=exchange.connection,
            exchange=exchange.id,
            peer=exchange.peer,
            user_agent=exchange.user_agent,
            principal=principal,
            request=reading.request,
            operations=reading.operations,
            decision=decision,
            document=dialect.volatile(reading),
        )

    @property
    def rule(self) -> ApprovalRule | None:
        """The rule that makes the request wait; None if none does any more."""
        return self.decision.approval
