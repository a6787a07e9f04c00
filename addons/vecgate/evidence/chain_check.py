"""ChainCheck: one chain, read from its first byte to its last."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import msgspec

from vecgate.evidence import layout
from vecgate.evidence.canonical import NotCanonical
from vecgate.evidence.content_check import ContentCheck
from vecgate.evidence.damage import Damage, DamageKind
from vecgate.evidence.manifest import Manifest
from vecgate.evidence.record import MAX_LINE, Head, Kind, Record, hash_holds, parse, signed_bytes
from vecgate.evidence.signing import signature_holds


@dataclass(frozen=True, slots=True)
class Claim:
    """A checkpoint of another chain vouches for this chain's record `count` with this hash."""

    chain: str
    count: int
    hash: str
    file: str
    line: int


@dataclass(slots=True)
class ChainCheck:
    """`run` raises the first Damage; what it found on the way is left in the other members."""

    directory: Path
    name: str
    manifest: Manifest
    live: bool
    """A gateway writes to it: its end may be unsigned."""
    progress: Callable[[int], object] = lambda size: None

    head: Head = field(default_factory=Head)
    segments: int = 0
    sessions: int = 0
    unproven: int = 0
    """Records after the last checkpoint."""
    final: bool = False
    checkpoints: dict[int, str] = field(default_factory=dict)
    """Hash by seq."""
    last_checkpoint: bytes = b""
    claims: list[Claim] = field(default_factory=list)
    keys: dict[str, tuple[str | None, str, int]] = field(default_factory=dict)
    """By session: the digest of its key, and the record that says so."""
    erased: dict[str, tuple[str, int]] = field(default_factory=dict)
    open: dict[str, tuple[str, int]] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)
    surplus: Damage | None = None
    """Content that no record names: if records are missing, that is said first."""
    file: str = ""
    line: int = 0

    def run(self) -> None:
        latest = self._latest()
        numbers = layout.numbered(self.directory / self.name, layout.SEGMENT)
        for expected, number in enumerate(numbers, 1):
            if number != expected:
                raise Damage(DamageKind.MISSING_SEGMENT, self._path(expected), 1, "the segment is missing")
            self._segment(number, last=number == numbers[-1])
            self.segments = number
        if (latest is not None and latest.facts.get("segment", 0) > self.segments) or not numbers:
            missing = self._path(self.segments + 1)
            raise Damage(DamageKind.MISSING_SEGMENT, missing, 1, "the segment is missing, though it was signed")
        if latest is not None and latest.seq > self.head.count:
            detail = f"the records end at {self.head.count}, {latest.seq} were signed"
            raise Damage(DamageKind.TRUNCATED, self.file, self.line + 1, detail)
        self._end()
        self._published(latest)
        if self.surplus is not None:
            raise self.surplus

    def _latest(self) -> Record | None:
        """The published checkpoint, if it is sound in itself; `_published` says what is wrong with one that is not."""
        try:
            record = parse(layout.read_whole(self.directory / self.name / layout.CHECKPOINT))
        except (OSError, NotCanonical):
            return None
        return record if hash_holds(record) and self._signed(record) else None

    def _published(self, latest: Record | None) -> None:
        path = f"{self.name}/{layout.CHECKPOINT}"
        try:
            data = layout.read_whole(self.directory / path)
        except FileNotFoundError:
            if self.live and len(self.checkpoints) < 2:
                return  # the first one is about to be published
            raise Damage(DamageKind.DELETED, path, 1, "the latest checkpoint is missing") from None
        if data == self.last_checkpoint:
            return
        if latest is None:
            raise Damage(DamageKind.EDITED, path, 1, "the bytes are not those of the chain's last checkpoint")
        if not self.live or self.checkpoints.get(latest.seq) != latest.hash:
            raise Damage(DamageKind.REPLACED, path, 1, f"it is checkpoint {latest.seq}, not the chain's last one")

    def _segment(self, number: int, *, last: bool) -> None:
        before = self.file, self.line
        self.file, self.line = self._path(number), 0
        contents = ContentCheck(self.directory, self.name, number)
        with open(layout.open_regular(self.directory / self.file), "rb") as file, contents:
            for raw in _lines(file):
                self.line += 1
                if not raw.endswith(b"\n"):
                    if self.live and last:
                        return
                    raise self._damage(DamageKind.TRUNCATED, "the line is cut off")
                record = self._record(raw)
                if self.line == 1:
                    self._first(record, number, before, file)
                self._link(record, file)
                try:
                    self._take(record, raw)
                except (KeyError, TypeError, msgspec.MsgspecError) as error:
                    raise self._damage(DamageKind.REPLACED, f"the record is malformed: {error!r}") from error
                contents.check(record, f"{self.file} line {self.line}")
                self.progress(len(raw))
            if self.line == 0 and not (self.live and last):
                self.line = 1
                raise self._damage(DamageKind.TRUNCATED, "the segment is empty")
            if not (self.live and last):
                self.surplus = self.surplus or contents.surplus()

    def _record(self, raw: bytes) -> Record:
        try:
            record = parse(raw)
        except NotCanonical as error:
            kind = DamageKind.NOT_CANONICAL if _same_value(raw) else DamageKind.EDITED
            raise self._damage(kind, str(error)) from error
        if not hash_holds(record):
            raise self._damage(DamageKind.EDITED, "the record does not have its hash")
        if record.chain != self.name:
            raise self._damage(DamageKind.REPLACED, f"the record belongs to chain {record.chain}")
        return record

    def _first(self, record: Record, number: int, before: tuple[str, int], file: BinaryIO) -> None:
        """The first record of a segment says where the one before ended."""
        if record.kind != Kind.SEGMENT:
            found = any(other.kind == Kind.SEGMENT for other in _following(file))
            kind = DamageKind.REORDERED if found else DamageKind.DELETED
            raise self._damage(kind, "the segment's first record does not stand first")
        if record.facts.get("segment") != number:
            raise self._damage(DamageKind.REORDERED, f"the file holds segment {record.facts.get('segment')}")
        previous = record.facts.get("previous")
        if number == 1 or not isinstance(previous, dict):
            return
        ended, count = previous.get("hash"), previous.get("count")
        if isinstance(count, int) and count > self.head.count:
            detail = f"the segment ended with record {count}, it ends with {self.head.count}"
            raise Damage(DamageKind.TRUNCATED, before[0], before[1] + 1, detail)
        if (count, ended) != (self.head.count, self.head.hash):
            detail = f"the next segment continues another record {count}"
            raise Damage(DamageKind.REPLACED, before[0], before[1], detail)

    def _link(self, record: Record, file: BinaryIO) -> None:
        expected = self.head.count + 1
        if record.seq > expected:
            found = any(other.seq == expected for other in _following(file))
            kind = DamageKind.REORDERED if found else DamageKind.DELETED
            raise self._damage(kind, f"record {record.seq} stands where {expected} belongs")
        if record.seq < expected:
            raise self._damage(DamageKind.DUPLICATED, f"record {record.seq} stands where {expected} belongs")
        if record.prev != self.head.hash:
            self.line = max(1, self.line - 1)
            raise self._damage(DamageKind.REPLACED, f"record {record.seq} was written after another record")

    def _take(self, record: Record, raw: bytes) -> None:
        match record.kind:
            case Kind.SEGMENT | Kind.START if record.facts["evidence"] != self.manifest.evidence:
                raise self._damage(DamageKind.REPLACED, "the record belongs to another evidence directory")
            case Kind.SEGMENT if self.line != 1:
                raise self._damage(DamageKind.REPLACED, "a segment begins inside another")
            case Kind.CHECKPOINT:
                self._checkpoint(record, raw)
            case Kind.SESSION:
                self.sessions += 1
                if record.session != layout.session_id(self.name, self.sessions):
                    raise self._damage(DamageKind.REPLACED, f"the session is not number {self.sessions}")
                self.keys[record.session] = record.facts["key"], self.file, self.line
            case Kind.ERASURE:
                self.erased[str(record.facts["session"])] = self.file, self.line
            case Kind.INTENT | Kind.OUTCOME:
                self._exchange(record)
        self.unproven = 0 if record.kind == Kind.CHECKPOINT else self.unproven + 1
        self.final = record.kind == Kind.CHECKPOINT and record.facts["final"] is True
        self.head = Head(record.seq, str(record.hash))

    def _checkpoint(self, record: Record, raw: bytes) -> None:
        if not self._signed(record):
            raise self._damage(DamageKind.FORGED, "the checkpoint's signature does not hold")
        facts = record.facts
        if facts["evidence"] != self.manifest.evidence:
            raise self._damage(DamageKind.REPLACED, "the checkpoint belongs to another evidence directory")
        heads = msgspec.convert(facts["heads"], dict[str, Head])
        if heads.pop(self.name, None) != self.head or facts["sessions"] != self.sessions:
            raise self._damage(DamageKind.REPLACED, "the checkpoint was signed over other records")
        self.claims += [Claim(name, head.count, head.hash, self.file, self.line) for name, head in heads.items()]
        self.checkpoints[record.seq] = str(record.hash)
        self.last_checkpoint = raw

    def _exchange(self, record: Record) -> None:
        """At most one intent and exactly one outcome each."""
        exchange = record.exchange
        if exchange in self.closed or (record.kind == Kind.INTENT and exchange in self.open):
            raise self._damage(DamageKind.DUPLICATED, f"exchange {exchange} has another {record.kind}")
        if record.kind == Kind.INTENT:
            self.open[exchange] = self.file, self.line
        else:
            self.open.pop(exchange, None)
            self.closed.add(exchange)

    def _end(self) -> None:
        """A chain that nobody writes to ends with a final checkpoint."""
        if self.live:
            return
        if self.unproven:
            detail = f"{self.unproven} records follow the last checkpoint, and there is no final one"
            raise Damage(DamageKind.UNSIGNED_TAIL, self.file, max(1, self.line - self.unproven + 1), detail)
        if not self.final:
            detail = "the last checkpoint is not final: the tail is cut off, or the gateway did not end cleanly"
            raise Damage(DamageKind.TRUNCATED, self.file, self.line + 1, detail)
        for exchange, (file, line) in self.open.items():
            raise Damage(DamageKind.UNCLOSED_INTENT, file, line, f"exchange {exchange} has no outcome")

    def _signed(self, record: Record) -> bool:
        return record.kind == Kind.CHECKPOINT and signature_holds(
            self.manifest.public_key, record.signature, signed_bytes(record)
        )

    def _damage(self, kind: DamageKind, detail: str) -> Damage:
        return Damage(kind, self.file, self.line, detail)

    def _path(self, number: int) -> str:
        return f"{self.name}/{layout.segment_name(number)}"


def _lines(file: BinaryIO) -> Iterator[bytes]:
    while line := file.readline(MAX_LINE):
        yield line


def _following(file: BinaryIO) -> Iterator[Record]:
    """The sound records that stand later in the file."""
    for raw in _lines(file):
        try:
            yield parse(raw)
        except NotCanonical:
            continue


def _same_value(raw: bytes) -> bool:
    """Would the line be a sound record in its canonical spelling?"""
    try:
        record = msgspec.json.decode(raw, type=Record)
        return hash_holds(record)
    except (msgspec.MsgspecError, UnicodeError, NotCanonical, RecursionError):
        return False
