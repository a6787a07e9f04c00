from __future__ import annotations

import threading
from typing import Any

import httpx
import pytest
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from tests.support.fake_issuer import URL, FakeIssuer, refusal

from vecgate.errors import LoginError, LoginRefused
from vecgate.login.client import Client
from vecgate.login.code import sign_in

CLIENT = Client(issuer=URL, client_id="cli", audience="vecgate", prompt="consent")


def run(issuer: FakeIssuer, **answer: str) -> tuple[dict[str, Any], str, httpx.URL]:
    """What came of it when the browser comes back with this answer; the nonce, and where the browser was sent."""
    sent: list[httpx.URL] = []

    def browse(address: str) -> None:
        sent.append(httpx.URL(address))
        params = {"state": sent[0].params["state"], **answer}
        target = sent[0].params["redirect_uri"]
        threading.Thread(target=lambda: httpx.get(target, params=params, trust_env=False), daemon=True).start()

    given, nonce = sign_in(issuer.oauth(CLIENT), browse, seconds=5)
    return given, nonce, sent[0]


def test_a_code_is_exchanged_with_what_proves_that_it_is_ours() -> None:
    issuer = FakeIssuer()
    answer, nonce, address = run(issuer, code="the-code")
    assert answer["access_token"] == "access-1"
    [form] = issuer.forms("/token")
    assert form == {
        "grant_type": "authorization_code",
        "code": "the-code",
        "client_id": "cli",
        "redirect_uri": address.params["redirect_uri"],
        "code_verifier": form["code_verifier"],
        "audience": "vecgate",
    }
    asked = dict(address.params)
    assert asked.pop("redirect_uri").startswith("http://127.0.0.1:")
    assert asked == {
        "response_type": "code",
        "client_id": "cli",
        "scope": "openid profile offline_access",
        "audience": "vecgate",
        "prompt": "consent",
        "state": asked["state"],
        "nonce": nonce,
        "code_challenge": create_s256_code_challenge(form["code_verifier"]),
        "code_challenge_method": "S256",
    }
    assert min(len(text) for text in (asked["state"], nonce, form["code_verifier"])) >= 43
    assert len({asked["state"], nonce, form["code_verifier"]}) == 3


@pytest.mark.parametrize("known", [True, False])
def test_an_answer_of_another_issuer_is_sent_nowhere(known: bool) -> None:
    issuer = FakeIssuer()
    issuer.document["authorization_response_iss_parameter_supported"] = known
    with pytest.raises(LoginError, match="another issuer"):
        run(issuer, code="x", iss="https://evil.test")
    assert issuer.forms("/token") == []


def test_an_issuer_that_names_itself_must() -> None:
    issuer = FakeIssuer()
    issuer.document["authorization_response_iss_parameter_supported"] = True
    with pytest.raises(LoginError, match="another issuer"):
        run(issuer, code="x")
    assert run(issuer, code="x", iss=URL)[0]["access_token"] == "access-1"


@pytest.mark.parametrize("answer", [{}, {"code": ""}])
def test_an_answer_without_a_code_is_none(answer: dict[str, str]) -> None:
    with pytest.raises(LoginError, match="no code"):
        run(FakeIssuer(), **answer)


def test_a_refusal_is_told() -> None:
    with pytest.raises(LoginRefused, match="access_denied: not you") as caught:
        run(FakeIssuer(), error="access_denied", error_description="not you")
    assert caught.value.code == "access_denied"


def test_a_code_that_the_issuer_refuses_does_not_show() -> None:
    issuer = FakeIssuer()
    issuer.answers["/token"] = refusal("invalid_grant", "canary-code was used")
    with pytest.raises(LoginRefused, match="invalid_grant") as caught:
        run(issuer, code="canary-code")
    assert "canary" not in str(caught.value)


def test_nobody_is_waited_for_for_ever() -> None:
    with pytest.raises(LoginRefused, match="in time"):
        sign_in(FakeIssuer().oauth(CLIENT), lambda address: None, seconds=0.01)


def test_an_issuer_without_the_flow_says_so() -> None:
    issuer = FakeIssuer()
    del issuer.document["authorization_endpoint"]
    with pytest.raises(LoginError, match="browser"):
        run(issuer)
