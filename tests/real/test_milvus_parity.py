"""The same intent over REST and over gRPC: the same verdict, reason, masks and facts for evidence.

milvus-io/milvus #27667, #33220 and #50678 are what happens where two wires judge by two readings of a request.
"""

from __future__ import annotations

import base64
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import grpc
import msgspec
import pytest
from tests.support.gateway import Gateway, gateway
from tests.support.grpc_server import GrpcServer
from tests.support.milvus_calls import column, made, pairs, vectors
from tests.support.milvus_calls import request as called
from tests.support.milvus_rest import FIELDS, VECTOR, FakeMilvus, request, serving
from tests.support.policies import decide, person, policy

from vecgate.demo.processes import free_port
from vecgate.operations.dialect import Reading
from vecgate.operations.messages import Request
from vecgate.policy.decision import Verdict
from vecgate.reasons import Reason
from vecgate_milvus import MilvusDialect
from vecgate_milvus.collection import Collection
from vecgate_milvus.descriptors import DESCRIPTORS

pytestmark = pytest.mark.real

POLICY = """
policy:
  grants:
    - {name: owners, to: {groups: [owners]}, allow: [meta, search, read, write, delete, admin]}
    - {name: readers, to: {groups: [readers]}, on: {resources: ["default/kb"]}, allow: [meta, search, read, delete]}
    - {name: b, to: {groups: [b]}, on: {resources: ["b/*"]}, allow: [meta, search, read, write]}
  masks:
    - {name: vectors, vectors: drop, clearance: {groups: [owners]}}
    - {name: personal, fields: {ssn: redact}, clearance: {groups: [owners]}}
  approvals:
    - {name: bulk, to: {groups: [readers]}, on: {risks: [bulk_delete]}, reviewers: {groups: [owners]}, hold: 0s}
"""
MILVUS: Final = MilvusDialect()
VECTORS: Final = frozenset({"vector", "words", "bits"})
PEOPLE: Final = ("owners", "readers", "b", "strangers")
SEARCHED: Final = {"data": [VECTOR], "annsField": "vector"}
WEIGHTS: Final = msgspec.json.encode({"radius": 0.5}).decode()


def placeholders() -> bytes:
    values = [struct.pack(f"<{len(VECTOR)}f", *VECTOR)]
    group: Any = made("common.PlaceholderGroup", placeholders=[{"tag": "$0", "type": 101, "values": values}])
    return bytes(group.SerializeToString())


def search(*more: dict[str, str], **fields: Any) -> Any:
    params = [*pairs(anns_field="vector", topk=100, offset=0), *more]
    return made(
        "milvus.SearchRequest",
        dsl_type=1,
        placeholder_group=placeholders(),
        nq=1,
        search_params=params,
        **fields,
    )


@dataclass(frozen=True)
class Intent:
    """A request in both spellings; `database` stands in the body, `context` in the header and in the metadata."""

    route: str
    body: dict[str, Any]
    method: str
    message: Any
    database: str = ""
    context: str = ""
    collection: str = "kb"

    def rest(self) -> Request:
        body = (
            {**self.body}
            if self.route.startswith(("databases", "aliases/drop", "aliases/describe"))
            else {"collectionName": self.collection, **self.body}
        )
        if self.database:
            body["dbName"] = self.database
        return request(self.route, body, {"db-name": self.context} if self.context else {})

    def grpc(self) -> Request:
        message = self.message() if callable(self.message) else self.message
        if isinstance(message, dict):
            message = DESCRIPTORS.read(
                f"/milvus.proto.milvus.MilvusService/{self.method}",
                DESCRIPTORS.made(f"/milvus.proto.milvus.MilvusService/{self.method}", message),
            )
        for name, value in (("collection_name", self.collection), ("db_name", self.database)):
            if name in message.DESCRIPTOR.fields_by_name and value and not getattr(message, name):
                setattr(message, name, value)
        return called(self.method, message, {"dbname": self.context} if self.context else {})


def query(**more: Any) -> Intent:
    return Intent("entities/query", {"filter": "year > 2000"}, "Query", lambda: _query("year > 2000"), **more)


def _query(expr: str, limit: int = 100, output: tuple[str, ...] = ("*",)) -> Any:
    return made("milvus.QueryRequest", expr=expr, output_fields=output, query_params=pairs(limit=limit))


def _delete(expr: str) -> Any:
    return made("milvus.DeleteRequest", expr=expr)


