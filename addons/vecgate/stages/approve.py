"""Approve: a risky request waits for a reviewer; approved, it is judged again and runs once.

While it waits, only this flow waits. A client that leaves, a gateway that stops and a hold that ends leave a ticket,
which is executed only by a retry of the same request. In mitmproxy and mitmweb the flow shows as intercepted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from typing import ClassVar

from mitmproxy import http

from vecgate.approvals.asked import Asked
from vecgate.approvals.tickets import REASONS, State, Ticket
from vecgate.approvals.waiting import Outcome
from vecgate.config.models import Enforcement
from vecgate.errors import Refusal, Unavailable
from vecgate.exchange import Exchange
from vecgate.policy.decision import Verdict
from vecgate.reasons import Reason
from vecgate.stages.authorize import decide, observe
from vecgate.stages.held import Held
from vecgate.stages.resolve import bind
from vecgate.stages.stage import Stage, judged

ANSWERS = {
    Outcome.DENIED: Reason.APPROVAL_DENIED,
    Outcome.EXPIRED: Reason.APPROVAL_EXPIRED,
    Outcome.PENDING: Reason.APPROVAL_PENDING,
    Outcome.GONE: Reason.APPROVAL_PENDING,  # the gateway stops; where the client left, nobody is told
}


class Approve(Stage):
    name: ClassVar[str] = "approve"

    @judged
    def request(self, flow: http.HTTPFlow, exchange: Exchange) -> Awaitable[None] | None:
        decision = exchange.decision
        assert decision is not None
        if decision.verdict is not Verdict.HOLD:
            return None
        runtime = self.context.require(exchange)
        if runtime.upstreams[exchange.connection].config.enforcement is not Enforcement.OBSERVE:
            return self._hold(flow, exchange)
        observe(runtime, exchange, Refusal(Reason.APPROVAL_PENDING))
        exchange.decision = replace(decision, verdict=Verdict.ALLOW, reason=Reason.OBSERVED)
        return None

    async def _hold(self, flow: http.HTTPFlow, exchange: Exchange) -> None:
        runtime = self.context.require(exchange)
        assert exchange.decision is not None
        rule = exchange.decision.approval
        assert rule is not None
        ticket = await runtime.approvals.open(Asked.of(exchange, self.context.upstream(exchange).dialect))
        exchange.ticket = ticket.id
        if exchange.charges is not None:
            runtime.limiter.park(exchange.charges)
        assert exchange.principal is not None
        with Held(flow, self.context, runtime, ticket, exchange.principal) as held:
            outcome = await runtime.approvals.wait(ticket.id, rule.hold.seconds, held.over)
            void = held.void
        if void is None:
            runtime.authenticator.recheck(exchange.principal)
        if void is not None or outcome is not Outcome.APPROVED:
            raise Refusal(void or ANSWERS[outcome], extra={"ticket": ticket.id})
        await self._release(exchange, ticket, held)

    async def _release(self, exchange: Exchange, ticket: Ticket, held: Held) -> None:
        """Judge everything again, under the configuration of now, and use the approval up."""
        runtime = self.context.runtime
        if runtime is None:
            raise Unavailable(Reason.GATEWAY_FAILURE, "The gateway is stopping.")
        exchange.runtime = runtime
        upstream = self.context.upstream(exchange)
        assert exchange.principal is not None
        assert exchange.request is not None
        runtime.authenticator.recheck(exchange.principal)
        reading = await asyncio.to_thread(upstream.dialect.read, exchange.request)
        exchange.reading = await bind(upstream, reading, fresh=True)
        decision = decide(runtime, exchange)
        exchange.decision = replace(decision, verdict=Verdict.HOLD)
        if exchange.charges is not None:
            await runtime.limiter.resume(exchange.charges)
        if (void := held.void) is not None:
            raise Refusal(void, extra={"ticket": ticket.id})
        approvals = [vote for vote in (await runtime.approvals.get(ticket.id)).votes if vote.approve]
        if any(runtime.authenticator.is_revoked(each) for vote in approvals for each in vote.reviewers):
            detail = "Whoever approved it has lost the right to meanwhile."
            raise Refusal(Reason.APPROVAL_EXPIRED, detail, extra={"ticket": ticket.id})
        if not await runtime.approvals.consume(ticket.id, Asked.of(exchange, upstream.dialect)):
            state = (await runtime.approvals.get(ticket.id)).state
            detail = "What was approved has changed, or has been used."
            reason = Reason.APPROVAL_EXPIRED if state is State.APPROVED else REASONS[state]  # it is for another request
            raise Refusal(reason, detail, extra={"ticket": ticket.id})
        exchange.consumed = True
        exchange.approvers = tuple(f"{vote.issuer} {vote.subject}" for vote in approvals)
        exchange.decision = replace(decision, verdict=Verdict.ALLOW, reason=Reason.APPROVED)
