"""SQLite: several workers of one host share a file; tickets, revocations and limits survive a restart.

One thread per store does all the talking, so the event loop never waits for a disk. Ticket and revocation writes are
synced before they return (`synchronous=FULL`); counters are not (`NORMAL`): a power cut may forget the last ones, a
killed process does not.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sqlite3
import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ClassVar

import msgspec

from vecgate.approvals.tickets import Caps, State, Ticket
from vecgate.errors import Unavailable
from vecgate.identity.revocation import Revocation, Source
from vecgate.reasons import Reason
from vecgate.state import rows, slips, tickets
from vecgate.state.clock import Anchor, uptime
from vecgate.state.mirror import REVOCATIONS, Mirror, longest
from vecgate.state.rows import transaction
from vecgate.state.schema import prepare
from vecgate.state.store import StateStore
from vecgate.state.windows import Claim, Share, Window, share

log = logging.getLogger(__name__)

FOLLOW = 0.2
"""Seconds between looks at what other workers revoked or bumped."""
BUSY = 2.0
"""Seconds to wait for another process's transaction."""
PATIENCE = 5.0
"""Seconds to wait for the store's thread: a hung disk refuses requests instead of piling them up."""
_TIDY = 30.0

_decode_window = msgspec.msgpack.Decoder(Window).decode
_encode_window = msgspec.msgpack.Encoder().encode