INTENTS: Final = {
    "query": query(),
    "query of another collection": query(collection="secret"),
    "query by an alias": query(collection="prod"),
    "query by an alias of another": query(collection="hidden"),
    "query of what does not exist": query(collection="nothing"),
    "query of another database": query(database="b"),
    "query in the context of another database": query(context="b"),
    "query of another database, said twice": query(database="b", context="b"),
    "query of a name": Intent(
        "entities/query", {"outputFields": ["title"]}, "Query", lambda: _query("", 100, ("title",))
    ),
    "query of a vector": Intent(
        "entities/query", {"outputFields": ["vector"]}, "Query", lambda: _query("", 100, ("vector",))
    ),
    "query of many": Intent("entities/query", {"limit": 2000}, "Query", lambda: _query("", 2000)),
    "query by a masked field": Intent(
        "entities/query", {"filter": 'ssn == "x"'}, "Query", lambda: _query('ssn == "x"')
    ),
    "query by a masked member": Intent(
        "entities/query", {"filter": "exists meta['ssn']"}, "Query", lambda: _query("exists meta['ssn']")
    ),
    "query by keys": Intent("entities/query", {"filter": "id in [1, 2]"}, "Query", lambda: _query("id in [1, 2]")),
    "count": Intent("entities/query", {"outputFields": ["count(*)"]}, "Query", lambda: _query("", 100, ("count(*)",))),
    "delete few": Intent("entities/delete", {"filter": "id in [1]"}, "Delete", lambda: _delete("id in [1]")),
    "delete many": Intent("entities/delete", {"filter": "id > 0"}, "Delete", lambda: _delete("id > 0")),
    "delete by a masked field": Intent(
        "entities/delete", {"filter": 'ssn like "9%"'}, "Delete", lambda: _delete('ssn like "9%"')
    ),
    "search": Intent("entities/search", SEARCHED, "Search", search),
    "search with a filter": Intent(
        "entities/search", SEARCHED | {"filter": "year > 5"}, "Search", lambda: search(dsl="year > 5")
    ),
    "search by a masked field": Intent(
        "entities/search", SEARCHED | {"filter": 'ssn == "1"'}, "Search", lambda: search(dsl='ssn == "1"')
    ),
    "search by groups of a masked field": Intent(
        "entities/search", SEARCHED | {"groupingField": "ssn"}, "Search", lambda: search(*pairs(group_by_field="ssn"))
    ),
    "search with a threshold": Intent(
        "entities/search",
        SEARCHED | {"searchParams": {"params": {"radius": 0.5}}},
        "Search",
        lambda: search(*pairs(params=WEIGHTS)),
    ),
    "search with vectors": Intent(
        "entities/search", SEARCHED | {"outputFields": ["*"]}, "Search", lambda: search(output_fields=["*"])
    ),
    "hybrid search": Intent(
        "entities/hybrid_search",
        {"search": [SEARCHED], "rerank": {"strategy": "rrf", "params": {"k": 60}}, "limit": 10},
        "HybridSearch",
        lambda: made(
            "milvus.HybridSearchRequest",
            requests=[search()],
            rank_params=pairs(strategy="rrf", params='{"k":60}', limit=10),
        ),
    ),
    "hybrid search by a masked field": Intent(
        "entities/hybrid_search",
        {"search": [SEARCHED | {"filter": 'ssn == "1"'}], "limit": 10},
        "HybridSearch",
        lambda: made("milvus.HybridSearchRequest", requests=[search(dsl='ssn == "1"')], rank_params=pairs(limit=10)),
    ),
    "has": Intent("collections/has", {}, "HasCollection", {}),
    "has another": Intent("collections/has", {}, "HasCollection", {}, collection="secret"),
    "describe": Intent("collections/describe", {}, "DescribeCollection", {}),
    "count of all": Intent("collections/get_stats", {}, "GetCollectionStatistics", {}),
    "load": Intent("collections/load", {}, "LoadCollection", {}),
    "drop": Intent("collections/drop", {}, "DropCollection", {}),
    "drop by an alias": Intent("collections/drop", {}, "DropCollection", {}, collection="hidden"),
    "truncate": Intent("collections/truncate", {}, "TruncateCollection", {}),
    "rename": Intent(
        "collections/rename",
        {"newCollectionName": "new", "newDbName": "b"},
        "RenameCollection",
        lambda: made("milvus.RenameCollectionRequest", oldName="kb", newName="new", newDBName="b"),
    ),
    "alter": Intent(
        "collections/alter_properties",
        {"properties": {"collection.ttl.seconds": 5}},
        "AlterCollection",
        {"properties": pairs(**{"collection.ttl.seconds": 5})},
    ),
    "partitions": Intent("partitions/list", {}, "ShowPartitions", {}),
    "drop a partition": Intent("partitions/drop", {"partitionName": "p"}, "DropPartition", {"partition_name": "p"}),
    "indexes": Intent("indexes/list", {}, "DescribeIndex", {}),
    "drop an index": Intent("indexes/drop", {"indexName": "i"}, "DropIndex", {"index_name": "i"}),
    "create an alias": Intent("aliases/create", {"aliasName": "new"}, "CreateAlias", {"alias": "new"}),
    "alter an alias": Intent("aliases/alter", {"aliasName": "hidden"}, "AlterAlias", {"alias": "hidden"}),
    "describe an alias": Intent(
        "aliases/describe", {"aliasName": "hidden"}, "DescribeAlias", {"alias": "hidden"}, collection=""
    ),
    "drop a database": Intent("databases/drop", {}, "DropDatabase", {}, database="b", collection=""),
    "drop an alias": Intent("aliases/drop", {"aliasName": "hidden"}, "DropAlias", {"alias": "hidden"}, collection=""),
    "describe a database": Intent("databases/describe", {}, "DescribeDatabase", {}, database="b", collection=""),
    "alter a database": Intent("databases/alter", {"properties": {}}, "AlterDatabase", {}, database="b", collection=""),
    "flush": Intent("collections/flush", {}, "Flush", lambda: made("milvus.FlushRequest", collection_names=["kb"])),
}
FACTS: Final = (
    "action",
    "scope",
    "fields_used",
    "vectors",
    "scores_steer",
    "risks",
    "copies",
    "count",
    "points",
)


