"""`vecgate check`: is the configuration right, and is it wise?"""

from __future__ import annotations

from collections.abc import Sized
from datetime import UTC, datetime
from typing import Annotated

import typer

from vecgate.cli.options import AsJson, ConfigFile
from vecgate.cli.output import emit, say, warn


def register(app: typer.Typer) -> None:
    app.command("check")(check)


def check(
    config: ConfigFile,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 1 if there is any advice.")] = False,
    as_json: AsJson = False,
) -> None:
    """Validate configuration and policy, and say what is suspicious in them.

    Each line is file:line:column: key: message. Exit 0: valid. 1: with --strict, valid with advice. 2: not valid.
    """
    from vecgate.cli.configured import configured
    from vecgate.errors import ConfigError
    from vecgate.masking.masker import KEY_BYTES, Masker
    from vecgate.policy.findings import findings

    try:
        loaded, hooks = configured(config)
    except ConfigError as error:
        if as_json:
            emit({"valid": False, "errors": error.findings, "warnings": []})
        for finding in error.findings:
            warn(finding)
        raise typer.Exit(2) from error
    advice = findings(loaded, Masker(bytes(KEY_BYTES), hooks.mask_strategies()), datetime.now(UTC))
    if as_json:
        warnings = [{"code": each.code, **vars(each.finding)} for each in advice]
        emit({"valid": True, "errors": [], "warnings": warnings})
    else:
        for each in advice:
            say(each)
        rules = loaded.config.policy
        say(
            f"{config} is valid: {_count(loaded.config.connections, 'connection')}, {_count(rules.grants, 'grant')}, "
            f"{_count(rules.masks, 'mask')}, {_count(rules.limits, 'limit')}, {_count(rules.approvals, 'approval')}, "
            f"{_count(advice, 'warning')}"
        )
    if strict and advice:
        raise typer.Exit(1)


def _count(things: Sized, noun: str) -> str:
    return f"{len(things)} {noun}{'' if len(things) == 1 else 's'}"
