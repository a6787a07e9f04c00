"""Tickets in SQLite. Every function that changes one runs inside a transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection

import msgspec

from vecgate.approvals.tickets import OPEN, Caps, State, Ticket, TicketUnknown

_decode = msgspec.json.Decoder(Ticket).decode
_encode = msgspec.json.Encoder().encode


def put(db: sqlite3.Connection, ticket: Ticket) -> None:
    columns = (ticket.id, ticket.binding, ticket.owner, ticket.state, ticket.opened, ticket.expires, ticket.ended)
    db.execute("INSERT OR REPLACE INTO tickets VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (*columns, _encode(ticket)))


def opened(db: sqlite3.Connection, ticket: Ticket, caps: Caps, now: float) -> Ticket:
    """The open one of the same binding, or else this one, which is kept. Raises what `caps` raises."""
    row = db.execute(
        f"SELECT document FROM tickets WHERE binding = ? AND expires > ? AND state IN ({_marks(OPEN)})",  # noqa: S608 - only question marks
        (ticket.binding, now, *OPEN),
    ).fetchone()
    if row:
        return _decode(row[0])
    mine, total, soonest = db.execute(
        "SELECT coalesce(sum(owner = ?), 0), count(*), min(expires) FROM tickets WHERE state = ? AND expires > ?",
        (ticket.owner, State.PENDING, now),
    ).fetchone()
    caps.check(mine, total, (soonest or now) - now)
    put(db, ticket)
    return ticket


def changed(db: sqlite3.Connection, ticket_id: str, change: Callable[[Ticket], Ticket]) -> Ticket:
    """Raises TicketUnknown, and what `change` raises."""
    row = db.execute("SELECT document FROM tickets WHERE id = ?", (ticket_id,)).fetchone()
    if row is None:
        raise TicketUnknown(ticket_id)
    ticket = change(_decode(row[0]))
    put(db, ticket)
    return ticket


def of_ids(db: sqlite3.Connection, ids: Collection[str]) -> list[Ticket]:
    return _select(db, f"WHERE id IN ({_marks(ids)})", *ids)


def of_states(db: sqlite3.Connection, states: Collection[State], limit: int) -> list[Ticket]:
    """The newest first."""
    return _select(db, f"WHERE state IN ({_marks(states)}) ORDER BY opened DESC LIMIT ?", *states, limit)


def overdue(db: sqlite3.Connection, now: float) -> list[Ticket]:
    return _select(db, "WHERE state IN (?, ?) AND expires <= ?", State.PENDING, State.APPROVED, now)


def forget(db: sqlite3.Connection, before: float) -> None:
    """Those that had ended by then."""
    db.execute("DELETE FROM tickets WHERE ended > 0 AND ended < ?", (before,))


def _select(db: sqlite3.Connection, where: str, *values: str | float) -> list[Ticket]:
    rows = db.execute(f"SELECT document FROM tickets {where}", values)  # noqa: S608 - no outside text
    return [_decode(document) for (document,) in rows]


def _marks(values: Collection[object]) -> str:
    return ", ".join("?" * len(values))
