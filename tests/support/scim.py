"""What identity providers send over SCIM, as their documentation shows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


def user(name: str, **more: Any) -> dict[str, Any]:
    """A user as Okta creates one, password and all."""
    return {
        "schemas": [USER],
        "userName": name,
        "name": {"givenName": "Alice", "familyName": "Archer"},
        "emails": [{"primary": True, "value": f"{name.partition('@')[0]}@corp.test", "type": "work"}],
        "displayName": "Alice Archer",
        "locale": "en-US",
        "externalId": f"ext-{name}",
        "groups": [],
        "password": "1mz050nq-canary",
        "active": True,
    } | more


def patch(*operations: Mapping[str, Any]) -> dict[str, Any]:
    return {"schemas": [PATCH], "Operations": list(operations)}


OKTA_OFF = patch({"op": "replace", "value": {"active": False}})
OKTA_ON = patch({"op": "replace", "value": {"active": True}})
ENTRA_OFF = patch({"op": "Replace", "path": "active", "value": "False"})
ENTRA_ON = patch({"op": "Replace", "path": "active", "value": "True"})
FULL_OFF = patch({"op": "replace", "path": f"{USER}:active", "value": False})
"""The path in full (RFC 7644 §3.10)."""
ENTRA_MANY = patch(
    {"op": "Replace", "path": "displayName", "value": "A. Archer"},
    {"op": "Replace", "path": 'emails[type eq "work"].value', "value": "a.archer@corp.test"},
    {"op": "Add", "path": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", "value": "Sales"},
    {"op": "Replace", "path": "active", "value": "False"},
)
"""Among what else Entra ID synchronises."""
