"""Wiring: one for the process, and never none."""

from __future__ import annotations

import pytest
from tests.support.serving import LaxGate, render

from vecgate.serve import wiring
from vecgate.serve.listeners import Listeners
from vecgate.serve.wiring import Wiring, current, swap


def test_the_last_wiring_is_in_force(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wiring._Holder, "wiring", None)
    with pytest.raises(AssertionError, match="install"):
        current()
    made = Wiring(LaxGate(), render, lambda failure, flow: None, Listeners())
    swap(made)
    assert current() is made
