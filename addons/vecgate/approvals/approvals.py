"""Approvals: a held request becomes a ticket, people decide, and the request runs once.

What opens a way (an approval) is recorded before it counts; what closes one (a denial, an expiry) counts before it is
recorded. So nothing runs without its record, and of an approval and a denial at the same time the denial wins.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from vecgate.approvals.asked import Asked
from vecgate.approvals.binding import binding
from vecgate.approvals.summary import summary
from vecgate.approvals.tickets import Caps, State, Ticket, TicketClosed, TicketUnknown, identities
from vecgate.approvals.waiting import Gone, Outcome, Waiting
from vecgate.errors import Unavailable
from vecgate.identity.principal import Principal
from vecgate.state.store import StateStore

type Record = Callable[[str, Mapping[str, Any]], Awaitable[None] | None]
"""Leaves evidence: (kind, facts). Returns or resolves once the record counts; raises Unavailable if it cannot."""
type Hook = Callable[[Mapping[str, Any]], None]

KIND = "approval"
SWEEP = 1.0
"""Seconds between looks for tickets whose time is over."""
KEEP = 7 * 86_400.0
"""Seconds for which finished tickets can be listed."""
_COMMENT = 2000
_USER_AGENT = 256

log = logging.getLogger(__name__)


class Approvals:
    """One per process, on the shared store. `start` before the first request, `close` before the store closes."""

    def __init__(
        self,
        store: StateStore,
        *,
        record: Record,
        opened: Hook | None = None,
        decided: Hook | None = None,
        caps: Caps | None = None,
    ) -> None:
        self._store = store
        self._record = record
        self._opened = opened
        self._decided = decided
        self._caps = caps or Caps()
        self._waiting = Waiting(store)
        self._threads = ThreadPoolExecutor(2, "vecgate-approvals")
        self._sweeper: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to expire what nobody decides. An open ticket of an earlier run stays open; nothing is released."""
        self._sweeper = asyncio.create_task(self._sweep())

    async def close(self) -> None:
        """End every wait as pending. Hooks that run are given up."""
        self._waiting.close()
        if self._sweeper:
            self._sweeper.cancel()
            await asyncio.gather(self._sweeper, return_exceptions=True)
        self._threads.shutdown(wait=False, cancel_futures=True)

    # The client's side

    async def open(self, asked: Asked) -> Ticket:
        """The ticket of a request: the open one of an identical request by the same principal, or a new one.

        It may be approved or denied already. Raises Refusal(too_many_pending, bad_body), Unavailable."""
        made = await asyncio.to_thread(_ticket, asked, self._store.now())
        ticket = await self._store.open_ticket(made, self._caps)
        if ticket.id == made.id:
            await self._leave("opened", ticket)
            self._tell(self._opened, ticket)
        return ticket

    async def wait(self, ticket_id: str, seconds: float, gone: Gone) -> Outcome:
        """Hold the request until somebody decides, the time is over, or `gone()` says that the client left.

        Raises TicketUnknown, Unavailable."""
        return await self._waiting.wait(await self.get(ticket_id), seconds, gone)

    async def consume(self, ticket_id: str, asked: Asked) -> bool:
        """Use the approval up: true for exactly one caller, whose request, judged again, is still what was approved.

        Raises Unavailable; the approval is then used up, or not, but nothing may run."""
        digest = await asyncio.to_thread(binding, asked)
        try:
            ticket = await self._store.change_ticket(
                ticket_id, lambda ticket: ticket.released(digest, self._store.now())
            )
        except (TicketClosed, TicketUnknown):
            return False
        await self._leave("released", ticket, by=asked.exchange)
        self._waiting.tell(ticket)
        return True

    async def finish(self, ticket_id: str, status: int | None) -> None:
        """What became of a released request: the database's status, or None if no answer came.

        Does nothing for a ticket that is not released. Raises Unavailable."""
        with contextlib.suppress(TicketClosed, TicketUnknown):
            ticket = await self._store.change_ticket(
                ticket_id, lambda ticket: ticket.finished(status, self._store.now())
            )
            await self._leave(ticket.state, ticket)

    # The reviewer's side

    async def get(self, ticket_id: str) -> Ticket:
        """Raises TicketUnknown, Unavailable."""
        for ticket in await self._store.tickets([ticket_id]):
            return ticket.at(self._store.now())
        raise TicketUnknown(ticket_id)

    async def see(self, ticket_id: str, principal: Principal) -> Ticket:
        """A ticket, for its reviewers and its requester. Raises TicketUnknown to everybody else, Unavailable."""
        ticket = await self.get(ticket_id)
        if not ticket.seen_by(principal):
            raise TicketUnknown(ticket_id)
        return ticket

    async def list(self, principal: Principal, *, every: bool = False) -> list[Ticket]:
        """The tickets that a principal may see, newest first: pending ones, or `every` one that is still kept."""
        now = self._store.now()
        found = await self._store.list_tickets(list(State) if every else [State.PENDING])
        tickets = [ticket.at(now) for ticket in found]
        return [ticket for ticket in tickets if ticket.seen_by(principal) and (every or ticket.state is State.PENDING)]

    async def decide(self, ticket_id: str, reviewer: Principal, approve: bool, comment: str = "") -> Ticket:
        """One reviewer's vote. Returns the ticket as it then stands: pending if more approvals are needed.

        Raises TicketUnknown to those who may not see it, Refusal(self_approval, no_grant), TicketClosed once it is
        decided or expired, Unavailable."""

        def vote(ticket: Ticket) -> Ticket:
            return ticket.voted(reviewer, approve, comment[:_COMMENT], self._store.now())

        voted = vote(await self.see(ticket_id, reviewer))
        said = {"reviewer": reviewer.key, "reviewer_name": reviewer.name, "comment": comment[:_COMMENT]}
        if approve:
            await self._leave("approved", voted, **said)
        try:
            voted = await self._store.change_ticket(ticket_id, vote)
        except (TicketClosed, TicketUnknown):
            if approve:
                await self._leave("void", voted, **said)
            raise
        self._waiting.tell(voted)
        if not approve:
            await self._leave("denied", voted, **said)
        if voted.state is not State.PENDING:
            self._tell(self._decided, voted)
        return voted

    # Housekeeping

    async def expire(self) -> None:
        """Close what nobody decided, or nobody retried, in time. Any worker may do it; one of them records it."""
        for ticket_id in await self._store.overdue_tickets():
            with contextlib.suppress(TicketClosed, TicketUnknown):
                ticket = await self._store.change_ticket(ticket_id, self._expired)
                self._waiting.tell(ticket)
                await self._leave("expired", ticket)
                self._tell(self._decided, ticket)
        await self._store.forget_tickets(self._store.now() - KEEP)

    def _expired(self, ticket: Ticket) -> Ticket:
        later = ticket.at(self._store.now())
        if later is ticket:
            raise TicketClosed(ticket, f"The ticket is {ticket.state}.")
        return later

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP)
            try:
                await self.expire()
            except Unavailable as error:
                log.error("tickets cannot be swept: %s", error)

    async def _leave(self, step: str, ticket: Ticket, **more: str) -> None:
        done = self._record(KIND, facts(step, ticket) | more)
        if inspect.isawaitable(done):
            await done

    def _tell(self, hook: Hook | None, ticket: Ticket) -> None:
        if hook is not None:
            self._threads.submit(_call, hook, ticket.shown())


