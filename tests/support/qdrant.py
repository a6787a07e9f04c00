"""A gateway before a Qdrant of both wires: REST and gRPC, each in plain text and by TLS, over one set of records."""

from __future__ import annotations

import contextlib
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from qdrant_client import QdrantClient, models

from tests.support.certificates import Authority
from tests.support.gateway import Gateway, gateway
from tests.support.qdrant_double import QdrantDouble, qdrant_double
from tests.support.qdrant_grpc_double import QdrantGrpcDouble
from vecgate.demo.processes import free_port

CONNECTION = """
  - name: @name
    dialect: qdrant
    listen: 127.0.0.1:@port
    upstream: @upstream
    credential: {{header: api-key, value: "env:TEST_SERVICE_KEY"}}
"""
HEAD = """
version: 1
connections:@connections
identity:
  issuers: [{{issuer: "{issuer}", audience: vecgate, algorithms: [ES256], jwks: "file:jwks.json"}}]
state: {{url: "sqlite:///state.db"}}
evidence: {{directory: evidence, checkpoint: 5s}}
control: {{listen: "127.0.0.1:{control}"}}
"""
POLICY = """
policy:
  grants:
    - {name: owners, to: {groups: [owners]}, allow: [meta, search, read, write, delete, admin]}
    - {name: readers, to: {groups: [readers]}, on: {resources: ["kb_*"]}, allow: [meta, search, read]}
  masks:
    - {name: vectors, vectors: drop, clearance: {groups: [owners]}}
    - {name: personal, fields: {ssn: redact}, clearance: {groups: [owners]}}
  limits: [{name: counted, to: {subjects: [carl]}, requests: 5/minute}]
"""
POINTS: Final = [
    models.PointStruct(
        id=number, vector=[number / 8, 0.625, 0.25], payload={"title": f"t{number}", "ssn": f"900-{number}"}
    )
    for number in range(5)
]
SECRETS: Final = ("0.625", "900-")
"""What no reader may see: a member of every vector, the beginning of every masked value."""


@dataclass
class QdrantScene:
    """`calls`, `secure` and `secure_calls` are ports of the gateway: gRPC, REST by TLS, gRPC by TLS."""

    gateway: Gateway
    database: QdrantDouble
    grpc: QdrantGrpcDouble
    authority: Authority
    calls: int
    secure: int
    secure_calls: int

    def client(self, *groups: str, subject: str = "dana", **claims: Any) -> QdrantClient:
        """A client of REST."""
        return self._client(self.gateway.issuer.token(subject, *groups, **claims), tls=False)

    def grpc_client(
        self,
        *groups: str,
        subject: str = "dana",
        tls: bool = False,
        grpc_compression: Any = None,
        **claims: Any,
    ) -> QdrantClient:
        """A client that calls what it can over gRPC, and the rest over REST."""
        token = self.gateway.issuer.token(subject, *groups, **claims)
        return self._client(token, tls=tls, prefer_grpc=True, grpc_compression=grpc_compression)

    def _client(self, token: str, *, tls: bool, **more: Any) -> QdrantClient:
        port, calls = (self.secure, self.secure_calls) if tls else (self.gateway.port, self.calls)
        if tls:
            roots = self.authority.certificate
            more |= {
                "verify": ssl.create_default_context(cafile=roots),
                "grpc_options": {"root_certificates": roots.read_bytes()},
            }
        return QdrantClient(
            url=f"{'https' if tls else 'http'}://127.0.0.1:{port}",
            grpc_port=calls,
            headers={"authorization": f"Bearer {token}"},
            **{"check_compatibility": False, "pool_size": 1} | more,
        )

    def started(self, *groups: str, prefer_grpc: bool = False) -> QdrantClient:
        """A client that has asked what it talks to, as it does by itself at its start, in a thread."""
        token = self.gateway.issuer.token("dana", *groups)
        client = self._client(token, tls=False, check_compatibility=True, prefer_grpc=prefer_grpc)
        for thread in threading.enumerate():
            if "_check_compatibility" in thread.name:
                thread.join(10)
        return client

    def asked(self) -> list[Any]:
        """What reached the database over REST since the last time, but for the gateway's own questions."""
        found, self.database.asked = self.database.asked, []
        return [one for one in found if one[1] != "/aliases"]

    def called(self) -> list[Any]:
        """The same, over gRPC."""
        found, self.grpc.asked[:] = list(self.grpc.asked), []
        return [one for one in found if one.path != "/qdrant.Collections/ListAliases"]


@contextlib.contextmanager
def qdrant_scene(folder: Path, policy: str = POLICY) -> Iterator[QdrantScene]:
    """With two collections of the same records, of which readers may read one."""
    authority = Authority(folder, "a")
    issued = authority.issue("server", "127.0.0.1")
    tls = f"    tls: {{{{certificate: {issued.certificate}, key: {issued.key}}}}}\n"
    calls, secure, secure_calls = free_port(), free_port(), free_port()
    with qdrant_double() as database, QdrantGrpcDouble(database.client) as server:
        for name in ("kb_docs", "secret"):
            database.client.create_collection(name, models.VectorParams(size=3, distance=models.Distance.DOT))
            database.client.upsert(name, POINTS)
        rest, grpc = f"http://127.0.0.1:{database.port}", f"h2c://127.0.0.1:{server.port}"
        connections = (
            ("rest", "{port}", rest, ""),
            ("calls", calls, grpc, ""),
            ("rest-tls", secure, rest, tls),
            ("calls-tls", secure_calls, grpc, tls),
        )
        text = "".join(_connection(*one) for one in connections)
        head = HEAD.replace("@connections", text)
        with gateway(folder / "gate", rest, policy, head=head) as running:
            yield QdrantScene(running, database, server, authority, calls, secure, secure_calls)


def _connection(name: str, port: int | str, upstream: str, more: str) -> str:
    text = CONNECTION.rstrip("\n") + "\n" + more
    for member, value in {"name": name, "port": port, "upstream": upstream}.items():
        text = text.replace(f"@{member}", str(value))
    return text.rstrip("\n")
