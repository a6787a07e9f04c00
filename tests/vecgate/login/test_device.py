from __future__ import annotations

from typing import Any

import pytest
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from tests.support.fake_issuer import DEVICE, TOKENS, URL, FakeIssuer, refusal

from vecgate.errors import LoginError, LoginRefused
from vecgate.login.client import Client
from vecgate.login.device import GRANT, Prompt, sign_in

PENDING = refusal("authorization_pending")


def run(issuer: FakeIssuer, client: Client | None = None) -> tuple[dict[str, Any], list[Prompt], list[float]]:
    """What came of it, what was shown, and how long was waited; time passes only by waiting."""
    shown: list[Prompt] = []
    slept: list[float] = []
    answer = sign_in(issuer.oauth(client), shown.append, slept.append, lambda: sum(slept))
    return answer, shown, slept


def test_a_person_agrees_in_time() -> None:
    issuer = FakeIssuer()
    issuer.answers["/token"] = [PENDING, PENDING, TOKENS]
    answer, shown, slept = run(issuer, Client(issuer=URL, client_id="cli", resource="urn:r", prompt="consent"))
    assert answer["access_token"] == "access-1"
    assert shown == [Prompt(f"{URL}/device", "ABCD-EFGH", f"{URL}/device?user_code=ABCD-EFGH")]
    assert slept == [2, 2, 2]
    [begun], asked = issuer.forms("/device_authorization"), issuer.forms("/token")
    assert begun == {
        "client_id": "cli",
        "scope": "openid profile offline_access",
        "resource": "urn:r",
        "prompt": "consent",
        "code_challenge": create_s256_code_challenge(asked[0]["code_verifier"]),
        "code_challenge_method": "S256",
    }
    assert {one["device_code"] for one in asked} == {"the-device-code"}
    assert {one["grant_type"] for one in asked} == {GRANT}


def test_an_issuer_that_knows_no_scope_is_asked_for_none() -> None:
    issuer = FakeIssuer()
    issuer.document["scopes_supported"] = ["other"]
    run(issuer)
    assert "scope" not in issuer.forms("/device_authorization")[0]


def test_it_asks_no_more_often_than_it_is_told() -> None:
    issuer = FakeIssuer()
    issuer.answers["/device_authorization"] = {name: DEVICE[name] for name in DEVICE if name != "interval"}
    issuer.answers["/token"] = [PENDING, refusal("slow_down"), refusal("slow_down"), TOKENS]
    assert run(issuer)[2] == [5, 5, 10, 15]


@pytest.mark.parametrize(
    ("answer", "says"),
    [(refusal("access_denied", "no"), "denied"), (refusal("expired_token"), "expired"), (refusal("bad"), "bad")],
)
def test_a_refusal_ends_it(answer: Any, says: str) -> None:
    issuer = FakeIssuer()
    issuer.answers["/token"] = [PENDING, answer]
    with pytest.raises(LoginRefused, match=says):
        run(issuer)


def test_a_code_that_nobody_uses_ends() -> None:
    issuer = FakeIssuer()
    issuer.answers["/token"] = PENDING
    with pytest.raises(LoginRefused, match="in time"):
        run(issuer)
    assert len(issuer.forms("/token")) == 300


@pytest.mark.parametrize(
    "changes",
    [
        {"device_code": None},
        {"device_code": ["x"]},
        {"user_code": None},
        {"user_code": "x\x1b[2J"},
        {"user_code": "x" * 65},
        {"verification_uri": None},
        {"verification_uri": "http://evil.test/"},
        {"verification_uri": "javascript:alert(1)"},
        {"verification_uri_complete": "file:///etc/passwd"},
    ],
)
def test_an_answer_that_would_mislead_is_refused(changes: dict[str, Any]) -> None:
    issuer = FakeIssuer()
    issuer.answers["/device_authorization"] = DEVICE | changes
    with pytest.raises(LoginError):
        run(issuer)
    assert issuer.forms("/token") == []


def test_an_issuer_without_the_flow_says_which_one_to_use() -> None:
    issuer = FakeIssuer()
    del issuer.document["device_authorization_endpoint"]
    with pytest.raises(LoginError, match="--flow code"):
        run(issuer)
