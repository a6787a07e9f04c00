"""Session: a person's sign-in as it is kept, and the file that keeps it.

The file is a person's own: 0600 in a folder of 0700, replaced at once, changed under a lock of its folder, and refused
where others may read it. A file with nothing but a token in it, such as an orchestrator mounts, is taken as it is.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from platformdirs import user_state_path

from vecgate.errors import LoginError
from vecgate.evidence.layout import replace
from vecgate.evidence.lock import DirectoryLock, Locked
from vecgate.login.client import Client

MAX_BYTES = 256 * 1024
PATIENCE = 60.0
"""Seconds that one who needs the file waits for others; a refresh ends sooner."""
MARGIN = 60.0
"""Seconds that a token which is handed out still lives, or half its life where that is less."""
_KIND = "vecgate-login"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_AGAIN = "Sign in with vecgate login"


class Session(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag=f"{_KIND}-1",
):
    """`obtained` and `expires` are of the access token, in Unix seconds of this machine's clock."""

    client: Client
    access_token: str
    obtained: float
    expires: float
    refresh_token: str = ""

    def __repr__(self) -> str:
        return f"Session({self.client!r}, expires={self.expires})"

    def fresh(self, now: float) -> bool:
        return self.expires - now > min(MARGIN, (self.expires - self.obtained) / 2)


def default_path() -> Path:
    """Where the operating system keeps what programs remember."""
    return user_state_path("vecgate", appauthor=False) / "login.json"


class Store:
    """One file. Every method raises LoginError."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or default_path()

    def read(self) -> Session | str:
        """The sign-in, or the bare token that stands there."""
        data, status = self._open()
        if not _is_sign_in(data):
            return self._bare(data)
        if status.st_mode & _OTHERS or status.st_uid != os.geteuid():
            raise LoginError(
                f"others may read {self.path}, so its tokens may be theirs, too: end them with vecgate logout, and "
                "sign in again. If nobody else has been there, chmod 600 it."
            )
        return self._decode(data)

    def session(self) -> Session:
        """The sign-in."""
        found = self.read()
        if isinstance(found, str):
            raise LoginError(f"{self.path} holds a token, not a sign-in. {_AGAIN}.")
        return found

    def claim(self) -> Session | None:
        """The sign-in that is to be replaced or ended, whoever may read it; None where there is none, or none whole.

        Raises LoginError for a file that is something else, which must stay.
        """
        if not self.path.exists():
            return None
        data, _ = self._open()
        if not _is_sign_in(data):
            raise LoginError(f"{self.path} is not what vecgate login keeps: name another --token-file")
        try:
            return self._decode(data)
        except LoginError:
            return None

    def write(self, session: Session) -> None:
        """Keep it, durably. Call under `locked`."""
        try:
            replace(self.path, msgspec.json.format(msgspec.json.encode(session), indent=1))
        except OSError as error:
            raise LoginError(f"{self.path} cannot be kept: {error.strerror}") from error

    def remove(self) -> None:
        """Call under `locked`."""
        try:
            self.path.unlink(missing_ok=True)
        except OSError as error:
            raise LoginError(f"{self.path} cannot be removed: {error.strerror}") from error

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Alone with the file, so that no refresh token is used twice or lost."""
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not os.access(self.path.parent, os.W_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            lock = DirectoryLock(self.path.parent, patience=PATIENCE)
        except Locked:
            raise LoginError(f"{self.path} has been in use by another process for too long") from None
        except OSError as error:
            raise LoginError(f"{self.path.parent}: {error.strerror}") from error
        try:
            yield
        finally:
            lock.release()

    def _open(self) -> tuple[bytes, os.stat_result]:
        try:
            with self.path.open("rb") as file:
                data, status = file.read(MAX_BYTES + 1), os.fstat(file.fileno())
        except FileNotFoundError:
            raise LoginError(f"no token in {self.path}. {_AGAIN}, or name a file with --token-file.") from None
        except OSError as error:
            raise LoginError(f"no token in {self.path}: {error.strerror}") from None
        if len(data) > MAX_BYTES:
            raise LoginError(f"no token in {self.path}: larger than {MAX_BYTES} bytes")
        return data, status

    def _decode(self, data: bytes) -> Session:
        try:
            return msgspec.json.decode(data, type=Session)
        except msgspec.DecodeError:  # its text may quote what it found
            raise LoginError(f"{self.path} is damaged, or of another version. {_AGAIN}.") from None

    def _bare(self, data: bytes) -> str:
        try:
            (token,) = data.decode("ascii").split()
        except ValueError:
            raise LoginError(f"no token in {self.path}: not one token. {_AGAIN}, or name another file.") from None
        return token


def _is_sign_in(data: bytes) -> bool:
    return data.startswith(b"{") and f'"{_KIND}-'.encode() in data[:64]