def database() -> FakeMilvus:
    fake = FakeMilvus()
    fake.add("default/kb", "prod")
    fake.add("default/secret", "hidden")
    fake.add("b/kb")
    return fake


def bound(read: Reading, fake: FakeMilvus) -> Reading:
    """With what the same database says over the same wire."""
    if read.request.method == "POST":
        return fake.bound(read)
    names: dict[str, Any] = {}
    for lookup in MILVUS.lookups(read):
        resource = lookup.key.removeprefix("collection ")
        place, _, written = resource.partition("/")
        target = f"{place}/{fake.aliases.get(resource, written)}"
        names[lookup.key] = _described(target) if target in fake.collections else None
    return MILVUS.bind(read, names)


def _described(resource: str) -> Collection:
    scalars = tuple(name for name in FIELDS if name not in VECTORS)
    return Collection(resource, "id", scalars, VECTORS, texts={"words": ("title",)})


@pytest.mark.parametrize("name", INTENTS)
def test_two_wires_judge_one_intent_alike(name: str, tmp_path: Path) -> None:
    intent, rules = INTENTS[name], policy(tmp_path, POLICY)
    over_rest = bound(MILVUS.read(intent.rest()), database())
    over_grpc = bound(MILVUS.read(intent.grpc()), database())
    (one,), (other,) = over_rest.operations, over_grpc.operations
    assert sorted(one.resources) == sorted(other.resources)
    assert {fact: getattr(one, fact) for fact in FACTS} == {fact: getattr(other, fact) for fact in FACTS}
    for group in PEOPLE:
        decisions = [decide(rules, person(group), operation) for operation in (one, other)]
        first, second = decisions
        assert (first.verdict, first.reason, bool(first.oracle)) == (second.verdict, second.reason, bool(second.oracle))
        masks = [{at: mask.describe() for at, mask in made_.masks.items()} for made_ in decisions]
        assert masks[0] == masks[1]


def test_the_intents_tell_verdicts_apart(tmp_path: Path) -> None:
    """A table in which everything is denied would hold for any two wires."""
    rules = policy(tmp_path, POLICY)
    seen = set()
    for intent in INTENTS.values():
        read = bound(MILVUS.read(intent.rest()), database())
        seen |= {(group, decide(rules, person(group), *read.operations).reason) for group in PEOPLE}
    assert {reason for _, reason in seen} >= {
        Reason.GRANTED,
        Reason.NO_GRANT,
        Reason.MASKED_FIELD_USED,
        Reason.APPROVAL_PENDING,
    }
    held = bound(MILVUS.read(INTENTS["delete many"].rest()), database())
    assert decide(rules, person("readers"), *held.operations).verdict is Verdict.HOLD


HEAD = """
version: 1
connections:
  - name: rest
    dialect: milvus
    listen: 127.0.0.1:{port}
    upstream: {upstream}
    credential: {{header: authorization, value: "env:TEST_SERVICE_KEY"}}
  - name: grpc
    dialect: milvus
    listen: 127.0.0.1:@listen
    upstream: h2c://127.0.0.1:@upstream
    credential: {{header: authorization, value: "env:TEST_SERVICE_KEY"}}
identity:
  issuers: [{{issuer: "{issuer}", audience: vecgate, algorithms: [ES256], jwks: "file:jwks.json"}}]
state: {{url: "sqlite:///state.db"}}
evidence: {{directory: evidence, checkpoint: 5s}}
control: {{listen: "127.0.0.1:{control}"}}
"""
TYPES: Final = {"Int64": 5, "VarChar": 21, "Int32": 4, "FloatVector": 101}
SERVICE: Final = "/milvus.proto.milvus.MilvusService/"


