"""People sign in at a real SAML identity provider in a real browser, and come to a gateway with the token they get."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlparse

import httpx
import msgspec
import pytest
from qdrant_client import models
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait
from tests.support.browser import chromium, complaints, screenshot, show_at
from tests.support.gateway import Gateway, gateway
from tests.support.qdrant_double import qdrant_double
from tests.support.saml_idp import FAULTS, Running, saml_idp
from tests.support.terminal import Terminal

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(shutil.which("xmlsec1") is None, reason="no xmlsec1 on this machine"),
]

HEAD = """
version: 1
connections:
  - name: docs
    dialect: qdrant
    listen: 127.0.0.1:{port}
    upstream: {upstream}
    credential: {{header: api-key, value: "env:TEST_SERVICE_KEY"}}
identity:
  own: {{issuer: "http://127.0.0.1:{control}"}}
  saml:
    - {{name: corp, issuer: "@issuer", metadata: "file:idp.xml", idp_initiated: true}}
  failures: 100000/minute
state: {{url: "sqlite:///state.db"}}
evidence: {{directory: evidence, checkpoint: 5s}}
control: {{listen: "127.0.0.1:{control}"}}
"""
POLICY = """
policy:
  grants:
    - name: engineers
      to: {groups: [eng], issuers: ["@issuer"]}
      on: {resources: ["kb_*"]}
      allow: [meta, search, read]
"""
ENDS = ("Signed in · vecgate", "Not signed in · vecgate", "vecgate")
"""Titles of the pages that a login ends with; the last is the terminal's."""
SHOTS = os.environ.get("VECGATE_TEST_SHOTS", "")
"""A folder that screenshots are kept in."""


