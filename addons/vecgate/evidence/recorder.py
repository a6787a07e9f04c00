"""Recorder: what the stages leave evidence with. Cheap on the event loop; the writer's thread does the work."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vecgate.errors import Refusal, Unavailable
from vecgate.evidence import canonical, layout
from vecgate.evidence.chain import Chain
from vecgate.evidence.content import KEY_BYTES
from vecgate.evidence.entry import Entry
from vecgate.evidence.facts import Known, outcome_facts, request_facts, who
from vecgate.evidence.record import RESERVED, Kind
from vecgate.evidence.redaction import Redactor, without_vectors
from vecgate.evidence.signing import signing_key
from vecgate.evidence.writer import Sink, Writer
from vecgate.exchange import Exchange
from vecgate.masking.maskset import MaskSet
from vecgate.operations.dialect import Masked, Record
from vecgate.policy.decision import Decision
from vecgate.reasons import Reason

PAUSE = 30 * 60.0
"""Seconds without a request after which a principal's activity on a connection is another session."""
_SWEEP = 4096


@dataclass(frozen=True, slots=True)
class RecorderSettings:
    """Paths are absolute or relative to the working directory. `redaction_key` must not lie in the evidence."""

    directory: Path
    signing_key: Path
    redaction_key: bytes
    chain: str = "w0"
    checkpoint: float = 60.0
    content: bool = True
    sink: Sink | None = None


@dataclass(slots=True)
class _Session:
    id: str
    last: float


class Recorder:
    """One per process and chain. `start` before the first port opens, `stop` after the last has closed."""

    def __init__(self, settings: RecorderSettings) -> None:
        self._settings = settings
        self._redactor = Redactor(settings.redaction_key)
        self._known = Known()
        self._sessions: dict[tuple[str, str], _Session] = {}
        self._opened = 0
        self._writer: Writer | None = None

    async def start(self) -> None:
        """Lock the chain, find its end, record the start. Raises Unavailable with what is wrong."""
        await asyncio.to_thread(self._start)

    async def stop(self) -> None:
        """Write what is queued and the final checkpoint. Raises Unavailable if that cannot be done in four seconds."""
        if self._writer is not None:
            await asyncio.to_thread(self._writer.stop)

    def check(self) -> None:
        """Raises Unavailable (`evidence_unavailable`) when new work must not begin."""
        self._running.check()

    @property
    def _running(self) -> Writer:
        if self._writer is None:
            raise Unavailable(Reason.EVIDENCE_UNAVAILABLE, "Evidence has not been started.")
        return self._writer

    @property
    def healthy(self) -> bool:
        try:
            self.check()
        except Unavailable:
            return False
        return True

    async def intent(self, exchange: Exchange) -> None:
        """Make durable what is about to be forwarded. Raises Unavailable: then nothing may be forwarded."""
        writer = self._running
        writer.check()
        session = self._session(exchange)
        facts = request_facts(exchange, self._known)
        await writer.append_durable(
            Entry(Kind.INTENT, exchange.id, session, facts, self._content(exchange, None, queries=True))
        )
        exchange.intent = True

    def outcome(self, exchange: Exchange) -> None:
        """Record how an exchange ended, whatever way it ended; never blocks. The caller calls it once per exchange."""
        session = self._session(exchange)
        facts = outcome_facts(exchange, self._known)
        content = self._content(exchange, exchange.masked, queries=not exchange.intent)
        refused = exchange.refusal is not None and exchange.refusal.reason is Reason.EVIDENCE_UNAVAILABLE
        self._running.append(
            Entry(Kind.OUTCOME, exchange.id, session, facts, content),
            droppable=refused and not exchange.forwarded and not exchange.intent,
        )

    def event(self, kind: str, facts: Mapping[str, Any], exchange: str = "") -> None:
        """Record what is not a request: an approval, a configuration that was loaded, an answer withheld."""
        if kind in RESERVED:
            raise ValueError(f"{kind} records are the recorder's own")
        self._running.append(Entry(kind, exchange, "", dict(facts)))

    async def commit(self, kind: str, facts: Mapping[str, Any], exchange: str = "") -> None:
        """`event`, and return only once it is durable: for what must be on record before it counts."""
        if kind in RESERVED:
            raise ValueError(f"{kind} records are the recorder's own")
        await self._running.append_durable(Entry(kind, exchange, "", dict(facts)))

    def _start(self) -> None:
        settings = self._settings
        try:
            if settings.signing_key.absolute().is_relative_to(settings.directory.absolute()):
                raise ValueError(f"the signing key {settings.signing_key} lies inside the evidence it signs")
            chain = Chain(settings.directory, settings.chain, signing_key(settings.signing_key))
            writer = Writer(chain, checkpoint=settings.checkpoint, sink=settings.sink)
            writer.start()
        except Exception as error:
            raise Unavailable(Reason.EVIDENCE_UNAVAILABLE, f"Evidence cannot be written: {error}") from error
        self._opened = chain.sessions
        self._writer = writer

    def _session(self, exchange: Exchange) -> str:
        """The session that the exchange belongs to, opening one where the principal paused; empty without identity."""
        principal = exchange.principal
        if principal is None:
            return ""
        now = time.monotonic()
        known = self._sessions.get((principal.chain, exchange.connection))
        if known is not None and now - known.last < PAUSE:
            known.last = now
            return known.id
        return self._open_session(exchange, now)

    def _open_session(self, exchange: Exchange, now: float) -> str:
        assert exchange.principal is not None
        if len(self._sessions) >= _SWEEP:
            self._sessions = {key: known for key, known in self._sessions.items() if now - known.last < PAUSE}
        self._opened += 1
        session = layout.session_id(self._settings.chain, self._opened)
        self._sessions[exchange.principal.chain, exchange.connection] = _Session(session, now)
        key = os.urandom(KEY_BYTES) if self._settings.content else None
        facts = {
            "connection": exchange.connection,
            "key": canonical.digest(key) if key else None,
            "principal": who(exchange.principal),
        }
        self._running.append(Entry(Kind.SESSION, "", session, facts, key=key))
        return session

    def _content(self, exchange: Exchange, masked: Masked | None, *, queries: bool) -> dict[str, Any] | None:
        """Queries and returned records, as they may be kept; None if there is nothing, or nobody to keep it for."""
        if not self._settings.content or exchange.principal is None:
            return None
        document: dict[str, Any] = {}
        if queries and exchange.reading is not None:
            asked = [
                {"operation": operation.name, **without_vectors(self._redactor.query(operation, exchange.decision))}
                for operation in exchange.reading.operations
                if operation.query
            ]
            if asked:
                document["queries"] = asked
        if masked is not None and masked.records:
            document["records"] = recordable(masked.records, exchange.decision)
        return document or None


def recordable(records: Sequence[Record], decision: Decision | None) -> Sequence[Record]:
    """Records as they were shown, but for values that only the caller's clearance opened: nobody's to keep."""
    if decision is None:
        return records
    recorded = {resource: decision.recorded(resource) for resource in {record.resource for record in records}}
    if all(kept is decision.masks.get(resource) for resource, kept in recorded.items()):
        return records
    return [_recordable(record, decision, recorded[record.resource]) for record in records]


def _recordable(record: Record, decision: Decision, kept: MaskSet) -> Record:
    if not record.payload or kept is decision.masks.get(record.resource):
        return record
    try:
        payload, _ = kept.payload(record.payload)
    except Refusal:
        payload = {}
    return Record(record.resource, record.id, payload, record.score)