def facts(step: str, ticket: Ticket) -> dict[str, Any]:
    """What evidence keeps of a step: the digest of the request, never its query."""
    return {
        "step": step,
        "ticket": ticket.id,
        "state": str(ticket.state),
        "binding": ticket.binding,
        "connection": ticket.connection,
        "exchange": ticket.exchange,
        "principal": ticket.owner,
        "actors": list(ticket.actors),
        "rule": ticket.rule,
        "effect": ticket.summary.get("effect", ""),
        "approvals": len([vote for vote in ticket.votes if vote.approve]),
        "needed": ticket.needed,
        "status": ticket.status,
    }


def _ticket(asked: Asked, now: float) -> Ticket:
    rule, principal = asked.rule, asked.principal
    if rule is None:
        raise ValueError("no approval rule holds this request")
    return Ticket(
        id=secrets.token_hex(16),
        binding=binding(asked),
        connection=asked.connection,
        exchange=asked.exchange,
        peer=asked.peer,
        user_agent=asked.user_agent[:_USER_AGENT],
        issuer=principal.issuer,
        subject=principal.subject,
        name=principal.name,
        client=principal.client,
        identities=identities(principal),
        rule=rule.name,
        reviewers=rule.reviewers.model_dump(),
        needed=rule.approvals,
        opened=now,
        expires=now + rule.expires.seconds,
        summary=summary(asked),
        actors=tuple(actor.key for actor in principal.actors),
    )


def _call(hook: Hook, ticket: Mapping[str, Any]) -> None:
    try:
        hook(ticket)
    except Exception:
        log.exception("a hook failed for ticket %s", ticket["id"])