@dataclass
class World:
    gateway: Gateway
    idp: Running
    canaries: list[str] = field(default_factory=list)
    """What must be in no log and no evidence."""

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.gateway.control}"

    @property
    def home(self) -> str:
        return f"{self.base}/saml/corp"

    def status(self, token: str, collection: str = "kb_docs") -> tuple[int, str]:
        """What the gateway says to a request with this token."""
        url = f"{self.gateway.url}/collections/{collection}/points/scroll"
        answer = httpx.post(url, json={}, headers={"authorization": f"Bearer {token}"}, trust_env=False)
        return answer.status_code, answer.json().get("reason", "")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("saml")
    gate = folder / "gate"
    gate.mkdir()
    with saml_idp(folder / "idp") as idp, qdrant_double() as database:
        database.client.create_collection("kb_docs", models.VectorParams(size=2, distance=models.Distance.DOT))
        (gate / "idp.xml").write_text(httpx.get(idp.issuer, trust_env=False).text)
        head, policy = HEAD.replace("@issuer", idp.issuer), POLICY.replace("@issuer", idp.issuer)
        with gateway(gate, f"http://127.0.0.1:{database.port}", policy, head=head) as running:
            made = World(running, idp)
            idp.know(httpx.get(f"{made.home}/metadata", trust_env=False).text)
            yield made


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    with chromium(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


def log_in(browser: webdriver.Chrome, name: str) -> None:
    """At the provider's form; then as far as the browser goes by itself."""
    browser.find_element(By.NAME, "login").send_keys(name)
    browser.find_element(By.NAME, "password").send_keys("x")
    browser.find_element(By.TAG_NAME, "button").click()
    WebDriverWait(browser, 10).until(lambda driver: driver.title in ENDS)


def shown_token(browser: webdriver.Chrome) -> str:
    token = browser.find_element(By.CSS_SELECTOR, ".token").text
    assert re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+", token)
    return token


def keep(browser: webdriver.Chrome, name: str) -> None:
    if SHOTS:
        Path(SHOTS).mkdir(parents=True, exist_ok=True)
        screenshot(browser, Path(SHOTS) / f"{name}.png")


def test_a_listener_says_where_people_sign_in(world: World) -> None:
    found = httpx.get(f"{world.gateway.url}/.well-known/oauth-protected-resource", trust_env=False).json()
    assert found["authorization_servers"] == [world.home, world.base]
    for each in found["authorization_servers"]:
        assert httpx.get(f"{each}/.well-known/openid-configuration", trust_env=False).json()["issuer"] == each


def test_a_person_signs_in_with_a_browser(world: World, browser: webdriver.Chrome) -> None:
    browser.get(f"{world.home}/login")
    assert urlparse(browser.current_url).hostname == "localhost"
    log_in(browser, "alice")
    assert browser.title == "Signed in · vecgate"
    token = shown_token(browser)
    world.canaries += [token, parse_qs(urlparse(browser.current_url).query)["code"][0]]
    world.canaries += [cookie["value"] for cookie in browser.get_cookies()]
    assert world.status(token) == (200, "")
    assert world.status(token, "secret") == (403, "no_grant")
    text = browser.find_element(By.TAG_NAME, "main").text
    for fact in ("alice@example.org", world.idp.issuer, "admins, eng"):
        assert fact in text
    for width in (390, 1440):
        for scheme in ("light", "dark"):
            show_at(browser, width, scheme)
            assert browser.execute_script("return document.documentElement.scrollWidth") <= width
            assert browser.execute_script("return getComputedStyle(document.body).backgroundColor") == (
                "rgb(251, 250, 247)" if scheme == "light" else "rgb(20, 22, 26)"
            )
            keep(browser, f"token-{width}-{scheme}")
    assert [said for said in complaints(browser) if said.startswith(world.base)] == []
    browser.execute_script("getSelection().selectAllChildren(document.querySelector('.token'))")
    assert browser.execute_script("return getSelection().toString()").strip() == token
    browser.refresh()
    assert browser.title == "Not signed in · vecgate"
    for width, scheme in ((390, "dark"), (1440, "light")):
        show_at(browser, width, scheme)
        assert browser.execute_script("return document.documentElement.scrollWidth") <= width
        keep(browser, f"refused-{width}-{scheme}")
    browser.find_element(By.LINK_TEXT, "Sign in again").click()
    log_in(browser, "bob")
    other = shown_token(browser)
    world.canaries.append(other)
    assert world.status(other) == (403, "no_grant")


def test_a_login_begins_at_the_provider(world: World, browser: webdriver.Chrome) -> None:
    browser.delete_all_cookies()
    browser.get(f"{world.idp.base}/start?login=alice")
    WebDriverWait(browser, 10).until(lambda driver: "Signed in" in driver.title)
    assert world.status(shown_token(browser)) == (200, "")


def test_a_login_ends_in_the_browser_that_began_it(world: World, browser: webdriver.Chrome) -> None:
    begun = httpx.get(f"{world.home}/login", trust_env=False).headers["location"]
    browser.delete_all_cookies()
    browser.get(f"{begun}&login=bob")
    WebDriverWait(browser, 10).until(lambda driver: "Not signed in" in driver.title)
    assert "begun in another browser" in browser.find_element(By.TAG_NAME, "main").text


def test_a_person_signs_in_at_a_terminal(world: World, browser: webdriver.Chrome, tmp_path: Path) -> None:
    terminal = Terminal(tmp_path)
    login = terminal.login("--saml", world.home)
    browser.get(login.address)
    log_in(browser, "alice")
    assert "go back to the terminal" in browser.find_element(By.TAG_NAME, "body").text
    ended = login.end()
    assert ended.code == 0, ended.err
    token = msgspec.json.decode(terminal.file.read_bytes())["access_token"]
    world.canaries.append(token)
    assert token not in str(ended)
    assert terminal.run("token").out.strip() == token
    assert world.status(token) == (200, "")
    who = terminal.run("whoami", "--json")
    assert (who.document["subject"], who.document["groups"]) == ("alice@example.org", ["admins", "eng"])


def begin(world: World, client: httpx.Client) -> str:
    found = client.get(f"{world.home}/login")
    assert found.status_code == 303
    return found.headers["location"]


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, timeout=20) as made:
        yield made


@pytest.mark.parametrize("fault", FAULTS)
def test_a_response_that_is_wrong_lets_nobody_in(world: World, client: httpx.Client, fault: str) -> None:
    where, fields = world.idp.post(begin(world, client), login="alice", fault=fault)
    world.canaries.append(fields["SAMLResponse"][200:260])
    answer = client.post(f"{world.home}/acs", data=fields)
    assert where == f"{world.home}/acs" or fault == "recipient"
    assert answer.status_code == 401
    assert "Not signed in" in answer.text
    assert "example" not in answer.text
    assert "set-cookie" not in answer.headers
    reason = {"audience": "audience_mismatch", "expired": "token_expired"}.get(fault, "token_invalid")
    assert f"<code>{reason}</code>" in answer.text


