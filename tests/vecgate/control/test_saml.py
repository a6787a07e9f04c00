from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlencode, urlparse

import httpx
import pytest
from tests.support.approvals import Evidence, approvals_on
from tests.support.saml import BASE, QUERY, VERIFIER, Response, provider

from vecgate.config.units import Rate
from vecgate.control.app import control_app
from vecgate.control.guard import HEADERS
from vecgate.control.saml import COOKIE, RESPONSE_FORM
from vecgate.errors import Refusal
from vecgate.identity.principal import Principal
from vecgate.identity.provisioning import Provisioning
from vecgate.identity.revocations import Revocations
from vecgate.reasons import Reason
from vecgate.saml.logins import Logins
from vecgate.saml.steps import CLIENT, secret
from vecgate.state.memory import MemoryStore

TOKEN = "header.canary-token.signature"
WAITING = QUERY | {"scope": "", "nonce": secret()}
"""With what OpenID clients send, too."""


class Minted(NamedTuple):
    token: str = TOKEN
    token_id: str = "t1"
    lifetime: int = 600


class Services:
    issuer = None

    def __init__(self, logins: Logins | None) -> None:
        self.approvals = approvals_on(MemoryStore(), Evidence())
        self.logins = logins

    @property
    def revocations(self) -> Revocations:
        raise NotImplementedError

    @property
    def provisioning(self) -> Mapping[bytes, Provisioning]:
        return {}

    async def authenticate(self, token: str, address: str) -> Principal:
        raise Refusal(Reason.TOKEN_INVALID)

    async def record(self, kind: str, facts: Mapping[str, Any]) -> None:
        raise NotImplementedError

    def healthy(self) -> bool:
        return True


async def ignore(kind: str, facts: Mapping[str, Any]) -> None:
    assert TOKEN not in repr(facts)


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    corp = provider(tmp_path, idp_initiated=True, display="cn")
    logins = Logins(
        {"corp": corp}, MemoryStore(), mint=lambda person: Minted(), record=ignore, failures=Rate.parse("100/minute")
    )
    app = control_app(Services(logins), {"gateway.test"})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=BASE) as client:
        yield client


async def asked(client: httpx.AsyncClient, query: Mapping[str, str] | None = None) -> tuple[str, str]:
    """The request that a browser carries to the provider, and its relay state."""
    answer = await client.get("/saml/corp/login", params=dict(query or {}))
    assert answer.status_code == 303
    sent = parse_qs(urlparse(answer.headers["location"]).query)
    return request_id(sent["SAMLRequest"][0]), sent["RelayState"][0]


def request_id(encoded: str) -> str:
    from onelogin.saml2.utils import OneLogin_Saml2_Utils

    xml = OneLogin_Saml2_Utils.decode_base64_and_inflate(encoded).decode()
    (found,) = re.findall(r' ID="([^"]+)"', xml)
    return str(found)


async def post(client: httpx.AsyncClient, response: Response, relay: str | None = None) -> httpx.Response:
    """As the provider's page makes the browser do it, from another site: without the cookie."""
    fields = {"SAMLResponse": response.posted()} | ({} if relay is None else {"RelayState": relay})
    headers = {"content-type": "application/x-www-form-urlencoded", "cookie": ""}
    return await client.post("/saml/corp/acs", content=urlencode(fields), headers=headers)


async def done(client: httpx.AsyncClient, query: Mapping[str, str] | None = None) -> httpx.Response:
    request, relay = await asked(client, query)
    posted = await post(
        client, Response(asked=request, id=f"_{secret()}", attributes={"cn": ["&lt;b&gt;Alice&lt;/b&gt;"]}), relay
    )
    assert posted.status_code == 303
    assert posted.headers["location"].startswith(f"{BASE}/saml/corp/done?code=")
    assert "set-cookie" not in posted.headers
    return await client.get(posted.headers["location"])


def held_in(answer: httpx.Response) -> None:
    """What every page of ours forbids."""
    policy = answer.headers.get_list("content-security-policy")
    assert len(policy) == 1
    assert re.fullmatch(
        r"default-src 'none'; style-src 'sha256-[^']+'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        policy[0],
    )
    for name, value in HEADERS:
        if name != b"content-security-policy":
            assert answer.headers.get_list(name.decode()) == [value.decode()]
    assert "<script" not in answer.text
    assert "http-equiv" not in answer.text


def refused(answer: httpx.Response, status: int, reason: str) -> None:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert f"<code>{reason}</code>" in answer.text
    assert ("www-authenticate" in answer.headers) == (status == 401)
    held_in(answer)


async def test_a_browser_ends_with_its_token_on_a_page(client: httpx.AsyncClient) -> None:
    answer = await done(client)
    assert answer.status_code == 200
    assert answer.text.count(TOKEN) == 1
    assert "Signed in as &lt;b&gt;Alice&lt;/b&gt;" in answer.text
    assert "10 minutes" in answer.text
    assert f"vecgate login --saml {BASE}/saml/corp" in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    held_in(answer)


