"""Memory: one process, and nothing survives it. For tests, demos and gateways that keep no tickets."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from typing import ClassVar

from vecgate.approvals.tickets import OPEN, Caps, State, Ticket, TicketUnknown
from vecgate.errors import Unavailable
from vecgate.identity.revocation import Revocation, Source
from vecgate.reasons import Reason
from vecgate.state import slips
from vecgate.state.clock import Anchor
from vecgate.state.mirror import REVOCATIONS, Mirror, longest
from vecgate.state.store import StateStore
from vecgate.state.windows import Claim, Share, Window, share

_PRUNE = 10_000
"""Windows kept before those that have ended are dropped."""


class MemoryStore(StateStore):
    """Atomic because no method awaits anything."""

    shared: ClassVar[bool] = False

    def __init__(self, clock: Callable[[], float] | None = None) -> None:
        """`clock` replaces the host's unsettable clock."""
        self._clock = clock or Anchor.fixed().now
        self._closed = False
        self._windows: dict[str, Window] = {}
        self._prune_at = _PRUNE
        self._tickets: dict[str, Ticket] = {}
        self._revocations: dict[tuple[str, Source], Revocation] = {}
        self._documents: dict[tuple[str, str], bytes] = {}
        self._slips: dict[str, tuple[float, bytes]] = {}
        self._epochs: dict[str, int] = {}
        self.mirror = Mirror(self.now, math.inf)

    def now(self) -> float:
        return self._clock()

    async def start(self) -> None:
        self._check()
        self.mirror.replace(self._epochs, {})

    async def close(self) -> None:
        self._closed = True
        self.mirror.lose()

    async def claim(self, worker: str, claims: Sequence[Claim]) -> list[Share]:
        self._check()
        now, answers = self.now(), []
        for claim in claims:
            self._windows[claim.bucket], answer = share(self._windows.get(claim.bucket), worker, claim, now)
            answers.append(answer)
        if len(self._windows) > self._prune_at:
            self._windows = {bucket: window for bucket, window in self._windows.items() if window.ends > now}
            self._prune_at = max(_PRUNE, 2 * len(self._windows))
        return answers

    async def open_ticket(self, ticket: Ticket, caps: Caps) -> Ticket:
        self._check()
        now = self.now()
        live = [known for known in self._tickets.values() if known.expires > now and known.state in OPEN]
        for known in live:
            if known.binding == ticket.binding:
                return known
        pending = [known for known in live if known.state is State.PENDING]
        mine = sum(known.owner == ticket.owner for known in pending)
        caps.check(mine, len(pending), min((known.expires for known in pending), default=now) - now)
        self._tickets[ticket.id] = ticket
        return ticket

    async def change_ticket(self, ticket_id: str, change: Callable[[Ticket], Ticket]) -> Ticket:
        self._check()
        if ticket_id not in self._tickets:
            raise TicketUnknown(ticket_id)
        self._tickets[ticket_id] = changed = change(self._tickets[ticket_id])
        return changed

    async def tickets(self, ids: Collection[str]) -> list[Ticket]:
        self._check()
        return [self._tickets[key] for key in ids if key in self._tickets]

    async def list_tickets(self, states: Collection[State], limit: int = 1000) -> list[Ticket]:
        self._check()
        found = [ticket for ticket in self._tickets.values() if ticket.state in states]
        return sorted(found, key=lambda ticket: ticket.opened, reverse=True)[:limit]

    async def overdue_tickets(self) -> list[str]:
        self._check()
        now = self.now()
        return [ticket.id for ticket in self._tickets.values() if ticket.at(now) is not ticket]

    async def forget_tickets(self, before: float) -> None:
        self._check()
        self._tickets = {key: ticket for key, ticket in self._tickets.items() if not 0 < ticket.ended < before}

    async def revoke(self, revocation: Revocation) -> Revocation:
        self._check()
        at = revocation.key, revocation.source
        earlier = self._revocations.get(at)
        stands = revocation.joined(earlier if earlier and earlier.holds(self.now()) else None)
        self._revocations[at] = stands
        await self._revoked()
        return stands

    async def restore(self, key: str, source: Source) -> None:
        self._check()
        self._revocations.pop((key, source), None)
        await self._revoked()

    async def revocations(self) -> list[Revocation]:
        self._check()
        now = self.now()
        found = [each for each in self._revocations.values() if each.holds(now)]
        return sorted(found, key=lambda each: each.at, reverse=True)

    async def _revoked(self) -> None:
        now = self.now()
        self._revocations = {at: each for at, each in self._revocations.items() if each.holds(now)}
        await self.bump(REVOCATIONS)
        self.mirror.replace(self._epochs, longest((each.key, each.until) for each in self._revocations.values()))

    async def bump(self, name: str) -> int:
        self._check()
        self._epochs[name] = self._epochs.get(name, 0) + 1
        return self._epochs[name]

    async def documents(self, shelf: str) -> dict[str, bytes]:
        self._check()
        return {name: document for (at, name), document in self._documents.items() if at == shelf}

    async def keep_document(self, shelf: str, name: str, document: bytes) -> None:
        self._check()
        self._documents[shelf, name] = document

    async def drop_document(self, shelf: str, name: str) -> None:
        self._check()
        self._documents.pop((shelf, name), None)

    async def put_slip(self, key: str, document: bytes, until: float) -> bool:
        self._check()
        now = self.now()
        if len(self._slips) >= slips.MOST:
            self._slips = {name: slip for name, slip in self._slips.items() if slip[0] > now}
        slips.check(len(self._slips))
        if key in self._slips and self._slips[key][0] > now:
            return False
        self._slips[key] = until, document
        return True

    async def take_slip(self, key: str) -> bytes | None:
        self._check()
        until, document = self._slips.pop(key, (0.0, b""))
        return document if until > self.now() else None

    def _check(self) -> None:
        if self._closed:
            raise Unavailable(Reason.STATE_UNAVAILABLE, "The state store is closed.")
