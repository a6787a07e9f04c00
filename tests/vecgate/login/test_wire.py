from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest
from tests.support.fake_issuer import URL, FakeIssuer, refusal

from vecgate.errors import LoginError, LoginRefused
from vecgate.identity.fetch import MAX_BYTES
from vecgate.login.client import Client
from vecgate.login.wire import Wire

JSON = {"content-type": "application/json"}


@pytest.mark.parametrize(
    "issuer",
    ["http://idp.test", "ftp://idp.test", "idp.test", "", "https://", "https://u:p@idp.test", "http://127.0.0.1.test/"],
)
def test_an_issuer_is_an_https_address(issuer: str) -> None:
    with pytest.raises(LoginError, match="https"):
        Wire(issuer)


@pytest.mark.parametrize("issuer", [URL, "https://127.0.0.1:9"])
@pytest.mark.parametrize("address", ["http://idp.test/token", "http://127.0.0.1/token", "file:///x", 7, None])
def test_an_https_issuer_has_https_addresses_only(issuer: str, address: object) -> None:
    with pytest.raises(LoginError, match="token_endpoint"):
        Wire(issuer).permitted(address, "token_endpoint")


def test_an_issuer_on_loopback_may_have_plain_ones_on_loopback_alone() -> None:
    wire = Wire("http://localhost:9")
    assert wire.permitted("http://127.0.0.1:9/token", "token_endpoint") == "http://127.0.0.1:9/token"
    with pytest.raises(LoginError):
        wire.permitted("http://idp.test/token", "token_endpoint")


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (httpx.Response(302, headers={"location": "https://evil.test/"}), "redirects"),
        (httpx.Response(200, html="<html>"), "not JSON"),
        (httpx.Response(500, json={}), "status 500"),
        (httpx.Response(200, content=b"x" * (MAX_BYTES + 1), headers=JSON), "larger than"),
        (httpx.Response(200, content=b"{", headers=JSON), "JSON"),
        (httpx.Response(200, content=b"[]", headers=JSON), "JSON object"),
        (httpx.Response(200, content=b'{"a":1,"a":2}', headers=JSON), "twice|duplicate"),
        (httpx.Response(200, content=b"", headers=JSON | {"content-encoding": "gzip"}), "JSON|compressed"),
        (httpx.ConnectError("refused"), "refused"),
    ],
    ids=["redirect", "html", "status", "large", "cut", "list", "twice", "compressed", "down"],
)
@pytest.mark.parametrize(
    "ask",
    [lambda issuer: issuer.oauth().refresh("canary-refresh"), lambda issuer: issuer.wire().get(f"{URL}/token")],
    ids=["post", "get"],
)
def test_what_is_no_answer_is_an_error(
    answer: httpx.Response | Exception, says: str, ask: Callable[[FakeIssuer], object]
) -> None:
    issuer = FakeIssuer()
    issuer.answers["/token"] = answer
    with pytest.raises(LoginError, match=f"{says}|not what OAuth says") as caught:
        ask(issuer)
    assert not isinstance(caught.value, LoginRefused)
    assert "canary" not in str(caught.value)
    assert all(request.url.host == "idp.test" for request in issuer.requests)


def test_a_refusal_has_the_issuers_code_and_words_without_what_it_was_sent() -> None:
    issuer = FakeIssuer()
    issuer.answers["/token"] = refusal("invalid_grant", 'the "token" canary-refresh is no good')
    with pytest.raises(LoginRefused, match="invalid_grant") as caught:
        issuer.oauth().refresh("canary-refresh")
    assert (caught.value.code, "canary" in str(caught.value)) == ("invalid_grant", False)
    assert "is no good" in str(caught.value)


def test_a_secret_is_not_shown_when_the_issuer_quotes_it() -> None:
    issuer = FakeIssuer()
    issuer.answers["/token"] = refusal("invalid_client", "the secret canary is not that of a refresh_token client", 401)
    with pytest.raises(LoginRefused, match="the secret … is not that of a refresh_token client"):
        issuer.oauth(Client(issuer=URL, client_id="cli", secret="canary", audience="e")).refresh("refresh-0")


def test_a_hint_says_what_to_do() -> None:
    issuer = FakeIssuer()
    issuer.answers["/token"] = refusal("invalid_client", status=401)
    with pytest.raises(LoginRefused, match="--client-secret-file"):
        issuer.oauth().refresh("r")


@pytest.mark.parametrize(
    ("methods", "secret", "in_form", "in_header"),
    [
        ([], "", {"client_id": "cli"}, False),
        ([], "canary", {}, True),
        (["client_secret_basic", "client_secret_post"], "canary", {}, True),
        (["client_secret_post"], "canary", {"client_id": "cli", "client_secret": "canary"}, False),
    ],
)
def test_a_client_shows_who_it_is(methods: list[str], secret: str, in_form: dict[str, str], in_header: bool) -> None:
    issuer = FakeIssuer()
    issuer.document["token_endpoint_auth_methods_supported"] = methods
    issuer.oauth(Client(issuer=URL, client_id="cli", secret=secret, audience="a", resource="urn:r")).refresh("r")
    [form] = issuer.forms("/token")
    assert (
        form
        == {
            "grant_type": "refresh_token",
            "refresh_token": "r",
            "audience": "a",
            "resource": "urn:r",
        }
        | in_form
    )
    assert ("authorization" in issuer.requests[-1].headers) is in_header
