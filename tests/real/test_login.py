"""People sign in at real identity providers of two makers, and come to a gateway with the tokens they get."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from qdrant_client import QdrantClient, models
from tests.support.gateway import Gateway, gateway
from tests.support.nanoidp import Nanoidp
from tests.support.oidc_provider import CLIENT, CONFIDENTIAL, SECRET, installed, oidc_provider
from tests.support.qdrant_double import qdrant_double
from tests.support.terminal import Login, Terminal, walk

pytestmark = pytest.mark.real

HEAD = """
version: 1
connections:
  - name: docs
    dialect: qdrant
    listen: 127.0.0.1:{port}
    upstream: {upstream}
    credential: {{header: api-key, value: "env:TEST_SERVICE_KEY"}}
identity:
  issuers:
    - {{issuer: "@nanoidp", audience: vecgate, allow_http: true, login: {{client_id: terminal}}}}
    - issuer: "@keycloak"
      audience: vecgate
      allow_http: true
      claims: {{groups: /realm_access/roles}}
      login: {{client_id: @client}}
    - issuer: "@entra"
      audience: vecgate
      allow_http: true
      strict: true
      claims: {{groups: /roles}}
      login: {{client_id: @confidential, client_secret: "file:secret", prompt: consent}}
state: {{url: "sqlite:///state.db"}}
evidence: {{directory: evidence, checkpoint: 5s}}
control: {{listen: "127.0.0.1:{control}"}}
"""
POLICY = """
policy:
  grants:
    - {name: readers, to: {groups: [data-science]}, on: {resources: ["kb_*"]}, allow: [meta, search, read]}
