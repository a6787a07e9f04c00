"""A real Milvus for the tests of one module: milvus-lite, the database in Python, as a process of its own."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from pymilvus import MilvusClient  # type: ignore[import-untyped]  # has no stubs

from tests.support.certificates import Authority
from tests.support.gateway import Gateway, gateway
from vecgate.demo.processes import free_port, stop

STARTS_WITHIN = 60.0
HEAD = """
version: 1
connections:
  - name: milvus
    dialect: milvus
    listen: 127.0.0.1:{port}
    upstream: {upstream}
    credential: {{header: authorization, value: "env:TEST_SERVICE_KEY"}}
  - name: milvus-tls
    dialect: milvus
    listen: 127.0.0.1:@secure
    upstream: {upstream}
    tls: {{certificate: @certificate, key: @key}}
    credential: {{header: authorization, value: "env:TEST_SERVICE_KEY"}}
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
    - name: readers
      to: {groups: [readers, counted]}
      on: {resources: ["default/kb_*"]}
      allow: [meta, search, read]
    - name: pipelines
      to: {groups: [pipelines]}
      on: {resources: ["default/kb_*"]}
      allow: [meta, search, read, write, delete]
  masks:
    - {name: vectors, vectors: drop, clearance: {groups: [owners]}}
    - {name: personal, fields: {ssn: redact, email: hash, salary: drop}, clearance: {groups: [owners]}}
  limits: [{name: counted, to: {groups: [counted]}, requests: 8/minute}]
  approvals:
    - name: destructive
      to: {groups: [pipelines]}
      on: {risks: [bulk_delete]}
      reviewers: {groups: [owners]}
      hold: 1s
"""


@dataclass
class MilvusScene:
    """A gateway before a milvus-lite; `database` is its own address, `secure` the gateway's port for TLS."""

    gateway: Gateway
    database: str
    secure: int
    authority: Authority

    def client(self, *groups: str, subject: str = "dana", **more: Any) -> Any:
        return MilvusClient(uri=self.gateway.url, token=self.token(*groups, subject=subject), timeout=10, **more)

    def secure_client(self, *groups: str) -> Any:
        return MilvusClient(
            uri=f"https://127.0.0.1:{self.secure}",
            token=self.token(*groups),
            server_pem_path=str(self.authority.certificate),
            server_name="127.0.0.1",
            timeout=10,
        )

    def direct(self) -> Any:
        """A client of the database itself."""
        return MilvusClient(uri=self.database, timeout=10)

    def token(self, *groups: str, subject: str = "dana", **claims: Any) -> str:
        return self.gateway.issuer.token(subject, *groups, **claims)


@contextlib.contextmanager
def milvus_lite(folder: Path) -> Iterator[str]:
    """Its address, `http://127.0.0.1:PORT`. Stopped by its process id."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    program = Path(sys.executable).with_name("milvus-lite")
    command = [str(program), "server", "--data-dir", str(folder / "data"), "--host", "127.0.0.1", "--port", str(port)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, start_new_session=True)
    try:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            grpc.channel_ready_future(channel).result(timeout=STARTS_WITHIN)
        yield f"http://127.0.0.1:{port}"
    finally:
        stop(process)


@contextlib.contextmanager
def milvus_scene(folder: Path, policy: str = POLICY) -> Iterator[MilvusScene]:
    authority = Authority(folder, "a")
    issued = authority.issue("server", "127.0.0.1")
    secure = free_port()
    head = HEAD
    for name, value in {"secure": secure, "certificate": issued.certificate, "key": issued.key}.items():
        head = head.replace(f"@{name}", str(value))
    with (
        milvus_lite(folder / "database") as database,
        gateway(folder / "gate", database.replace("http://", "h2c://"), policy, head=head) as running,
    ):
        yield MilvusScene(running, database, secure, authority)
