from __future__ import annotations

import pytest

from vecgate.errors import LoginError
from vecgate.login.client import Client, check_scope, loopback, seconds


@pytest.mark.parametrize(
    ("redirect", "expected"),
    [
        ("http://127.0.0.1/callback", ("127.0.0.1", 0, "/callback")),
        ("http://localhost:8400", ("localhost", 8400, "/")),
        ("http://[::1]:9/a/b", ("::1", 9, "/a/b")),
    ],
)
def test_a_redirect_is_on_this_machine(redirect: str, expected: tuple[str, int, str]) -> None:
    assert loopback(redirect) == expected


@pytest.mark.parametrize(
    "redirect",
    [
        "",
        "https://127.0.0.1/callback",
        "http://evil.test/",
        "http://127.0.0.1.evil.test/",
        "http://127.0.0.1@evil.test/",
        "http://0.0.0.0/",
        "http://127.0.0.1:70000/",
        "http://127.0.0.1/callback?x=1",
        "http://127.0.0.1/callback#x",
        "http://127.0.0.1\n/",
    ],
)
def test_a_redirect_elsewhere_is_refused(redirect: str) -> None:
    with pytest.raises(ValueError, match="not on this machine"):
        loopback(redirect)
    with pytest.raises(LoginError):
        Client(issuer="https://idp.test", client_id="cli", redirect=redirect).check()


@pytest.mark.parametrize("scope", ["", "a b", 'a"b', "a\\b", "é", "a\n"])
def test_a_scope_is_one(scope: str) -> None:
    with pytest.raises(ValueError, match="not one scope"):
        check_scope(scope)
    with pytest.raises(LoginError):
        Client(issuer="https://idp.test", client_id="cli", scopes=(scope,)).check()


def test_scopes_of_all_kinds_are_one() -> None:
    for scope in ("openid", "api://vecgate/.default", "https://x.test/a!b"):
        check_scope(scope)


@pytest.mark.parametrize(
    ("given", "expected"),
    [(3, 3.0), (2.5, 2.5), (1e9, 60.0), (0, 5.0), (-1, 5.0), (True, 5.0), ("7", 5.0), (None, 5.0)],
)
def test_a_duration_of_the_issuers_is_bounded(given: object, expected: float) -> None:
    assert seconds(given, 5.0, 60.0) == expected
    assert seconds(float("nan"), 5.0, 60.0) == 5.0


def test_what_is_shown_of_a_client_has_no_secret() -> None:
    client = Client(issuer="https://idp.test", client_id="cli", secret="canary")
    assert "canary" not in f"{client} {client!r}"
