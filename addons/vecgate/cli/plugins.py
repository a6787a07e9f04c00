"""`vecgate plugins`: what is loaded."""

from __future__ import annotations

import typer

from vecgate.cli.options import AsJson, MaybeConfig
from vecgate.cli.output import emit, table


def register(app: typer.Typer) -> None:
    app.command("plugins")(plugins)


def plugins(config: MaybeConfig = None, as_json: AsJson = False) -> None:
    """Show what is loaded, from where, with which hooks.

    Without -c the bundled plugins; with it those that the configuration names, too.
    """
    from vecgate.cli.configured import hooks_at

    found = hooks_at(config).describe()
    if as_json:
        emit({"plugins": found})
    else:
        table(
            ("plugin", "version", "from", "hooks"),
            [
                (each.name, each.version, "bundled" if each.bundled else each.source, ", ".join(each.hooks))
                for each in found
            ],
        )
