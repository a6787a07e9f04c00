from __future__ import annotations

from typing import Any

import pytest
from tests.support.fake_issuer import URL, FakeIssuer

from vecgate.errors import LoginError
from vecgate.login.client import Client
from vecgate.login.provider import Provider

CLIENT = Client(issuer=URL, client_id="cli")


def discover(**changes: Any) -> Provider:
    issuer = FakeIssuer()
    issuer.document |= changes
    return Provider.discover(issuer.wire())


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"issuer": f"{URL}/"}, "speaks for"),
        ({"issuer": "https://evil.test"}, "speaks for"),
        ({"issuer": None}, "speaks for"),
        ({"token_endpoint": None}, "token_endpoint"),
        ({"token_endpoint": "http://idp.test/token"}, "token_endpoint"),
        ({"device_authorization_endpoint": "http://evil.test/"}, "device_authorization_endpoint"),
        ({"authorization_endpoint": "javascript:alert(1)"}, "authorization_endpoint"),
        ({"revocation_endpoint": ["x"]}, "revocation_endpoint"),
        ({"jwks_uri": "http://169.254.169.254/"}, "jwks_uri"),
        ({"code_challenge_methods_supported": ["plain"]}, "PKCE"),
    ],
)
def test_a_document_that_cannot_be_meant_is_refused(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(LoginError, match=says):
        discover(**changes)


def test_what_is_not_offered_is_empty() -> None:
    found = discover(device_authorization_endpoint=None, revocation_endpoint=None)
    assert (found.device, found.revocation) == ("", "")
    assert found.token == f"{URL}/token"


@pytest.mark.parametrize(
    ("listed", "named", "asked"),
    [
        (None, (), "openid profile offline_access"),
        (["openid", "email", "profile"], (), "openid profile"),
        (["openid"], ("api://x/.default",), "api://x/.default"),
    ],
)
def test_the_default_scopes_are_asked_for_as_far_as_they_are_known(
    listed: list[str] | None, named: tuple[str, ...], asked: str
) -> None:
    assert discover(scopes_supported=listed).scope(Client(issuer=URL, client_id="cli", scopes=named)) == asked
