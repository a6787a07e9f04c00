"""Options that several verbs have. Typer does not look into `type` statements, so these are plain aliases."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ConfigFile = Annotated[Path, typer.Option("-c", "--config", metavar="FILE", help="The configuration.")]
MaybeConfig = Annotated[Path | None, typer.Option("-c", "--config", metavar="FILE", help="The configuration.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
JsonLines = Annotated[bool, typer.Option("--json", help="Print JSON Lines, which this verb always does.")]
Batch = Annotated[str, typer.Option(metavar="FILE|-", help="JSON Lines, one request each; - is standard input.")]
TokenFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        envvar="VECGATE_TOKEN_FILE",
        help="Where your sign-in is kept, or a file with a token. Default: the one that vecgate login keeps.",
    ),
]
