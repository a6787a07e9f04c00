from __future__ import annotations

from typing import Any

import pytest

from vecgate.errors import Unmaskable
from vecgate.operations.shapes import INTEGER, TEXT, ListOf, MapOf, Nullable, Shape
from vecgate.operations.taking import take

KIND = Shape(
    {"name": TEXT, "count": Nullable(INTEGER), "list": Nullable(ListOf(Shape({"a": INTEGER}))), "map": MapOf(INTEGER)},
    frozenset({"name"}),
)


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ({"name": "a", "more": 1}, {"name": "a"}),
        ({"name": "a", "count": None}, {"name": "a", "count": None}),
        ({"name": "a", "list": [{"a": 1, "b": 2}, {}]}, {"name": "a", "list": [{"a": 1}, {}]}),
        ({"name": "a", "map": {"x": 1}}, {"name": "a", "map": {"x": 1}}),
    ],
)
def test_members_that_are_understood_are_taken(given: Any, taken: Any) -> None:
    assert take(KIND, given) == taken


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"name": 1},
        {"name": None},
        {"name": "a", "count": "1"},
        {"name": "a", "list": {}},
        {"name": "a", "map": []},
        [],
    ],
)
def test_what_is_of_another_kind_is_withheld(given: Any) -> None:
    with pytest.raises(Unmaskable):
        take(KIND, given)