async def test_the_page_shows_it_once(client: httpx.AsyncClient) -> None:
    answer = await done(client)
    again = await client.get(answer.request.url)
    refused(again, 401, "token_invalid")
    assert TOKEN not in again.text
    assert f'href="{BASE}/saml/corp/login"' in again.text


async def test_a_program_gets_a_code_on_loopback_and_shows_it_once(client: httpx.AsyncClient) -> None:
    answer = await done(client, WAITING)
    assert answer.status_code == 303
    assert TOKEN not in answer.text
    found = urlparse(answer.headers["location"])
    query = parse_qs(found.query)
    assert f"{found.scheme}://{found.netloc}{found.path}" == WAITING["redirect_uri"]
    assert (query["state"], query["iss"]) == ([WAITING["state"]], [f"{BASE}/saml/corp"])
    form = exchange(query["code"][0])
    granted = await client.post("/saml/corp/token", data=form)
    assert granted.json() == {"access_token": TOKEN, "token_type": "Bearer", "expires_in": 600}
    assert granted.headers["cache-control"] == "no-store"
    again = await client.post("/saml/corp/token", data=form)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


def exchange(code: str, **changes: str) -> dict[str, str]:
    return {
        "grant_type": "authorization_code",
        "client_id": CLIENT,
        "redirect_uri": WAITING["redirect_uri"],
        "code": code,
        "code_verifier": VERIFIER,
    } | changes


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_verifier": secret()}, "invalid_grant"),
        ({"redirect_uri": "http://127.0.0.1:1/"}, "invalid_grant"),
        ({"client_id": "other"}, "invalid_request"),
        ({"scope": "all"}, "invalid_request"),
        ({"grant_type": "refresh_token"}, "unsupported_grant_type"),
    ],
)
async def test_another_program_gets_nothing(client: httpx.AsyncClient, changes: dict[str, str], error: str) -> None:
    answer = await done(client, WAITING)
    (code,) = parse_qs(urlparse(answer.headers["location"]).query)["code"]
    refusal = await client.post("/saml/corp/token", data=exchange(code, **changes))
    assert (refusal.status_code, refusal.json()["error"]) == (400, error)
    assert code not in refusal.text


async def test_the_cookie_is_for_this_login_alone(client: httpx.AsyncClient) -> None:
    answer = await client.get("/saml/corp/login")
    (cookie,) = answer.headers.get_list("set-cookie")
    assert re.fullmatch(COOKIE + r"=[\w-]{43}; HttpOnly; Max-Age=700; Path=/saml/corp/; SameSite=lax; Secure", cookie)
    again = await client.get("/saml/corp/login")
    assert again.headers["set-cookie"] == cookie, "two tabs of one browser do not end each other's login"


@pytest.mark.parametrize("cookie", ["short", "x" * 44, "x" * 42 + "!"])
async def test_a_cookie_that_is_not_ours_is_replaced(client: httpx.AsyncClient, cookie: str) -> None:
    answer = await client.get("/saml/corp/login", headers={"cookie": f"{COOKIE}={cookie}"})
    assert cookie not in answer.headers["set-cookie"]


async def test_a_login_does_not_end_in_another_browser(client: httpx.AsyncClient) -> None:
    request, relay = await asked(client)
    posted = await post(client, Response(asked=request), relay)
    client.cookies.clear()
    refused(await client.get(posted.headers["location"]), 401, "token_invalid")


async def test_a_login_from_the_provider_gets_a_cookie_of_its_own(client: httpx.AsyncClient) -> None:
    posted = await post(client, Response(asked=None), "")
    assert posted.status_code == 303
    assert COOKIE in posted.headers["set-cookie"]
    assert TOKEN in (await client.get(posted.headers["location"])).text


@pytest.mark.parametrize(
    "query", ["rd=//evil.test", "RelayState=https://evil.test", "return_to=x", "code=x", "a", "a=b=c&a"]
)
async def test_a_login_goes_nowhere_else(client: httpx.AsyncClient, query: str) -> None:
    answer = await client.get(f"/saml/corp/login?{query}")
    refused(answer, 400, "bad_target")
    assert "location" not in answer.headers


@pytest.mark.parametrize("relay", ["https://evil.test/", "//evil.test", "/v1/approvals", "x"])
async def test_a_relay_state_that_is_not_ours_leads_nowhere(client: httpx.AsyncClient, relay: str) -> None:
    request, _ = await asked(client)
    for response in (Response(asked=request), Response(asked=None)):
        answer = await post(client, response, relay)
        refused(answer, 401, "token_invalid")
        assert "location" not in answer.headers
        assert "evil" not in answer.text


