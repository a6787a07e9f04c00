"""Erasure: a session's content made unreadable for good, and that it was recorded. The chain stays whole."""

from __future__ import annotations

from pathlib import Path

from vecgate.evidence import layout
from vecgate.evidence.chain import Chain
from vecgate.evidence.entry import Entry
from vecgate.evidence.record import Kind
from vecgate.evidence.signing import signing_key

CHAIN = "a0"
"""Work on evidence has a chain of its own, so that a gateway need not stop for it."""


def erase(directory: Path, signing: Path, sessions: list[str], *, by: str, reason: str) -> list[str]:
    """Delete the content keys of sessions; returns those that had one. The record is durable before a key goes.

    Raises ValueError for what is no session's id, Locked while somebody else erases, ManifestError, Damaged, OSError.
    """
    keys = {}
    for session in sessions:
        path = layout.key_path(directory, session)
        if path is None:
            raise ValueError(f"{session!r} is no session's id")
        if path.exists():
            keys[session] = path
    if not keys:
        return []
    chain = Chain(directory, CHAIN, signing_key(signing))
    try:
        chain.begin()
        chain.commit([Entry(Kind.ERASURE, facts={"session": key, "by": by, "reason": reason}) for key in keys])
        for path in keys.values():
            path.unlink()
            layout.sync_directory(path.parent)
        chain.finish()
    finally:
        chain.close()
    return sorted(keys)
