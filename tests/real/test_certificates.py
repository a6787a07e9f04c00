"""Client certificates over real TLS: who they stand for, what a token beside them means, and when they end."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from cryptography.x509 import DNSName, UniformResourceIdentifier
from cryptography.x509.oid import NameOID
from tests.support.byte_wire import ByteUpstream
from tests.support.certificates import Authority, Issued
from tests.support.gateway import ISSUER, Gateway, gateway
from tests.support.under_attack import CHROMA, COLLECTIONS

from vecgate.demo.processes import free_port
from vecgate.identity.certificate import Certificate

pytestmark = pytest.mark.real

CONNECTION = """\
  - name: {name}
    dialect: chroma
    listen: 127.0.0.1:{at}
    upstream: {{upstream}}
    credential: {{{{header: x-chroma-token, value: "env:TEST_SERVICE_KEY"}}}}
    tls: {{{{certificate: {certificate}, key: {key}, client_ca: {client_ca}}}}}
"""
HEAD = """\
version: 1
connections:
{connections}
identity:
  issuers: [{{{{issuer: "{{issuer}}", audience: vecgate, algorithms: [ES256], jwks: "file:jwks.json"}}}}]
  certificates:
    - issuer: spiffe://example.org
      connections: [docs]
      name: uri
      groups: {{{{readers: [spiffe://example.org/reader]}}}}
      groups_from: [ou]
state: {{{{url: "sqlite:///state.db"}}}}
evidence: {{{{directory: evidence}}}}
control: {{{{listen: "127.0.0.1:{{control}}"}}}}
"""
POLICY = """
policy:
  grants:
    - {name: read, to: {groups: [readers]}, allow: [meta, search, read]}
    - name: serials
      to: {issuers: ["spiffe://example.org"]}
      allow: [meta, search, read]
      when: '"Auditors" in principal.claims.certificate.ou'
"""
READER, OTHER = "spiffe://example.org/reader", "spiffe://example.org/other"


@dataclass
class Scene:
    gateway: Gateway
    authority: Authority
    ports: dict[str, int]
    exchange: str = ""

    def client(self, own: Issued, connection: str = "docs", **options: Any) -> httpx.Client:
        context = ssl.create_default_context(cafile=self.authority.certificate)
        context.load_cert_chain(own.certificate, own.key)
        return httpx.Client(verify=context, base_url=f"https://127.0.0.1:{self.ports[connection]}", **options)

    def get(self, own: Issued, connection: str = "docs", token: str = "") -> tuple[int, str]:
        with self.client(own, connection) as client:
            response = client.get(COLLECTIONS, headers={"authorization": f"Bearer {token}"} if token else {})
        self.exchange = response.headers["vecgate-exchange"]
        return ended(response)

    def token(self, **claims: Any) -> str:
        return self.gateway.issuer.token("alice", "readers", **claims)

    def last(self) -> dict[str, Any]:
        """The principal of the last request, once it is on record."""
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            for each in self.gateway.records():
                if (each["kind"], each["exchange"]) == ("outcome", self.exchange):
                    found: dict[str, Any] = each["facts"]["principal"]
                    return found
            time.sleep(0.02)
        raise AssertionError("no outcome on record")


def ended(response: httpx.Response) -> tuple[int, str]:
    body = response.json()
    return response.status_code, body.get("reason", "") if isinstance(body, dict) else ""


def thumbprint(own: Issued) -> str:
    return Certificate.read([own.read()]).thumbprint


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("certificates")
    authority = Authority(folder, "own")
    server = authority.issue("server", "127.0.0.1")
    files = {"certificate": server.certificate, "key": server.key, "client_ca": authority.certificate}
    ports = {"docs": free_port(), "tokens": free_port()}
    connections = "".join(CONNECTION.format(name=name, at=port, **files) for name, port in ports.items())
    head = HEAD.format(connections=connections.rstrip())
    upstream = ByteUpstream(dict(CHROMA))
    try:
        with gateway(folder / "gateway", upstream.url, POLICY, head=head) as running:
            yield Scene(running, authority, ports)
    finally:
        upstream.close()


@pytest.fixture(scope="module")
def reader(scene: Scene) -> Issued:
    return scene.authority.client("reader", UniformResourceIdentifier(READER))


@pytest.fixture(scope="module")
def other(scene: Scene) -> Issued:
    return scene.authority.client("other", UniformResourceIdentifier(OTHER))


def test_a_certificate_stands_for_its_holder(scene: Scene, reader: Issued) -> None:
    assert scene.get(reader) == (200, "")
    found, own = scene.last(), Certificate.read([reader.read()])
    assert (found["issuer"], found["subject"], found["groups"]) == ("spiffe://example.org", READER, ["readers"])
    assert found["token"] == own.fingerprint


def test_it_does_so_over_http2(scene: Scene, reader: Issued) -> None:
    with scene.client(reader, http1=False, http2=True) as client:
        response = client.get(COLLECTIONS)
    assert (response.status_code, response.http_version) == (200, "HTTP/2")


def test_another_holder_has_no_rights_of_this_one(scene: Scene, other: Issued) -> None:
    assert scene.get(other) == (403, "no_grant")


def test_attributes_are_groups_and_claims_where_configured(scene: Scene) -> None:
    attributes = {NameOID.COMMON_NAME: "x", NameOID.ORGANIZATIONAL_UNIT_NAME: ["Auditors", "Jobs"]}
    auditor = scene.authority.client("auditor", UniformResourceIdentifier(OTHER), subject=attributes)
    assert scene.get(auditor) == (200, "")
    assert scene.last()["groups"] == ["Auditors", "Jobs"]


@pytest.mark.parametrize("uris", [(), (READER, OTHER)], ids=["no name", "two names"])
def test_a_certificate_that_names_not_exactly_one_is_nobody(scene: Scene, uris: tuple[str, ...]) -> None:
    names = [DNSName("reader.example.org"), *map(UniformResourceIdentifier, uris)]
    assert scene.get(scene.authority.client(f"names-{len(uris)}", *names)) == (401, "token_invalid")


def test_where_certificates_are_no_identity_a_token_is_needed(scene: Scene, reader: Issued) -> None:
    assert scene.get(reader, "tokens") == (401, "token_missing")
    assert scene.get(reader, "tokens", scene.token()) == (200, "")


def test_a_token_beside_a_certificate_is_the_identity(scene: Scene, reader: Issued, other: Issued) -> None:
    assert scene.get(other, token=scene.token()) == (200, "")
    assert (scene.last()["issuer"], scene.last()["subject"]) == (ISSUER, "alice")
    assert scene.get(reader, token=scene.token(groups=["strangers"])) == (403, "no_grant")
    assert scene.get(reader, token=scene.token(exp=int(time.time()) - 90)) == (401, "token_expired")
    assert scene.get(reader, token="x.y.z") == (401, "token_invalid")


@pytest.mark.parametrize("connection", ["docs", "tokens"])
def test_a_bound_token_needs_its_own_certificate(scene: Scene, connection: str, reader: Issued, other: Issued) -> None:
    token = scene.token(cnf={"x5t#S256": thumbprint(reader)})
    for _ in range(2):  # the second time the token has been proved before
        assert scene.get(reader, connection, token) == (200, "")
        assert scene.last()["subject"] == "alice"
        assert scene.get(other, connection, token) == (401, "token_invalid")


@pytest.mark.parametrize(
    "bound", [{"jkt": "A" * 43}, {"x5t#S256": "A" * 43}, {}], ids=["a DPoP key", "no such certificate", "nothing"]
)
def test_another_binding_is_refused(scene: Scene, reader: Issued, bound: dict[str, str]) -> None:
    assert scene.get(reader, token=scene.token(cnf=bound)) == (401, "token_invalid")


def test_the_control_plane_takes_no_bound_token(scene: Scene, reader: Issued) -> None:
    token = scene.token(cnf={"x5t#S256": thumbprint(reader)})
    url = f"http://127.0.0.1:{scene.gateway.control}/v1/approvals"
    assert httpx.get(url, headers={"authorization": f"Bearer {token}"}).status_code == 401


def test_a_connection_does_not_outlive_its_certificate(scene: Scene) -> None:
    brief = scene.authority.client("brief", UniformResourceIdentifier(READER), seconds=4)
    bound = scene.token(cnf={"x5t#S256": thumbprint(brief)})
    bearer = {"authorization": f"Bearer {bound}"}
    with scene.client(brief) as client:
        assert ended(client.get(COLLECTIONS)) == (200, "")
        assert ended(client.get(COLLECTIONS, headers=bearer)) == (200, "")
        time.sleep(max(0.0, brief.read().not_valid_after_utc.timestamp() - time.time()))
        assert ended(client.get(COLLECTIONS)) == (401, "token_expired")
        assert ended(client.get(COLLECTIONS, headers=bearer)) == (401, "token_invalid")
        assert ended(client.get(COLLECTIONS, headers={"authorization": f"Bearer {scene.token()}"})) == (200, "")
