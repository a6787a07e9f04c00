"""RingFile: the keyring in a file of its own (0600), shared by workers and kept over restarts."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from pathlib import Path

from vecgate.evidence import layout
from vecgate.evidence.lock import locked
from vecgate.issuer.keyring import Keyring, Ring, RingKey

log = logging.getLogger(__name__)


class RingFile(Keyring):
    """Read again when it changed. Written whole: to a new file that takes the old one's place."""

    def __init__(self, path: Path, lifetime: float, period: float, wall: Callable[[], float] = time.time) -> None:
        super().__init__(lifetime, period, wall)
        self._path = path
        self._stamp: tuple[int, int, int] | None = None
        self._ring: Ring | None = None

    def open(self) -> None:
        """The first of several that start together makes it. A file that others can read is a warning."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with locked(self._path.parent):
            if not self._path.exists():
                self._write(Ring((RingKey.make(self._wall(), self._lifetime),)))
        if self._path.stat().st_mode & 0o077:
            log.warning("the issuer's keys %s can be read by others; their mode should be 0600", self._path)
        super().open()

    def _read(self) -> Ring:
        status = self._path.stat()
        stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
        if self._ring is None or stamp != self._stamp:
            self._ring, self._stamp = Ring.parse(self._path.read_bytes()), stamp
        return self._ring

    def _change(self, change: Callable[[Ring], Ring]) -> Ring:
        with locked(self._path.parent):
            found = Ring.parse(self._path.read_bytes())
            changed = change(found)
            if changed is not found:
                self._write(changed)
        return self._read()

    def _write(self, ring: Ring) -> None:
        """Whoever rotates, the file stays its owner's: the gateway may run as another user than the command line."""
        before = self._path.stat() if self._path.exists() else None
        layout.replace(self._path, ring.dump())
        if before is not None and before.st_uid != os.geteuid():
            os.chown(self._path, before.st_uid, before.st_gid)
