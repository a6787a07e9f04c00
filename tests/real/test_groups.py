"""Groups that tokens leave out, at a whole gateway: a file, Microsoft Graph's double, a plugin that hangs."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from tests.support.byte_wire import ByteUpstream
from tests.support.gateway import ISSUER, Gateway, gateway
from tests.support.under_attack import CHROMA, COLLECTIONS, check_canaries

pytestmark = pytest.mark.real

TENANT, CLIENT, PERSON, GROUP = (f"{digit * 8}-{digit * 4}-{digit * 4}-{digit * 4}-{digit * 12}" for digit in "1234")
GRAPH_SECRET, GRAPH_TOKEN = "canary-graph-secret", "canary-graph-token"
ENTRA, HANGING = "https://entra.test/", "https://hanging.test/"
PLUGIN = """\
import threading

from vecgate.hookspecs import hookimpl
from vecgate.identity.directory import Directory


class Hanging(Directory):
    def groups(self, principal):
        threading.Event().wait()


@hookimpl
def vecgate_directory(source):
    return Hanging() if source == "hang:for ever" else None
"""
FILE = f"version: 1\nissuers: {{{ISSUER}: {{emails: {{alice@corp.example: [readers]}}}}}}\n"
HEAD = f"""\
version: 1
connections:
  - name: docs
    dialect: chroma
    listen: 127.0.0.1:{{port}}
    upstream: {{upstream}}
    credential: {{{{header: x-chroma-token, value: "env:TEST_SERVICE_KEY"}}}}
identity:
  issuers:
    - issuer: {{issuer}}
      audience: vecgate
      algorithms: [ES256]
      jwks: file:jwks.json
      directory: {{{{source: "file:../groups.yaml", cache: 0s}}}}
    - issuer: {ENTRA}
      audience: vecgate
      algorithms: [ES256]
      jwks: file:jwks.json
      directory: {{{{source: "entra:../entra.yaml", cache: 0s}}}}
    - issuer: {HANGING}
      audience: vecgate
      algorithms: [ES256]
      jwks: file:jwks.json
      directory: {{{{source: "hang:for ever", timeout: 200ms}}}}
state: {{{{url: "sqlite:///state.db"}}}}
evidence: {{{{directory: evidence}}}}
control: {{{{listen: "127.0.0.1:{{control}}"}}}}
plugins: {{{{load: ["file:../hanging.py"]}}}}
"""
POLICY = f"""
policy:
  grants:
    - {{name: read, to: {{groups: [readers, {GROUP}]}}, allow: [meta, search, read]}}
"""


class Graph(ThreadingHTTPServer):
    """Entra ID's token endpoint and Microsoft Graph on one port; `status` is what Graph answers with."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.status = 200
        self.paths: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Graph

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.paths.append(self.path)
        if self.path == f"/{TENANT}/oauth2/v2.0/token" and GRAPH_SECRET.encode() in body:
            self._answer(200, {"access_token": GRAPH_TOKEN, "expires_in": 3599, "token_type": "Bearer"})
        elif self.headers["authorization"] == f"Bearer {GRAPH_TOKEN}":
            self._answer(self.server.status, {"value": [GROUP]})
        else:
            self._answer(401, {"error": "invalid_client"})

    def _answer(self, status: int, document: dict[str, Any]) -> None:
        data = msgspec.json.encode(document)
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@dataclass
class Scene:
    gateway: Gateway
    upstream: ByteUpstream
    graph: Graph
    folder: Path
    tokens: list[str] = field(default_factory=list)

    def get(self, **claims: Any) -> tuple[int, str]:
        token = self.gateway.issuer.token("alice", **{"groups": None} | claims)
        self.tokens.append(token)
        response = self.gateway.http.get(COLLECTIONS, headers={"authorization": f"Bearer {token}"})
        body = response.json()
        return response.status_code, body.get("reason", "") if isinstance(body, dict) else ""


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("groups")
    upstream, graph = ByteUpstream(dict(CHROMA)), Graph()
    threading.Thread(target=graph.serve_forever, daemon=True).start()
    (folder / "groups.yaml").write_text(FILE)
    (folder / "hanging.py").write_text(PLUGIN)
    (folder / "entra.yaml").write_text(
        f"version: 1\ntenant: {TENANT}\nclient: {CLIENT}\nsecret: env:TEST_GRAPH_SECRET\n"
        f"login: {graph.url}\ngraph: {graph.url}\nallow_http: true\n"
    )
    environment = {"TEST_GRAPH_SECRET": GRAPH_SECRET}
    try:
        with gateway(folder / "gateway", upstream.url, POLICY, head=HEAD, environment=environment) as running:
            made = Scene(running, upstream, graph, folder)
            yield made
            begun = time.monotonic()
            assert running.terminate() == 0
            assert time.monotonic() - begun < 5  # although a directory hangs
            assert check_canaries(running, made.tokens, [GRAPH_SECRET, GRAPH_TOKEN]) == []
    finally:
        upstream.close()
        graph.shutdown()
        graph.server_close()


