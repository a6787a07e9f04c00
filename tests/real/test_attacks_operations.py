"""Attacks on what an operation reaches (threats C, G2, L2, L4, L5, L9, L12): a grant on one collection opens no other
by any route, and what is masked steers nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from tests.support.byte_wire import request, send
from tests.support.under_attack import (
    ABSENT,
    CANARY,
    COLLECTIONS,
    DATABASE,
    PUBLIC,
    SECRET,
    UnderAttack,
    under_attack,
)

pytestmark = pytest.mark.real

POLICY = """
policy:
  grants:
    - name: read-public
      to: {groups: [readers]}
      on: &public {resources: ["default_tenant/default_database/kb_public"]}
      allow: [meta, search, read]
    - {name: write-public, to: {groups: [writers]}, on: *public, allow: [meta, search, read, write, delete]}
    - {name: own-public, to: {groups: [owners]}, on: *public, allow: [meta, search, read, write, delete, admin]}
    - {name: root, to: {groups: [admins]}, allow: [meta, search, read, write, delete, admin]}
  masks:
    - {name: vectors, vectors: drop, clearance: {groups: [cleared]}}
    - name: personal
      fields: {ssn: redact, salary: drop, email: hash, "address.city": drop, "#document": redact}
      clearance: {groups: [cleared]}
