"""`vecgate classify`: what requests would do."""

from __future__ import annotations

from typing import Annotated

import typer

from vecgate.cli.options import Batch, JsonLines, MaybeConfig
from vecgate.cli.output import emit_line, fail


def register(app: typer.Typer) -> None:
    app.command("classify")(classify)


def classify(
    dialect: Annotated[str, typer.Option(metavar="NAME", help="The engine whose API the requests speak.")],
    batch: Batch,
    config: MaybeConfig = None,
    as_json: JsonLines = True,
) -> None:
    """Say what requests would do to which resources. Nothing is contacted.

    A line is {"method", "path", "headers"?, "body"? | "body_base64"?, "names"?}. With -c, the dialects of plugins that
    the configuration names are known, too.
    """
    from vecgate.cli.batch import answers
    from vecgate.cli.configured import hooks_at
    from vecgate.config.problems import did_you_mean
    from vecgate.operations.classify import classify as judge

    dialects = hooks_at(config).dialects()
    if dialect not in dialects:
        hint = did_you_mean(dialect, dialects) or f": there is {', '.join(sorted(dialects))}"
        fail(f"--dialect: {dialect} is no dialect{hint}")
    for answer in answers(batch, lambda line: judge(dialects[dialect], line)):
        emit_line(answer)
