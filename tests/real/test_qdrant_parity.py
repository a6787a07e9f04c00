"""The same intent over REST, by its older routes and over gRPC: the same verdict, reason, masks and facts for evidence.

Where two wires judge by two readings of a request, what one refuses the other may let through.
"""

from __future__ import annotations

from typing import Any, Final

import pytest
from tests.support.policies import decide, person, policy
from tests.support.qdrant_intents import (
    Spellings,
    aliased,
    at,
    changed,
    clustered,
    counted,
    discovered,
    faceted,
    fetched,
    grouped,
    matrix,
    plain,
    queried,
    recommend_groups,
    recommended,
    scrolled,
    search_groups,
    searched,
)
from tests.support.qdrant_scene import QDRANT

from vecgate.operations.dialect import Reading
from vecgate.policy.decision import Verdict
from vecgate.policy.policy import Policy
from vecgate.reasons import Reason
from vecgate_qdrant.aliases import KEY

pytestmark = pytest.mark.real

POLICY = """
policy:
  grants:
    - {name: owners, to: {groups: [owners]}, allow: [meta, search, read, write, delete, admin]}
    - {name: readers, to: {groups: [readers]}, on: {resources: [kb, other]}, allow: [meta, search, read, delete]}
    - {name: searchers, to: {groups: [searchers]}, on: {resources: [kb]}, allow: [meta, search]}
    - {name: writers, to: {groups: [writers]}, on: {resources: [kb]}, allow: [meta, write]}
  masks:
    - {name: vectors, vectors: drop, clearance: {groups: [owners]}}
    - {name: personal, fields: {ssn: redact, "home.street": drop}, clearance: {groups: [owners]}}
  approvals:
    - name: bulk
      to: {groups: [readers, writers]}
      on: {risks: [bulk_delete, bulk_update, bulk_export]}
      reviewers: {groups: [owners]}
      hold: 0s
"""
PEOPLE: Final = ("owners", "readers", "searchers", "writers", "strangers")
ALIASES: Final = {"prod": "kb", "hidden": "secret"}
UUID: Final = "c14de12b-166a-45bd-bb64-44a0b48b93f6"
VECTOR: Final = [0.125, 0.25, 0.5]
SPARSE: Final = {"indices": [1, 7], "values": [0.5, 0.25]}
SSN: Final = {"key": "ssn", "match": {"value": "1"}}
YEAR: Final = {"key": "year", "range": {"gt": 2000}}
MASKED: Final = {"must": [SSN]}
DOCUMENT: Final = {"text": "whose is 900-11-1111?", "model": "m"}
POINT: Final = {"lon": 1.5, "lat": 2.5}

