"""A gateway before a Weaviate in memory, for its Python client unmodified: people, their rights, and some objects."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import weaviate
from weaviate.auth import Auth
from weaviate.classes.config import Configure, DataType, Property, ReferenceProperty
from weaviate.classes.data import DataObject
from weaviate.classes.init import AdditionalConfig, GrpcConfig, Timeout
from weaviate.classes.tenants import Tenant

from tests.support.certificates import Authority
from tests.support.gateway import Gateway, gateway
from tests.support.weaviate_double import WeaviateDouble, weaviate_double
from vecgate.demo.processes import free_port

HEAD = """
version: 1
connections:
  - name: rest
    dialect: weaviate
    listen: 127.0.0.1:{port}
    upstream: {upstream}
    credential: {{header: authorization, value: "env:TEST_SERVICE_KEY"}}
  - name: grpc
    dialect: weaviate
    listen: 127.0.0.1:@grpc
    upstream: h2c://127.0.0.1:@database
    names: rest
    credential: {{header: authorization, value: "env:TEST_SERVICE_KEY"}}
  - name: secure-rest
    dialect: weaviate
    listen: 127.0.0.1:@secure-rest
    upstream: {upstream}
    tls: {{certificate: @certificate, key: @key}}
    credential: {{header: authorization, value: "env:TEST_SERVICE_KEY"}}
  - name: secure-grpc
    dialect: weaviate
    listen: 127.0.0.1:@secure-grpc
    upstream: h2c://127.0.0.1:@database
    names: secure-rest
    tls: {{certificate: @certificate, key: @key}}
    credential: {{header: authorization, value: "env:TEST_SERVICE_KEY"}}
identity:
  issuers: [{{issuer: "@issuer", audience: vecgate, algorithms: [ES256], jwks: "file:jwks.json"}}]
state: {{url: "sqlite:///state.db"}}
evidence: {{directory: evidence, checkpoint: 5s}}
control: {{listen: "127.0.0.1:{control}"}}
"""
POLICY = """
policy:
  grants:
    - {name: owners, to: {groups: [owners]}, allow: [meta, search, read, write, delete, admin]}
    - name: readers
      to: {groups: [readers]}
      on: {resources: [Docs, Person, Spaces/acme]}
      allow: [meta, search, read]
    - {name: writers, to: {groups: [writers]}, on: {resources: [Docs]}, allow: [meta, read, write, delete]}
  masks:
    - {name: vectors, vectors: drop, clearance: {groups: [owners]}}
    - {name: personal, fields: {ssn: redact, wage: drop}, clearance: {groups: [owners]}}
  limits: [{name: counted, to: {subjects: [carl]}, requests: 6/hour}]
"""
QUERY = [0.1, 0.5, 0.25]
ADA = "00000000-0000-4000-8000-0000000000ad"
FIRST = "00000000-0000-4000-8000-000000000001"
SECRETS = ("0.625", "900-", "4711")
"""Numbers of stored vectors, values of `ssn`, those of `wage`."""
TEXT = DataType.TEXT
PROPERTIES = [
    Property(name="title", data_type=TEXT),
    Property(name="ssn", data_type=TEXT),
    Property(name="wage", data_type=DataType.INT),
    Property(name="tags", data_type=DataType.TEXT_ARRAY),
    Property(name="home", data_type=DataType.OBJECT, nested_properties=[Property(name="ssn", data_type=TEXT)]),
]
Client = weaviate.WeaviateClient


@dataclass
class Scene:
    gateway: Gateway
    database: WeaviateDouble
    ports: dict[str, int]
    authority: Authority
    clients: ExitStack = field(default_factory=ExitStack)

    @property
    def issuer(self) -> str:
        """The identity provider: what it says of itself, the database's double says for it."""
        return issuer(self.database)

    def token(self, *groups: str, subject: str = "dana", **claims: Any) -> str:
        return self.gateway.issuer.token(subject, *groups, iss=self.issuer, **claims)

    def client(
        self, *groups: str, subject: str = "dana", secure: bool = False, auth: Any = None, **claims: Any
    ) -> Client:
        """A client that has connected: it has asked for what the server is, and whether it is well."""
        token = self.token(*groups, subject=subject, **claims)
        roots = grpc.ssl_channel_credentials(self.authority.certificate.read_bytes())
        config = AdditionalConfig(
            timeout=Timeout(init=10, query=20, insert=20),
            trust_env=secure,
            grpc_config=GrpcConfig(credentials=roots) if secure else None,
        )
        rest, calls = ("secure-rest", "secure-grpc") if secure else ("rest", "grpc")
        made = weaviate.connect_to_custom(
            *("127.0.0.1", self.ports[rest], secure, "127.0.0.1", self.ports[calls], secure),
            auth_credentials=auth or Auth.api_key(token),
            additional_config=config,
        )
        return self.clients.enter_context(made)

    def asked(self) -> list[Any]:
        """What came to the database since, but for names that the gateway asks for."""
        calls = [one for one in self.database.rpc.calls if "Health" not in one.path]
        rest = [one for one in self.database.asked if one.path not in {"/v1/meta", "/v1/schema", "/v1/aliases"}]
        self.database.forget()
        return [*rest, *calls]