@pytest.mark.parametrize(
    ("content", "kind", "status", "reason"),
    [
        pytest.param("", "application/x-www-form-urlencoded", 400, "bad_body", id="empty"),
        pytest.param("RelayState=x", "application/x-www-form-urlencoded", 400, "bad_body", id="no-response"),
        pytest.param("SAMLResponse=x&more=y", "application/x-www-form-urlencoded", 400, "bad_body", id="more"),
        pytest.param("SAMLResponse", "application/x-www-form-urlencoded", 400, "bad_body", id="no-value"),
        pytest.param("SAMLResponse=%ff", "application/x-www-form-urlencoded", 400, "bad_body", id="not-utf-8"),
        pytest.param(
            "SAMLResponse=x&SAMLResponse=y", "application/x-www-form-urlencoded", 400, "duplicate_member", id="twice"
        ),
        pytest.param(
            "&".join(f"a{n}=" for n in range(20)), "application/x-www-form-urlencoded", 400, "bad_body", id="many"
        ),
        pytest.param("{}", "application/json", 415, "unsupported_media", id="json"),
        pytest.param("x", "multipart/form-data; boundary=x", 415, "unsupported_media", id="multipart"),
        pytest.param(
            "SAMLResponse=" + "A" * RESPONSE_FORM,
            "application/x-www-form-urlencoded",
            413,
            "body_too_large",
            id="large",
        ),
        pytest.param("SAMLResponse=QQ", "application/x-www-form-urlencoded", 401, "token_invalid", id="no-base64"),
    ],
)
async def test_what_is_no_posted_response(
    client: httpx.AsyncClient, content: str, kind: str, status: int, reason: str
) -> None:
    answer = await client.post("/saml/corp/acs", content=content, headers={"content-type": kind})
    refused(answer, status, reason)


async def test_a_compressed_form_is_refused(client: httpx.AsyncClient) -> None:
    headers = {"content-type": "application/x-www-form-urlencoded", "content-encoding": "gzip"}
    refused(await client.post("/saml/corp/acs", content=b"x", headers=headers), 415, "unsupported_media")


async def test_a_response_is_in_no_query(client: httpx.AsyncClient) -> None:
    answer = await client.get("/saml/corp/acs", params={"SAMLResponse": Response(asked=None).posted()})
    assert answer.status_code == 405


@pytest.mark.parametrize("query", ["", "?code=", "?code=x&more=y", "?code=x&code=x", "?Code=x", f"?code={'x' * 43}"])
async def test_nothing_is_done_without_a_code(client: httpx.AsyncClient, query: str) -> None:
    answer = await client.get(f"/saml/corp/done{query}")
    assert answer.status_code in (400, 401)
    held_in(answer)


async def test_metadata_says_where_to_answer(client: httpx.AsyncClient) -> None:
    answer = await client.get("/saml/corp/metadata")
    assert answer.headers["content-type"].startswith("application/samlmetadata+xml")
    assert f'Location="{BASE}/saml/corp/acs"' in answer.text


async def test_oauth_clients_find_their_way(client: httpx.AsyncClient) -> None:
    found = (await client.get("/saml/corp/.well-known/openid-configuration")).json()
    assert found["issuer"] == f"{BASE}/saml/corp"
    assert found["authorization_endpoint"] == f"{BASE}/saml/corp/login"
    assert found["token_endpoint"] == f"{BASE}/saml/corp/token"
    assert found["jwks_uri"] == f"{BASE}/jwks.json"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "metadata"),
        ("GET", "login"),
        ("POST", "acs"),
        ("GET", "done"),
        ("POST", "token"),
        ("GET", ".well-known/openid-configuration"),
    ],
)
@pytest.mark.parametrize("name", ["other", "CORP", "corp%00", "..%2fcorp"])
async def test_there_are_no_other_providers(client: httpx.AsyncClient, method: str, path: str, name: str) -> None:
    answer = await client.request(method, f"/saml/{name}/{path}")
    assert answer.status_code == 404
    assert "/login" not in answer.text


@pytest.mark.parametrize("path", ["metadata", "login", "done"])
async def test_without_a_provider_there_is_nothing(path: str) -> None:
    app = control_app(Services(None), {"gateway.test"})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=BASE) as client:
        assert (await client.get(f"/saml/corp/{path}")).status_code == 404


async def test_a_rebound_name_gets_no_answer(client: httpx.AsyncClient) -> None:
    for path in ("login", "metadata"):
        answer = await client.get(f"/saml/corp/{path}", headers={"host": "evil.test"})
        assert answer.status_code == 421


async def test_nothing_secret_is_logged(client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    request, relay = await asked(client)
    forged = Response(asked=request, subject="canary-subject", audiences=("urn:canary",))
    refused(await post(client, forged, relay), 401, "audience_mismatch")
    assert TOKEN in (await done(client)).text
    said = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("vecgate"))
    assert "a response was refused" in said
    for hidden in (TOKEN, "canary", relay, forged.posted()[:40]):
        assert hidden not in said
