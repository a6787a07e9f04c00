"""Chain: one worker's records on disk. Links, rotates, signs; used by the writer's thread alone.

Whatever is durable is in `outbox`, in order, for the sinks. A method that fails has changed nothing that counts beyond
what the outbox shows, so that it can be called again.
"""

from __future__ import annotations

import os
from collections import OrderedDict, deque
from collections.abc import Sequence
from pathlib import Path

from msgspec import UNSET

from vecgate.evidence import canonical, layout
from vecgate.evidence.canonical import NotCanonical
from vecgate.evidence.content import Cipher, bound_to, plaintext
from vecgate.evidence.entry import Entry
from vecgate.evidence.lock import DirectoryLock
from vecgate.evidence.manifest import Manifest, join
from vecgate.evidence.record import ContentRef, Head, Kind, Record, parse, seal, signed_bytes, timestamp
from vecgate.evidence.restore import Tail, restore
from vecgate.evidence.segment import Segment
from vecgate.evidence.signing import SigningKey
from vecgate.reasons import Reason

JUMP = 1_000_000
"""Microseconds that wall and monotonic clock may drift apart between two records."""
MAX_CIPHERS = 4096


class Chain:
    def __init__(
        self,
        directory: Path,
        name: str,
        key: SigningKey,
        *,
        segment_bytes: int = 16 * 1024 * 1024,
        content_bytes: int = 256 * 1024 * 1024,
    ) -> None:
        """Join the evidence directory, lock the chain and find its end.

        Raises Locked for a second writer, ManifestError, Damaged, OSError.
        """
        if not layout.CHAIN.fullmatch(name):
            raise ValueError(f"{name!r} is no chain's name")
        self.name = name
        self.directory = directory
        self._key = key
        self._limits = segment_bytes, content_bytes
        self.manifest: Manifest = join(directory, name, key)
        self._path = directory / name
        self._lock = DirectoryLock(self._path)
        try:
            (self._path / layout.KEYS).mkdir(exist_ok=True, mode=0o700)
            self._tail: Tail = restore(self._path, key.public)
        except BaseException:
            self._lock.release()
            raise
        self._ciphers: OrderedDict[str, Cipher | None] = OrderedDict()
        self._clock: tuple[int, int] | None = None
        self._segment: Segment | None = None
        self.outbox: deque[bytes] = deque()

    @property
    def sessions(self) -> int:
        """How many sessions the chain has opened; their numbers count from 1."""
        return self._tail.sessions

    def begin(self) -> None:
        """Record how this run starts: repairs, the start, intents that a crash left open; sign it."""
        tail = self._tail
        if tail.segment:
            self._segment = Segment(self._path, tail.segment, tail.size, tail.content_size)
        else:
            self._next_segment()
        entries = [Entry(Kind.REPAIR, facts=facts) for facts in tail.repairs]
        entries.append(Entry(Kind.START, facts={"evidence": self.manifest.evidence, "pid": os.getpid()}))
        self.commit([*entries, *self._interrupted()])
        self.checkpoint()

    def commit(self, entries: Sequence[Entry]) -> None:
        """Append records durably, in order. Raises OSError."""
        if self._full():
            signed = self._tail.checkpoint
            if signed is None or signed.seq != self._tail.head.count:
                self.checkpoint()
            self._next_segment()
        self._append(entries)

    def checkpoint(self, *, final: bool = False) -> None:
        """Sign the heads of all chains, durably, and publish the latest checkpoint."""
        head = self._tail.head
        heads = {name: {"count": other.count, "hash": other.hash} for name, other in self._others()}
        heads[self.name] = {"count": head.count, "hash": head.hash}
        facts = {
            "evidence": self.manifest.evidence,
            "final": final,
            "heads": heads,
            "segment": self._tail.segment,
            "sessions": self._tail.sessions,
        }
        self._append([Entry(Kind.CHECKPOINT, facts=facts)])
        layout.replace(self._path / layout.CHECKPOINT, self.outbox[-1])

    def finish(self) -> None:
        """Close what is open and sign the end."""
        self.commit(self._interrupted())
        self.checkpoint(final=True)

    def close(self) -> None:
        if self._segment is not None:
            self._segment.close()
        self._lock.release()

    def _interrupted(self) -> list[Entry]:
        facts = {"reason": str(Reason.INTERRUPTED), "verdict": "error"}
        return [Entry(Kind.OUTCOME, exchange, session, dict(facts)) for exchange, session in self._tail.open.items()]

    def _full(self) -> bool:
        segment = self._segment
        assert segment is not None
        return segment.size >= self._limits[0] or segment.content_size >= self._limits[1]

    def _next_segment(self) -> None:
        """Begin a segment; its first record carries the end of the one before."""
        tail = self._tail
        previous = {"count": tail.head.count, "file": layout.segment_name(tail.segment), "hash": tail.head.hash}
        facts = {
            "evidence": self.manifest.evidence,
            "open": [list(pair) for pair in tail.open.items()],
            "previous": previous if tail.segment else None,
            "segment": tail.segment + 1,
            "sessions": tail.sessions,
        }
        before, segment = self._segment, Segment(self._path, tail.segment + 1)
        self._segment = segment
        try:
            self._append([Entry(Kind.SEGMENT, facts=facts)])
        except BaseException:
            segment.close()
            self._segment = before
            raise
        tail.segment += 1
        if before is not None:
            before.close()

    def _append(self, entries: Sequence[Entry]) -> None:
        if not entries:
            return
        segment = self._segment
        assert segment is not None
        head, clock = self._tail.head, self._clock
        records: list[Record] = []
        lines: list[bytes] = []
        frames: list[bytes] = []
        offset = segment.content_size
        for entry in entries:
            record = self._record(entry, head, clock)
            if entry.key is not None:
                self._keep_key(entry.session, entry.key)
            frame = self._frame(entry, record, offset)
            if frame:
                frames.append(frame)
                offset += len(frame)
            lines.append(self._seal(record))
            records.append(record)
            head, clock = Head(record.seq, str(record.hash)), (entry.wall, entry.mono)
        try:
            segment.commit(b"".join(lines), b"".join(frames))
        except OSError:
            segment.abandon()
            raise
        for record in records:
            self._tail.take(record)
        self._clock = clock
        self.outbox.extend(lines)

    def _record(self, entry: Entry, head: Head, clock: tuple[int, int] | None) -> Record:
        jump = 0 if clock is None else ((entry.wall - clock[0]) - (entry.mono - clock[1])) // 1000
        return Record(
            chain=self.name,
            kind=entry.kind,
            seq=head.count + 1,
            prev=head.hash,
            time=timestamp(entry.wall),
            mono=entry.mono // 1000,
            exchange=entry.exchange,
            session=entry.session,
            facts=entry.facts,
            clock_jump=jump if abs(jump) > JUMP else UNSET,
        )

    def _seal(self, record: Record) -> bytes:
        try:
            if record.kind == Kind.CHECKPOINT:
                record.signature = self._key.sign(signed_bytes(record))
            return seal(record)
        except NotCanonical:
            record.facts, record.kind = canonical.clean(record.facts), canonical.clean(record.kind)
            record.exchange, record.session = canonical.clean(record.exchange), canonical.clean(record.session)
            return seal(record)

    def _frame(self, entry: Entry, record: Record, offset: int) -> bytes:
        cipher = self._cipher(entry.session) if entry.content else None
        if cipher is None or not entry.content:
            return b""
        plain = plaintext(entry.content)
        frame = cipher.seal(plain, bound_to(self.manifest.evidence, record.session, record.exchange, record.kind))
        record.content = ContentRef(offset, len(frame), canonical.digest(frame), canonical.digest(plain))
        return frame

    def _keep_key(self, session: str, key: bytes) -> None:
        """Make a session's key durable before anything is encrypted with it."""
        path = layout.key_path(self.directory, session)
        assert path is not None
        path.unlink(missing_ok=True)  # of a commit that failed
        layout.write_new(path, key)
        self._remember(session, Cipher(key))

    def _cipher(self, session: str) -> Cipher | None:
        """None once the session's key is erased."""
        if session not in self._ciphers:
            path = layout.key_path(self.directory, session)
            try:
                self._remember(session, Cipher(layout.read_whole(path)) if path else None)
            except FileNotFoundError:
                self._remember(session, None)
        return self._ciphers[session]

    def _remember(self, session: str, cipher: Cipher | None) -> None:
        self._ciphers[session] = cipher
        if len(self._ciphers) > MAX_CIPHERS:
            self._ciphers.popitem(last=False)

    def _others(self) -> list[tuple[str, Head]]:
        """The other chains' ends as last signed; one that has not begun yet is not vouched for."""
        found = []
        for name in sorted(set(os.listdir(self.directory)) - {self.name, layout.MANIFEST}):
            if layout.CHAIN.fullmatch(name):
                try:
                    latest = parse(layout.read_whole(self.directory / name / layout.CHECKPOINT))
                except (FileNotFoundError, NotCanonical):
                    continue
                found.append((name, Head(latest.seq, str(latest.hash))))
        return found
