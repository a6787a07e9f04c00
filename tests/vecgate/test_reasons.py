from __future__ import annotations

from pathlib import Path

import pytest

from vecgate.reasons import Reason

PAGE = Path(__file__).parents[2] / "docs" / "reasons.md"


def table() -> list[str]:
    """The page's table as the code says it."""
    rows = [f"| `{reason}` | {reason.status} | {reason.summary} |" for reason in Reason]
    return ["| reason | status | what it says |", "|---|---|---|", *rows]


def test_the_page_lists_every_reason_with_status_and_summary() -> None:
    found = [line for line in PAGE.read_text().splitlines() if line.startswith("|")]
    assert found == table(), "\n".join(["write into docs/reasons.md:", *table()])


@pytest.mark.parametrize("reason", Reason)
def test_a_code_is_a_stable_name_and_its_summary_a_sentence(reason: Reason) -> None:
    assert reason == reason.name.lower() == str(reason)
    assert reason.summary.endswith(".")
    assert 200 <= reason.status < 600


def test_what_broke_is_never_answered_as_success() -> None:
    granted = {Reason.GRANTED, Reason.TOKEN_VALID, Reason.PUBLIC, Reason.APPROVED, Reason.OBSERVED}
    assert {reason for reason in Reason if reason.status < 400} == granted
