"""Bounds: what a few bytes may ask for."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.weaviate_calls import operations

from vecgate.errors import Refusal
from vecgate.reasons import Reason

MANY: dict[str, Any] = {
    "clauses": lambda many: {"filters": {"operator": "OPERATOR_AND", "filters": [{}] * many}},
    "nested": lambda many: {"filters": {"filters": [{"filters": [{}] * (many // 10)}] * 10}},
    "orders": lambda many: {"sort_by": [{"path": ["title"]}] * many},
}


@pytest.mark.parametrize("name", MANY)
def test_what_steers_is_bounded(name: str) -> None:
    assert operations("Search", {"collection": "Docs", **MANY[name](5_000)})
    with pytest.raises(Refusal) as refused:
        operations("Search", {"collection": "Docs", **MANY[name](10_010)})
    assert refused.value.reason is Reason.BODY_TOO_LARGE
