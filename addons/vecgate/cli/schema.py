"""`vecgate schema`: the JSON Schema of the configuration."""

from __future__ import annotations

from typing import Annotated

import typer

from vecgate.cli.output import emit


def register(app: typer.Typer) -> None:
    app.command("schema")(schema)


def schema(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, which this verb always does.")] = True,
) -> None:
    """Print the JSON Schema of the configuration.

    Editors check a file against it whose first line is: # yaml-language-server: $schema=vecgate.schema.json
    """
    from vecgate.config.schema import schema as make

    emit(make())
