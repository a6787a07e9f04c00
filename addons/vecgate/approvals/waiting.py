"""Waiting: held requests watch their tickets.

One task watches for all of them: it asks the store what other workers decided, and each request's `gone` whether its
client is still there. A decision made in this process wakes its waiters at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from enum import StrEnum

from vecgate.approvals.tickets import State, Ticket
from vecgate.errors import Unavailable
from vecgate.reasons import Reason
from vecgate.state.store import StateStore

LOOK = 0.1
"""Seconds between looks at the clients."""
ASK = 0.4
"""Seconds between questions to the store."""
PERSON = 20
TOTAL = 500
"""Requests that may be held at a time, for one principal and in all: each keeps a body in memory. One more is not held;
its client is told at once that the ticket is pending."""

type Gone = Callable[[], bool]


class Outcome(StrEnum):
    """How a wait ended. Only `approved` may go on, and only through `Approvals.consume`."""

    APPROVED = "approved"
    DENIED = "denied"
    EXPIRED = "expired"
    PENDING = "pending"  # nobody has decided in time; the ticket stays open
    GONE = "gone"  # the client left


OUTCOMES = {State.PENDING: Outcome.PENDING, State.APPROVED: Outcome.APPROVED, State.DENIED: Outcome.DENIED}
"""Every other state of a ticket is no use to whoever waits for it: expired, or used by another request."""

type _Waiter = asyncio.Future[Outcome | Unavailable]


class Waiting:
    """All requests that this process holds. `close` ends every wait without releasing anything."""

    def __init__(self, store: StateStore) -> None:
        self._store = store
        self._waiters: dict[_Waiter, tuple[Ticket, Gone]] = {}
        self._watcher: asyncio.Task[None] | None = None
        self._closed = False

    def __len__(self) -> int:
        return len(self._waiters)

    async def wait(self, ticket: Ticket, seconds: float, gone: Gone) -> Outcome:
        """Until decided, gone or timed out; not at all where too many wait already.

        Raises Unavailable when the store cannot be asked any more."""
        if self._closed:
            return Outcome.PENDING
        if gone():
            return Outcome.GONE
        known = OUTCOMES.get(ticket.at(self._store.now()).state, Outcome.EXPIRED)
        if known is not Outcome.PENDING or self._crowded(ticket.owner):
            return known
        waiter: _Waiter = asyncio.get_running_loop().create_future()
        self._waiters[waiter] = ticket, gone
        if self._watcher is None or self._watcher.done():
            self._watcher = asyncio.create_task(self._watch())
        try:
            async with asyncio.timeout(seconds):
                outcome = await waiter
        except TimeoutError:
            outcome = Outcome.PENDING
        finally:
            del self._waiters[waiter]
        if isinstance(outcome, Unavailable):
            raise Unavailable(outcome.reason, outcome.detail) from outcome
        return Outcome.GONE if gone() else outcome

    def tell(self, ticket: Ticket) -> None:
        """The ticket changed: wake who waits for it."""
        outcome = OUTCOMES.get(ticket.at(self._store.now()).state, Outcome.EXPIRED)
        if outcome is not Outcome.PENDING:
            self._end([waiter for waiter, (held, _) in self._waiters.items() if held.id == ticket.id], outcome)

    def close(self) -> None:
        """Every held request becomes an open ticket; none is released."""
        self._closed = True
        if self._watcher:
            self._watcher.cancel()
        self._end(list(self._waiters), Outcome.PENDING)

    def _crowded(self, owner: str) -> bool:
        mine = sum(held.owner == owner for held, _ in self._waiters.values())
        return mine >= PERSON or len(self._waiters) >= TOTAL

    async def _watch(self) -> None:
        looks = 0
        while self._waiters:
            await asyncio.sleep(LOOK)
            looks += 1
            try:
                self._end([waiter for waiter, (_, gone) in self._waiters.items() if gone()], Outcome.GONE)
                if looks % round(ASK / LOOK) == 0:
                    for ticket in await self._store.tickets({held.id for held, _ in self._waiters.values()}):
                        self.tell(ticket)
            except Unavailable as error:
                self._end(list(self._waiters), error)
            except Exception as error:
                self._end(list(self._waiters), Unavailable(Reason.GATEWAY_FAILURE, "Waiting failed."))
                raise error

    @staticmethod
    def _end(waiters: Collection[_Waiter], outcome: Outcome | Unavailable) -> None:
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(outcome)
