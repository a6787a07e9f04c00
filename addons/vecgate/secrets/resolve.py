"""Resolving a reference to a secret: `env:NAME`, `file:PATH`, or a scheme that a plugin knows.

Neither a value nor anything that might be one is ever part of an exception, its cause, or a log line.
"""

from __future__ import annotations

import logging
import os
import re
import stat
from collections.abc import Callable
from pathlib import Path

from vecgate.errors import ConfigError, Finding, SecretError

type Hook = Callable[[str], str | None]

_MAX_BYTES = 1024 * 1024
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:")
_HOW = "write env:NAME, file:PATH or a reference of a loaded plugin; a secret itself never stands in configuration"
_log = logging.getLogger("vecgate.secrets")


def resolve(reference: str, base: Path, hook: Hook | None = None, *, key: str = "", remark: bool = True) -> str:
    """The secret's text. A relative `file:` path starts at `base`, the configuration file's folder.

    Args:
        reference: what configuration says.
        hook: `vecgate_secret`, asked for every other scheme; may block.
        key: the configuration key, for messages.
        remark: warn of a file that others can read.

    Raises ConfigError, saying what to write instead.
    """
    scheme, _, rest = reference.partition(":")
    if scheme == "env":
        value = _from_environment(rest, key)
    elif scheme == "file":
        value = _from_file(base / rest, key, remark)
    else:
        value = _from_plugin(reference, hook, key)
    if not value:
        raise _error(key, "the secret is empty")
    return value


def _from_environment(name: str, key: str) -> str:
    if _NAME.fullmatch(name) is None:
        raise _error(key, "env: is followed by the name of a variable")
    if name not in os.environ:
        raise _error(key, f"the environment has no variable {name}")
    return os.environ[name]


def _from_file(path: Path, key: str, remark: bool) -> str:
    """The file's text without its last newline."""
    try:
        with path.open("rb") as file:
            if remark and os.fstat(file.fileno()).st_mode & (stat.S_IRGRP | stat.S_IROTH):
                _log.warning("%s: %s is readable by others; chmod 600 it", key or "secret", path)
            data = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise _error(key, f"{path}: {error.strerror}") from None
    except ValueError:
        raise _error(key, "file: is followed by a path") from None
    text = data.decode(errors="surrogateescape")
    if len(data) > _MAX_BYTES or "\x00" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise _error(key, f"{path}: not a text of at most {_MAX_BYTES} bytes")
    return text.removesuffix("\n").removesuffix("\r")


def _from_plugin(reference: str, hook: Hook | None, key: str) -> str:
    value, failure = None, ""
    scheme = reference.partition(":")[0]
    if hook is not None and _SCHEME.match(reference):
        try:
            value = hook(reference)
        except SecretError as error:
            failure = f"{scheme}:… {error}"
        except Exception as error:
            failure = f"a plugin failed to resolve {scheme}:… ({type(error).__name__})"
    if failure:  # raised here, where no context carries the plugin's exception and what it may quote
        raise _error(key, failure)
    if value is None:
        raise _error(key, f"not a reference that anything resolves; {_HOW}")
    if not isinstance(value, str):
        raise _error(key, "a plugin returned something that is not a text")
    return value


def _error(key: str, message: str) -> ConfigError:
    return ConfigError(Finding("configuration", 0, 0, key, message))