PROVED = {"email": "alice@corp.example", "email_verified": True}


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        (PROVED, (200, "")),
        (PROVED | {"email_verified": False}, (403, "no_grant")),
        (PROVED | {"email": "bob@corp.example"}, (403, "no_grant")),
        (PROVED | {"groups": ["strangers"]}, (403, "no_grant")),
        (PROVED | {"hasgroups": True}, (200, "")),
        ({"hasgroups": True}, (403, "group_overage")),
    ],
    ids=["registered", "not verified", "another", "says its own", "overage", "overage of nobody"],
)
def test_a_file_says_the_groups(scene: Scene, claims: dict[str, Any], expected: tuple[int, str]) -> None:
    assert scene.get(**claims) == expected


def test_a_change_of_the_file_counts_and_a_broken_one_closes(scene: Scene) -> None:
    file = scene.folder / "groups.yaml"
    try:
        file.write_text(FILE.replace("readers", "strangers"))
        assert scene.get(**PROVED) == (403, "no_grant")
        file.write_text("version: 1\n")
        assert scene.get(**PROVED) == (503, "identity_unavailable")
    finally:
        file.write_text(FILE)
    assert scene.get(**PROVED) == (200, "")


def test_overage_is_resolved_with_the_gateways_own_credential_never_at_the_tokens_address(scene: Scene) -> None:
    before = scene.upstream.connections
    overage = {
        "_claim_names": {"groups": "src1"},
        "_claim_sources": {"src1": {"endpoint": f"{scene.upstream.url}/users/{PERSON}/getMemberObjects"}},
    }
    person = {"iss": ENTRA, "oid": PERSON, "tid": TENANT} | overage
    scene.graph.paths.clear()
    for strange in ({"tid": CLIENT}, {"oid": "x"}, {"exp": int(time.time()) - 90}):
        assert scene.get(**person | strange)[0] in (401, 403)
    assert (scene.graph.paths, scene.upstream.connections) == ([], before)
    assert scene.get(**person) == (200, "")
    assert scene.graph.paths[-1] == f"/v1.0/users/{PERSON}/getMemberObjects"
    for status, expected in ((404, (403, "group_overage")), (403, (503, "identity_unavailable"))):
        scene.graph.status = status
        assert scene.get(**person) == expected
    scene.graph.status = 200
    assert not [each for each in scene.upstream.received if "getMemberObjects" in each.line]


def test_a_directory_that_hangs_holds_up_nobody_else(scene: Scene) -> None:
    begun = time.monotonic()
    assert scene.get(iss=HANGING) == (503, "identity_unavailable")
    assert time.monotonic() - begun < 3
    assert scene.get(**PROVED) == (200, "")


def test_the_control_plane_knows_the_same_groups(scene: Scene) -> None:
    token = scene.gateway.issuer.token("alice", groups=None, iss=HANGING)
    url = f"http://127.0.0.1:{scene.gateway.control}/v1/approvals"
    assert httpx.get(url, headers={"authorization": f"Bearer {token}"}).status_code == 503
