"""Conditions match where they evaluate to true, and nowhere else."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from vecgate.identity.principal import Principal
from vecgate.operations.model import Action, Operation, Risk
from vecgate.policy.conditions import MEMBERS, Condition, RequestFacts, Situation, variables

NOW = datetime(2026, 11, 15, 9, 30, tzinfo=UTC)
FACTS = RequestFacts("POST", "10.1.2.3:50123")
ANNA = Principal(
    "https://idp.example/",
    "u-1",
    name="Anna",
    groups=frozenset({"data-science", "eu"}),
    client="notebook",
    claims={"risk": "low", "level": 3, "roles": ["a", "b"], "nested": {"x": None}},
)
QUERY = Operation(
    "collection.query", Action.SEARCH, ("t/d/kb",), fields_used=("lang",), risks=(Risk.BULK_EXPORT,), count=7
)


def holds(text: str, principal: Principal = ANNA) -> bool:
    return Situation(principal, NOW, FACTS).holds(Condition(text), QUERY)


@pytest.mark.parametrize(
    "text",
    [
        'principal.claims.risk != "high"',
        'principal.issuer == "https://idp.example/" && principal.subject == "u-1"',
        'principal.name == "Anna" && principal.client == "notebook"',
        '"eu" in principal.groups',
        "principal.claims.level >= 3",
        '"b" in principal.claims.roles',
        "has(principal.claims.risk) && !has(principal.claims.level2)",
        'operation.name.startsWith("collection.") && operation.action == "search"',
        'operation.resources.all(r, r.startsWith("t/d/"))',
        'operation.risks == ["bulk_export"] && operation.fields_used == ["lang"] && operation.count < 8',
        'request.method == "POST" && request.peer.startsWith("10.1.")',
        'request.peer == "10.1.2.3"',
        'request.time > timestamp("2026-11-15T09:00:00Z") && request.time.getHours() == 9',
        'request.time - timestamp("2026-11-15T09:00:00Z") < duration("1h")',
    ],
)
def test_a_condition_sees_principal_operation_and_request(text: str) -> None:
    assert holds(text)


@pytest.mark.parametrize(
    "text",
    [
        "false",
        "1",
        '"true"',
        "principal",
        'principal.claims.absent == "x"',
        'principal.claims.absent != "x"',
        "principal.claims.risk > 3",
        "principal.claims.nested.x.y",
        "nosuch == 1",
        "nosuch(1)",
        "1 / 0 == 1",
        "principal.claims.level == 3.5",
        'principal.name.matches("(")',
    ],
)
def test_what_is_not_true_or_cannot_be_evaluated_does_not_match(text: str) -> None:
    assert not holds(text)


@pytest.mark.parametrize("claim", ["\ud800", object(), {1, 2}])
def test_a_claim_that_conditions_cannot_hold_makes_none_match(claim: Any) -> None:
    assert not holds("true", Principal("https://idp.example/", "u-1", claims={"odd": claim}))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a b", "is no CEL expression: extraneous input 'b' at column 3"),
        ("a &&\n)", "is no CEL expression: mismatched input ')' at line 2, column 1"),
        ("", "is no CEL expression: mismatched input '<EOF>' at column 1"),
        ("(" * 9000 + "1" + ")" * 9000, "is no CEL expression"),
    ],
)
def test_what_does_not_compile_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=r"is no CEL expression") as error:
        Condition(text)

    assert str(error.value).startswith(message)


def test_the_variables_are_those_that_are_documented() -> None:
    made = variables(ANNA, QUERY, NOW, FACTS)

    assert {name: frozenset(members) for name, members in made.items()} == MEMBERS


@pytest.mark.parametrize(("peer", "address"), [("10.1.2.3:5", "10.1.2.3"), ("fe80::1:5", "fe80::1"), ("", "")])
def test_the_peer_is_an_address_without_its_port(peer: str, address: str) -> None:
    assert variables(ANNA, QUERY, NOW, RequestFacts("GET", peer))["request"]["peer"] == address
