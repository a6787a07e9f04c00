"""`vecgate demo`: the main job on embedded parts."""

from __future__ import annotations

import signal
import sys
import tempfile
import webbrowser
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from vecgate.demo.run import Outcome
    from vecgate.demo.scene import Step

STYLES = {"allowed": "green", "masked": "cyan", "denied": "red", "limited": "yellow", "approved": "green"}


def register(app: typer.Typer) -> None:
    app.command("demo")(demo)


def demo(
    out: Annotated[Path | None, typer.Option(help="Keep everything in this folder.")] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Do not open the report.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """See it work: a real Chroma server, an issuer, the gateway, and four people with stock clients."""
    try:
        from vecgate.demo.run import run
    except ModuleNotFoundError as error:
        print(f"the demo needs {error.name}: pip install chromadb", file=sys.stderr)
        raise typer.Exit(2) from error
    console = Console(stderr=as_json, highlight=False)
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(143))
    with ExitStack() as stack:
        if out is None:
            folder = Path(tempfile.mkdtemp(prefix="vecgate-demo-"))
        else:
            folder = out
            folder.mkdir(parents=True, exist_ok=True)
            if any(folder.iterdir()):
                print(f"{folder} is not empty: name a new folder", file=sys.stderr)
                raise typer.Exit(2)
        status = stack.enter_context(console.status("Getting ready"))
        try:
            outcome = run(folder.absolute(), status.update, lambda step: _progress(console, step))
        except RuntimeError as error:
            print(error, file=sys.stderr)
            raise typer.Exit(2) from error
    if as_json:
        document = {
            "steps": outcome.steps,
            "evidence": str(outcome.evidence),
            "report": str(outcome.report),
            "verified": outcome.verified,
            "good": outcome.good,
        }
        print(msgspec.json.encode(document).decode())
    else:
        _show(console, outcome)
    if not no_browser and sys.stdout.isatty():
        webbrowser.open(outcome.report.as_uri())
    raise typer.Exit(0 if outcome.good else 1)


def _progress(console: Console, step: Step) -> None:
    if console.is_terminal:
        console.print(f"  [dim]{step.who}: {step.what}[/dim]", markup=True)


def _show(console: Console, outcome: Outcome) -> None:
    table = Table(title="What happened", title_justify="left", header_style="bold", expand=False)
    for name in ("who", "did", "outcome", "detail"):
        table.add_column(name, overflow="fold")
    for step in outcome.steps:
        style = STYLES.get(step.outcome.split()[-1], "")
        verdict = step.outcome if step.expected else f"{step.outcome} — NOT AS EXPECTED"
        table.add_row(step.who, step.what, f"[{style}]{verdict}[/{style}]" if style else verdict, step.detail)
    console.print(table)
    console.print(f"Evidence {'verified' if outcome.verified else 'DOES NOT VERIFY'}: {outcome.evidence}")
    console.print(f"Report: {outcome.report}")
    console.print(f"Look closer: vecgate verify {outcome.evidence}")
