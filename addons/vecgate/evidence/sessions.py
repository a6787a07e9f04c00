"""Sessions: evidence read back as what people did. A session is a principal's activity on a connection until it pauses
for 30 minutes, on whichever worker and across restarts; its id is that of its first part.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from vecgate.evidence import canonical, layout
from vecgate.evidence.canonical import NotCanonical
from vecgate.evidence.content import Cipher, Unreadable, bound_to
from vecgate.evidence.damage import Damage, DamageKind
from vecgate.evidence.manifest import Manifest, ManifestError, read_manifest
from vecgate.evidence.record import RESERVED, ContentRef, Kind, Record, hash_holds, parse
from vecgate.evidence.recorder import PAUSE


@dataclass(slots=True)
class Event:
    """What is not a request: an approval, a configuration, an answer withheld."""

    kind: str
    time: str
    exchange: str
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Stored:
    """Where a content lies, and what it is bound to."""

    path: Path
    reference: ContentRef
    session: str
    exchange: str
    kind: str


@dataclass(slots=True)
class Visit:
    """One exchange: what was asked, decided and given. `facts` are those of its outcome, over those of its intent."""

    exchange: str
    session: str
    time: str
    """When it ended; when its intent was written, if it never did."""
    facts: dict[str, Any] = field(default_factory=dict)
    queries: list[dict[str, Any]] = field(default_factory=list)
    records: list[dict[str, Any]] = field(default_factory=list)
    erased: bool = False
    """Its content was erased or its key is not there."""
    events: list[Event] = field(default_factory=list)
    stored: list[_Stored] = field(default_factory=list)

    @property
    def verdict(self) -> str:
        return str(self.facts.get("verdict", "open"))

    def as_dict(self) -> dict[str, Any]:
        events = [{"kind": each.kind, "time": each.time, **each.facts} for each in self.events]
        own = {"exchange": self.exchange, "time": self.time, "erased": self.erased}
        return {**self.facts, **own, "queries": self.queries, "records_returned": self.records, "events": events}


@dataclass(slots=True)
class Session:
    id: str
    connection: str
    principal: dict[str, Any] | None
    visits: list[Visit] = field(default_factory=list)

    @property
    def started(self) -> str:
        return self.visits[0].time

    @property
    def ended(self) -> str:
        return self.visits[-1].time

    @property
    def points(self) -> int:
        return sum(visit.facts.get("points", 0) for visit in self.visits)

    @property
    def verdicts(self) -> Counter[str]:
        return Counter(visit.verdict for visit in self.visits)

    @property
    def parts(self) -> list[str]:
        """The sessions as the workers counted them: the content keys in use."""
        return sorted({visit.session for visit in self.visits if visit.session})

    def answers_to(self, name: str) -> bool:
        """By its id, or by that of one of its parts or exchanges."""
        return name == self.id or any(name in (visit.session, visit.exchange) for visit in self.visits)

    def summary(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "connection": self.connection,
            "principal": self.principal,
            "started": self.started,
            "ended": self.ended,
            "requests": len(self.visits),
            "verdicts": dict(self.verdicts),
            "points": self.points,
        }

    def as_dict(self) -> dict[str, Any]:
        return {**self.summary(), "parts": self.parts, "exchanges": [visit.as_dict() for visit in self.visits]}


class Archive:
    """An evidence directory, open for reading; a gateway may be writing to it.

    Raises Damage where a record or a content is not what was written; `verify` looks at the rest.
    """

    def __init__(self, directory: Path) -> None:
        """Raises Damage, OSError."""
        self.directory = directory
        try:
            self._manifest: Manifest = read_manifest(directory)
        except (NotCanonical, ManifestError) as error:
            raise Damage(DamageKind.EDITED, layout.MANIFEST, 1, str(error)) from error

    def sessions(self) -> list[Session]:
        """All of them by their start, without contents."""
        visits: dict[str, Visit] = {}
        events: list[Event] = []
        for path, record in self._records():
            if record.kind in (Kind.INTENT, Kind.OUTCOME):
                self._visit(visits, path, record)
            elif record.kind not in RESERVED:
                events.append(Event(record.kind, record.time, record.exchange, record.facts))
        _attach(visits, events)
        return _grouped(sorted(visits.values(), key=lambda visit: visit.time))

    def session(self, wanted: str) -> Session | None:
        """The session that answers to this id, with its contents."""
        for session in self.sessions():
            if session.answers_to(wanted):
                self.read_contents(session)
                return session
        return None

    def read_contents(self, session: Session) -> None:
        """Decrypt queries and records, where they have not been erased. Raises Damage."""
        ciphers: dict[str, Cipher | None] = {}
        for visit in session.visits:
            for stored in visit.stored:
                if stored.session not in ciphers:
                    ciphers[stored.session] = self._cipher(stored.session)
                cipher = ciphers[stored.session]
                if cipher is None:
                    visit.erased = True
                    continue
                document = self._content(stored, cipher)
                visit.queries += document.get("queries", [])
                visit.records += document.get("records", [])

    def _records(self) -> Iterator[tuple[Path, Record]]:
        for chain in self._manifest.chains:
            for number in layout.numbered(self.directory / chain, layout.SEGMENT):
                path = self.directory / chain / layout.segment_name(number)
                with open(layout.open_regular(path), "rb") as file:
                    for line, raw in enumerate(file, 1):
                        if not raw.endswith(b"\n"):
                            break  # being written
                        yield path, _sound(raw, f"{chain}/{path.name}", line)

    def _visit(self, visits: dict[str, Visit], path: Path, record: Record) -> None:
        visit = visits.setdefault(record.exchange, Visit(record.exchange, record.session, record.time))
        visit.time = record.time
        visit.facts |= record.facts
        if record.content:
            content = path.with_suffix(".content")
            visit.stored.append(_Stored(content, record.content, record.session, record.exchange, record.kind))

    def _cipher(self, session: str) -> Cipher | None:
        path = layout.key_path(self.directory, session)
        try:
            return Cipher(layout.read_whole(path, 4096)) if path else None
        except FileNotFoundError:
            return None

    def _content(self, stored: _Stored, cipher: Cipher) -> dict[str, Any]:
        reference = stored.reference
        name = f"{stored.path.parent.name}/{stored.path.name}"
        with open(layout.open_regular(stored.path), "rb") as file:
            file.seek(reference.offset)
            frame = file.read(reference.size)
        binding = bound_to(self._manifest.evidence, stored.session, stored.exchange, stored.kind)
        try:
            plain = cipher.open(frame, binding)
            if canonical.digest(plain) != reference.plain:
                raise Unreadable("the content does not have its digest")
            return msgspec.json.decode(plain, type=dict[str, Any])
        except (Unreadable, msgspec.MsgspecError) as error:
            raise Damage(DamageKind.EDITED, name, 1, f"exchange {stored.exchange}: {error}") from error


def _sound(raw: bytes, file: str, line: int) -> Record:
    try:
        record = parse(raw)
    except NotCanonical as error:
        raise Damage(DamageKind.EDITED, file, line, str(error)) from error
    if not hash_holds(record):
        raise Damage(DamageKind.EDITED, file, line, "the record does not have its hash")
    return record


def _attach(visits: dict[str, Visit], events: Sequence[Event]) -> None:
    """An event belongs to the exchange it names, or to those that wait for the ticket it names."""
    waiting: dict[str, list[Visit]] = {}
    for visit in visits.values():
        if ticket := visit.facts.get("ticket"):
            waiting.setdefault(str(ticket), []).append(visit)
    for event in events:
        named = visits.get(event.exchange)
        for visit in [named] if named else waiting.get(str(event.facts.get("ticket", "")), []):
            visit.events.append(event)


def _grouped(visits: Sequence[Visit]) -> list[Session]:
    """Visits in order of time, by principal with its actors (the unknown by address) and connection, cut at every
    pause."""
    sessions: list[Session] = []
    latest: dict[tuple[str, ...], Session] = {}
    for visit in visits:
        principal = visit.facts.get("principal")
        connection = str(visit.facts.get("connection", ""))
        if principal:
            parties = [principal, *principal.get("actors", [])]
            key = (connection, *(str(each.get(name)) for each in parties for name in ("issuer", "subject")))
        else:
            key = (connection, str(visit.facts.get("peer", "")).rpartition(":")[0])
        session = latest.get(key)
        if session is None or _moment(visit.time) - _moment(session.ended) >= timedelta(seconds=PAUSE):
            identity = visit.session or f"x-{visit.exchange[:12]}"
            session = latest[key] = Session(identity, connection, principal)
            sessions.append(session)
        session.visits.append(visit)
        session.principal = principal or session.principal
    return sessions


def _moment(time: str) -> datetime:
    return datetime.fromisoformat(time)
