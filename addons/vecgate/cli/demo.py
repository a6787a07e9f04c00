"""`vecgate demo`: the main job on embedded parts."""

from __future__ import annotations

import shutil
import sys
import tempfile
import webbrowser
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from vecgate.cli.options import AsJson
from vecgate.cli.output import emit, fail, say

if TYPE_CHECKING:
    from vecgate.demo.run import Outcome

STYLES = {
    "allowed": "green",
    "masked": "cyan",
    "denied": "red",
    "limited": "yellow",
    "approved": "green",
    "detected": "magenta",
}


def register(app: typer.Typer) -> None:
    app.command("demo")(demo)


def demo(
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Keep everything in this new folder.")] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Do not open the report.")] = False,
    as_json: AsJson = False,
) -> None:
    """See it work: a real Chroma server, an issuer, the gateway, and four people with stock clients.

    Exit 0: all went as it should. 1: something did not. 2: it could not be shown.
    """
    if find_spec("chromadb") is None:
        fail("the demo needs a real Chroma: pip install chromadb")
    from vecgate.demo.processes import endings

    endings.install()
    folder = _folder(out)
    try:
        outcome = _run(folder)
    except SystemExit:
        if out is None:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    except RuntimeError as error:
        fail(str(error))
    if as_json:
        emit(
            {
                "steps": outcome.steps,
                "evidence": str(outcome.evidence),
                "report": str(outcome.report),
                "verified": outcome.verified,
                "good": outcome.good,
            }
        )
    else:
        _show(outcome)
    if sys.stdout.isatty() and not (no_browser or as_json):
        webbrowser.open(outcome.report.as_uri())
    raise typer.Exit(0 if outcome.good else 1)


def _folder(out: Path | None) -> Path:
    if out is None:
        return Path(tempfile.mkdtemp(prefix="vecgate-demo-"))
    try:
        out.mkdir(parents=True, exist_ok=True)
        taken = any(out.iterdir())
    except OSError as error:
        fail(f"{out}: {error.strerror}")
    if taken:
        fail(f"{out} is not empty: name a new folder")
    return out.absolute()


def _run(folder: Path) -> Outcome:
    from vecgate.demo.run import run

    terminal = Console(stderr=True, highlight=False)
    if not terminal.is_terminal:
        return run(folder, lambda text: None)
    with terminal.status("Getting ready") as status:
        return run(folder, lambda text: status.update(Text(text)))


def _show(outcome: Outcome) -> None:
    console = Console(highlight=False)
    table = Table(title="What happened", title_justify="left", header_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("who", no_wrap=True)
    table.add_column("did", ratio=3)
    table.add_column("outcome", no_wrap=True)
    table.add_column("detail", overflow="fold", ratio=4)
    for step in outcome.steps:
        style = STYLES.get(step.outcome.split()[-1], "") if step.expected else "bold reverse"
        verdict = step.outcome if step.expected else f"NOT {step.outcome}"
        table.add_row(Text(step.who), Text(step.what), Text(verdict, style=style), Text(step.detail))
    console.print(table)
    say(f"Evidence {'verified' if outcome.verified else 'DOES NOT VERIFY'}: {outcome.evidence}")
    say(f"Report: {outcome.report}")
    say(f"Look closer: vecgate verify {outcome.evidence}")
