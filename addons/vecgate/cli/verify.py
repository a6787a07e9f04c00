"""`vecgate verify`: check evidence offline."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from vecgate.cli.options import AsJson
from vecgate.cli.output import console, emit, fail, say
from vecgate.evidence import layout
from vecgate.evidence.signing import public_key as read_public_key
from vecgate.evidence.verify import Verification
from vecgate.evidence.verify import verify as verify_directory


def register(app: typer.Typer) -> None:
    app.command()(verify)


def verify(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The evidence directory.")],
    checkpoint: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A checkpoint kept elsewhere: shows that nothing behind it was cut off."),
    ] = None,
    public_key: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="PEM of the signing key's public half: shows who wrote the evidence."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check every byte of an evidence directory; name file, line and kind of the first damage.

    Exit 0: sound. 1: damaged. 2: nothing that could be checked.
    """
    try:
        key = read_public_key(public_key.read_bytes()) if public_key else None
        kept = checkpoint.read_bytes() if checkpoint else None
        found = _with_progress(directory, key, kept)
    except (OSError, ValueError) as error:
        fail(str(error))
    if as_json:
        emit(found.as_dict())
    else:
        _show(found)
    if not found.valid:
        raise typer.Exit(1)


def _with_progress(directory: Path, key: str | None, checkpoint: bytes | None) -> Verification:
    terminal = console(stderr=True)
    if not terminal.is_terminal:
        return verify_directory(directory, public_key=key, checkpoint=checkpoint)
    chains = sorted(path for path in directory.iterdir() if path.is_dir()) if directory.is_dir() else []
    total = sum(
        (chain / layout.segment_name(number)).stat().st_size
        for chain in chains
        for number in layout.numbered(chain, layout.SEGMENT)
    )
    with Progress(console=terminal, transient=True) as progress:
        task = progress.add_task("Verifying", total=total)
        return verify_directory(
            directory, public_key=key, checkpoint=checkpoint, progress=lambda size: progress.advance(task, size)
        )


def _show(found: Verification) -> None:
    if found.damage is not None:
        say(found.damage)
        say("The evidence is damaged.")
        return
    say(
        f"The evidence is sound: {found.records} records in {found.segments} segments of {found.chains} chains, "
        f"{found.checkpoints} checkpoints, {found.sessions} sessions."
    )
    say(f"Signing key (Ed25519): {found.public_key}")
    for said in found.proves:
        say(said)
