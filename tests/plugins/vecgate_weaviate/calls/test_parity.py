"""One intent over GraphQL and over gRPC: the same verdict, reason, masks, and facts for evidence (W8, G1)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from tests.support.policies import decide, person, policy
from tests.support.weaviate_calls import FLOATS, KNOWN, NEAR, UUID, clause, multi, operations, single

from vecgate.operations.messages import Request
from vecgate.operations.model import Operation
from vecgate.operations.target import parse
from vecgate.reasons import Reason
from vecgate_weaviate import graphql

POLICY: Final = """
policy:
  grants:
    - {name: owners, to: {groups: [owners]}, allow: [meta, search, read, write, delete, admin]}
    - {name: readers, to: {groups: [readers]}, on: {resources: [Docs]}, allow: [meta, search, read]}
    - {name: authors, to: {groups: [authors]}, on: {resources: [Docs, Person, "Docs/acme"]}, allow: [search, read]}
    - {name: b, to: {groups: [b]}, on: {resources: [Secret]}, allow: [meta, search, read, write]}
  masks:
    - {name: vectors, vectors: drop, clearance: {groups: [owners]}}
    - {name: personal, fields: {ssn: redact}, clearance: {groups: [owners]}}
  approvals:
    - {name: egress, on: {risks: [egress]}, reviewers: {groups: [owners]}, hold: 0s}
"""
PEOPLE: Final = ("owners", "readers", "authors", "b", "strangers")
POST: Final = graphql.ROWS[0]
FACTS: Final = ("action", "scope", "fields_used", "vectors", "scores_steer", "risks", "copies", "count")
GET: Final = "{Get{%s}}"


@dataclass(frozen=True)
class Intent:
    """`query` is what stands inside of `Get`, or all of it."""

    query: str
    message: dict[str, Any]
    method: str = "Search"

    def over_graphql(self) -> tuple[Operation, ...]:
        query = self.query if self.query.startswith("{") else GET % self.query
        body = msgspec.json.encode({"query": query})
        read = graphql.read(Request("POST", parse(POST.path), {"content-type": "application/json"}, body), POST)
        return graphql.bound(read.operations, KNOWN.collection)

    def over_grpc(self) -> tuple[Operation, ...]:
        return operations(self.method, {"collection": "Docs", **self.message})


def get(arguments: str, message: dict[str, Any], fields: str = "title", collection: str = "Docs") -> Intent:
    asked = f"({arguments},limit:5)" if arguments else "(limit:5)"
    return Intent(f"{collection}{asked}{{{fields}}}", {"limit": 5, "collection": collection, **message})


def where(path: str, message: Any) -> Intent:
    return get(f'where:{{operator:Equal,path:{path},valueText:"x"}}', {"filters": clause(message)})


def near(arguments: str = "", message: dict[str, Any] | None = None, more: str = "", **asked: Any) -> Intent:
    """`arguments` are the search's own, `more` stand beside it, as `asked` does."""
    search = f"nearVector:{{vector:{FLOATS}{arguments}}}{more}"
    fields = "_additional{vector}" if "metadata" in asked else "title"
    return get(search, {"near_vector": {**NEAR, **(message or {})}, **asked}, fields)


def followed(name: str, target: str, fields: str = "title", **more: Any) -> Intent:
    reference = {"reference_property": name, "target_collection": target, **more}
    return get("", {"properties": {"ref_properties": [reference]}}, f"{name}{{...on {target}{{{fields}}}}}")


def aggregate(query: str, message: dict[str, Any], arguments: str = "") -> Intent:
    return Intent(f"{{Aggregate{{Docs{arguments}{{{query}}}}}}}", message, "Aggregate")


