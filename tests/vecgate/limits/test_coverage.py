from __future__ import annotations

from typing import Any

import pytest

from vecgate.config.models import LimitRule
from vecgate.limits.coverage import Coverage
from vecgate.operations.model import Action, Operation, Risk

SEARCH = Operation("query", Action.SEARCH, ("t/d/kb",))
DELETE = Operation("delete", Action.DELETE, ("t/d/kb",), risks=(Risk.BULK_DELETE,))
OTHER = Operation("query", Action.SEARCH, ("t/d/other",))


@pytest.mark.parametrize(
    ("on", "counted"),
    [
        ({}, [SEARCH, DELETE, OTHER]),
        ({"connections": ["docs"]}, [SEARCH, DELETE, OTHER]),
        ({"actions": ["search"]}, [SEARCH, OTHER]),
        ({"resources": ["t/d/kb"]}, [SEARCH, DELETE]),
        ({"resources": ["t/d/kb"], "actions": ["search"]}, [SEARCH]),
        ({"risks": ["bulk_delete"]}, [DELETE]),
        pytest.param(
            {"actions": ["admin"]}, [SEARCH, DELETE, OTHER], id="all, if policy chose a rule that covers none"
        ),
    ],
)
def test_which_operations_a_rule_counts(on: dict[str, Any], counted: list[Operation]) -> None:
    rule = LimitRule.model_validate({"name": "some", "on": on, "operations": "5/minute"})
    assert list(Coverage().covered(rule, [SEARCH, DELETE, OTHER])) == counted


def test_a_reloaded_rule_replaces_the_old_one() -> None:
    coverage = Coverage()
    for action, counted in [("search", SEARCH), ("delete", DELETE)]:
        rule = LimitRule.model_validate({"name": "some", "on": {"actions": [action]}, "operations": "5/minute"})
        assert list(coverage.covered(rule, [SEARCH, DELETE])) == [counted]
