from __future__ import annotations

from typing import Any

import pytest

from vecgate.errors import Refusal
from vecgate_qdrant.rest import formulas
from vecgate_qdrant.steering import Steering

CONDITION = {"key": "ssn", "match": {"value": "x"}}


def walked(value: Any, defaults: Any = None) -> Steering:
    steering = Steering()
    formulas.read(value, steering, "formula")
    formulas.defaults(defaults, steering, "defaults")
    return steering


@pytest.mark.parametrize(
    ("value", "fields", "scores"),
    [
        (1.5, (), False),
        ("price", ("price",), False),
        ("$score", (), True),
        ("$score[1]", (), True),
        (CONDITION, ("ssn",), False),
        ({"must_not": [CONDITION]}, ("ssn",), False),
        ({"is_empty": {"key": "e"}}, ("e",), False),
        ({"nested": {"key": "c", "filter": {"must": CONDITION}}}, ("c", "c.ssn"), False),
        ({"geo_distance": {"origin": {"lon": 1, "lat": 2}, "to": "place"}}, ("place",), False),
        ({"datetime": "2024-01-01"}, (), False),
        ({"datetime_key": "born"}, ("born",), False),
        ({"sum": ["$score", {"mult": [2, CONDITION]}]}, ("ssn",), True),
        ({"neg": {"abs": {"sqrt": {"exp": {"log10": {"ln": "n"}}}}}}, ("n",), False),
        ({"div": {"left": "l", "right": "r", "by_zero_default": 0}}, ("l", "r"), False),
        ({"pow": {"base": "b", "exponent": {"neg": "e"}}}, ("b", "e"), False),
        *(
            ({name: {"x": "x", "target": {"datetime_key": "t"}, "scale": 1.0, "midpoint": None}}, ("x", "t"), False)
            for name in ("lin_decay", "exp_decay", "gauss_decay")
        ),
        ({"gauss_decay": {"x": "x", "target": None}}, ("x",), False),
    ],
)
def test_what_an_expression_reads_is_found(value: Any, fields: tuple[str, ...], scores: bool) -> None:
    found = walked(value)
    assert (tuple(found.fields), found.scores) == (fields, scores)


def test_what_has_a_default_is_read() -> None:
    found = walked(1, {"salary": 0, "$score[0]": 1})
    assert (tuple(found.fields), found.scores) == (("salary",), True)


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        [1],
        "",
        "$scores",
        "$score[x]",
        "$payload",
        {"sum": "a"},
        {"sum": [1], "mult": [1]},
        {"sum": [1], "key": "a"},
        {"div": {"left": 1}},
        {"div": {"left": 1, "right": 1, "default": 1}},
        {"pow": {"base": 1, "exponent": None}},
        {"lin_decay": {"target": 1}},
        {"lin_decay": {"x": 1, "scale": "a"}},
        {"datetime_key": 1},
        {"geo_distance": {"to": "a"}},
        {"modulo": [1, 2]},
    ],
)
def test_what_is_no_expression_is_refused(value: Any) -> None:
    with pytest.raises(Refusal):
        walked(value)


@pytest.mark.parametrize("defaults", [[], {"$x": 1}, {"": 1}])
def test_what_are_no_defaults_is_refused(defaults: Any) -> None:
    with pytest.raises(Refusal):
        walked(1, defaults)