INTENTS: Final = {
    "read": get("", {}),
    "read another": get("", {}, collection="Secret"),
    "read an alias": get("", {}, collection="Kb"),
    "read an alias of another": get("", {}, collection="Hidden"),
    "read what does not exist": get("", {}, collection="Nothing"),
    "read vectors": get("", {"metadata": {"vector": True}}, "_additional{vector}"),
    "read named vectors": get("", {"metadata": {"vectors": ["a"]}}, "_additional{vectors{a}}"),
    "read a tenant": get('tenant:"acme"', {"tenant": "acme"}),
    "read another tenant": get('tenant:"other"', {"tenant": "other"}),
    "search": near(),
    "search with vectors": near(metadata={"vector": True}),
    "search within a distance": near(",distance:0.5", {"distance": 0.5}),
    "search with certainty": near(",certainty:0.5", {"certainty": 0.5}),
    "search an object": get(f'nearObject:{{id:"{UUID}"}}', {"near_object": {"id": UUID}}),
    "search a text": get('nearText:{concepts:["x"]}', {"near_text": {"query": ["x"]}}),
    "search words": get('bm25:{query:"x"}', {"bm25_search": {"query": "x"}}),
    "search words of a property": get(
        'bm25:{query:"x",properties:["title^2"]}', {"bm25_search": {"query": "x", "properties": ["title^2"]}}
    ),
    "search masked words": get(
        'bm25:{query:"x",properties:["ssn"]}', {"bm25_search": {"query": "x", "properties": ["ssn"]}}
    ),
    "search both": get('hybrid:{query:"x"}', {"hybrid_search": {"query": "x"}}),
    "search both of a property": get(
        'hybrid:{query:"x",properties:["title"]}', {"hybrid_search": {"query": "x", "properties": ["title"]}}
    ),
    "search both within a distance": get(
        'hybrid:{query:"x",properties:["title"],maxVectorDistance:0.5}',
        {"hybrid_search": {"query": "x", "properties": ["title"], "vector_distance": 0.5}},
    ),
    "cut where scores jump": near(more=",autocut:1", autocut=1),
    "group": near(
        more=',groupBy:{path:["title"],groups:2,objectsPerGroup:2}',
        group_by={"path": ["title"], "number_of_groups": 2, "objects_per_group": 2},
    ),
    "group by a masked property": near(
        more=',groupBy:{path:["ssn"],groups:2,objectsPerGroup:2}',
        group_by={"path": ["ssn"], "number_of_groups": 2, "objects_per_group": 2},
    ),
    "go on after an object": get(f'after:"{UUID}"', {"after": UUID}),
    "filter": where('["title"]', "title"),
    "filter by a masked property": where('["ssn"]', "ssn"),
    "filter by a masked length": where('["len(ssn)"]', "len(ssn)"),
    "filter by an id": where('["id"]', "id"),
    "filter by a reference": where('["author","Person","title"]', single("author", "title")),
    "filter by a masked property of a reference": where('["author","Person","ssn"]', single("author", "ssn")),
    "filter by another collection": where('["about","Secret","title"]', multi("about", "Secret", "title")),
    "filter by an old path": where('["about","Secret","title"]', ["about", "Secret", "title"]),
    "sort": get('sort:{path:["title"],order:asc}', {"sort_by": [{"path": ["title"], "ascending": True}]}),
    "sort by a masked property": get('sort:{path:["ssn"]}', {"sort_by": [{"path": ["ssn"]}]}),
    "follow a reference": followed("author", "Person"),
    "follow a reference for vectors": followed("author", "Person", "_additional{vector}", metadata={"vector": True}),
    "follow a reference into another": followed("about", "Secret"),
    "generate": get(
        "",
        {"generative": {"single": {"prompt": "{title}"}}},
        '_additional{generate(singleResult:{prompt:"{title}"}){singleResult}}',
    ),
    "generate of a masked property": get(
        "",
        {"generative": {"single": {"prompt": "{ssn}"}}},
        '_additional{generate(singleResult:{prompt:"{ssn}"}){singleResult}}',
    ),
    "generate of everything": get(
        "", {"generative": {"grouped": {"task": "x"}}}, '_additional{generate(groupedResult:{task:"x"}){groupedResult}}'
    ),
    "rerank": get("", {"rerank": {"property": "title"}}, '_additional{rerank(property:"title"){score}}'),
    "count": aggregate("meta{count}", {"objects_count": True}),
    "count values": aggregate("title{count}", {"aggregations": [{"property": "title", "text": {"count": True}}]}),
    "count masked values": aggregate(
        "ssn{topOccurrences{value}}", {"aggregations": [{"property": "ssn", "text": {"top_occurences": True}}]}
    ),
    "count groups": aggregate(
        "meta{count}", {"group_by": {"collection": "Docs", "property": "title"}}, '(groupBy:["title"])'
    ),
    "count masked groups": aggregate("meta{count}", {"group_by": {"property": "ssn"}}, '(groupBy:["ssn"])'),
    "count what is near": aggregate(
        "meta{count}", {"near_vector": {**NEAR, "distance": 0.5}}, f"(nearVector:{{vector:{FLOATS},distance:0.5}})"
    ),
}


@pytest.mark.parametrize("name", INTENTS)
def test_two_wires_judge_one_intent_alike(name: str, tmp_path: Path) -> None:
    intent, rules = INTENTS[name], policy(tmp_path, POLICY)
    one, other = intent.over_graphql(), intent.over_grpc()
    assert [operation.resources for operation in one] == [operation.resources for operation in other]
    assert [{fact: getattr(operation, fact) for fact in FACTS} for operation in one] == [
        {fact: getattr(operation, fact) for fact in FACTS} for operation in other
    ]
    bounds = [operation.points for operation in one], [operation.points for operation in other]
    assert bounds[0] == bounds[1] or "group_by" in intent.message  # GraphQL has each group's first object twice
    for group in PEOPLE:
        first, second = (decide(rules, person(group), *judged) for judged in (one, other))
        assert (first.verdict, first.reason, bool(first.oracle)) == (second.verdict, second.reason, bool(second.oracle))
        masks = [{at: mask.describe() for at, mask in made.masks.items()} for made in (first, second)]
        assert masks[0] == masks[1]


def test_the_intents_tell_verdicts_apart(tmp_path: Path) -> None:
    """A table in which everything is denied would hold for any two wires."""
    rules = policy(tmp_path, POLICY)
    seen = {decide(rules, person(group), *intent.over_grpc()).reason for intent in INTENTS.values() for group in PEOPLE}
    assert seen == {Reason.GRANTED, Reason.NO_GRANT, Reason.MASKED_FIELD_USED, Reason.APPROVAL_PENDING}