"""
P, S = f"{COLLECTIONS}/{PUBLIC}", f"{COLLECTIONS}/{SECRET}"
VECTOR = {"query_embeddings": [[1, 2, 3]]}
RECORDS = {"ids": ["a"], "embeddings": [[1, 2, 3]]}


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[UnderAttack]:
    with under_attack(tmp_path_factory.mktemp("operations"), POLICY) as made:
        yield made


def made(attacked: UnderAttack, method: str, path: str, body: object, *groups: str) -> bytes:
    raw = None if body is None else msgspec.json.encode(body)
    return request(path, attacked.bearer("alice", *groups), method=method, body=raw)


ELSEWHERE: dict[str, tuple[str, str, object]] = {
    "get": ("POST", f"{S}/get", {}),
    "get nothing but ids": ("POST", f"{S}/get", {"include": []}),
    "query": ("POST", f"{S}/query", VECTOR),
    "search": ("POST", f"{S}/search", {"searches": [{}]}),
    "count": ("GET", f"{S}/count", None),
    "indexing": ("GET", f"{S}/indexing_status", None),
    "forks": ("GET", f"{S}/fork_count", None),
    "function": ("GET", f"{S}/functions/f", None),
    "by name": ("GET", f"{COLLECTIONS}/secret", None),
    "by id": ("GET", f"{COLLECTIONS}/by-id/{SECRET}", None),
    "add": ("POST", f"{S}/add", RECORDS),
    "upsert": ("POST", f"{S}/upsert", RECORDS),
    "update": ("POST", f"{S}/update", {"ids": ["a"]}),
    "delete records": ("POST", f"{S}/delete", {"ids": ["a"]}),
    "rename": ("PUT", S, {"new_name": "kb_public"}),
    "change metadata": ("PUT", S, {"new_metadata": {"a": 1}}),
    "drop": ("DELETE", f"{COLLECTIONS}/secret", None),
    "drop by UUID": ("DELETE", S, None),
    "C5 rename the granted one over it": ("PUT", P, {"new_name": "secret"}),
    "C5 fork into the granted one": ("POST", f"{S}/fork", {"new_name": "kb_public"}),
    "C5 fork the granted one away": ("POST", f"{P}/fork", {"new_name": "mine"}),
    "C5 attach a function to it": (
        "POST",
        f"{S}/functions/attach",
        {"name": "f", "function_id": "record_counter", "output_collection": "kb_public"},
    ),
    "C5 attach a function that writes to it": (
        "POST",
        f"{P}/functions/attach",
        {"name": "f", "function_id": "record_counter", "output_collection": "secret"},
    ),
    "C5 detach with what it wrote": ("POST", f"{P}/attached_functions/f/detach", {"delete_output": True}),
    "C5 get_or_create": ("POST", COLLECTIONS, {"name": "secret", "get_or_create": True}),
    "create": ("POST", COLLECTIONS, {"name": "secret"}),
    "create another": ("POST", COLLECTIONS, {"name": "kb_public2"}),
    "create a database": ("POST", "/api/v2/tenants/default_tenant/databases", {"name": "mine"}),
    "drop the database": ("DELETE", DATABASE, None),
    "create a tenant": ("POST", "/api/v2/tenants", {"name": "mine"}),
    "rename a tenant": ("PATCH", "/api/v2/tenants/default_tenant", {"resource_name": "mine"}),
    "another tenant": ("GET", "/api/v2/tenants/other_tenant", None),
    "another tenant's databases": ("GET", "/api/v2/tenants/other_tenant/databases", None),
    "another database": ("GET", "/api/v2/tenants/default_tenant/databases/other", None),
    "another database's collections": (
        "GET",
        "/api/v2/tenants/default_tenant/databases/other/collections",
        None,
    ),
}


@pytest.mark.parametrize(("method", "path", "body"), ELSEWHERE.values(), ids=ELSEWHERE)
def test_a_grant_on_one_collection_opens_nothing_else(
    method: str, path: str, body: object, attacked: UnderAttack
) -> None:
    data = made(attacked, method, path, body, "owners", "writers", "readers", "cleared")
    reply, outcome = attacked.attack(403, "no_grant", data, lookups=True)
    assert b"secret" not in reply.body
    assert outcome["facts"]["decision"]["grants"] == []


FOREIGN: dict[str, str] = {
    "C1 another tenant in the path": P.replace("default_tenant", "other_tenant"),
    "C1 another database in the path": P.replace("default_database", "other"),
    "C1 another tenant's UUID": f"{COLLECTIONS}/33333333-3333-4333-8333-333333333333",
    "C1 the nil UUID": f"{COLLECTIONS}/00000000-0000-0000-0000-000000000000",
    "C1 a UUID that does not exist": f"{COLLECTIONS}/{ABSENT}",
}
VERBS: dict[str, tuple[str, object]] = {
    "/get": ("POST", {}),
    "/query": ("POST", VECTOR),
    "/count": ("GET", None),
    "/add": ("POST", RECORDS),
    "/delete": ("POST", {"ids": ["a"]}),
    "": ("PUT", {"new_name": "mine"}),
    "/fork": ("POST", {"new_name": "mine"}),
}


@pytest.mark.parametrize("path", FOREIGN.values(), ids=FOREIGN)
@pytest.mark.parametrize("verb", VERBS)
def test_a_uuid_is_bound_to_the_path(verb: str, path: str, attacked: UnderAttack) -> None:
    method, body = VERBS[verb]
    attacked.attack(404, "not_found", made(attacked, method, path + verb, body, "admins"), lookups=True)


MASKED: dict[str, tuple[str, dict[str, Any]]] = {
    "L4 equal": ("/get", {"where": {"ssn": "x"}}),
    "L4 a range": ("/get", {"where": {"salary": {"$gt": 4000}}}),
    "L4 one of": ("/get", {"where": {"ssn": {"$in": ["a", "b"]}}}),
    "L4 none of": ("/get", {"where": {"ssn": {"$nin": ["a"]}}}),
    "L4 other than": ("/get", {"where": {"ssn": {"$ne": "a"}}}),
    "L4 contains": ("/get", {"where": {"ssn": {"$contains": "a"}}}),
    "L4 a pattern": ("/get", {"where": {"ssn": {"$regex": "^1"}}}),
    "L4 behind an and": ("/get", {"where": {"$and": [{"title": "x"}, {"ssn": "x"}]}}),
    "L4 behind an or": ("/get", {"where": {"$or": [{"title": "x"}, {"$and": [{"a": 1}, {"$or": [{"ssn": "x"}]}]}]}}),
    "L4 a parent": ("/get", {"where": {"address": "x"}}),
    "L4 a child": ("/get", {"where": {"address.city": "x"}}),
    "L4 a grandchild": ("/get", {"where": {"address.city.name": "x"}}),
    "L4 in another object": ("/get", {"where": {"person.ssn": "x"}}),
    "L4 in a list": ("/get", {"where": {"people.0.ssn": "x"}}),
    "L4 in brackets": ("/get", {"where": {"people[0].ssn": "x"}}),
    "L4 quoted": ("/get", {"where": {'"ssn"': "x"}}),
    "L4 with a blank": ("/get", {"where": {" ssn": "x"}}),
    "L4 a wildcard": ("/get", {"where": {"s*": "x"}}),
    "L4 nothing": ("/get", {"where": {"": "x"}}),
    "L4 a hashed field": ("/get", {"where": {"email": "a@b"}}),
    "L4 in a query": ("/query", {**VECTOR, "where": {"ssn": "x"}}),
    "L4 in a count of a query": ("/query", {**VECTOR, "where": {"ssn": "x"}, "include": [], "n_results": 1}),
    "C5 full text": ("/get", {"where_document": {"$contains": "x"}}),
    "C5 full text of nothing": ("/get", {"where_document": {"$contains": ""}}),
    "C5 full text that must not be": ("/get", {"where_document": {"$not_contains": "x"}}),
    "C5 a pattern": ("/get", {"where_document": {"$regex": "^1"}}),
    "C5 behind an or": ("/get", {"where_document": {"$or": [{"$contains": "x"}, {"$contains": "y"}]}}),
    "C5 in a query": ("/query", {**VECTOR, "where_document": {"$contains": "x"}}),
    "C5 under the name it is stored by": ("/get", {"where": {"chroma:document": {"$regex": "^1"}}}),
    "C5 under another name": ("/get", {"where": {"#document": {"$regex": "^1"}}}),
    "L2 a threshold": ("/search", {"searches": [{"filter": {"#score": {"$gt": 0.5}}}]}),
    "L2 a formula": ("/search", {"searches": [{"rank": {"$sum": [{"$knn": {"query": [1]}}, {"$val": 1}]}}]}),
    "L2 a formula of one": ("/search", {"searches": [{"rank": {"$abs": {"$knn": {"query": [1]}}}}]}),
    "L2 a constant": ("/search", {"searches": [{"rank": {"$val": 1}}]}),
    "L2 a filter by vectors": ("/search", {"searches": [{"filter": {"#embedding": 1}}]}),
    "L2 in the second search": ("/search", {"searches": [{}, {"rank": {"$val": 1}}]}),
    "L5 ranked by it": ("/search", {"searches": [{"rank": {"$knn": {"query": [1], "key": "ssn"}}}]}),
    "L5 grouped by it": ("/search", {"searches": [{"group_by": {"keys": ["ssn"]}}]}),
    "L5 grouped by it as one text": ("/search", {"searches": [{"group_by": {"keys": "ssn"}}]}),
    "L5 the least of it in a group": (
        "/search",
        {"searches": [{"group_by": {"keys": ["title"], "aggregate": {"$min_k": {"keys": ["salary"], "k": 1}}}}]},
    ),
    "L4 in a search": ("/search", {"searches": [{"filter": {"ssn": 1}}]}),
    "L4 in a search's clause": (
        "/search",
        {"searches": [{"filter": {"where_clause": {"ssn": 1}, "query_ids": ["a"]}}]},
    ),
}


@pytest.mark.parametrize(("verb", "body"), MASKED.values(), ids=MASKED)
def test_what_is_masked_steers_nothing(verb: str, body: dict[str, Any], attacked: UnderAttack) -> None:
    attacked.attack(403, "masked_field_used", made(attacked, "POST", P + verb, body, "readers"), lookups=True)


@pytest.mark.parametrize("name", [name for name, (verb, _) in MASKED.items() if verb == "/get"])
def test_deleting_counts_nothing_that_is_masked(name: str, attacked: UnderAttack) -> None:
    body = MASKED[name][1]
    attacked.attack(403, "masked_field_used", made(attacked, "POST", f"{P}/delete", body, "writers"), lookups=True)
    with_ids = {"ids": ["a"], **body}
    attacked.attack(403, "masked_field_used", made(attacked, "POST", f"{P}/delete", with_ids, "writers"), lookups=True)


COPIES: dict[str, tuple[str, dict[str, Any]]] = {
    "L9 fork": ("/fork", {"new_name": "open"}),
    "L9 a function": (
        "/functions/attach",
        {"name": "f", "function_id": "record_counter", "output_collection": "open"},
    ),
}
UNEVEN = POLICY.replace("{name: vectors, vectors: drop,", "{name: vectors, on: *public, vectors: drop,").replace(
    "name: personal\n", "name: personal\n      on: *public\n"
)


@pytest.fixture(scope="module")
def uneven(tmp_path_factory: pytest.TempPathFactory) -> Iterator[UnderAttack]:
    """Where the target of a copy would be open to everybody."""
    opened = UNEVEN + "    - {name: open, on: {resources: ['**/open']}, vectors: drop, clearance: {groups: ['*']}}\n"
    with under_attack(tmp_path_factory.mktemp("copies"), opened) as made:
        yield made


@pytest.mark.parametrize(("verb", "body"), COPIES.values(), ids=COPIES)
def test_a_copy_does_not_shed_its_masks(verb: str, body: dict[str, Any], uneven: UnderAttack) -> None:
    uneven.attack(403, "masked_field_used", made(uneven, "POST", P + verb, body, "admins"), lookups=True)


FILTERS: dict[str, object] = {
    "a list": [],
    "a text": "x",
    "two fields": {"title": "x", "ssn": "y"},
    "two operators": {"title": {"$eq": "x", "$ne": "y"}},
    "an unknown operator": {"title": {"$exists": True}},
    "an unknown connective": {"$not": {"ssn": 1}},
    "an empty and": {"$and": []},
    "an empty or": {"$or": []},
    "an empty object in a list": {"$or": [{}]},
    "an object as a value": {"title": {"ssn": {"$eq": 1}}},
    "an object in a list of values": {"title": {"$in": [{"ssn": 1}]}},
    "a reserved name": {"chroma:embedding": 1},
    "an operator as a name": {"$ssn": 1},
    "null": {"title": None},
    "a nested null": {"$or": [None]},
}


@pytest.mark.parametrize("where", FILTERS.values(), ids=FILTERS)
@pytest.mark.parametrize("verb", ["/get", "/delete"])
def test_a_filter_of_another_grammar_is_refused(verb: str, where: object, attacked: UnderAttack) -> None:
    attacked.attack(400, "bad_body", made(attacked, "POST", P + verb, {"where": where}, "writers"))


def function(**config: Any) -> dict[str, Any]:
    return {"type": "known", "name": "f", "config": config}


CODE: dict[str, dict[str, Any]] = {
    "C3": {"configuration": {"embedding_function": function(trust_remote_code=True)}},
    "C3 false": {"configuration": {"embedding_function": function(trust_remote_code=False)}},
    "C3 dashes": {"configuration": {"embedding_function": function(**{"trust-remote-code": 1})}},
    "C3 camel case": {"configuration": {"embedding_function": function(trustRemoteCode=1)}},
    "C3 capitals": {"configuration": {"embedding_function": function(TRUST_REMOTE_CODE=1)}},
    "C3 invisible letters": {"configuration": {"embedding_function": function(**{"tru\u200bst_remote_code": 1})}},
    "C3 far down": {"configuration": {"embedding_function": function(kwargs={"a": [{"trust_remote_code": True}]})}},
    "C3 keyword arguments": {"configuration": {"embedding_function": function(model_kwargs={})}},
    "C3 an index's own": {
        "schema": {
            "keys": {},
            "defaults": {
                "float_list": {
                    "vector_index": {
                        "enabled": True,
                        "config": {"embedding_function": function(trust_remote_code=True)},
                    }
                }
            },
        }
    },
}


@pytest.mark.parametrize("more", CODE.values(), ids=CODE)
@pytest.mark.parametrize("existing", [False, True])
def test_no_embedding_function_loads_code(more: dict[str, Any], existing: bool, attacked: UnderAttack) -> None:
    body = {"name": "kb_public" if existing else "neu", "get_or_create": existing, **more}
    attacked.attack(403, "unknown_operation", made(attacked, "POST", COLLECTIONS, body, "admins"))


@pytest.mark.parametrize("config", ['{"trust_remote_code":true}', ["trust_remote_code"], 1, True])
def test_settings_that_are_no_object_are_refused(config: object, attacked: UnderAttack) -> None:
    body = {"name": "neu", "configuration": {"embedding_function": {"type": "known", "name": "f", "config": config}}}
    attacked.attack(400, "bad_body", made(attacked, "POST", COLLECTIONS, body, "admins"))


NAMES = ["a/b", "../x", "*", "kb_*", "**", "a[b]", "a{b}", "a\\b", "a?b", "", ".", "..", "a\0b", "a\u202eb", "a" * 600]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("place", ["name", "new_name", "output_collection"])
def test_a_name_that_could_be_read_otherwise_is_refused(name: str, place: str, attacked: UnderAttack) -> None:
    body: dict[str, Any] = {place: name}
    method, path = {"name": ("POST", COLLECTIONS), "new_name": ("PUT", P)}.get(place, ("POST", f"{P}/functions/attach"))
    if place == "output_collection":
        body |= {"name": "f", "function_id": "x"}
    attacked.attack(400, "bad_body", made(attacked, method, path, body, "admins"))


def test_what_exists_is_not_told_to_whom_it_is_not_granted(attacked: UnderAttack) -> None:
    told = []
    for name in ("secret", "absent"):
        reply, _ = attacked.attack(
            403, "no_grant", made(attacked, "POST", COLLECTIONS, {"name": name, "get_or_create": True}), lookups=True
        )
        told.append({key: value for key, value in reply.document.items() if key not in ("exchange", "message")})
        told[-1]["message"] = str(reply.document["message"]).partition("[")[0]
    assert told[0] == told[1]


def test_get_or_create_of_what_exists_creates_nothing(attacked: UnderAttack) -> None:
    attacked.outcomes()
    attacked.upstream.take()
    body = {"name": "kb_public", "get_or_create": True, "metadata": {"a": 1}}
    reply = send(attacked.port, made(attacked, "POST", COLLECTIONS, body, "readers"))
    assert reply.status == 200
    assert {each.line.partition(" ")[0] for each in attacked.upstream.take()} == {"GET"}
    attacked.settle(1)


def test_reserved_keys_cannot_be_written(attacked: UnderAttack) -> None:
    for key in ("chroma:document", "#document", "$x"):
        body = {**RECORDS, "metadatas": [{key: CANARY}]}
        attacked.attack(400, "bad_body", made(attacked, "POST", f"{P}/upsert", body, "writers"))