FILTERS: Final[dict[str, Any]] = {
    "none": None,
    "empty": {},
    "match": {"must": [SSN]},
    "match of another": {"must": [{"key": "title", "match": {"value": "x"}}]},
    "number": {"must": [{"key": "ssn", "match": {"value": 5}}]},
    "boolean": {"must": [{"key": "ssn", "match": {"value": True}}]},
    "text": {"must": [{"key": "ssn", "match": {"text": "x"}}]},
    "phrase": {"must": [{"key": "ssn", "match": {"phrase": "x y"}}]},
    "any text": {"must": [{"key": "ssn", "match": {"text_any": "x y"}}]},
    "any": {"must": [{"key": "ssn", "match": {"any": ["a", "b"]}}]},
    "any number": {"must": [{"key": "year", "match": {"any": [1, 2]}}]},
    "except": {"must": [{"key": "ssn", "match": {"except": ["a"]}}]},
    "range": {"must": [{"key": "ssn", "range": {"gte": 1, "lt": 5.5}}]},
    "dates": {"must": [{"key": "ssn", "range": {"gte": "2024-01-01T00:00:00Z"}}]},
    "box": {"must": [{"key": "ssn", "geo_bounding_box": {"top_left": POINT, "bottom_right": POINT}}]},
    "radius": {"must": [{"key": "home", "geo_radius": {"center": POINT, "radius": 5.0}}]},
    "polygon": {"must": [{"key": "ssn", "geo_polygon": {"exterior": {"points": [POINT] * 4}}}]},
    "values": {"must": [{"key": "ssn", "values_count": {"gt": 1}}]},
    "is empty": {"must": [{"is_empty": {"key": "ssn"}}]},
    "is null": {"must": [{"is_null": {"key": "ssn"}}]},
    "ids": {"must": [{"has_id": [1, UUID]}]},
    "vectors": {"must": [{"has_vector": "words"}]},
    "nested": {"must": [{"nested": {"key": "home", "filter": {"must": [{"key": "street", "match": {"value": "x"}}]}}}]},
    "nested open": {"must": [{"nested": {"key": "home", "filter": {"must": [{"is_null": {"key": "town"}}]}}}]},
    "nested array": {"must": [{"nested": {"key": "a[]", "filter": {"should": [{"is_empty": {"key": "ssn"}}]}}}]},
    "nested twice": {
        "must": [
            {"nested": {"key": "a", "filter": {"must": [{"nested": {"key": "ssn[]", "filter": {"must": [YEAR]}}}]}}}
        ]
    },
    "should": {"should": [YEAR, SSN]},
    "must not": {"must_not": [SSN]},
    "at least": {"min_should": {"conditions": [YEAR, SSN], "min_count": 1}},
    "a filter in a filter": {"must": [{"must_not": [{"should": [YEAR, SSN]}]}]},
    "a member": {"must": [{"key": "ssn.last", "match": {"value": "1"}}]},
    "a parent": {"must": [{"is_null": {"key": "home"}}]},
    "an element": {"must": [{"key": "ssn[]", "match": {"value": "1"}}]},
    "an element by number": {"must": [{"key": "ssn[0].x", "match": {"value": "1"}}]},
    "a quoted key": {"must": [{"key": '"ssn"', "match": {"value": "1"}}]},
    "a quoted dot": {"must": [{"key": '"home.street"', "match": {"value": "1"}}]},
    "all together": {"must": [YEAR], "should": [{"key": "b", "range": {"lt": 1}}], "must_not": [SSN]},
}
QUERIES: Final[dict[str, Any]] = {
    "nothing": {},
    "a vector": {"query": VECTOR},
    "a sparse vector": {"query": SPARSE, "using": "words"},
    "several vectors": {"query": [VECTOR, VECTOR]},
    "an id": {"query": 7},
    "a UUID": {"query": UUID},
    "a document": {"query": DOCUMENT},
    "an image": {"query": {"image": "https://x.example/i.png", "model": "m"}},
    "an object": {"query": {"object": {"a": 1}, "model": "m"}},
    "nearest": {"query": {"nearest": VECTOR}},
    "nearest, diverse": {"query": {"nearest": VECTOR, "mmr": {"diversity": 0.5, "candidates_limit": 50}}},
    "recommend": {"query": {"recommend": {"positive": [1, VECTOR], "negative": [UUID], "strategy": "best_score"}}},
    "recommend by a document": {"query": {"recommend": {"positive": [DOCUMENT]}}},
    "discover": {"query": {"discover": {"target": VECTOR, "context": [{"positive": 1, "negative": VECTOR}]}}},
    "context": {"query": {"context": [{"positive": 1, "negative": 2}]}},
    "feedback": {
        "query": {
            "relevance_feedback": {
                "target": VECTOR,
                "feedback": [{"example": 1, "score": 0.5}],
                "strategy": {"naive": {"a": 1.0, "b": 1.0, "c": 1.0}},
            }
        }
    },
    "order": {"query": {"order_by": "year"}},
    "order by masked": {"query": {"order_by": {"key": "ssn", "direction": "desc", "start_from": 5}}},
    "sample": {"query": {"sample": "random"}},
    "fusion": {"query": {"fusion": "rrf"}, "prefetch": [{"query": VECTOR}, {"query": 7, "limit": 5}]},
    "weighted fusion": {"query": {"rrf": {"k": 5, "weights": [1.0, 2.0]}}, "prefetch": [{"query": VECTOR}] * 2},
    "formula": {"query": {"formula": {"sum": ["$score", {"mult": [0.5, "year"]}]}}, "prefetch": {"query": VECTOR}},
    "formula of masked": {"query": {"formula": {"abs": "ssn"}}, "prefetch": {"query": VECTOR}},
    "formula of a condition": {"query": {"formula": {"sum": [1.0, SSN]}}, "prefetch": {"query": VECTOR}},
    "formula of nested": {
        "query": {
            "formula": {"neg": {"nested": {"key": "home", "filter": {"must": [{"is_null": {"key": "street"}}]}}}}
        },
        "prefetch": {"query": VECTOR},
    },
    "formula of a filter": {"query": {"formula": {"mult": [{"must_not": [SSN]}, 2.0]}}, "prefetch": {"query": VECTOR}},
    "formula of a default": {"query": {"formula": 1.0, "defaults": {"ssn": 1}}, "prefetch": {"query": VECTOR}},
    "formula of dates": {
        "query": {
            "formula": {"exp_decay": {"x": {"datetime_key": "ssn"}, "target": {"datetime": "2024-01-01T00:00:00Z"}}}
        },
        "prefetch": {"query": VECTOR},
    },
    "formula of a place": {
        "query": {"formula": {"geo_distance": {"origin": POINT, "to": "home"}}},
        "prefetch": {"query": VECTOR},
    },
    "formula of all": {
        "query": {
            "formula": {
                "div": {
                    "left": {"pow": {"base": {"sqrt": "a"}, "exponent": {"exp": "b"}}},
                    "right": {"gauss_decay": {"x": {"log10": "c"}, "target": {"ln": "ssn"}}},
                }
            }
        },
        "prefetch": {"query": VECTOR},
    },
    "filter": {"query": VECTOR, "filter": {"must": [YEAR]}},
    "filter of masked": {"query": VECTOR, "filter": MASKED},
    "prefetch": {"query": VECTOR, "prefetch": {"query": VECTOR, "filter": {"must": [YEAR]}, "limit": 5000}},
    "prefetch of masked": {
        "query": VECTOR,
        "prefetch": [{"prefetch": {"query": 7, "filter": MASKED}, "query": VECTOR}],
    },
    "prefetch that reads": {"query": {"fusion": "dbsf"}, "prefetch": [{"query": VECTOR}, {"filter": {"must": [YEAR]}}]},
    "prefetch by order": {"query": VECTOR, "prefetch": {"query": {"order_by": "ssn"}}},
    "prefetch with a threshold": {"query": VECTOR, "prefetch": {"query": VECTOR, "score_threshold": 0.5}},
    "threshold": {"query": VECTOR, "score_threshold": 0.5},
    "threshold of zero": {"query": VECTOR, "score_threshold": 0.0},
    "frequencies": {"query": SPARSE, "using": "words", "params": {"idf": {"corpus": MASKED}}},
    "parameters": {"query": VECTOR, "params": {"hnsw_ef": 5, "exact": True, "quantization": {"rescore": True}}},
    "vectors": {"query": VECTOR, "with_vector": True},
    "vectors by name": {"query": VECTOR, "with_vector": ["words"]},
    "no vectors": {"query": VECTOR, "with_vector": []},
    "payload": {"query": VECTOR, "with_payload": {"exclude": ["title"]}},
    "many": {"query": VECTOR, "limit": 1001},
    "page": {"query": VECTOR, "limit": 5, "offset": 10_000},
    "elsewhere": {"query": 7, "lookup_from": {"collection": "other"}},
    "elsewhere hidden": {"query": 7, "lookup_from": {"collection": "secret", "vector": "v"}},
    "elsewhere by an alias": {"query": 7, "lookup_from": {"collection": "hidden"}},
    "prefetch elsewhere": {"query": VECTOR, "prefetch": {"query": 7, "lookup_from": {"collection": "secret"}}},
}
GROUPS: Final[dict[str, Any]] = {
    "by title": {"query": VECTOR, "group_by": "title"},
    "by masked": {"query": VECTOR, "group_by": "ssn"},
    "by a member": {"query": VECTOR, "group_by": "home.street"},
    "of masked": {"query": VECTOR, "group_by": "title", "filter": MASKED},
    "many": {"query": VECTOR, "group_by": "title", "limit": 40, "group_size": 26},
    "with lookup": {"query": VECTOR, "group_by": "title", "with_lookup": "other"},
    "with lookup hidden": {"query": VECTOR, "group_by": "title", "with_lookup": {"collection": "secret"}},
    "with lookup of vectors": {
        "query": VECTOR,
        "group_by": "title",
        "with_lookup": {"collection": "other", "with_vectors": True, "with_payload": ["ssn"]},
    },
    "with lookup by an alias": {"query": VECTOR, "group_by": "title", "with_lookup": "hidden"},
    "of nothing": {"group_by": "title"},
    "elsewhere": {"query": 7, "group_by": "title", "lookup_from": {"collection": "secret"}},
}
MORE: Final[dict[str, Any]] = {
    "": {},
    " of masked": {"filter": MASKED},
    " with a threshold": {"score_threshold": 0.5},
    " with vectors": {"with_vector": True},
    " of many": {"limit": 5000},
    " with parameters": {"params": {"idf": {"corpus": MASKED}}},
}
TEN: Final = list(range(10))
"""Ids whose deletion is not a bulk one."""
POINTS: Final = [{"id": 1, "vector": VECTOR, "payload": {"ssn": "1"}}, {"id": UUID, "vector": {"words": SPARSE}}]
CHOSEN: Final[dict[str, Any]] = {
    "one": {"points": [1]},
    "ten": {"points": TEN},
    "eleven": {"points": [*TEN, 10]},
    "very many": {"points": list(range(1001))},
    "all": {"filter": {}},
    "some": {"filter": {"must": [YEAR]}},
    "of masked": {"filter": {"must_not": [MASKED]}},
}
VECTORS: Final = {"vectors": {"size": 3, "distance": "Dot"}}
NEW: Final = {"vectorsConfig": {"params": {"size": 3, "distance": "Dot"}}}