"""


@dataclass
class World:
    gateway: Gateway
    issuers: Mapping[str, str]
    folder: Path

    @property
    def config(self) -> Path:
        return self.gateway.folder / "vecgate.yaml"

    def status(self, token: str) -> tuple[int, str]:
        """What the gateway says to a request with this token."""
        url = f"{self.gateway.url}/collections/kb_docs/points/scroll"
        answer = httpx.post(url, json={}, headers={"authorization": f"Bearer {token}"}, trust_env=False)
        return answer.status_code, answer.json().get("reason", "")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("login")
    packages = installed(folder / "npm")
    nanoidp = Nanoidp(folder)
    with ExitStack() as running:
        issuers = {shape: running.enter_context(oidc_provider(packages, shape)) for shape in ("keycloak", "entra")}
        running.callback(nanoidp.http.close)
        running.callback(nanoidp.stop)
        nanoidp.start()
        issuers["nanoidp"] = nanoidp.url
        database = running.enter_context(qdrant_double())
        database.client.create_collection("kb_docs", models.VectorParams(size=2, distance=models.Distance.DOT))
        head = HEAD.replace("@client", CLIENT).replace("@confidential", CONFIDENTIAL)
        for name, issuer in issuers.items():
            head = head.replace(f"@{name}", issuer)
        (folder / "gate").mkdir()
        (folder / "gate" / "secret").write_text(f"{SECRET}\n")
        (folder / "gate" / "secret").chmod(0o600)
        upstream = f"http://127.0.0.1:{database.port}"
        yield World(running.enter_context(gateway(folder / "gate", upstream, POLICY, head=head)), issuers, folder)


WAYS = ("nanoidp device", "nanoidp code", "keycloak device", "keycloak code", "entra device", "entra code")


@pytest.fixture(scope="module")
def people(world: World) -> dict[str, tuple[Terminal, Login]]:
    """dana, signed in everywhere in every way; all at once, since issuers want to be asked seldom."""
    waiting = {}
    for way in WAYS:
        where, flow = way.split()
        terminal = Terminal(world.folder / way)
        more = ("-c", world.config, "--issuer", world.issuers[where], "--flow", flow)
        # Keycloak's people have no configuration at hand.
        if where == "keycloak":
            prompt = ("--prompt", "consent") if flow == "code" else ()
            more = ("--issuer", world.issuers[where], "--client-id", CLIENT, "--flow", flow, *prompt)
        waiting[way] = terminal, terminal.login(*more)
    for way, (_, login) in waiting.items():
        assert login.address, (way, login.said)
        walk(login.address, "dana")
    return waiting


@pytest.fixture(scope="module")
def ended(people: dict[str, tuple[Terminal, Login]]) -> dict[str, Any]:
    return {way: login.end() for way, (_, login) in people.items()}


@pytest.mark.parametrize("way", WAYS)
def test_a_person_signs_in_and_comes_to_the_gateway(
    way: str, world: World, people: dict[str, tuple[Terminal, Login]], ended: dict[str, Any]
) -> None:
    issuer, terminal = world.issuers[way.split()[0]], people[way][0]
    assert ended[way].code == 0, ended[way].err
    assert ended[way].out.startswith(f"Signed in at {issuer}")
    assert stat.S_IMODE(terminal.file.stat().st_mode) == 0o600
    kept = msgspec.json.decode(terminal.file.read_bytes())
    token = terminal.run("token", "--json")
    assert (token.code, token.err) == (0, "")
    assert world.status(token.document["access_token"]) == (200, "")
    who = terminal.run("whoami", "-c", world.config, "--json")
    assert who.code == 0, who.err
    assert (who.document["issuer"], who.document["subject"]) == (issuer, "dana")
    assert {"data-science", "eng"} <= set(who.document["groups"])
    shown = "".join(map(str, (ended[way], token, who)))
    assert kept["refresh_token"] not in shown
    assert SECRET not in shown


def test_the_address_names_what_binds_the_answer_to_the_question(people: dict[str, tuple[Terminal, Login]]) -> None:
    addresses = [httpx.URL(people[way][1].address).params for way in WAYS if way.endswith("code")]
    for name in ("state", "nonce", "code_challenge"):
        assert len({params[name] for params in addresses}) == len(addresses)
    assert {params["code_challenge_method"] for params in addresses} == {"S256"}
    assert all(re.fullmatch(r"http://127\.0\.0\.1:\d+/callback", params["redirect_uri"]) for params in addresses)


def stale(terminal: Terminal) -> dict[str, Any]:
    """Let the kept token have ended, and give what is kept."""
    kept: dict[str, Any] = msgspec.json.decode(terminal.file.read_bytes())
    terminal.file.write_bytes(msgspec.json.encode(kept | {"expires": 1.0, "obtained": 0.0}))
    return kept


@pytest.mark.parametrize("where", ["nanoidp", "keycloak"])
@pytest.mark.usefixtures("ended")
def test_many_at_once_lose_no_refresh_token(
    where: str, world: World, people: dict[str, tuple[Terminal, Login]]
) -> None:
    """Both issuers replace it at every use, and end what is used twice."""
    terminal = people[f"{where} device"][0]
    before = stale(terminal)
    asking = [terminal.start("token") for _ in range(3)]
    given = {(*process.communicate(timeout=60), process.returncode) for process in asking}
    [(token, err, code)] = given
    assert (err, code) == ("", 0)
    assert world.status(token.strip()) == (200, "")
    after = stale(terminal)
    assert after["refresh_token"] != before["refresh_token"]
    assert terminal.run("token").code == 0, "what was kept is the latest"


@pytest.mark.usefixtures("ended")
def test_the_printed_python_comes_to_the_gateway(
    world: World, people: dict[str, tuple[Terminal, Login]], monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = people["entra code"][0]
    printed = terminal.run("env", "docs", "-c", world.config)
    assert printed.code == 0, printed.err
    for name, value in terminal.environment.items():
        monkeypatch.setenv(name, value)
    names: dict[str, Any] = {}
    exec(printed.out, names)
    client: QdrantClient = names["client"]
    assert client.scroll("kb_docs")[0] == []
    client.close()


def test_a_person_says_no(world: World, tmp_path: Path) -> None:
    terminal = Terminal(tmp_path)
    login = terminal.login("-c", world.config, "--issuer", world.issuers["nanoidp"])
    walk(login.address, "dana", agree=False)
    ran = login.end()
    assert (ran.code, ran.out) == (1, "")
    assert "denied" in ran.err
    assert not terminal.file.exists()


@pytest.mark.usefixtures("ended")
@pytest.mark.parametrize("where", ["nanoidp", "keycloak"])
def test_signing_out_ends_it_at_the_issuer(where: str, world: World, people: dict[str, tuple[Terminal, Login]]) -> None:
    terminal = people[f"{where} code"][0]
    kept = terminal.file.read_bytes()
    assert terminal.run("logout") == (0, "Signed out.\n", "")
    assert not terminal.file.exists()
    assert terminal.run("token").code == 2
    terminal.file.touch(mode=0o600)
    terminal.file.write_bytes(kept)
    stale(terminal)
    ran = terminal.run("token")
    assert (ran.code, ran.out) == (1, "")
    assert "vecgate login" in ran.err


@pytest.mark.usefixtures("ended")
def test_no_secret_is_in_a_log(world: World, people: dict[str, tuple[Terminal, Login]]) -> None:
    logs = world.gateway.log + str(world.gateway.records())
    for terminal, _ in people.values():
        if terminal.file.exists():
            kept = msgspec.json.decode(terminal.file.read_bytes())
            assert not [name for name in ("access_token", "refresh_token") if kept[name] in logs]
    assert SECRET not in logs
    assert os.environ.get("VECGATE_TOKEN_FILE") is None