def issuer(database: WeaviateDouble) -> str:
    return f"http://127.0.0.1:{database.port}/idp"


def fill(client: Client) -> None:
    for name in ("Person", "Secret"):
        client.collections.create(name, properties=PROPERTIES, vector_config=Configure.Vectors.self_provided())
    docs = client.collections.create(
        "Docs",
        properties=PROPERTIES,
        references=[ReferenceProperty(name="author", target_collection="Person")],
        vector_config=Configure.Vectors.self_provided(),
    )
    docs.config.add_reference(ReferenceProperty(name="about", target_collection="Secret"))
    home = {"ssn": "900-8"}
    one: Any = {"title": "ada", "ssn": "900-9", "wage": 4711, "tags": ["x"], "home": home}
    for name in ("Person", "Secret"):
        client.collections.use(name).data.insert(one, uuid=ADA, vector=[0.5, 0.625, 0.25])
    objects: list[DataObject[Any, Any]] = [
        DataObject(
            {"title": f"title {at}", "ssn": f"900-{at}", "wage": 4711, "tags": ["x", f"t{at}"], "home": home},
            uuid=FIRST[:-1] + str(at),
            vector=[at / 8, 0.625, 0.25],
            references={"author": ADA},
        )
        for at in range(1, 6)
    ]
    assert not docs.data.insert_many(objects).has_errors
    docs.data.reference_add(FIRST, "about", ADA)
    spaces = client.collections.create(
        "Spaces", properties=PROPERTIES, multi_tenancy_config=Configure.multi_tenancy(enabled=True)
    )
    spaces.tenants.create([Tenant(name="acme"), Tenant(name="other")])
    for name in ("acme", "other"):
        spaces.with_tenant(name).data.insert({"title": name}, vector=[0.5, 0.625, 0.25])


@contextmanager
def weaviate_scene(folder: Path) -> Iterator[Scene]:
    authority = Authority(folder, "a")
    issued = authority.issue("server", "127.0.0.1")
    with weaviate_double() as database:
        ports = {name: free_port() for name in ("grpc", "secure-rest", "secure-grpc")}
        head = HEAD.replace("@issuer", issuer(database))
        places = {"certificate": issued.certificate, "key": issued.key, "database": database.rpc.port}
        for name, value in {**ports, **places}.items():
            head = (
                head.replace(f"@{name}\n", f"{value}\n")
                .replace(f"@{name},", f"{value},")
                .replace(f"@{name}}}", f"{value}}}")
            )
        upstream = f"http://127.0.0.1:{database.port}"
        with gateway(folder / "gate", upstream, POLICY, head=head) as running, ExitStack() as clients:
            made = Scene(running, database, ports | {"rest": running.port}, authority, clients)
            fill(made.client("owners", subject="olga"))
            yield made
