"""The same intent over REST, GraphQL and gRPC, through a whole gateway: the same verdict, reason, masks and evidence.

weaviate PR#8949, #9046 and #9113 are what happens where several ways in resolve and judge by readings of their own.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import grpc
import msgspec
import numpy as np
import pytest
from tests.support.gateway import Gateway, gateway
from tests.support.weaviate_double import WeaviateDouble, weaviate_double
from tests.support.weaviate_store import Stored

from vecgate.demo.processes import free_port
from vecgate_weaviate.descriptors import DESCRIPTORS

pytestmark = pytest.mark.real

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
    - {name: readers, to: {groups: [readers]}, on: {resources: [Docs]}, allow: [meta, search, read]}
    - {name: writers, to: {groups: [writers]}, on: {resources: [Docs]}, allow: [write, delete]}
    - {name: acme, to: {groups: [acme]}, on: {resources: [Spaces/acme]}, allow: [meta, search, read]}
  masks:
    - {name: vectors, vectors: drop, clearance: {groups: [owners]}}
    - {name: personal, fields: {ssn: redact}, clearance: {groups: [owners]}}
  approvals:
    - {name: bulk, to: {groups: [writers]}, on: {risks: [bulk_delete]}, reviewers: {groups: [owners]}, hold: 0s}
"""
PEOPLE: Final = ("owners", "readers", "writers", "acme", "strangers")
SECRETS: Final = ("900-11-1111", "0.625")
KEY: Final = "00000000-0000-4000-8000-000000000001"
VECTOR: Final = [0.25, 0.625, 0.5]
PACKED: Final = base64.b64encode(np.array(VECTOR, "<f4").tobytes()).decode()
ALL: Final = {"uuid": True, "vector": True}
FACTS: Final = ("action", "resources", "fields_used", "vectors", "risks")

type Rest = tuple[str, str, Any]


@dataclass(frozen=True)
class Intent:
    """In each of its spellings that there are: REST as method, target and document; what stands inside of a query;
    a call and its message."""

    rest: Rest | None = None
    query: str = ""
    method: str = ""
    message: dict[str, Any] = field(default_factory=dict)


def read(collection: str, tenant: str = "") -> Intent:
    more = f"&tenant={tenant}" if tenant else ""
    asked = f'(limit:5,tenant:"{tenant}")' if tenant else "(limit:5)"
    return Intent(
        ("GET", f"/v1/objects?class={collection}&limit=5&include=vector{more}", None),
        f"{{Get{{{collection}{asked}{{title ssn _additional{{id vector}}}}}}}}",
        "Search",
        {"collection": collection, "tenant": tenant, "limit": 5, "metadata": ALL},
    )


def filtered(path: str) -> Intent:
    where = f'{{operator:Equal,path:["{path}"],valueText:"900-11-1111"}}'
    clause = {"operator": "OPERATOR_EQUAL", "target": {"property": path}, "value_text": "900-11-1111"}
    return Intent(
        None,
        f"{{Get{{Docs(limit:5,where:{where}){{title}}}}}}",
        "Search",
        {"collection": "Docs", "limit": 5, "filters": clause, "properties": {"non_ref_properties": ["title"]}},
    )


def deleted(path: str) -> Intent:
    where = {"operator": "Equal", "path": [path], "valueText": "nothing"}
    clause = {"operator": "OPERATOR_EQUAL", "target": {"property": path}, "value_text": "nothing"}
    return Intent(
        ("DELETE", "/v1/batch/objects", {"match": {"class": "Docs", "where": where}}),
        "",
        "BatchDelete",
        {"collection": "Docs", "filters": clause},
    )


INTENTS: Final = {
    "read": read("Docs"),
    "read by a small letter": read("docs"),
    "read by an alias": read("Papers"),
    "read by an alias of another": read("Hidden"),
    "read another": read("Secret"),
    "read a tenant": read("Spaces", "acme"),
    "read another tenant": read("Spaces", "other"),
    "filter": filtered("title"),
    "filter by a masked property": filtered("ssn"),
    "delete many": deleted("title"),
    "delete by a masked property": deleted("ssn"),
    "search": Intent(
        None,
        f"{{Get{{Docs(limit:5,nearVector:{{vector:{VECTOR}}}){{title ssn _additional{{id vector distance}}}}}}}}",
        "Search",
        {
            "collection": "Docs",
            "limit": 5,
            "near_vector": {"vectors": [{"vector_bytes": PACKED}]},
            "metadata": {**ALL, "distance": True},
        },
    ),
    "search within a distance": Intent(
        None,
        f"{{Get{{Docs(limit:5,nearVector:{{vector:{VECTOR},distance:0.5}}){{title}}}}}}",
        "Search",
        {
            "collection": "Docs",
            "limit": 5,
            "near_vector": {"vectors": [{"vector_bytes": PACKED}], "distance": 0.5},
            "properties": {"non_ref_properties": ["title"]},
        },
    ),
    "count masked values": Intent(
        None,
        "{Aggregate{Docs{ssn{topOccurrences{value}}}}}",
        "Aggregate",
        {"collection": "Docs", "aggregations": [{"property": "ssn", "text": {"top_occurences": True}}]},
    ),
    "tenants": Intent(("GET", "/v1/schema/Spaces/tenants", None), "", "TenantsGet", {"collection": "Spaces"}),
}


