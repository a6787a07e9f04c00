"""The key of keyed masks: the operator's file, or one made once beside the state."""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
from functools import cache
from pathlib import Path

from vecgate.errors import ConfigError, Finding
from vecgate.masking.masker import KEY_BYTES

log = logging.getLogger(__name__)


def load_key(reference: str | None, state: str, folder: Path) -> bytes:
    """The masking key, 32 bytes or more. Blocks.

    `reference` is `masking.key` (`file:PATH`) and wins; `state` is the state's URL: beside a SQLite file the key is
    made once, with `memory:` one per start. Relative paths are relative to `folder`, the configuration's. A key that
    others can read is a warning. Raises ConfigError.
    """
    if reference is not None:
        scheme, _, path = reference.partition(":")
        if scheme != "file" or not path:
            raise _error("", "is no file: write file:PATH")
        return _read(folder / path)
    if state.startswith("memory:"):
        return _until_exit()
    if not state.startswith("sqlite:///"):
        raise _error("", "must be set, to a file that all gateways have, because the state is shared")
    path_beside = (folder / state.removeprefix("sqlite:///")).with_name("masking.key")
    if not path_beside.exists():
        _make(path_beside)
    return _read(path_beside)


@cache
def _until_exit() -> bytes:
    """One a process: a reload must not change tokens."""
    return secrets.token_bytes(KEY_BYTES)


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_mode & 0o077:
            log.warning("the masking key %s can be read by others; its mode should be 0600", path)
        key = path.read_bytes()
    except OSError as error:
        raise _error(str(path), f"cannot be read: {error.strerror}") from error
    if len(key) < KEY_BYTES:
        raise _error(str(path), f"has {len(key)} bytes: {KEY_BYTES} random bytes or more are needed")
    return key


def _make(path: Path) -> None:
    """Make the key whole or not at all; of several gateways that start together, the first one's stays."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(secrets.token_bytes(KEY_BYTES))
                file.flush()
                os.fsync(file.fileno())
            with contextlib.suppress(FileExistsError):
                os.link(fresh, path)
        finally:
            fresh.unlink()
    except OSError as error:
        raise _error(str(path), f"cannot be made: {error.strerror}") from error


def _error(file: str, message: str) -> ConfigError:
    return ConfigError(Finding(file or "configuration", 0, 0, "masking.key", message))
