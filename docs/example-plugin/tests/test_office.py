from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from vecgate.hooks import Hooks
from vecgate.masking.strategies import REDACTED
from vecgate.operations.model import Action
from vecgate.testing import masks, operation, principal

import vecgate_office
from vecgate_office.hours import Hours

HOOKS = Hooks.of(office=vecgate_office)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Ada Lovelace", "A. L."),
        (["Ada Lovelace", "Alan Turing"], ["A. L.", "A. T."]),
        ("X", REDACTED),
        ("", REDACTED),
        (7, REDACTED),
        ({"first": "Ada"}, REDACTED),
    ],
)
def test_of_a_name_only_initials_are_shown(name: Any, shown: Any) -> None:
    found = masks({"author": "initials"}, HOOKS.mask_strategies())
    assert found.payload({"author": name})[0] == {"author": shown}


@pytest.mark.parametrize(
    ("moment", "open_"),
    [("2026-11-25T08:00", True), ("2026-11-25T17:59", True), ("2026-11-25T18:00", False), ("2026-11-28T12:00", False)],
)
def test_office_hours(moment: str, open_: bool) -> None:
    assert (datetime.fromisoformat(moment).replace(tzinfo=UTC) in Hours.parse("8-18")) is open_


@pytest.mark.parametrize("text", ["", "8", "18-8", "8-25", "8:00-18:00"])
def test_hours_that_are_not_understood_stop_the_start(text: str) -> None:
    with pytest.raises(ValueError, match="write it like 8-18"):
        Hours.parse(text)


@pytest.mark.parametrize(("action", "refused"), [(Action.WRITE, True), (Action.ADMIN, True), (Action.SEARCH, False)])
def test_when_the_office_is_closed_only_changes_are_refused(
    monkeypatch: pytest.MonkeyPatch, action: Action, refused: bool
) -> None:
    monkeypatch.setattr(vecgate_office, "HOURS", Hours(0, 0))
    veto = HOOKS.veto(principal(), [operation(Action.READ), operation(action)], "docs")
    assert (veto is not None) is refused


def test_a_notice_is_written_for_each_ticket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(vecgate_office, "NOTICES", tmp_path / "notices.txt")
    for number in ("1", "2"):
        HOOKS.approval_opened({"id": number, "name": "alice", "rule": "destructive"})
    lines = (tmp_path / "notices.txt").read_text().splitlines()
    assert lines == [f"{number}: alice waits for a reviewer (destructive)" for number in ("1", "2")]
