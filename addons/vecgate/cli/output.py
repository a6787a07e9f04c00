"""Output: documents for programs, tables for people, messages on standard error. Nothing in them steers a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from vecgate.evidence.printable import printable

__all__ = ["console", "emit", "emit_line", "fail", "printable", "say", "table", "warn"]


def console(*, stderr: bool = False) -> Console:
    """A console that takes texts literally."""
    return Console(stderr=stderr, highlight=False, markup=False, emoji=False, soft_wrap=True)


def say(text: object = "") -> None:
    """One line on standard output."""
    typer.echo(printable(text))


def warn(text: object) -> None:
    """One line on standard error."""
    typer.echo(printable(text), err=True)


def emit(document: Any) -> None:
    """One JSON document."""
    typer.echo(msgspec.json.format(msgspec.json.encode(document), indent=2))


def emit_line(document: Any) -> None:
    """One JSON document on one line, of several."""
    typer.echo(msgspec.json.encode(document))


def fail(message: str, code: int = 2) -> NoReturn:
    """End with a message on standard error: code 2 for wrong use or configuration, 1 for a negative answer.

    Raises typer.Exit.
    """
    for line in message.splitlines():
        warn(line)
    raise typer.Exit(code)


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table on a terminal; lines with tabs between the cells when piped."""
    out = console()
    shown = [[printable(cell) for cell in row] for row in rows]
    if not out.is_terminal:
        for row in shown:
            typer.echo("\t".join(row))
        return
    made = Table(*columns, box=None, header_style="bold", pad_edge=False)
    for row in shown:
        made.add_row(*row)
    out.print(made)
