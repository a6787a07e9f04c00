from __future__ import annotations

from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from vecgate.identity.principal import Principal
from vecgate.operations.model import Action, Operation, Scope
from vecgate_qdrant.dialect import QdrantDialect
from vecgate_qdrant.tokens import access, minted

SECRET = "an-api-key-of-some-length"
ANNA = Principal("https://idp.example/", "anna", name="Anna")


def operation(action: Action, *resources: str, scope: Scope = Scope.NAMED) -> Operation:
    return Operation("one", action, resources, scope)


def claims(token: str) -> dict[str, Any]:
    read = jwt.decode(token, OctKey.import_key(SECRET), algorithms=["HS256"])
    assert read.header == {"alg": "HS256", "typ": "JWT"}
    return read.claims


def test_a_token_names_its_caller_and_ends_in_a_minute() -> None:
    token = minted(SECRET, ANNA, [operation(Action.SEARCH, "kb")], lambda: 1000.5)
    assert claims(token) == {
        "subject": "https://idp.example/ anna",
        "access": [{"collection": "kb", "access": "r"}],
        "exp": 1060,
    }
    assert SECRET not in token


def test_what_nobody_asked_for_is_the_gateways_own_and_reads() -> None:
    found = claims(QdrantDialect().mint(SECRET, None, ()))
    assert (found["subject"], found["access"]) == ("vecgate", "r")


@pytest.mark.parametrize(
    ("operations", "needed"),
    [
        ([operation(Action.META, scope=Scope.SERVICE)], "r"),
        ([operation(Action.META, "*", scope=Scope.LIST)], "r"),
        ([operation(Action.META, "kb", scope=Scope.LIST)], [("kb", "r")]),
        ([operation(Action.READ, "kb", "other")], [("kb", "r"), ("other", "r")]),
        ([operation(Action.WRITE, "kb")], [("kb", "rw")]),
        ([operation(Action.DELETE, "kb")], [("kb", "rw")]),
        ([operation(Action.WRITE, "kb"), operation(Action.READ, "kb")], [("kb", "rw")]),
        ([operation(Action.READ, "kb"), operation(Action.WRITE, "kb")], [("kb", "rw")]),
        ([operation(Action.READ, "a"), operation(Action.WRITE, "b")], [("a", "r"), ("b", "rw")]),
        ([operation(Action.WRITE, "a"), operation(Action.META)], "m"),
        ([operation(Action.READ, "a"), operation(Action.ADMIN, "b")], "m"),
        ([operation(Action.ADMIN, "**")], "m"),
    ],
)
def test_a_token_allows_the_least_that_its_request_needs(operations: list[Operation], needed: Any) -> None:
    expected = [{"collection": name, "access": right} for name, right in needed] if needed not in ("r", "m") else needed
    assert access(operations) == expected
