"""A whole gateway before a Pinecone of tests, and the official client in front of it: people, rights, records."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
from collections.abc import AsyncIterable, Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from pinecone import Pinecone
from pinecone._internal.config import RetryConfig
from pinecone.async_client.async_index import AsyncIndex
from pinecone.grpc import GrpcIndex
from pinecone.index import Index

from tests.support.certificates import Authority
from tests.support.gateway import Gateway, gateway
from tests.support.pinecone_double import Asked, PineconeDouble, pinecone_double
from vecgate.demo.processes import free_port

HEAD: Final = """
version: 1
connections:
  - name: control
    dialect: pinecone
    listen: 127.0.0.1:{port}
    upstream: {upstream}
    credential: {{header: Api-Key, value: "env:TEST_SERVICE_KEY"}}
  - name: docs
    dialect: pinecone
    listen: 127.0.0.1:@data
    upstream: https://127.0.0.1:@upstream
    upstream_ca: @authority
    index: docs
    credential: {{header: Api-Key, value: "env:TEST_SERVICE_KEY"}}
  - name: docs-tls
    dialect: pinecone
    listen: 127.0.0.1:@secure
    tls: {{certificate: @certificate, key: @key}}
    upstream: https://127.0.0.1:@upstream
    upstream_ca: @authority
    index: docs
    credential: {{header: Api-Key, value: "env:TEST_SERVICE_KEY"}}
identity:
  issuers: [{{issuer: "{issuer}", audience: vecgate, algorithms: [ES256], jwks: "file:jwks.json"}}]
state: {{url: "sqlite:///state.db"}}
evidence: {{directory: evidence, checkpoint: 5s}}
control: {{listen: "127.0.0.1:{control}"}}
"""
POLICY: Final = """
policy:
  grants:
    - {name: owners, to: {groups: [owners]}, allow: [meta, search, read, write, delete, admin]}
    - {name: readers, to: {groups: [readers]}, on: {resources: ["docs/kb"]}, allow: [meta, search, read]}
    - name: pipelines
      to: {groups: [pipelines]}
      on: {resources: ["docs/kb", "docs/staging"]}
      allow: [meta, search, read, write, delete]
  masks:
    - {name: vectors, vectors: drop, clearance: {groups: [owners]}}
    - {name: personal, fields: {ssn: redact}, clearance: {groups: [owners]}}
  limits: [{name: counted, to: {subjects: [carl]}, requests: 3/minute}]
  approvals:
    - {name: bulk, to: {groups: [pipelines]}, on: {risks: [bulk_delete]}, reviewers: {groups: [owners]}, hold: 0s}
"""
NUMBERS: Final = "0.62", "0.25"
"""As every record's vector has them, whatever its precision; nothing else has."""
SECRET: Final = "900-"
VECTORS: Final[list[dict[str, Any]]] = [
    {
        "id": f"r{number}",
        "values": [number / 8, 0.625, 0.25],
        "metadata": {"title": f"t{number}", "year": 2000 + number, "ssn": f"900-{number}"},
    }
    for number in range(5)
]
ONCE: Final = RetryConfig(max_retries=0)


class Waiting(contextlib.AbstractContextManager["Waiting"]):
    """An `AsyncIndex`, each of whose methods is waited for; what they iterate over is a list."""

    def __init__(self, index: AsyncIndex) -> None:
        self._index = index
        self._loop = asyncio.new_event_loop()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            made = getattr(self._index, name)(*args, **kwargs)
            return self._loop.run_until_complete(made if inspect.isawaitable(made) else _all(made))

        return call

    def __exit__(self, *_: object) -> None:
        self._loop.run_until_complete(self._index.close())
        self._loop.close()


async def _all(entries: AsyncIterable[Any]) -> list[Any]:
    return [entry async for entry in entries]


@dataclass(eq=False)
class PineconeScene:
    """`data` and `secure` are the gateway's ports for the index `docs`: plain, and over TLS."""

    gateway: Gateway
    database: PineconeDouble
    data: int
    secure: int
    authority: Authority
    closing: contextlib.ExitStack

    @property
    def host(self) -> str:
        return f"http://127.0.0.1:{self.data}"

    def token(self, *groups: str, subject: str = "dana", **claims: Any) -> str:
        return self.gateway.issuer.token(subject, *groups, **claims)

    def client(self, *groups: str, token: str = "", **more: Any) -> Pinecone:
        """The token is the API key, the gateway the host. Closed with the scene."""
        key = token or self.token(*groups)
        client = Pinecone(api_key=key, host=self.gateway.url, grpc_scheme="http", retry_config=ONCE, **more)
        return self.closing.enter_context(client)

    @cache  # noqa: B019  # one for each kind of person, until the scene ends
    def index(self, *groups: str, token: str = "") -> Index:
        return self.keep(Index(host=self.host, api_key=token or self.token(*groups)))

    @cache  # noqa: B019
    def calls(self, *groups: str, token: str = "") -> GrpcIndex:
        """The index over gRPC, cleartext."""
        key = token or self.token(*groups)
        return self.keep(GrpcIndex(host=self.host, api_key=key, secure=False, timeout=10, retry_config=ONCE))

    @cache  # noqa: B019
    def waiting(self, *groups: str) -> Waiting:
        """The same as `index`, by the asynchronous client."""
        return self.keep(Waiting(AsyncIndex(host=self.host, api_key=self.token(*groups))))

    @property
    def slowed(self) -> tuple[str, str]:
        """The gateway by another name, control plane and index, for whoever spends a limit: in one process the clients
        remember for a minute which host told them to wait, and hold back what is sent there in bulk."""
        return f"http://localhost:{self.gateway.port}", f"http://localhost:{self.data}"

    def keep[C: contextlib.AbstractContextManager[Any]](self, client: C) -> C:
        """The client itself, which is closed with the scene."""
        self.closing.enter_context(client)
        return client

    def asked(self) -> list[Asked]:
        """What the database has been asked since."""
        found = list(self.database.asked)
        self.database.asked.clear()
        return found


@contextlib.contextmanager
def pinecone_scene(folder: Path) -> Iterator[PineconeScene]:
    """Indexes `docs`, with a connection, and `payroll`, with none; in `docs` the namespaces `kb`, `hr` and the default
    one, all with the same records."""
    authority = Authority(folder, "a")
    issued = authority.issue("server", "127.0.0.1")
    data, secure = free_port(), free_port()
    with pinecone_double(issued) as database:
        names = {
            "data": data,
            "upstream": database.tls_port,
            "authority": authority.certificate,
            "secure": secure,
            "certificate": issued.certificate,
            "key": issued.key,
        }
        head = HEAD
        for name, value in names.items():
            head = head.replace(f"@{name}", str(value))
        fill(database)
        upstream = f"http://127.0.0.1:{database.control_port}"
        with gateway(folder / "gate", upstream, POLICY, head=head) as running, contextlib.ExitStack() as closing:
            yield PineconeScene(running, database, data, secure, authority, closing)


def fill(database: PineconeDouble) -> None:
    for name in ("docs", "payroll"):
        spec = {"serverless": {"cloud": "aws", "region": "us-east-1"}}
        database.create({"name": name, "dimension": 3, "metric": "dotproduct", "spec": spec})
    for namespace in ("kb", "hr", ""):
        copies = [{**one, "metadata": dict(one["metadata"])} for one in VECTORS]
        database.store.upsert({"namespace": namespace, "vectors": copies})