def _schema(message: Any) -> Any:
    fields = [
        {"name": name, "data_type": TYPES[kind], "is_primary_key": name == "id", "fieldID": 100 + at}
        for at, (name, kind) in enumerate(FIELDS.items())
        if kind in TYPES
    ]
    schema = made("schema.CollectionSchema", name="kb", fields=fields)
    return made("milvus.DescribeCollectionResponse", schema=schema, collection_name="kb", db_name="default")


def _records(message: Any) -> Any:
    columns = [
        column("id", "long_data", [1, 2], 5),
        column("title", "string_data", ["title 1", "title 2"], 21),
        column("ssn", "string_data", ["900-11-1111"] * 2, 21),
        vectors("vector", "float_vector", VECTOR * 2, len(VECTOR)),
    ]
    return made("milvus.QueryResults", fields_data=columns, collection_name="kb", output_fields=["id", "title"])


@dataclass(frozen=True)
class Scene:
    gateway: Gateway
    port: int

    def over_rest(self, group: str, body: dict[str, Any]) -> tuple[str, str]:
        """The reason of a refusal, empty where there is none, and all that came back."""
        answer = self.gateway.http.post(
            "/v2/vectordb/entities/query", json=body, headers=self.gateway.headers("anna", group)
        )
        return answer.json().get("reason", ""), answer.text

    def over_grpc(self, group: str, message: Any) -> tuple[str, str]:
        token = base64.b64encode(self.gateway.issuer.token("anna", group).encode()).decode()
        with grpc.insecure_channel(f"127.0.0.1:{self.port}") as channel:
            call: Any = channel.unary_unary(f"{SERVICE}Query")
            try:
                reply = call(message.SerializeToString(), timeout=10, metadata=[("authorization", token)])
            except grpc.RpcError as error:
                said = {one.key: one.value for one in error.trailing_metadata()}
                return str(said.get("vecgate-reason", "")), str(said)
        return "", str(DESCRIPTORS.type("milvus.proto.milvus.QueryResults").FromString(reply))


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    fake, listen = database(), free_port()
    for name in ("tags", "meta", "words", "bits"):
        for row in fake.rows["default/kb"]:
            del row[name]
    answers = {f"{SERVICE}DescribeCollection": _schema, f"{SERVICE}Query": _records}
    with GrpcServer(DESCRIPTORS, answers) as server, serving(fake) as upstream:
        head = HEAD.replace("@listen", str(listen)).replace("@upstream", str(server.port))
        with gateway(tmp_path_factory.mktemp("wires"), upstream, POLICY, head=head) as running:
            yield Scene(running, listen)


@pytest.mark.parametrize(
    ("group", "filter", "reason"),
    [
        ("readers", "", ""),
        ("owners", "", ""),
        ("b", "", "no_grant"),
        ("strangers", "", "no_grant"),
        ("readers", 'ssn == "900-11-1111"', "masked_field_used"),
        ("readers", "year ==", "bad_body"),
    ],
)
def test_two_wires_answer_one_intent_alike(scene: Scene, group: str, filter: str, reason: str) -> None:  # noqa: A002
    names = ["title", "ssn", "vector"]
    message = made("milvus.QueryRequest", collection_name="kb", expr=filter, output_fields=names)
    message.query_params.add(key="limit", value="100")
    before = len(_outcomes(scene.gateway))
    rest = scene.over_rest(group, {"collectionName": "kb", "filter": filter, "outputFields": names})
    called = scene.over_grpc(group, message)
    assert (rest[0], called[0]) == (reason, reason)
    for secret in ("900-11-1111", "0.75"):
        assert (secret in rest[1]) is (secret in called[1]) is (group == "owners")
    first, second = _put_on_record(scene.gateway, before)
    assert first["decision"] == second["decision"]
    assert _said(first) == _said(second)


def _said(facts: dict[str, Any]) -> list[dict[str, Any]]:
    return [{name: one[name] for name in one if name not in {"name", "query"}} for one in facts["operations"]]


def _put_on_record(running: Gateway, before: int) -> list[dict[str, Any]]:
    """The facts of what ended since, as soon as they are written."""
    deadline = time.monotonic() + 10
    while len(_outcomes(running)) < before + 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    return _outcomes(running)[before:]


def _outcomes(running: Gateway) -> list[dict[str, Any]]:
    return [record["facts"] for record in running.records() if record["kind"] == "outcome"]
