"""StateStore: what every worker must see at once. Limits, tickets, revocations and epochs live here and nowhere else.

All methods may be called from several tasks; a store that is `shared` may be opened by several processes. Whatever
goes wrong underneath is raised as `Unavailable(state_unavailable)`: the request is refused, never let through.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Sequence
from typing import ClassVar

from vecgate.approvals.tickets import Caps, State, Ticket
from vecgate.identity.principal import Principal
from vecgate.identity.revocation import Revocation, Source
from vecgate.state.mirror import Mirror
from vecgate.state.windows import Claim, Share


class StateStore(ABC):
    shared: ClassVar[bool]
    """Several processes can use it; `memory:` cannot be."""
    mirror: Mirror

    @abstractmethod
    def now(self) -> float:
        """Unix seconds on a clock that all workers share and nobody can set. Does not block."""

    @abstractmethod
    async def start(self) -> None:
        """Begin to follow other workers. Until then `revoked` and `epoch` raise Unavailable."""

    @abstractmethod
    async def close(self) -> None:
        """Let go of files and threads. Later calls raise Unavailable."""

    # Limits

    @abstractmethod
    async def claim(self, worker: str, claims: Sequence[Claim]) -> list[Share]:
        """Settle all claims in one transaction; the answers come in the same order. See `state.windows`."""

    # Tickets

    @abstractmethod
    async def open_ticket(self, ticket: Ticket, caps: Caps) -> Ticket:
        """Keep a new ticket durably, or return the open one of the same binding.

        Raises Refusal(too_many_pending) when a cap is reached."""

    @abstractmethod
    async def change_ticket(self, ticket_id: str, change: Callable[[Ticket], Ticket]) -> Ticket:
        """Replace a ticket by `change(ticket)`, atomically and durably, and return the new one.

        What `change` raises is raised and leaves the ticket alone; TicketUnknown if there is none. `change` may run
        in another thread."""

    @abstractmethod
    async def tickets(self, ids: Collection[str]) -> list[Ticket]:
        """Those of these tickets that exist."""

    @abstractmethod
    async def list_tickets(self, states: Collection[State], limit: int = 1000) -> list[Ticket]:
        """The newest tickets in one of these states, newest first."""

    @abstractmethod
    async def overdue_tickets(self) -> list[str]:
        """Ids of tickets that are still pending or approved although their time is over."""

    @abstractmethod
    async def forget_tickets(self, before: float) -> None:
        """Drop finished tickets that ended before that time; evidence keeps their story."""

    # Revocations and epochs

    @abstractmethod
    async def revoke(self, revocation: Revocation) -> Revocation:
        """Refuse from now on whoever has this key, durably. Returns what stands: the longer of one source for a key.

        Other workers see it within the time that a store takes to follow (SQLite: 0.2 s)."""

    @abstractmethod
    async def restore(self, key: str, source: Source) -> None:
        """Take back what this source revoked under a key; what others revoked stays."""

    @abstractmethod
    async def revocations(self) -> list[Revocation]:
        """All that have not ended, the newest first."""

    @abstractmethod
    async def bump(self, name: str) -> int:
        """Raise an epoch: whatever was cached under the old one is void. Returns the new value."""

    # Documents

    @abstractmethod
    async def documents(self, shelf: str) -> dict[str, bytes]:
        """All documents of a shelf by their ids."""

    @abstractmethod
    async def keep_document(self, shelf: str, name: str, document: bytes) -> None:
        """Keep a document durably, in place of an earlier one of that id."""

    @abstractmethod
    async def drop_document(self, shelf: str, name: str) -> None:
        """Drop a document, if there is one."""

    # Slips

    @abstractmethod
    async def put_slip(self, key: str, document: bytes, until: float) -> bool:
        """Keep a small document durably until then (Unix seconds). False, and nothing changes, if the key has one that
        has not ended. Raises Refusal(too_many_pending) when there are too many."""

    @abstractmethod
    async def take_slip(self, key: str) -> bytes | None:
        """Take a document away: of all who ask, one gets it, and after its end nobody does."""

    # What this worker knows

    def revoked(self, principal: Principal) -> bool:
        """From this worker's mirror, without waiting. Raises Unavailable when the mirror is stale."""
        return self.mirror.revoked(principal)

    def epoch(self, name: str) -> int:
        """From this worker's mirror, without waiting. Raises Unavailable when the mirror is stale."""
        return self.mirror.epoch(name)
