"""Budget: what it allows, and what it says when there is more."""

from __future__ import annotations

import pytest

from vecgate.errors import Refusal
from vecgate.operations.budget import Budget
from vecgate.reasons import Reason


def test_the_one_after_the_last_is_refused() -> None:
    budget = Budget(2, "clauses")
    budget.spend()
    budget.spend()
    with pytest.raises(Refusal) as refused:
        budget.spend()
    assert (refused.value.reason, refused.value.detail) == (
        Reason.BODY_TOO_LARGE,
        "At most 2 clauses steer a request.",
    )


def test_nothing_may_be_left_to_read() -> None:
    with pytest.raises(Refusal):
        Budget(0, "clauses").spend()
