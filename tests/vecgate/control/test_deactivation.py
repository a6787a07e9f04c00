"""A directory's `active`, where it is understood and where it is an error."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.scim import ENTRA_MANY, ENTRA_OFF, FULL_OFF, OKTA_OFF, USER, patch, user

from vecgate.control.deactivation import check
from vecgate.errors import Refusal
from vecgate.reasons import Reason

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


@pytest.mark.parametrize(
    "document",
    [
        OKTA_OFF,
        ENTRA_OFF,
        FULL_OFF,
        ENTRA_MANY,
        user("a", active=False),
        {"ACTIVE": "False"},
        patch({"OP": "replace", "Path": " Active ", "Value": 0}),
        patch({"op": "replace", "value": {USER: {"active": False}}}),
        patch({"op": "replace", "value": {f"{USER.upper()}:active": False}}),
        patch({"op": "add", "value": {"roles": [{"value": "x", "active": True}], "inactive": False}}),
        patch({"op": "add", "path": "members", "value": [{"value": "1"}]}),
        patch({"op": "remove", "path": "active"}),
        {"Operations": "none"},
        {"Operations": ["none", None]},
        {},
    ],
)
def test_what_is_understood_or_says_no_no(document: dict[str, Any]) -> None:
    check(document)


@pytest.mark.parametrize(
    "document",
    [
        patch({"op": "replace", "path": "active.value", "value": False}),
        patch({"op": "replace", "path": "/active", "value": "False"}),
        patch({"op": "replace", "path": "active[value eq true]", "value": False}),
        patch({"op": "replace", "path": f"{ENTERPRISE}:active", "value": False}),
        patch({"op": "replace", "value": {"user": {"active": False}}}),
        patch({"op": "replace", "value": {"active": True, "user": {"active": False}}}),
        patch({"op": "replace", "value": {ENTERPRISE: {"Active": "0"}}}),
        patch({"op": "replace", "value": {f"{ENTERPRISE}:active": False}}),
        {USER: {"active": False}},
        {f"{ENTERPRISE}:active": False},
        {"account": [{"state": {"active": " No "}}]},
    ],
)
def test_a_deactivation_elsewhere_is_an_error(document: dict[str, Any]) -> None:
    with pytest.raises(Refusal) as refused:
        check(document)
    assert refused.value.reason is Reason.BAD_BODY


@pytest.mark.parametrize(
    "document",
    [
        {"active": True, "Active": False},
        {"active": True, f"{USER}:active": False},
        patch({"op": "replace", "value": {"active": False, "ACTIVE ": True}}),
        patch({"op": "replace", "value": {"active": False, f"{USER}:active": True}}),
        patch({"op": "replace", "value": {"active": True, USER: {"active": False}}}),
        {"Operations": [], "operations": []},
        {"userName": "a", "username": "b"},
    ],
)
def test_of_two_that_are_one_nobody_knows_which(document: dict[str, Any]) -> None:
    with pytest.raises(Refusal) as refused:
        check(document)
    assert refused.value.reason is Reason.DUPLICATE_MEMBER