INTENTS: Final[dict[str, Spellings]] = {
    **{f"count, {name}": counted("kb", document) for name, document in FILTERS.items()},
    **{f"scroll, {name}": scrolled("kb", {"filter": document}) for name, document in FILTERS.items()},
    **{f"query, {name}": queried("kb", body) for name, body in QUERIES.items()},
    **{f"groups, {name}": grouped("kb", body) for name, body in GROUPS.items()},
    **{f"search{name}": searched("kb", {"vector": VECTOR, "limit": 10} | more) for name, more in MORE.items()},
    **{
        f"recommend{name}": recommended("kb", {"positive": [1, VECTOR], "negative": [2], "limit": 10} | more)
        for name, more in MORE.items()
    },
    **{
        f"discover{name}": discovered(
            "kb", {"target": 1, "context": [{"positive": VECTOR, "negative": 2}], "limit": 10} | more
        )
        for name, more in MORE.items()
        if "threshold" not in name
    },
    "search by name": searched("kb", {"vector": {"name": "v", "vector": VECTOR}, "limit": 10}),
    "search by words": searched("kb", {"vector": {"name": "words", "vector": SPARSE}, "limit": 10}),
    "recommend elsewhere": recommended("kb", {"positive": [1], "limit": 10, "lookup_from": {"collection": "secret"}}),
    "search groups": search_groups("kb", {"vector": VECTOR, "group_by": "ssn", "limit": 40, "group_size": 30}),
    "search groups with lookup": search_groups(
        "kb", {"vector": VECTOR, "group_by": "title", "limit": 4, "group_size": 3, "with_lookup": "secret"}
    ),
    "recommend groups": recommend_groups("kb", {"positive": [1], "group_by": "ssn", "limit": 4, "group_size": 3}),
    "scroll all": scrolled("kb", {"limit": 2000, "with_vector": True}),
    "scroll names": scrolled("kb", {"with_vector": ["v"], "with_payload": ["ssn"]}),
    "scroll by order": scrolled("kb", {"order_by": "ssn"}),
    "scroll on by order": scrolled("kb", {"order_by": {"key": "ssn", "start_from": 5}, "offset": 7}),
    "get": fetched("kb", {"ids": [1, UUID]}),
    "get vectors": fetched("kb", {"ids": [1], "with_vector": True}),
    "get many": fetched("kb", {"ids": list(range(1001))}),
    "get by an alias": fetched("prod", {"ids": [1]}),
    "get by a hidden alias": fetched("hidden", {"ids": [1]}),
    "get of another": fetched("secret", {"ids": [1]}),
    "facet": faceted("kb", {"key": "title"}),
    "facet of masked": faceted("kb", {"key": "ssn"}),
    "facet by masked": faceted("kb", {"key": "title", "filter": MASKED, "limit": 5}),
    "matrix": matrix("kb", {}),
    "matrix of many": matrix("kb", {"sample": 2000, "limit": 5}),
    "matrix by masked": matrix("kb", {"filter": MASKED, "sample": 5}),
    "upsert": changed("kb", "upsert", {"points": POINTS}),
    "upsert a batch": changed("kb", "upsert", {"batch": {"ids": [1, 2], "vectors": [VECTOR, VECTOR]}}),
    "upsert where masked": changed("kb", "upsert", {"points": POINTS, "update_filter": MASKED}),
    "upsert many": changed("kb", "upsert", {"points": [{"id": n, "vector": [1.0]} for n in range(1001)]}),
    "upsert a document": changed("kb", "upsert", {"points": [{"id": 1, "vector": DOCUMENT}]}),
    "upsert to another": changed("secret", "upsert", {"points": POINTS}),
    "vectors": changed("kb", "update_vectors", {"points": [{"id": 1, "vector": VECTOR}]}),
    "vectors where masked": changed(
        "kb", "update_vectors", {"points": [{"id": 1, "vector": {"v": VECTOR}}], "update_filter": MASKED}
    ),
    **{
        f"{name} {which}": changed("kb", name, body | chosen)
        for name, body in {
            "delete": {},
            "clear_payload": {},
            "set_payload": {"payload": {"ssn": "2"}},
            "overwrite_payload": {"payload": {"a": [1, {"b": None}]}},
            "delete_payload": {"keys": ["ssn"]},
            "delete_vectors": {"vector": ["words"]},
        }.items()
        for which, chosen in CHOSEN.items()
    },
    "set at a key": changed("kb", "set_payload", {"payload": {"x": 1}, "key": "home", "points": [1]}),
    "create": plain("PUT", at("kb"), "Collections/Create", {"collectionName": "kb"} | NEW, VECTORS),
    "create another": plain("PUT", at("new"), "Collections/Create", {"collectionName": "new"} | NEW, VECTORS),
    "update": plain("PATCH", at("kb"), "Collections/Update", {"collectionName": "kb"}, {}),
    "update indexes": plain(
        "PATCH",
        at("kb"),
        "Collections/Update",
        {"collectionName": "kb", "hnswConfig": {"m": 5}},
        {"hnsw_config": {"m": 5}},
    ),
    "update strictness": plain(
        "PATCH",
        at("kb"),
        "Collections/Update",
        {"collectionName": "kb", "strictModeConfig": {"enabled": False}},
        {"strict_mode_config": {"enabled": False}},
    ),
    "drop": plain("DELETE", at("kb"), "Collections/Delete", {"collectionName": "kb"}),
    "drop an alias as a collection": plain("DELETE", at("hidden"), "Collections/Delete", {"collectionName": "hidden"}),
    "list": plain("GET", "/collections", "Collections/List", {}),
    "info": plain("GET", at("kb"), "Collections/Get", {"collectionName": "kb"}),
    "info of a hidden alias": plain("GET", at("hidden"), "Collections/Get", {"collectionName": "hidden"}),
    "exists": plain("GET", at("secret", "/exists"), "Collections/CollectionExists", {"collectionName": "secret"}),
    "exists by an alias": plain(
        "GET", at("hidden", "/exists"), "Collections/CollectionExists", {"collectionName": "hidden"}
    ),
    "aliases": plain("GET", "/aliases", "Collections/ListAliases", {}),
    "aliases of one": plain(
        "GET", at("secret", "/aliases"), "Collections/ListCollectionAliases", {"collectionName": "secret"}
    ),
    "new alias": aliased({"create_alias": {"collection_name": "secret", "alias_name": "new"}}),
    "alias taken over": aliased({"create_alias": {"collection_name": "kb", "alias_name": "hidden"}}),
    "alias dropped": aliased({"delete_alias": {"alias_name": "hidden"}}),
    "alias renamed": aliased({"rename_alias": {"old_alias_name": "prod", "new_alias_name": "hidden"}}),
    "several aliases": aliased(
        {"delete_alias": {"alias_name": "prod"}}, {"create_alias": {"collection_name": "kb", "alias_name": "x"}}
    ),
    "no alias": aliased(),
    "index": plain(
        "PUT",
        at("kb", "/index"),
        "Points/CreateFieldIndex",
        {"collectionName": "kb", "fieldName": "ssn", "fieldType": "FieldTypeKeyword"},
        {"field_name": "ssn", "field_schema": "keyword"},
    ),
    "drop index": plain(
        "DELETE", at("kb", "/index/ssn"), "Points/DeleteFieldIndex", {"collectionName": "kb", "fieldName": "ssn"}
    ),
    "drop vector": plain(
        "DELETE", at("kb", "/vectors/v"), "Points/DeleteVectorName", {"collectionName": "kb", "vectorName": "v"}
    ),
    "shard keys": plain("GET", at("kb", "/shards"), "Collections/ListShardKeys", {"collectionName": "kb"}),
    "new shard key": plain(
        "PUT",
        at("kb", "/shards"),
        "Collections/CreateShardKey",
        {"collectionName": "kb", "request": {"shardKey": {"keyword": "a"}}},
        {"shard_key": "a"},
    ),
    "drop shard key": plain(
        "POST",
        at("kb", "/shards/delete"),
        "Collections/DeleteShardKey",
        {"collectionName": "kb", "request": {"shardKey": {"keyword": "a"}}},
        {"shard_key": "a"},
    ),
    "cluster": plain("GET", at("kb", "/cluster"), "Collections/CollectionClusterInfo", {"collectionName": "kb"}),
    "move": clustered("kb", {"move_shard": {"shard_id": 1, "to_peer_id": 2, "from_peer_id": 3}}),
    "drop replica": clustered("kb", {"drop_replica": {"shard_id": 1, "peer_id": 2}}),
    "copy points": clustered(
        "kb", {"replicate_points": {"from_shard_key": "a", "to_shard_key": "b", "filter": MASKED}}
    ),
    "new key": clustered("kb", {"create_sharding_key": {"shard_key": "a"}}),
    "drop key": clustered("kb", {"drop_sharding_key": {"shard_key": "a"}}),
    "snapshots": plain("GET", at("kb", "/snapshots"), "Snapshots/List", {"collectionName": "kb"}),
    "snapshot": plain("POST", at("kb", "/snapshots"), "Snapshots/Create", {"collectionName": "kb"}),
    "drop snapshot": plain(
        "DELETE", at("kb", "/snapshots/s"), "Snapshots/Delete", {"collectionName": "kb", "snapshotName": "s"}
    ),
    "full snapshots": plain("GET", "/snapshots", "Snapshots/ListFull", {}),
    "full snapshot": plain("POST", "/snapshots", "Snapshots/CreateFull", {}),
    "drop full snapshot": plain("DELETE", "/snapshots/s", "Snapshots/DeleteFull", {"snapshotName": "s"}),
}
FACTS: Final = ("action", "resources", "scope", "vectors", "scores_steer", "copies", "count", "points")
UNORDERED: Final = ("fields_used", "risks")


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    return policy(tmp_path_factory.mktemp("policy"), POLICY)


