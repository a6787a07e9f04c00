"""Record: one line of a chain, and how lines are linked.

`hash` is SHA-256 over the RFC 8785 form of the record without its `hash`; `prev` is the hash of the record before it,
`seq` counts from 1 within the chain. A checkpoint is signed over its RFC 8785 form without `hash` and `signature`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from vecgate.evidence import canonical
from vecgate.evidence.canonical import NotCanonical

GENESIS = "0" * 64
MAX_LINE = 256 * 1024 * 1024
"""Bytes of one line. The largest outcome names every resource of a batch of 40 MiB."""


class Kind(StrEnum):
    """Kinds that the writer and the recorder give; `Recorder.event` adds others (`approval`, `configuration`, …)."""

    SEGMENT = "segment"  # first of every segment: where the one before ended
    START = "start"
    REPAIR = "repair"  # what a crash left half written was cut off
    SESSION = "session"
    INTENT = "intent"
    OUTCOME = "outcome"
    CHECKPOINT = "checkpoint"
    ERASURE = "erasure"
    SUPPRESSED = "suppressed"  # outcomes of requests refused while evidence could not be written


RESERVED = frozenset(Kind)


class ContentRef(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the encrypted content of a record lies in the content file beside its segment."""

    offset: int
    size: int
    sha256: str
    """Of the stored frame."""
    plain: str
    """SHA-256 of the plaintext, which holds 16 random bytes so that its digest gives nothing away after erasure."""


class Record(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    chain: str
    kind: str
    seq: int
    prev: str
    time: str
    """Wall clock, RFC 3339 in UTC with microseconds."""
    mono: int
    """Monotonic clock of the machine, microseconds (nanoseconds leave 2^53 after 104 days)."""
    exchange: str
    session: str
    facts: dict[str, Any]
    clock_jump: int | UnsetType = UNSET
    """Microseconds by which the wall clock left the monotonic one since the record before, where it did."""
    content: ContentRef | UnsetType = UNSET
    signature: str | UnsetType = UNSET
    hash: str | UnsetType = UNSET


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a chain: how many records, and the hash of the last one."""

    count: int = 0
    hash: str = GENESIS


_decoder = msgspec.json.Decoder(Record)


def seal(record: Record) -> bytes:
    """Set the record's hash and return its line. Raises NotCanonical."""
    canonical.check(record.facts)
    record.hash = UNSET
    covered = canonical.encode_checked(record)
    record.hash = canonical.digest(covered)
    # `hash` stands before `kind`, and behind that no object follows in which the same bytes could stand.
    at = covered.rindex(b',"kind":"')
    return b'%b,"hash":"%b"%b\n' % (covered[:at], record.hash.encode(), covered[at:])


def parse(line: bytes) -> Record:
    """The record of one line, newline included, that is byte for byte its RFC 8785 form. Raises NotCanonical.

    Says nothing of its hash.
    """
    try:
        record = _decoder.decode(line)
        canonical.check(record.facts)
        for number in (record.seq, record.mono, record.clock_jump):
            canonical.check(None if number is UNSET else number)
        again = canonical.encode_checked(record) + b"\n"
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise NotCanonical(str(error)) from error
    if again != line:
        raise NotCanonical("the line is not its RFC 8785 form")
    return record


def hash_holds(record: Record) -> bool:
    claimed, record.hash = record.hash, UNSET
    found = canonical.digest(canonical.encode_checked(record))
    record.hash = claimed
    return found == claimed


def signed_bytes(record: Record) -> bytes:
    """What the signature of a checkpoint covers."""
    kept = record.hash, record.signature
    record.hash = record.signature = UNSET
    covered = b"vecgate checkpoint 1\n" + canonical.encode_checked(record)
    record.hash, record.signature = kept
    return covered


def timestamp(nanoseconds: int) -> str:
    """Unix time as RFC 3339 in UTC, always with microseconds."""
    return f"{_to_the_second(nanoseconds // 1_000_000_000)}.{nanoseconds // 1000 % 1_000_000:06d}Z"


@lru_cache(maxsize=16)
def _to_the_second(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}"
