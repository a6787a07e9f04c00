"""Where things lie in an evidence directory, and how they are opened without following what somebody planted there.

    manifest.json            which chains there are, the public key, signed
    w0/                      one chain per worker
        000001.jsonl         records
        000001.content       their encrypted contents, frame after frame
        checkpoint.json      the chain's latest checkpoint, a copy of its line
        keys/000001.key      the content key of session w0-000001

The signing key lies outside, by default beside the directory: what signs evidence is not part of it.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

MANIFEST = "manifest.json"
CHECKPOINT = "checkpoint.json"
KEYS = "keys"
CHAIN = re.compile(r"[aw](?:0|[1-9][0-9]{0,5})")
"""`w0`, `w1`, … are workers; `a0`, … is for work on the evidence itself."""
SEGMENT = re.compile(r"([0-9]{6,9})\.jsonl")
CONTENT = re.compile(r"([0-9]{6,9})\.content")
KEY = re.compile(r"([0-9]{6,9})\.key")
SESSION = re.compile(r"([aw](?:0|[1-9][0-9]{0,5}))-([0-9]{6,9})")


def segment_name(number: int) -> str:
    return f"{number:06d}.jsonl"


def content_name(number: int) -> str:
    return f"{number:06d}.content"


def key_name(number: int) -> str:
    return f"{number:06d}.key"


def session_id(chain: str, number: int) -> str:
    return f"{chain}-{number:06d}"


def key_path(directory: Path, session: str) -> Path | None:
    """The key file of a session, None if the text is no session's id."""
    found = SESSION.fullmatch(session)
    return directory / found[1] / KEYS / f"{found[2]}.key" if found else None


def numbered(directory: Path, pattern: re.Pattern[str]) -> list[int]:
    """The numbers of the regular files that carry such a name, ascending; nothing if the folder is absent."""
    try:
        with os.scandir(directory) as entries:
            return sorted(
                int(found[1])
                for entry in entries
                if (found := pattern.fullmatch(entry.name)) and entry.is_file(follow_symlinks=False)
            )
    except FileNotFoundError:
        return []


def open_regular(path: Path) -> int:
    """A descriptor for reading. Raises OSError, also for a symbolic link, a FIFO or anything but a regular file."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(f"{path.name} is not a regular file")
    return descriptor


def read_whole(path: Path, limit: int = 64 * 1024 * 1024) -> bytes:
    """The whole of a regular file. Raises OSError, also when it is larger than `limit` bytes."""
    with open(open_regular(path), "rb") as file:
        if os.fstat(file.fileno()).st_size > limit:
            raise OSError(f"{path.name} is larger than {limit} bytes")
        return file.read()


def sync_directory(directory: Path) -> None:
    """Make names in a directory durable."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_new(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Create a file that must not exist, durably. Raises FileExistsError, OSError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    with open(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    sync_directory(path.parent)


def replace(path: Path, data: bytes) -> None:
    """Replace a file at once and durably: a reader sees the old bytes or the new ones."""
    temporary = path.with_name(path.name + ".tmp")
    temporary.unlink(missing_ok=True)
    write_new(temporary, data)
    os.replace(temporary, path)
    sync_directory(path.parent)
