"""GraphQL through a whole gateway in front of a Weaviate in memory: what it shows, what it refuses, what bombs do."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from tests.support.gateway import Gateway, gateway
from tests.support.weaviate_double import WeaviateDouble, weaviate_double
from tests.support.weaviate_store import Stored

pytestmark = pytest.mark.real

HEAD = """
version: 1
connections:
  - name: vectors
    dialect: weaviate
    listen: 127.0.0.1:{port}
    upstream: {upstream}
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
    - {name: readers, to: {groups: [readers]}, on: {resources: ["Public"]}, allow: [meta, search, read]}
  masks:
    - {name: vectors, vectors: drop, clearance: {groups: [owners]}}
    - {name: personal, fields: {ssn: redact}, clearance: {groups: [owners]}}
"""
UUIDS = [f"00000000-0000-0000-0000-00000000000{number}" for number in range(3)]
ORDINARY = "{Get{Public(limit:1){title}}}"
DOUBLING = (
    "".join(f"fragment f{n} on Public{{...f{n + 1} ...f{n + 1}}}" for n in range(28)) + "fragment f28 on Public{a}"
)
BOMBS = {
    "aliases": "{Get{" + " ".join(f"a{n}:Public{{title}}" for n in range(10_000)) + "}}",
    "depth": "{Get{Public{" + "a{" * 10_000 + "a" + "}" * 10_003,
    "open": "{" * 100_000,
    "doubling": "{Get{Public{...f0}}}" + DOUBLING,
    "circle": "{Get{Public{...f}}}fragment f on Public{...g}fragment g on Public{...f}",
    "lists": '{Get{Public(where:{operator:Equal path:' + "[" * 50_000 + "]" * 50_000 + "}){title}}}",
    "tokens": "{Get{Public{" + "title " * 50_000 + "}}}",
    "comments": "{Get{Public{title}}}" + "#\n" * 500_000,
    "quotes": '{Get{Public(bm25:{query:"' + '\\"' * 500_000 + '"}){title}}}',
    "filters": "{Get{Public(where:" + "{operator:Not operands:" * 5_000 + "{}" + "}" * 5_000 + "){title}}}",
}  # fmt: skip


@dataclass
class Scene:
    gateway: Gateway
    database: WeaviateDouble

    def post(
        self, query: Any, *groups: str, path: str = "/v1/graphql", subject: str = "dana", **more: Any
    ) -> httpx.Response:
        body = query if isinstance(query, list) else {"query": query, **more}
        return self.gateway.http.post(path, json=body, headers=self.gateway.headers(subject, *groups))

    def sent(self) -> list[str]:
        """The queries that reached the database."""
        queries = [one.body["query"] for one in self.database.asked if one.path == "/v1/graphql"]
        self.database.forget()
        return queries


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with weaviate_double() as database:
        store = database.store
        for name in ("Public", "Secret"):
            store.create({"class": name, "properties": [{"name": "title", "dataType": ["text"]}]})
            for number, uuid in enumerate(UUIDS):
                beacon = {"beacon": f"weaviate://localhost/Secret/{uuid}"}
                held = {"title": f"t{number}", "ssn": f"900-{number}", "by": [beacon]}
                store.put(Stored(name, uuid, held, [number / 4, 1.0]))
        store.aliases["Alias"] = "Secret"
        upstream = f"http://127.0.0.1:{database.port}"
        with gateway(tmp_path_factory.mktemp("weaviate"), upstream, POLICY, head=HEAD) as running:
            yield Scene(running, database)


def test_a_reader_sees_neither_vectors_nor_what_is_masked_whatever_it_is_called(scene: Scene) -> None:
    scene.database.forget()
    query = "{Get{x:Public(limit:1){number:ssn title:ssn _additional{v:vector}}}}"
    answer = scene.post(query, "readers")
    assert answer.json() == {
        "data": {"Get": {"x": [{"number": "[redacted]", "title": "[redacted]", "_additional": {"v": None}}]}}
    }
    (sent,) = scene.sent()
    assert "vector" not in sent


def test_an_owner_sees_all_of_it(scene: Scene) -> None:
    query = "query($n:Int){Get{Public(limit:$n){ssn _additional{vector}}}}"
    answer = scene.post(query, "owners", variables={"n": 1})
    assert answer.json() == {"data": {"Get": {"Public": [{"ssn": "900-0", "_additional": {"vector": [0.0, 1.0]}}]}}}


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("{Get{Public{title} Secret{title}}}", "no_grant"),
        ("{Get{Public{title} x:Secret{title}}}", "no_grant"),
        ("{Get{Public{title}} Aggregate{Secret{meta{count}}}}", "no_grant"),
        ("{Get{Alias{title}}}", "no_grant"),
        ("{Get{Public{by{... on Secret{title}}}}}", "no_grant"),
        ("{Get{Public{...f}}}fragment f on Public{by{... on Secret{title}}}", "no_grant"),
        ('{Get{Public(where:{path:["by","Secret","ssn"] operator:Like valueText:"9*"}){title}}}', "no_grant"),
        (f'{{Get{{Public(nearObject:{{beacon:"weaviate://localhost/Secret/{UUIDS[0]}"}}){{title}}}}}}', "no_grant"),
        ("{Explore(nearVector:{vector:[1,2]}){beacon}}", "no_grant"),
        ('{Get{Public(where:{path:["ssn"] operator:Like valueText:"9*"}){title}}}', "masked_field_used"),
        ('{Get{Public(sort:{path:["ssn"] order:asc}){title}}}', "masked_field_used"),
        ('{Get{Public(bm25:{query:"900"}){title}}}', "masked_field_used"),
        ("{Aggregate{Public{ssn{topOccurrences{value}}}}}", "masked_field_used"),
        ('{Aggregate{Public(groupBy:["ssn"]){groupedBy{value}}}}', "masked_field_used"),
        ("{Get{Public(nearVector:{vector:[1,2] distance:0.5}){title}}}", "masked_field_used"),
        (
            '{Get{Public{_additional{generate(singleResult:{prompt:"{ssn}"}){singleResult}}}}}',
            "masked_field_used",
        ),
        ("{__schema{types{name}}}", "unknown_operation"),
        ("mutation{Get{Public{title}}}", "unknown_operation"),
    ],
    ids=range(18),
)
def test_a_reader_reaches_nothing_else(scene: Scene, query: str, reason: str) -> None:
    scene.database.forget()
    for body, path in ((query, "/v1/graphql"), ([{"query": ORDINARY}, {"query": query}], "/v1/graphql/batch")):
        answer = scene.post(body, "readers", path=path)
        assert answer.status_code == 403
        assert reason in answer.text
    assert scene.sent() == []


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_goes_off_nowhere(scene: Scene, name: str) -> None:
    scene.database.forget()
    answer = scene.post(BOMBS[name], "readers")
    assert answer.status_code in {400, 413}
    assert answer.json()["error"][0]["message"]
    assert scene.sent() == []
    assert scene.post(ORDINARY, "readers").json() == {"data": {"Get": {"Public": [{"title": "t0"}]}}}


def test_what_the_database_says_of_an_error_is_not_passed_on(scene: Scene) -> None:
    answer = scene.post('{Get{Public(tenant:"t"){title}}}', "owners")
    assert answer.json()["data"] is None
    assert "multi-tenancy" not in answer.text


def test_evidence_has_the_records_that_a_query_showed_and_what_was_hidden(scene: Scene) -> None:
    answer = scene.post("{Get{Public(limit:2){title ssn _additional{vector}}}}", "readers", subject="evan")
    assert answer.status_code == 200
    facts = _outcome(scene.gateway, "evan")
    assert (facts["points"], facts["records"], facts["masked"]) == (2, 2, ["ssn", "vectors"])


def _outcome(running: Gateway, subject: str) -> dict[str, Any]:
    """The facts of that person's only request, as soon as they are written."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        for record in running.records():
            if record["kind"] == "outcome" and subject in str(record["facts"].get("principal")):
                facts: dict[str, Any] = record["facts"]
                return facts
        time.sleep(0.05)
    raise AssertionError("no outcome")
