"""docs/approvals.md: its diagram is the state machine, its tables are complete, its snippet loads."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.support.configs import HEAD, write
from tests.support.pages import DOCS, blocks, sections

from vecgate.approvals import waiting
from vecgate.approvals.approvals import KEEP
from vecgate.approvals.tickets import REASONS, TRANSITIONS, Caps, State
from vecgate.config.load import load
from vecgate.reasons import Reason

PAGE = (DOCS / "approvals.md").read_text()
SECTIONS = sections("approvals.md")


def test_the_diagram_is_the_state_machine() -> None:
    (diagram,) = blocks(SECTIONS["The life of a ticket"], "mermaid")
    drawn = set(re.findall(r"^\s+(\w+) --> (\w+)", diagram, re.MULTILINE))
    assert drawn == {(old.value, new.value) for old, following in TRANSITIONS.items() for new in following}


def test_every_answer_is_in_the_table() -> None:
    table = set(re.findall(r"^\| \d{3} `(\w+)` \|", SECTIONS["What the client sees"], re.MULTILINE))
    answers = {reason.value for state, reason in REASONS.items() if state is not State.APPROVED}
    assert table == answers | {Reason.TOO_MANY_PENDING.value}


def test_every_step_is_in_the_table() -> None:
    source = (DOCS.parent / "addons/vecgate/approvals/approvals.py").read_text()
    steps = set(re.findall(r'_leave\("(\w+)"', source)) | {State.EXECUTED.value, State.FAILED.value}
    assert set(re.findall(r"^\| `(\w+)` \|", SECTIONS["Evidence"], re.MULTILINE)) == steps


@pytest.mark.parametrize(
    "said",
    [
        f"{Caps().person} requests of this principal wait already, or {Caps().total} in all",
        f"At most {waiting.PERSON} requests of one principal, and {waiting.TOTAL} in all, are held",
    ],
)
def test_numbers(said: str) -> None:
    assert said in PAGE
    assert KEEP == 7 * 86_400


def test_the_snippet_loads(tmp_path: Path) -> None:
    (snippet,) = blocks(PAGE, "yaml")
    load(write(tmp_path, HEAD + snippet))
