"""Damage: what is wrong with evidence, and where."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class DamageKind(StrEnum):
    EDITED = "edited"  # bytes of a record, content or key are not those that were written
    NOT_CANONICAL = "not_canonical"  # the same value in another spelling
    REPLACED = "replaced"  # sound in itself, but not what the rest was built on
    REORDERED = "reordered"
    DELETED = "deleted"
    DUPLICATED = "duplicated"
    TRUNCATED = "truncated"
    MISSING_SEGMENT = "missing_segment"
    UNSIGNED_TAIL = "unsigned_tail"  # records after the last checkpoint, and no final one
    FORGED = "forged"  # a signature does not hold, or is another key's
    UNCLOSED_INTENT = "unclosed_intent"
    MISSING_KEY = "missing_key"
    NOT_ERASED = "not_erased"  # an erasure is recorded, the key is there
    UNEXPECTED_FILE = "unexpected_file"
    EMPTY = "empty"


@dataclass(eq=False)
class Damage(Exception):
    """The first thing that is wrong. Lines count from 1; of a content file, frames do."""

    kind: DamageKind
    file: str
    """Relative to the evidence directory."""
    line: int
    detail: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.kind}: {self.detail}"
