"""Authorize: policy judges the operations, plugins may veto. Default deny; observe mode records and lets through."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import ClassVar

from mitmproxy import http

from vecgate.config.models import Enforcement
from vecgate.errors import Refusal
from vecgate.exchange import Exchange
from vecgate.policy.decision import Decision, Verdict
from vecgate.policy.policy import RequestFacts
from vecgate.reasons import Reason
from vecgate.runtime import Runtime
from vecgate.stages.stage import Stage, judged

PUBLIC = Decision(Verdict.ALLOW, Reason.PUBLIC)
SUSPENDED = frozenset(
    {Reason.NO_GRANT, Reason.VETOED, Reason.RATE_EXCEEDED, Reason.BUDGET_EXCEEDED, Reason.APPROVAL_PENDING}
)
"""What observe mode suspends. Masks, and refusals that protect them, hold all the same."""


class Authorize(Stage):
    name: ClassVar[str] = "authorize"

    @judged
    def request(self, flow: http.HTTPFlow, exchange: Exchange) -> None:
        exchange.decision = decide(self.context.require(exchange), exchange)


def decide(runtime: Runtime, exchange: Exchange) -> Decision:
    """Judge the exchange's reading. Raises Refusal for what is denied and not merely observed."""
    if exchange.public:
        return PUBLIC
    assert exchange.principal is not None
    assert exchange.reading is not None
    dialect = runtime.upstreams[exchange.connection].dialect
    assert all(lookup.key in exchange.reading.names for lookup in dialect.lookups(exchange.reading)), "unresolved"
    principal, operations = exchange.principal, exchange.reading.operations
    facts = RequestFacts(method=exchange.method, peer=exchange.peer)
    decision = runtime.policy.decide(principal, exchange.connection, operations, now=datetime.now(UTC), facts=facts)
    exchange.decision = decision
    if decision.verdict is Verdict.DENY:
        observe(runtime, exchange, Refusal(decision.reason, decision.detail))
        if decision.oracle:
            raise Refusal(Reason.MASKED_FIELD_USED, decision.oracle)
    else:
        vetoed = runtime.hooks.veto(principal, operations, exchange.connection)
        if vetoed:
            observe(runtime, exchange, Refusal(Reason.VETOED, vetoed))
    if exchange.observed and decision.verdict is not Verdict.HOLD:
        decision = replace(decision, verdict=Verdict.ALLOW, reason=Reason.OBSERVED, visible=lambda resource: True)
    return decision


def observe(runtime: Runtime, exchange: Exchange, refusal: Refusal) -> None:
    """Raise the refusal, or note it where the connection only observes and policy alone refuses."""
    enforcement = runtime.upstreams[exchange.connection].config.enforcement
    if enforcement is not Enforcement.OBSERVE or refusal.reason not in SUSPENDED:
        raise refusal
    exchange.observed = (*exchange.observed, refusal)
