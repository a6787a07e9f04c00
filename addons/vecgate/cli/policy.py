"""`vecgate policy`: a policy's tests."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vecgate.cli.options import AsJson, MaybeConfig
from vecgate.cli.output import emit, fail, say

if TYPE_CHECKING:
    from vecgate.policy.cases import Outcome, Result

policy = typer.Typer(no_args_is_help=True, help="Test a policy against expectations.")


def register(app: typer.Typer) -> None:
    app.add_typer(policy, name="policy")


@policy.callback()
def _group() -> None:
    """Test a policy against expectations."""


@policy.command("test")
def judge_cases(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Files of cases.")],
    config: MaybeConfig = None,
    as_json: AsJson = False,
) -> None:
    """Judge cases and compare. Nothing is contacted.

    Each file names its configuration under the key config, unless -c does. Exit 0: every case passes. 1: some case has
    another outcome than expected. 2: some case could not be judged.
    """
    from vecgate.policy.cases import Outcome

    results = [result for file in files for result in _results(file, config)]
    counts = Counter(result.outcome for result in results)
    if as_json:
        emit({"results": results, "counts": {outcome.value: counts[outcome] for outcome in Outcome}})
    else:
        _show(results, counts)
    if counts[Outcome.ERROR]:
        raise typer.Exit(2)
    if counts[Outcome.FAIL]:
        raise typer.Exit(1)


def _results(file: Path, config: Path | None) -> list[Result]:
    from vecgate.cli.configured import configured
    from vecgate.policy.cases import load_cases, run
    from vecgate.policy.explain import Explainer

    document, cases = load_cases(file)
    if config is None and cases.config is None:
        fail(f"{file}: names no configuration: write config: FILE into it, or give -c FILE")
    path = config or file.parent / str(cases.config)
    return list(run(document, cases, Explainer(*configured(path))))


def _show(results: list[Result], counts: Counter[Outcome]) -> None:
    from vecgate.policy.cases import Outcome

    for result in results:
        say(f"{result.file}:{result.line}: {result.outcome}: {result.name}")
        for difference in result.differences:
            say(f"  {difference}")
    say("-" * 40)
    for outcome in Outcome:
        if counts[outcome]:
            say(f"{outcome}: {counts[outcome]}/{len(results)}")
