"""Writer: one thread that appends to one chain in group commits.

Theory of operation. The event loop hands over entries and goes on; the thread takes what has gathered, links it,
writes it and makes it durable with one fsync, and then tells those who waited. The thread sleeps while nothing is
waited for, a fiftieth of a second at a time: a wake-up an entry would cost the event loop more than the entry does.

When a commit fails (disk full, permission, a sink's exception) the writer is broken: waiting intents fail, `check`
raises, new work stops. Nothing is forgotten: the files are cut back to their durable size, the entries are kept and
tried again every second; when that succeeds, work goes on. What is refused meanwhile is kept up to a bound, then only
counted.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable

from vecgate.errors import Unavailable
from vecgate.evidence.chain import Chain
from vecgate.evidence.entry import Entry
from vecgate.evidence.record import Kind
from vecgate.reasons import Reason

log = logging.getLogger(__name__)

LINGER = 0.02
RETRY = 1.0
MAX_BATCH = 512
type Sink = Callable[[bytes], object]


class Writer:
    """Thread-safe: `append`, `append_durable` and `check` are called on event loops, the rest where it may block."""

    def __init__(
        self, chain: Chain, *, checkpoint: float = 60.0, limit: int = 20_000, sink: Sink | None = None
    ) -> None:
        self._chain = chain
        self._every = checkpoint
        self._limit = limit
        self._sink = sink
        self._queue: deque[Entry | None] = deque()
        self._arrived, self._hurry = threading.Event(), threading.Event()
        self._pending: list[Entry] = []
        self._failure = "not started"
        self._suppressed = self._reported = 0
        self._thread = threading.Thread(target=self._run, name=f"evidence-{chain.name}", daemon=True)

    def start(self) -> None:
        """Record the start durably, then run. Raises OSError, Damaged, and whatever the sink raises."""
        try:
            self._chain.begin()
            self._deliver()
        except BaseException:
            self._chain.close()
            raise
        self._failure = ""
        self._thread.start()

    def stop(self, patience: float = 4.0) -> None:
        """Write what is queued and a final checkpoint. Raises Unavailable if that fails or takes too long."""
        self._put(None, hurry=True)
        self._thread.join(patience)
        if self._thread.is_alive() or self._failure != "stopped":
            raise Unavailable(Reason.EVIDENCE_UNAVAILABLE, f"The evidence was not closed: {self._failure}")

    def check(self) -> None:
        """Raises Unavailable when new work must not begin."""
        if self._failure:
            raise Unavailable(Reason.EVIDENCE_UNAVAILABLE)
        if len(self._queue) >= self._limit or not self._thread.is_alive():
            raise Unavailable(Reason.EVIDENCE_UNAVAILABLE, "Evidence cannot keep up.")

    async def append_durable(self, entry: Entry) -> None:
        """Return once the entry is durable; entries of one moment share one fsync. Raises Unavailable."""
        self.check()
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[None] = loop.create_future()
        entry.waiter = (loop, waiter)
        self._put(entry, hurry=True)
        await waiter

    def append(self, entry: Entry, *, droppable: bool = False) -> None:
        """Queue an entry; never blocks. A droppable one is only counted while evidence is down and the queue full.

        Raises Unavailable if the writer has ended.
        """
        if not self._thread.is_alive():
            raise Unavailable(Reason.EVIDENCE_UNAVAILABLE, "The evidence is closed.")
        if droppable and self._failure and self._waiting >= self._limit:
            self._suppressed += 1
        else:
            self._put(entry, hurry=False)

    @property
    def _waiting(self) -> int:
        return len(self._queue) + len(self._pending) + len(self._chain.outbox)

    def _put(self, entry: Entry | None, *, hurry: bool) -> None:
        self._queue.append(entry)
        if hurry:
            self._hurry.set()
        if not self._arrived.is_set():
            self._arrived.set()

    def _run(self) -> None:
        due = time.monotonic() + self._every
        stopping = False
        while not stopping:
            stopping = self._collect(max(0.0, due - time.monotonic()))
            try:
                self._write()
                if time.monotonic() >= due and not stopping:
                    self._chain.checkpoint()
                    due = time.monotonic() + self._every
                if stopping:
                    self._chain.finish()
                self._deliver()
            except Exception as error:
                self._break(error)
            else:
                self._mend()
        self._chain.close()
        self._failure = self._failure or "stopped"

    def _collect(self, patience: float) -> bool:
        """Take over what has gathered within `patience` seconds and a little more; true at the end of all work."""
        if self._failure:
            self._hurry.wait(RETRY)
        elif self._arrived.wait(patience):
            self._hurry.wait(LINGER)
        # Cleared before the queue is emptied: what comes in between is taken now, or rings again.
        self._arrived.clear()
        self._hurry.clear()
        while self._queue:
            entry = self._queue.popleft()
            if entry is None:
                return True
            self._pending.append(entry)
        return False

    def _write(self) -> None:
        counted = self._suppressed - self._reported
        if counted and len(self._pending) < self._limit:
            self._reported += counted
            self._pending.append(Entry(Kind.SUPPRESSED, facts={"count": counted, "failure": self._failure}))
        while self._pending:
            batch = self._pending[:MAX_BATCH]
            self._chain.commit(batch)
            del self._pending[: len(batch)]
            for entry in batch:
                entry.settle(None)

    def _deliver(self) -> None:
        """Hand durable lines to the sink, in order and each at least once."""
        outbox = self._chain.outbox
        while outbox:
            if self._sink is not None:
                self._sink(outbox[0])
            outbox.popleft()

    def _break(self, error: Exception) -> None:
        if not self._failure:
            log.error("evidence cannot be written, new work stops: %s", error)
        self._failure = f"{type(error).__name__}: {error}"
        for entry in self._pending:
            entry.settle(Unavailable(Reason.EVIDENCE_UNAVAILABLE))

    def _mend(self) -> None:
        if self._failure:
            log.warning("evidence can be written again")
        self._failure = ""
