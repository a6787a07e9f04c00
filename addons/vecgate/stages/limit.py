"""Limit: requests and operations are charged before anything is forwarded, records when the answer is known."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import ClassVar

from mitmproxy import http

from vecgate.errors import Refusal
from vecgate.exchange import Exchange
from vecgate.identity.principal import Principal
from vecgate.operations.dialect import Reading
from vecgate.policy.decision import Decision
from vecgate.stages.authorize import observe
from vecgate.stages.stage import Stage, judged


class Limit(Stage):
    name: ClassVar[str] = "limit"

    @judged
    def request(self, flow: http.HTTPFlow, exchange: Exchange) -> Awaitable[None] | None:
        decision, principal, reading = exchange.decision, exchange.principal, exchange.reading
        assert decision is not None
        assert reading is not None
        if principal is None or not decision.limits:
            return None
        limiter = self.context.require(exchange).limiter
        exchange.charges = limiter.try_reserve(principal, decision.limits, reading.operations)
        return None if exchange.charges is not None else self._reserve(exchange, principal, decision, reading)

    async def _reserve(self, exchange: Exchange, principal: Principal, decision: Decision, reading: Reading) -> None:
        runtime = self.context.require(exchange)
        try:
            exchange.charges = await runtime.limiter.reserve(principal, decision.limits, reading.operations)
        except Refusal as refusal:
            observe(runtime, exchange, refusal)
