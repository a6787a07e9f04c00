from __future__ import annotations

import time

import pytest

from vecgate.state import clock
from vecgate.state.clock import Anchor


def test_setting_the_machines_clock_does_not_move_it(monkeypatch: pytest.MonkeyPatch) -> None:
    anchor = Anchor.fixed()
    before = anchor.now()
    monkeypatch.setattr(time, "time", lambda: before + 86_400)
    assert Anchor.fixed(anchor).now() - before < 60


def test_after_a_reboot_it_goes_on_from_where_it_was_even_if_the_clock_was_set_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    anchor = Anchor.fixed()
    kept = Anchor(anchor.boot, anchor.offset, anchor.now() + 1000, clock.uptime())
    monkeypatch.setattr(clock, "boot", lambda: "another")
    assert Anchor.fixed(kept).now() >= kept.latest


def test_without_boot_ids_a_shorter_uptime_tells_a_reboot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "boot", lambda: "")
    kept = Anchor("", 5.0, 7.0, clock.uptime() + 1000)
    assert Anchor.fixed(kept).offset != 5.0