@dataclass(frozen=True)
class Scene:
    gateway: Gateway
    database: WeaviateDouble
    port: int

    def over_rest(self, group: str, rest: Rest) -> tuple[str, str]:
        """The reason of a refusal, empty where there is none, and all that came back."""
        method, target, body = rest
        answer = self.gateway.http.request(method, target, json=body, headers=self.gateway.headers("anna", group))
        return _reason(answer.json()), answer.text

    def over_graphql(self, group: str, query: str) -> tuple[str, str]:
        return self.over_rest(group, ("POST", "/v1/graphql", {"query": query}))

    def over_grpc(self, group: str, method: str, message: dict[str, Any]) -> tuple[str, str]:
        path = f"/weaviate.v1.Weaviate/{method}"
        metadata: Any = tuple(self.gateway.headers("anna", group).items())
        with grpc.insecure_channel(f"127.0.0.1:{self.port}") as channel:
            call: Any = channel.unary_unary(path)
            try:
                body = call(DESCRIPTORS.made(path, message), metadata=metadata, timeout=10)
            except grpc.RpcError as error:
                failed: Any = error
                trailing = dict(failed.trailing_metadata() or ())
                return trailing.get("vecgate-reason", str(failed.code())), failed.details() or ""
        reply = DESCRIPTORS.type(DESCRIPTORS.method(path).output_type.full_name).FromString(body)
        return "", str(reply)


def _reason(document: Any) -> str:
    return str(document.get("reason") or "") if isinstance(document, dict) else ""


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    properties = [{"name": name, "dataType": ["text"]} for name in ("title", "ssn")]
    with weaviate_double() as database:
        for name in ("Docs", "Secret", "Spaces"):
            tenants = {"multiTenancyConfig": {"enabled": name == "Spaces"}}
            database.store.create({"class": name, "properties": properties, **tenants})
        held = {"title": "title", "ssn": "900-11-1111"}
        for name in ("Docs", "Secret"):
            database.store.put(Stored(name, KEY, dict(held), VECTOR))
        database.store.tenants["Spaces"] = {"acme": "HOT", "other": "HOT"}
        for tenant in ("acme", "other"):
            key = f"{KEY[:-1]}{tenant[0]}".replace("o", "f")
            database.store.put(Stored("Spaces", key, dict(held), VECTOR, tenant=tenant))
        database.store.aliases |= {"Papers": "Docs", "Hidden": "Secret"}
        listen = free_port()
        head = HEAD.replace("@grpc", str(listen)).replace("@database", str(database.rpc.port))
        upstream = f"http://127.0.0.1:{database.port}"
        with gateway(tmp_path_factory.mktemp("wires"), upstream, POLICY, head=head) as running:
            yield Scene(running, database, listen)


@pytest.mark.parametrize("group", PEOPLE)
@pytest.mark.parametrize("name", INTENTS)
def test_all_wires_answer_one_intent_alike(name: str, group: str, scene: Scene) -> None:
    intent = INTENTS[name]
    before = len(_outcomes(scene.gateway))
    answers = [scene.over_grpc(group, intent.method, intent.message)]
    if intent.query:
        answers.append(scene.over_graphql(group, intent.query))
    if intent.rest:
        answers.append(scene.over_rest(group, intent.rest))
    assert len({reason for reason, _ in answers}) == 1
    for secret in SECRETS:
        assert len({secret in text for _, text in answers}) == 1
        assert group == "owners" or not any(secret in text for _, text in answers)
    first, *others = _put_on_record(scene.gateway, before, len(answers))
    for other in others:
        assert other["decision"] == first["decision"]
        assert _said(other) == _said(first)


def test_the_intents_tell_reasons_apart(scene: Scene) -> None:
    """A table in which everything is denied would hold for any wires."""
    seen = {scene.over_grpc(group, intent.method, intent.message)[0] for intent in INTENTS.values() for group in PEOPLE}
    assert seen >= {"", "no_grant", "masked_field_used", "approval_pending"}


def _said(facts: dict[str, Any]) -> list[dict[str, Any]]:
    return sorted(
        ({name: one[name] for name in one if name in FACTS} for one in facts["operations"]), key=msgspec.json.encode
    )


def _put_on_record(running: Gateway, before: int, many: int) -> list[dict[str, Any]]:
    """The facts of what ended since, as soon as they are written."""
    deadline = time.monotonic() + 10
    while len(_outcomes(running)) < before + many and time.monotonic() < deadline:
        time.sleep(0.02)
    return _outcomes(running)[before:]


def _outcomes(running: Gateway) -> list[dict[str, Any]]:
    return [record["facts"] for record in running.records() if record["kind"] == "outcome"]