class SqliteStore(StateStore):
    shared: ClassVar[bool] = True

    def __init__(self, path: Path) -> None:
        """Open or create the file (0600) and its folder. Raises sqlite3.Error, OSError, ValueError."""
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        self._thread = ThreadPoolExecutor(1, "vecgate-state")
        self._follower: asyncio.Task[None] | None = None
        self._revocations = -1
        self._tidied = 0.0
        try:
            self._anchor = self._thread.submit(self._connect, path).result()
        except BaseException:
            self._thread.shutdown()
            raise
        self.mirror = Mirror(self.now)

    def now(self) -> float:
        return self._anchor.now()

    async def start(self) -> None:
        await self._run(self._look)
        self._follower = asyncio.create_task(self._follow())

    async def close(self) -> None:
        if self._follower:
            self._follower.cancel()
        self.mirror.lose()
        with contextlib.suppress(Unavailable):
            await self._run(self._disconnect)
        self._thread.shutdown(wait=False)

    # Limits

    async def claim(self, worker: str, claims: Sequence[Claim]) -> list[Share]:
        return await self._run(self._claim, worker, claims)

    def _claim(self, worker: str, claims: Sequence[Claim]) -> list[Share]:
        answers = []
        with transaction(self._counters) as db:
            now = self.now()
            for claim in claims:
                row = db.execute("SELECT state FROM windows WHERE bucket = ?", (claim.bucket,)).fetchone()
                window, answer = share(_decode_window(row[0]) if row else None, worker, claim, now)
                db.execute(
                    "INSERT OR REPLACE INTO windows VALUES (?, ?, ?)",
                    (claim.bucket, window.ends, _encode_window(window)),
                )
                answers.append(answer)
        return answers

    # Tickets

    async def open_ticket(self, ticket: Ticket, caps: Caps) -> Ticket:
        return await self._durably(lambda db: tickets.opened(db, ticket, caps, self.now()))

    async def change_ticket(self, ticket_id: str, change: Callable[[Ticket], Ticket]) -> Ticket:
        return await self._durably(lambda db: tickets.changed(db, ticket_id, change))

    async def tickets(self, ids: Collection[str]) -> list[Ticket]:
        return await self._run(tickets.of_ids, self._durable, ids)

    async def list_tickets(self, states: Collection[State], limit: int = 1000) -> list[Ticket]:
        return await self._run(tickets.of_states, self._durable, states, limit)

    async def overdue_tickets(self) -> list[str]:
        return [ticket.id for ticket in await self._run(tickets.overdue, self._durable, self.now())]

    async def forget_tickets(self, before: float) -> None:
        await self._run(self._within, self._counters, lambda db: tickets.forget(db, before))

    # Revocations and epochs

    async def revoke(self, revocation: Revocation) -> Revocation:
        return await self._run(self._revise, lambda db: rows.revoke(db, revocation, self.now()))

    async def restore(self, key: str, source: Source) -> None:
        await self._run(self._revise, lambda db: rows.restore(db, key, source))

    async def revocations(self) -> list[Revocation]:
        return await self._run(lambda: rows.revocations(self._durable, self.now()))

    async def bump(self, name: str) -> int:
        return await self._run(self._revise, lambda db: rows.raise_epoch(db, name))

    def _revise[T](self, change: Callable[[sqlite3.Connection], T]) -> T:
        """Change what the mirror shows, and show it."""
        found = self._within(self._durable, change)
        self._look()
        return found

    def _look(self) -> None:
        """Bring the mirror up to date. It swaps whole mappings, so readers on the event loop need no lock."""
        db = self._counters
        epochs: dict[str, int] = dict(db.execute("SELECT name, value FROM epochs").fetchall())
        revoked: dict[str, float | None] | None = None
        if epochs.get(REVOCATIONS, 0) != self._revocations:
            revoked = longest(db.execute("SELECT key, until FROM revocations").fetchall())
            self._revocations = epochs.get(REVOCATIONS, 0)
        self.mirror.replace(epochs, revoked)

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(FOLLOW)
            try:
                await self._run(self._look)
                if self.now() - self._tidied > _TIDY:
                    self._tidied = self.now()
                    await self._run(self._tidy)
            except Unavailable as error:
                log.error("the state store cannot be followed: %s", error)

    def _tidy(self) -> None:
        """Keep how far the clock has come; drop what is over. A revocation goes a day after its token's end."""
        now = self.now()
        with transaction(self._counters) as db:
            db.execute("UPDATE clock SET latest = ?, uptime = ?", (now, uptime()))
            db.execute("DELETE FROM windows WHERE ends <= ?", (now,))
            db.execute("DELETE FROM revocations WHERE until < ?", (now - 86_400,))
            db.execute("DELETE FROM slips WHERE until <= ?", (now,))

    # Slips

    async def put_slip(self, key: str, document: bytes, until: float) -> bool:
        return await self._durably(lambda db: slips.put(db, key, document, until, self.now()))

    async def take_slip(self, key: str) -> bytes | None:
        return await self._durably(lambda db: slips.take(db, key, self.now()))

    # Documents

    async def documents(self, shelf: str) -> dict[str, bytes]:
        return await self._run(self._documents, shelf)

    async def keep_document(self, shelf: str, name: str, document: bytes) -> None:
        await self._run(self._change, "INSERT OR REPLACE INTO documents VALUES (?, ?, ?)", shelf, name, document)

    async def drop_document(self, shelf: str, name: str) -> None:
        await self._run(self._change, "DELETE FROM documents WHERE shelf = ? AND name = ?", shelf, name)

    def _documents(self, shelf: str) -> dict[str, bytes]:
        return dict(self._durable.execute("SELECT name, document FROM documents WHERE shelf = ?", (shelf,)).fetchall())

    def _change(self, statement: str, *values: str | bytes) -> None:
        with transaction(self._durable) as db:
            db.execute(statement, values)

    # The thread and its connections

    def _connect(self, path: Path) -> Anchor:
        """SQLite does not wait for the locks of a switch to WAL or of a last connection's close (sqlite.org/wal.html,
        "Sometimes Queries Return SQLITE_BUSY In WAL Mode"): workers that start or stop together have to."""
        deadline = time.monotonic() + BUSY
        while True:
            try:
                return self._open(path)
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise
            time.sleep(0.01)

    def _open(self, path: Path) -> Anchor:
        self._counters, self._durable = (sqlite3.connect(path, timeout=BUSY, isolation_level=None) for _ in range(2))
        try:
            self._counters.execute("PRAGMA journal_mode = WAL")
            self._counters.execute("PRAGMA synchronous = NORMAL")
            self._durable.execute("PRAGMA synchronous = FULL")
            with transaction(self._durable) as db:
                prepare(db)
                return self._fix_clock(db)
        except BaseException:
            self._counters.close()
            self._durable.close()
            raise

    @staticmethod
    def _fix_clock(db: sqlite3.Connection) -> Anchor:
        row = db.execute("SELECT boot, offset, latest, uptime FROM clock").fetchone()
        anchor = Anchor.fixed(Anchor(*row) if row else None)
        values = (anchor.boot, anchor.offset, max(anchor.latest, anchor.now()), uptime())
        db.execute("INSERT OR REPLACE INTO clock VALUES (1, ?, ?, ?, ?)", values)
        return anchor

    def _disconnect(self) -> None:
        try:
            self._tidy()
        finally:
            self._counters.close()
            self._durable.close()

    async def _durably[T](self, change: Callable[[sqlite3.Connection], T]) -> T:
        return await self._run(self._within, self._durable, change)

    @staticmethod
    def _within[T](db: sqlite3.Connection, change: Callable[[sqlite3.Connection], T]) -> T:
        with transaction(db):
            return change(db)

    async def _run[**P, T](self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(PATIENCE):
                return await loop.run_in_executor(self._thread, lambda: work(*args, **kwargs))
        except (sqlite3.Error, OSError, TimeoutError, msgspec.MsgspecError) as error:
            raise Unavailable(Reason.STATE_UNAVAILABLE, "The state store cannot be used.") from error
        except RuntimeError as error:  # the executor has been shut down
            raise Unavailable(Reason.STATE_UNAVAILABLE, "The state store is closed.") from error
