"""One writer per chain: an advisory lock on the chain's own directory, so that no extra file lies in it."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


class Locked(OSError):
    """Somebody else holds the lock."""


class DirectoryLock:
    """Exclusive until `release` or the end of the process, however it ends."""

    def __init__(self, directory: Path, patience: float = 1.0) -> None:
        """Raises Locked after `patience` seconds; a verifier's look at the lock lasts microseconds."""
        self._descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        deadline = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    os.close(self._descriptor)
                    raise Locked(f"another process writes to {directory}") from None
                time.sleep(0.02)

    def release(self) -> None:
        with suppress(OSError):
            os.close(self._descriptor)


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Hold the lock for a moment, waiting up to ten seconds for others that do the same."""
    lock = DirectoryLock(directory, patience=10.0)
    try:
        yield
    finally:
        lock.release()


def held(directory: Path) -> bool:
    """Somebody writes there right now."""
    try:
        DirectoryLock(directory, patience=0.0).release()
    except Locked:
        return True
    return False
