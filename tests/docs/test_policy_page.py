"""docs/policy.md: its tables are complete, its snippets load, its example tests pass with the output it shows."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from tests.support.configs import HEAD, write
from tests.support.pages import DOCS, blocks, sections
from typer.testing import CliRunner

from vecgate.cli.app import app
from vecgate.config.advice import Code
from vecgate.config.load import load
from vecgate.identity.principal import Principal
from vecgate.operations.model import Action
from vecgate.policy.conditions import MEMBERS, Condition, RequestFacts, Situation
from vecgate.policy.globs import Glob
from vecgate.testing import operation

PAGE = (DOCS / "policy.md").read_text()
SECTIONS = sections("policy.md")
SNIPPETS = blocks(PAGE, "yaml")
RULES = [snippet for snippet in SNIPPETS if snippet.startswith("policy:")]


def first_column(section: str) -> list[str]:
    """The first column of a section's first table."""
    table = re.findall(r"^\|.*\|$\n?", SECTIONS[section].partition("\n###")[0], re.MULTILINE)
    return re.findall(r"^\| `([^`]+)` \|", "".join(table), re.MULTILINE)


def test_every_action_and_every_advice_is_on_the_page() -> None:
    assert first_column("Grants") == [action.value for action in Action]
    assert set(first_column("Checking")) == {code.value for code in Code}


def test_every_variable_of_conditions_is_on_the_page() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", SECTIONS["Grants"], re.MULTILINE))
    found = {name: frozenset(re.findall(r"`(\w+)`", members)) for name, members in rows.items() if name in MEMBERS}

    assert found == MEMBERS


CLAIMS = re.findall(r"^\| [^|]+ \| `(.+?)` \| (`\{.*\}`) \| (`\{.*\}`) \|$", SECTIONS["Grants"], re.MULTILINE)


@pytest.mark.parametrize(("condition", "good", "bad"), CLAIMS, ids=range(len(CLAIMS)))
def test_conditions_on_claims_hold_of_what_the_table_says(condition: str, good: str, bad: str) -> None:
    compiled, asked = Condition(condition), operation(Action.READ)
    now = datetime(2026, 11, 15, 9, 15, tzinfo=UTC)
    for claims, expected in ((good, True), (bad, False)):
        for text in re.findall(r"`(.*?)`(?= |$)", claims):
            one = Principal("https://idp.example/", "alice", claims=msgspec.json.decode(text))
            assert Situation(one, now, RequestFacts()).holds(compiled, asked) is expected, text


def test_the_table_of_claims_was_found() -> None:
    assert len(CLAIMS) == 10


def test_patterns_match_what_the_table_says() -> None:
    rows = re.findall(r"^\| `(\S+)` \| (.*?) \| (.*?) ?\|$", SECTIONS["Names"], re.MULTILINE)
    assert len(rows) == 5
    for pattern, matched, unmatched in rows:
        glob = Glob.parse(pattern)
        assert all(glob.covers(name) for name in re.findall(r"`(\S+)`", matched))
        assert not any(glob.covers(name) for name in re.findall(r"`(\S+)`", unmatched))


@pytest.mark.parametrize("snippet", RULES, ids=range(len(RULES)))
def test_every_snippet_of_rules_loads(tmp_path: Path, snippet: str) -> None:
    load(write(tmp_path, HEAD + snippet))


@pytest.fixture
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The page's configuration and cases, in the current folder."""
    monkeypatch.chdir(tmp_path)
    issuer = "identity: {issuers: [{issuer: 'https://idp.example/', audience: vecgate}]}\n"
    write(tmp_path, HEAD + issuer + RULES[0])
    write(tmp_path, next(snippet for snippet in SNIPPETS if "cases:" in snippet), "vecgate.cases.yaml")
    return tmp_path


def test_the_example_of_cases_passes_with_the_output_shown(example: Path) -> None:
    shown = SECTIONS["Testing"].partition("$ vecgate policy test vecgate.cases.yaml\n")[2].partition("```")[0]
    result = CliRunner().invoke(app, ["policy", "test", "vecgate.cases.yaml"])

    assert result.output == shown
    assert result.exit_code == 0


def test_the_example_of_explain_runs(example: Path) -> None:
    shown = SECTIONS["Asking"]
    line = re.search(r"echo '(.*)' \|", shown)
    claims = re.search(r"--as '(.*)' --batch", shown)
    assert line
    assert claims
    result = CliRunner().invoke(
        app,
        ["explain", "-c", "vecgate.yaml", "--connection", "docs", "--as", claims[1], "--batch", "-"],
        input=line[1],
    )

    assert result.exit_code == 0
    assert '"verdict":"allow","reason":"granted","grants":["analysts-read"]' in result.output