@pytest.mark.parametrize("asked", [True, False], ids=["asked", "unasked"])
def test_a_response_is_good_once(world: World, client: httpx.Client, asked: bool) -> None:
    address = begin(world, client) if asked else f"{world.idp.base}/start"
    where, fields = world.idp.post(address, login="alice")
    world.canaries.append(fields["SAMLResponse"][200:260])
    assert client.post(where, data=fields).status_code == 303
    again = client.post(where, data=fields)
    assert again.status_code == 401
    assert "set-cookie" not in again.headers


def test_a_response_that_answers_a_request_does_not_pass_as_one_that_answers_none(
    world: World, client: httpx.Client
) -> None:
    where, fields = world.idp.post(f"{world.idp.base}/start", login="alice")
    for relay in ("https://evil.example/", "//evil.example"):
        answer = client.post(where, data=fields | {"RelayState": relay})
        assert answer.status_code == 401
        assert "location" not in answer.headers


def test_a_form_is_bounded(world: World, client: httpx.Client) -> None:
    answer = client.post(
        f"{world.home}/acs",
        content=urlencode({"SAMLResponse": "A" * 2_000_000}).encode(),
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    assert answer.status_code == 413


def signed_in(world: World, client: httpx.Client) -> str:
    """A token of alice's, got as a browser gets it."""
    where, fields = world.idp.post(begin(world, client), login="alice")
    page = client.post(where, data=fields, follow_redirects=True)
    (token,) = re.findall(r'class="token"[^>]*>([^<]+)<', page.text)
    world.canaries.append(token)
    assert world.status(token) == (200, "")
    return str(token)


def revoked(world: World, token: str) -> None:
    """Within the time that workers have."""
    deadline = time.monotonic() + 5
    while (said := world.status(token)) == (200, "") and time.monotonic() < deadline:
        time.sleep(0.05)
    assert said == (401, "token_revoked")


def test_a_login_ends_with_its_session_and_no_other_does(world: World, client: httpx.Client) -> None:
    lost, kept = signed_in(world, client), signed_in(world, client)
    logins = [record["facts"]["principal"] for record in world.gateway.records() if record["kind"] == "login"]
    session, other = (login["session"] for login in logins[-2:])
    assert session
    assert session != other
    command = [sys.executable, "-m", "vecgate", "revoke", "session", session, "--issuer", world.idp.issuer]
    config = world.gateway.folder / "vecgate.yaml"
    subprocess.run([*command, "--reason", "laptop lost", "-c", config, "--by", "ada"], check=True, capture_output=True)
    revoked(world, lost)
    assert world.status(kept) == (200, "")


def test_everybody_ends_their_own_token(world: World, client: httpx.Client) -> None:
    own, kept = signed_in(world, client), signed_in(world, client)
    answer = client.post(f"{world.base}/v1/revocations/own", json={}, headers={"authorization": f"Bearer {own}"})
    assert answer.json()["issuer"] == world.base
    revoked(world, own)
    assert world.status(kept) == (200, "")


def test_everything_is_on_record_and_nothing_secret_is(world: World) -> None:
    records = world.gateway.records()
    logins = [record["facts"] for record in records if record["kind"] == "login"]
    refused = [record["facts"] for record in records if record["kind"] == "login_refused"]
    assert {record["principal"]["subject"] for record in logins} == {"alice@example.org", "bob@example.org"}
    assert {record["principal"]["issuer"] for record in logins} == {world.idp.issuer}
    assert {record["issuer"] for record in refused} == {world.idp.issuer}
    assert {"audience_mismatch", "token_expired", "token_invalid"} <= {record["reason"] for record in refused}
    outcomes = [record["facts"]["principal"] for record in records if record["kind"] == "outcome"]
    assert {principal["issuer"] for principal in outcomes if principal} == {world.idp.issuer}
    files = [world.gateway.folder / "gateway.log", *(world.gateway.folder / "evidence").rglob("*.jsonl")]
    files += list(world.gateway.folder.glob("state.db*"))
    kept = b"\n".join(path.read_bytes() for path in files)
    assert world.canaries
    for canary in world.canaries:
        assert canary.encode() not in kept
