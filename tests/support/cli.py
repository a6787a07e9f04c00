"""The command line in tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from typer.testing import CliRunner

from vecgate.cli.app import app


class Ran(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """What was printed, as the one JSON document that it is."""
        return msgspec.json.decode(self.out)

    @property
    def lines(self) -> list[Any]:
        """What was printed, as JSON Lines."""
        return [msgspec.json.decode(line) for line in self.out.splitlines()]


def run(*args: str | Path, text: str | bytes | None = None) -> Ran:
    """Run `vecgate` with these arguments and this standard input."""
    result = CliRunner().invoke(app, [str(arg) for arg in args], input=text)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Ran(result.exit_code, result.stdout, result.stderr)
