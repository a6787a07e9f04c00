"""Restore: find out how a chain ended, so that a new run can go on where the last one stopped.

The last segment is checked whole. A partial last line and what follows the last recorded content are what a crash
leaves behind: they are cut off, and the cut is recorded. Anything else that does not fit is damage, and the start is
refused: going on would sign over it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vecgate.evidence import canonical, layout
from vecgate.evidence.canonical import NotCanonical
from vecgate.evidence.record import Head, Kind, Record, hash_holds, parse, signed_bytes
from vecgate.evidence.signing import signature_holds

UNBOUNDED = 1 << 62
"""A segment ends soon after its limit, but one commit may be large."""


class Damaged(Exception):
    """The evidence cannot be continued; `vecgate verify` says more."""


@dataclass(slots=True)
class Tail:
    """How a chain ended. `open` are the intents without an outcome, exchange to session."""

    head: Head = field(default_factory=Head)
    segment: int = 0
    size: int = 0
    content_size: int = 0
    sessions: int = 0
    open: dict[str, str] = field(default_factory=dict)
    checkpoint: Record | None = None
    checkpoints: int = 0
    """Those in the last segment."""
    repairs: list[dict[str, Any]] = field(default_factory=list)

    def take(self, record: Record) -> None:
        """Follow one more record that links to the head."""
        self.head = Head(record.seq, str(record.hash))
        match record.kind:
            case Kind.SEGMENT:
                self.sessions = record.facts["sessions"]
                self.open = dict(record.facts["open"])
            case Kind.SESSION:
                self.sessions += 1
            case Kind.INTENT:
                self.open[record.exchange] = record.session
            case Kind.OUTCOME:
                self.open.pop(record.exchange, None)
            case Kind.CHECKPOINT:
                self.checkpoint = record
                self.checkpoints += 1


def restore(directory: Path, public_key: str) -> Tail:
    """The end of the chain in `directory`; an empty Tail if nothing was ever written. Raises Damaged, OSError."""
    numbers = layout.numbered(directory, layout.SEGMENT)
    if numbers != list(range(1, len(numbers) + 1)):
        raise Damaged(f"{directory}: segments are missing")
    tail = Tail()
    while numbers:
        data = layout.read_whole(directory / layout.segment_name(numbers[-1]), UNBOUNDED)
        if b"\n" in data:
            _follow(tail, directory, numbers[-1], data, public_key)
            break
        _drop(tail, directory / layout.segment_name(numbers.pop()), data)
    _agree(tail, directory)
    _cut_content(tail, directory)
    for number in layout.numbered(directory / layout.KEYS, layout.KEY):
        if number > tail.sessions:  # made, but its session was never recorded
            (directory / layout.KEYS / layout.key_name(number)).unlink()
    return tail


def _follow(tail: Tail, directory: Path, number: int, data: bytes, public_key: str) -> None:
    name = layout.segment_name(number)
    tail.segment = number
    *whole, partial = data.split(b"\n")
    for line, raw in enumerate(whole, 1):
        try:
            record = parse(raw + b"\n")
            if line == 1:
                _starts(tail, directory, number, record)
            if record.seq != tail.head.count + 1 or record.prev != tail.head.hash or not hash_holds(record):
                raise Damaged("the record does not continue the chain")
            if record.kind == Kind.CHECKPOINT and not signature_holds(
                public_key, record.signature, signed_bytes(record)
            ):
                raise Damaged("the signature does not hold")
            tail.take(record)
        except (Damaged, KeyError, TypeError, ValueError) as error:
            raise Damaged(f"{directory.name}/{name}:{line}: {error}") from error
        tail.size += len(raw) + 1
        if record.content:
            tail.content_size = record.content.offset + record.content.size
    if partial:
        found = {"file": name, "line": len(whole) + 1, "bytes": len(partial), "sha256": canonical.digest(partial)}
        tail.repairs.append(found)


def _starts(tail: Tail, directory: Path, number: int, record: Record) -> None:
    """The first record says where the segment before ended; that must be what stands there."""
    if record.kind != Kind.SEGMENT or record.facts.get("segment") != number:
        raise Damaged("the segment's first record is missing")
    if number > 1:
        before = layout.read_whole(directory / layout.segment_name(number - 1), UNBOUNDED)
        end = parse(before[before.rfind(b"\n", 0, -1) + 1 :])
        tail.head = Head(end.seq, str(end.hash))


def _drop(tail: Tail, path: Path, data: bytes) -> None:
    """A segment without one whole line: the crash came while it was begun."""
    if path.name == layout.segment_name(1) and (path.parent / layout.CHECKPOINT).exists():
        raise Damaged(f"{path.parent.name}/{path.name}: the records are gone")
    tail.repairs.append({"file": path.name, "line": 1, "bytes": len(data), "sha256": canonical.digest(data)})
    path.unlink()


def _agree(tail: Tail, directory: Path) -> None:
    """The chain must reach at least as far as its latest checkpoint."""
    try:
        latest = parse(layout.read_whole(directory / layout.CHECKPOINT))
    except FileNotFoundError:
        if tail.segment > 1 or tail.checkpoints > 1:  # after the first one, a crash came before its copy
            raise Damaged(f"{directory.name}/{layout.CHECKPOINT} is missing") from None
        return
    except NotCanonical as error:
        raise Damaged(f"{directory.name}/{layout.CHECKPOINT}: {error}") from error
    if latest.seq > tail.head.count:
        raise Damaged(f"{directory.name}: records up to {latest.seq} were signed, {tail.head.count} are there")
    last = tail.checkpoint
    if last is not None and (latest.seq > last.seq or (latest.seq == last.seq and latest.hash != last.hash)):
        raise Damaged(f"{directory.name}/{layout.CHECKPOINT} is not the chain's")


def _cut_content(tail: Tail, directory: Path) -> None:
    for number in layout.numbered(directory, layout.CONTENT):
        path = directory / layout.content_name(number)
        recorded = tail.content_size if number == tail.segment else 0
        surplus = path.stat().st_size - recorded
        if number < tail.segment:
            continue
        if surplus < 0:
            raise Damaged(f"{directory.name}/{path.name} is cut off")
        if number > tail.segment:
            path.unlink()
        if surplus:
            tail.repairs.append({"file": path.name, "bytes": surplus})
    if tail.content_size and not (directory / layout.content_name(tail.segment)).exists():
        raise Damaged(f"{directory.name}/{layout.content_name(tail.segment)} is missing")
