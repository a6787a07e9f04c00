"""Queries on their whole way: read, rewritten, executed by a server in memory, masked."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.support.weaviate_graph import executed
from tests.support.weaviate_graphql import OPEN, answer, decided, masks, read
from tests.support.weaviate_store import Store, Stored

from vecgate.masking.maskset import MaskSet
from vecgate_weaviate.graphql import masking

UUIDS = [f"00000000-0000-0000-0000-00000000000{number}" for number in range(3)]
PERSONAL = masks({"ssn": "redact"})
REDACTED = "[redacted]"


@pytest.fixture(scope="module")
def store() -> Store:
    made = Store()
    made.create({"class": "Person", "properties": [{"name": "name", "dataType": ["text"]}]})
    made.create({"class": "Article", "properties": [{"name": "title", "dataType": ["text"]}]})
    made.aliases["Paper"] = "Article"
    for number, uuid in enumerate(UUIDS):
        made.put(Stored("Person", uuid, {"name": f"n{number}", "ssn": f"900-{number}"}, [1.0, 0.5]))
        beacon = {"beacon": f"weaviate://localhost/Person/{uuid}"}
        made.put(Stored("Article", uuid, {"title": f"t{number}", "by": [beacon], "ssn": "1"}, [number / 4, 1.0]))
    return made


def asked(store: Store, query: str, mask: MaskSet, **variables: Any) -> Any:
    reading = read(query, variables)
    decision = decided(OPEN, {"Article": masks(), "Person": mask})
    aliases = store.aliases
    outgoing = masking.rewrite(reading, decision, lambda name: aliases.get(name, name))
    data = executed(store, msgspec.json.decode(outgoing.body)["query"])
    shown = masking.mask(reading, decision, lambda name: aliases.get(name, name), answer({"data": data})).answer
    return msgspec.json.decode(shown.body)["data"]


def test_a_search_is_ranked_and_shows_what_is_open(store: Store) -> None:
    query = """
        query Near($v: [Float!]!, $n: Int = 2) {
          Get { Paper(nearVector: {vector: $v}, limit: $n) { ...shown _additional { id distance vector } } }
        }
        fragment shown on Paper { headline: title by { ... on Person { name number: ssn _additional { vector } } } }
    """
    seen = asked(store, query, PERSONAL, v=[0.0, 1.0])["Get"]["Paper"]
    assert [one["headline"] for one in seen] == ["t0", "t1"]
    assert [one["_additional"] for one in seen] == [
        {"id": UUIDS[0], "distance": 0.0, "vector": None},
        {"id": UUIDS[1], "distance": 1.0, "vector": None},
    ]
    assert seen[0]["by"] == [{"name": "n0", "number": REDACTED, "_additional": {"vector": None}}]


def test_whoever_is_cleared_sees_all_of_it(store: Store) -> None:
    query = "{Get{Person(limit:1){ssn _additional{vector}}}}"
    assert asked(store, query, OPEN) == {"Get": {"Person": [{"ssn": "900-0", "_additional": {"vector": [1.0, 0.5]}}]}}


def test_an_aggregation_is_shown(store: Store) -> None:
    query = '{Aggregate{Article(groupBy:["title"]){meta{count} groupedBy{value}}}}'
    groups = asked(store, query, PERSONAL)["Aggregate"]["Article"]
    assert groups[0] == {"meta": {"count": 1}, "groupedBy": {"value": "t0"}}
