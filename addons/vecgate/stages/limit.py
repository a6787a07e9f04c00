"""Limit: requests and operations are charged before anything is forwarded, records when the answer is known."""

from __future__ import annotations

from typing import ClassVar

from mitmproxy import http

from vecgate.errors import Refusal
from vecgate.exchange import Exchange
from vecgate.stages.authorize import observe
from vecgate.stages.stage import Stage, judged


class Limit(Stage):
    name: ClassVar[str] = "limit"

    @judged
    async def request(self, flow: http.HTTPFlow, exchange: Exchange) -> None:
        decision, principal, reading = exchange.decision, exchange.principal, exchange.reading
        assert decision is not None
        assert reading is not None
        if principal is None or not decision.limits:
            return
        runtime = self.context.require(exchange)
        try:
            exchange.charges = await runtime.limiter.reserve(principal, decision.limits, reading.operations)
        except Refusal as refusal:
            observe(runtime, exchange, refusal)
