"""Segment: the two files that a chain is appended to, records and contents. A commit is whole or it did not happen."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from vecgate.evidence import layout


class Segment:
    """One segment open for appending; used by the writer's thread alone.

    `size` and `content_size` are durable bytes: after a failed commit the files are cut back to them, and the same
    bytes can be committed again. Rewriting them matters, because after a failed fsync a second one proves nothing.
    """

    def __init__(self, directory: Path, number: int, size: int = 0, content_size: int = 0) -> None:
        self.number = number
        self.size = size
        self.content_size = content_size
        self._directory = directory
        self._records = self._open(layout.segment_name(number), size)
        self._content = -1
        self._dirty = False
        if content_size or (directory / layout.content_name(number)).exists():
            self._content = self._open(layout.content_name(number), content_size)

    def commit(self, lines: bytes, frames: bytes) -> None:
        """Append durably, contents first, so that no record names content that is not there. Raises OSError."""
        if self._dirty:
            self._cut()
        self._dirty = True
        if frames:
            if self._content < 0:
                self._content = self._open(layout.content_name(self.number), 0)
            _write(self._content, frames, self.content_size)
            os.fdatasync(self._content)
        _write(self._records, lines, self.size)
        os.fdatasync(self._records)
        self._dirty = False
        self.size += len(lines)
        self.content_size += len(frames)

    def abandon(self) -> None:
        """After a failed commit: cut off what was half written; a later commit tries again if this fails, too."""
        with suppress(OSError):
            self._cut()

    def close(self) -> None:
        for descriptor in (self._records, self._content):
            if descriptor >= 0:
                with suppress(OSError):
                    os.close(descriptor)
        self._records = self._content = -1

    def _cut(self) -> None:
        if self._content >= 0:
            os.ftruncate(self._content, self.content_size)
        os.ftruncate(self._records, self.size)
        self._dirty = False

    def _open(self, name: str, size: int) -> int:
        """Open for writing, cut to the size that counts. The name is made durable before anything is written."""
        descriptor = os.open(self._directory / name, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            os.ftruncate(descriptor, size)
            os.fsync(descriptor)
            layout.sync_directory(self._directory)
        except OSError:
            os.close(descriptor)
            raise
        return descriptor


def _write(descriptor: int, data: bytes, offset: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(descriptor, view, offset)
        view, offset = view[written:], offset + written
