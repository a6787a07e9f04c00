"""`vecgate doctor`: is everything around the gateway as it must be?"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vecgate.cli.options import AsJson, ConfigFile
from vecgate.cli.output import emit, fail, say, warn

if TYPE_CHECKING:
    from vecgate.config.load import Loaded
    from vecgate.doctor.diagnosis import Diagnosis
    from vecgate.hooks import Hooks

MARKS = {"good": "ok  ", "warning": "WARN", "failure": "FAIL"}


def register(app: typer.Typer) -> None:
    app.command("doctor")(doctor)


def doctor(
    config: ConfigFile,
    token_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A user's real token, which no database may take. By default a made-up one."),
    ] = None,
    enclosed: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CONNECTION", help="Only the gateway can reach its database: answering strangers is no failure."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Ask what is around the gateway: issuers, databases, and whether they turn strangers away.

    Each database is asked as the gateway, as a stranger, and with a user's token. Only reads are sent.
    Exit 0: nothing failed. 1: something did. 2: the configuration is not valid.
    """
    from vecgate.cli.configured import configured

    loaded, hooks = configured(config)
    names = {each.name for each in loaded.config.connections}
    if unknown := set(enclosed or ()) - names:
        fail(f"--enclosed: there is no connection {min(unknown)}; known: {', '.join(sorted(names))}")
    token = _token(token_file) if token_file is not None else None
    with _quiet_log():
        found = asyncio.run(_examined(loaded, hooks, token, frozenset(enclosed or ()), quiet=as_json))
    failures = [each for each in found if each.status == "failure"]
    if as_json:
        emit({"healthy": not failures, "checks": found})
    else:
        warnings = sum(each.status == "warning" for each in found)
        say(f"{len(found)} checks, {len(failures)} failed, {warnings} warnings")
    if failures:
        raise typer.Exit(1)


@contextmanager
def _quiet_log() -> Iterator[None]:
    """Whatever is wrong stands among the checks."""
    log = logging.getLogger("vecgate")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(level)


def _token(path: Path) -> str:
    try:
        token = path.read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        fail(f"--token-file: {path}: {getattr(error, 'strerror', None) or 'not a token'}")
    if not token or not token.isprintable() or " " in token:
        fail(f"--token-file: {path}: not a token")
    return token


async def _examined(
    loaded: Loaded, hooks: Hooks, token: str | None, enclosed: frozenset[str], *, quiet: bool
) -> list[Diagnosis]:
    from vecgate.doctor.diagnosis import failure, good
    from vecgate.doctor.examination import examine
    from vecgate.serve import pins

    found = []
    try:
        pins.verify()
        first = good("vecgate", f"mitmproxy {pins.MITMPROXY} is the one that was read")
    except pins.Unpinned as error:
        first = failure("vecgate", str(error), "install the versions of uv.lock")
    found.append(_shown(first, quiet))
    async for each in examine(loaded, hooks, token=token, enclosed=enclosed):
        found.append(_shown(each, quiet))
    return found


def _shown(diagnosis: Diagnosis, quiet: bool) -> Diagnosis:
    """One line as soon as it is known; failures on standard error."""
    if not quiet:
        advice = f" — {diagnosis.advice}" if diagnosis.advice else ""
        line = f"{MARKS[diagnosis.status]} {diagnosis.subject}: {diagnosis.found}{advice}"
        (warn if diagnosis.status == "failure" else say)(line)
    return diagnosis