@pytest.mark.parametrize("name", INTENTS)
def test_every_spelling_of_an_intent_is_judged_alike(name: str, rules: Policy) -> None:
    seen = {spelling: judged(request, rules) for spelling, request in INTENTS[name].items()}
    assert len(seen) > 1
    first = seen["REST" if "REST" in seen else "REST Pairs"]
    assert {spelling: one for spelling, one in seen.items() if one != first} == {}


def judged(request: Any, rules: Policy) -> dict[str, Any]:
    """What is on record of it, and what it comes to for each kind of person."""
    read = bound(QDRANT.read(request))
    return {
        "facts": [
            {fact: getattr(one, fact) for fact in FACTS} | {fact: sorted(getattr(one, fact)) for fact in UNORDERED}
            for one in read.operations
        ],
        "verdicts": {group: verdict(read, rules, group) for group in PEOPLE},
    }


def verdict(read: Reading, rules: Policy, group: str) -> Any:
    decision = decide(rules, person(group), *read.operations)
    masks = {resource: mask.describe() for resource, mask in decision.masks.items()}
    return decision.verdict, decision.reason, bool(decision.oracle), masks


def bound(read: Reading) -> Reading:
    return QDRANT.bind(read, {KEY: ALIASES} if QDRANT.lookups(read) else {})


def test_the_intents_tell_verdicts_apart(rules: Policy) -> None:
    """A table in which everything is denied would hold for any two wires."""
    seen = {
        (group, *verdict(bound(QDRANT.read(spellings.get("REST") or spellings["REST Pairs"])), rules, group)[:2])
        for spellings in INTENTS.values()
        for group in PEOPLE
    }
    assert {reason for _, _, reason in seen} >= {
        Reason.GRANTED,
        Reason.NO_GRANT,
        Reason.MASKED_FIELD_USED,
        Reason.APPROVAL_PENDING,
    }
    assert {verdict_ for _, verdict_, _ in seen} == {Verdict.ALLOW, Verdict.DENY, Verdict.HOLD}
    assert ("searchers", Verdict.ALLOW, Reason.GRANTED) in seen
    assert ("writers", Verdict.HOLD, Reason.APPROVAL_PENDING) in seen
