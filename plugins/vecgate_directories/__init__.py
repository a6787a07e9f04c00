"""Directories of groups: a file, and Entra ID's through Microsoft Graph."""

from __future__ import annotations

from pathlib import Path

from vecgate.hookspecs import hookimpl
from vecgate.identity.directory import Directory
from vecgate_directories.entra import Entra
from vecgate_directories.register import Register

__all__ = ["Entra", "Register"]


@hookimpl
def vecgate_directory(source: str, folder: Path) -> Directory | None:
    scheme, _, path = source.partition(":")
    match scheme:
        case "file":
            return Register(folder / path)
        case "entra":
            return Entra.read(folder / path)
        case _:
            return None
