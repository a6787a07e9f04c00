"""ContentCheck: one content file, read beside the segment that names its frames."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from vecgate.evidence import canonical, layout
from vecgate.evidence.damage import Damage, DamageKind
from vecgate.evidence.record import MAX_LINE, Record


class ContentCheck:
    """The content file beside a segment: every byte of it belongs to a frame that a record names."""

    def __init__(self, directory: Path, chain: str, number: int) -> None:
        self._name = f"{chain}/{layout.content_name(number)}"
        self._path = directory / self._name
        self._file: BinaryIO | None = None
        self._end = 0
        self._frames = 0

    def __enter__(self) -> None:
        try:
            self._file = open(layout.open_regular(self._path), "rb")
        except FileNotFoundError:
            self._file = None

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def check(self, record: Record, named_by: str) -> None:
        """Read on to the end of the record's frame. Raises Damage."""
        reference = record.content
        if not reference:
            return
        self._frames += 1
        named = f"the content of {named_by}"
        if self._file is None:
            raise Damage(DamageKind.DELETED, self._name, self._frames, f"{named} is missing")
        if reference.offset != self._end or reference.size <= 0:
            raise Damage(DamageKind.REPLACED, self._name, self._frames, f"{named} is not where it belongs")
        frame = self._file.read(min(reference.size, MAX_LINE))
        if len(frame) < reference.size:
            raise Damage(DamageKind.TRUNCATED, self._name, self._frames, f"{named} is cut off")
        if canonical.digest(frame) != reference.sha256:
            raise Damage(DamageKind.EDITED, self._name, self._frames, f"{named} does not have its digest")
        self._end += reference.size

    def surplus(self) -> Damage | None:
        """What is wrong if bytes follow that no record names."""
        if self._file is None or not self._file.read(1):
            return None
        return Damage(DamageKind.EDITED, self._name, self._frames + 1, "bytes follow that no record names")
