"""Entra ID's groups through Microsoft Graph, against answers as Graph gives them, and as it must not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from vecgate.errors import ConfigError
from vecgate.identity.directory import DirectoryError
from vecgate.identity.principal import Principal
from vecgate_directories.entra import Entra, Registration

TENANT, CLIENT, PERSON = (f"{digit * 8}-{digit * 4}-{digit * 4}-{digit * 4}-{digit * 12}" for digit in "123")
GROUPS = ["fee2c45b-915a-4a64-b130-f4eb9e75525e", "4fe90ae7-065a-478b-9400-e0a0e1cbd540"]
SECRET = "canary-graph-secret"
LOGIN, GRAPH = "https://login.microsoftonline.com", "https://graph.microsoft.com"


def person(**changes: Any) -> Principal:
    return Principal("https://issuer", "alice", claims={"oid": PERSON, "tid": TENANT} | changes)


class Graph:
    """Answers as told; `asked` is what came, `said` what `getMemberObjects` answers."""

    def __init__(self) -> None:
        self.now = 0.0
        self.asked: list[httpx.Request] = []
        self.said: httpx.Response | Exception = httpx.Response(200, json={"value": GROUPS})
        self.token: httpx.Response = httpx.Response(
            200, json={"token_type": "Bearer", "expires_in": 3599, "access_token": "canary-graph-token"}
        )

    def entra(self) -> Entra:
        registration = Registration(version=1, tenant=TENANT, client=CLIENT, secret="env:X")
        return Entra(registration, SECRET, httpx.MockTransport(self._answer), lambda: self.now)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        said = self.token if request.url.host == "login.microsoftonline.com" else self.said
        if isinstance(said, Exception):
            raise said
        return httpx.Response(said.status_code, headers=said.headers, stream=httpx.ByteStream(said.content))


@pytest.fixture
def graph() -> Graph:
    return Graph()


def test_groups_are_asked_for_with_the_gateways_own_credential(graph: Graph) -> None:
    assert graph.entra().groups(person(_claim_sources={"s": {"endpoint": "https://evil.test"}})) == GROUPS
    token, members = graph.asked
    assert (token.method, str(token.url)) == ("POST", f"{LOGIN}/{TENANT}/oauth2/v2.0/token")
    form = dict(pair.split("=") for pair in token.content.decode().split("&"))
    assert form == {
        "grant_type": "client_credentials",
        "client_id": CLIENT,
        "client_secret": SECRET,
        "scope": "https%3A%2F%2Fgraph.microsoft.com%2F.default",
    }
    assert (members.method, str(members.url)) == ("POST", f"{GRAPH}/v1.0/users/{PERSON}/getMemberObjects")
    assert members.headers["authorization"] == "Bearer canary-graph-token"
    assert members.content == b'{"securityEnabledOnly":true}'


def test_a_credential_is_used_until_it_ends(graph: Graph) -> None:
    entra = graph.entra()
    entra.groups(person())
    graph.now += 3538
    entra.groups(person())
    assert [request.url.host for request in graph.asked].count("login.microsoftonline.com") == 1
    graph.now += 1
    entra.groups(person())
    assert [request.url.host for request in graph.asked].count("login.microsoftonline.com") == 2


@pytest.mark.parametrize(
    "asked",
    [
        person(tid="44444444-4444-4444-4444-444444444444"),
        person(tid=None),
        person(oid=None),
        person(oid=[PERSON]),
        person(oid=f"{PERSON}/../../me"),
        person(oid="alice@corp.example"),
        person(oid=f"{PERSON}\n"),
    ],
    ids=range(7),
)
def test_who_is_not_of_the_tenant_is_not_asked_for(graph: Graph, asked: Principal) -> None:
    assert graph.entra().groups(asked) is None
    assert graph.asked == []


def test_who_is_no_more_is_not_known(graph: Graph) -> None:
    graph.said = httpx.Response(404, json={"error": {"code": "Request_ResourceNotFound"}})
    assert graph.entra().groups(person()) is None


@pytest.mark.parametrize(
    "said",
    [
        httpx.Response(400, json={"error": {"code": "Directory_ResultSizeLimitExceeded"}}),
        httpx.Response(403, json={"error": {"code": "Authorization_RequestDenied"}}),
        httpx.Response(429, headers={"retry-after": "10"}),
        httpx.Response(302, headers={"location": "https://evil.test/"}),
        httpx.Response(500),
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json=[]),
        httpx.Response(200, json={"value": None}),
        httpx.Response(200, json={}),
        httpx.Response(200, json={"value": [1]}),
        httpx.Response(200, json={"value": ["admins"]}),
        httpx.Response(200, json={"value": GROUPS, "@odata.nextLink": "https://graph.microsoft.com/next"}),
        httpx.Response(200, content=b" " * (5 * 1024 * 1024)),
        httpx.ConnectError("canary-graph-token"),
        httpx.ReadTimeout("canary-graph-token"),
    ],
    ids=range(15),
)
def test_any_other_answer_is_no_groups_and_not_none(graph: Graph, said: httpx.Response | Exception) -> None:
    graph.said = said
    with pytest.raises(DirectoryError) as caught:
        graph.entra().groups(person())
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    "token",
    [
        httpx.Response(401, json={"error": "invalid_client", "error_description": f"bad {SECRET}"}),
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json={}),
        httpx.Response(200, json={"access_token": "canary-graph-token"}),
        httpx.Response(200, json={"access_token": "", "expires_in": 60}),
        httpx.Response(500),
    ],
    ids=range(6),
)
def test_without_a_credential_nothing_is_said(graph: Graph, token: httpx.Response) -> None:
    graph.token = token
    with pytest.raises(DirectoryError) as caught:
        graph.entra().groups(person())
    assert "canary" not in str(caught.value)
    assert [request.url.host for request in graph.asked] == ["login.microsoftonline.com"]


SETTINGS = f"version: 1\ntenant: {TENANT}\nclient: {CLIENT}\nsecret: env:TEST_ENTRA_SECRET\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (SETTINGS.replace("tenant", "tenat"), "tenat: unknown key; did you mean tenant?"),
        (SETTINGS.replace(TENANT, "common"), "entra.yaml:2:9: tenant:"),
        (SETTINGS.replace("env:TEST_ENTRA_SECRET", "env:TEST_NO_SECRET"), "the environment has no variable"),
        (SETTINGS.replace("env:TEST_ENTRA_SECRET", SECRET), "not a reference"),
        (SETTINGS + "graph: http://graph.microsoft.com\n", "graph: keys are fetched over https"),
        (SETTINGS + "login: http://127.0.0.1:1\n", "login: keys are fetched over https"),
    ],
)
def test_settings_that_cannot_be_used_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, message: str
) -> None:
    monkeypatch.setenv("TEST_ENTRA_SECRET", SECRET)
    path = tmp_path / "entra.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        Entra.read(path)
    assert message in str(caught.value)
    assert "canary" not in str(caught.value)


def test_settings_are_read_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_ENTRA_SECRET", SECRET)
    path = tmp_path / "entra.yaml"
    path.write_text(SETTINGS + "graph: http://127.0.0.1:1\nallow_http: true\n")
    entra = Entra.read(path)
    entra.close()
    assert SECRET not in repr(entra)
