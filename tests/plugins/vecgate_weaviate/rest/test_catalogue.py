"""What an answer may tell of collections, tenants, shards and aliases: what the caller may know, and no keys."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.weaviate_rest import ID, OPEN, masked, reading, shown

from vecgate.errors import Unmaskable

PROPERTIES = [
    {"name": "title", "dataType": ["text"], "moduleConfig": {"text2vec-openai": {"skip": False, "apiKey": "canary"}}},
    {"name": "by", "dataType": ["Person"]},
    {"name": "about", "dataType": ["Docs", "Secret"]},
    {"name": "owner", "dataType": ["Secret"]},
    {"name": "other", "dataType": ["hr:Secret"]},
]
MODULES = {
    "text2vec-openai": {
        "model": "ada",
        "maxTokens": 5,
        "baseURL": "https://api.example/v1",
        "apiKey": "canary",
        "access_token": "canary",
        "headers": {"X": "canary"},
        "list": [{"secretKey": "canary"}, "https://me:canary@api.example", "https://api.example/?api_key=canary"],
        "vector": [0.125] * 40,
    }
}
DOCS: dict[str, Any] = {
    "class": "Docs",
    "properties": PROPERTIES,
    "moduleConfig": MODULES,
    "vectorConfig": {"a": {"vectorizer": MODULES, "vectorIndexType": "hnsw", "vectorIndexConfig": {"ef": 1}}},
    "shardingConfig": {"key": "_id", "strategy": "hash"},
    "multiTenancyConfig": {"enabled": False},
    "later": {"canary": 1},
}
SECRET = {"class": "Secret", "properties": []}


def visible(resource: str) -> bool:
    return resource in {"Docs", "Person", "Spaces", "Spaces/a"}


DESCRIBED: dict[str, tuple[str, str, Any]] = {
    "one": ("GET", "/schema/Docs", None),
    "made": ("POST", "/schema", {"class": "Docs"}),
    "changed": ("PUT", "/schema/Docs", {"class": "Docs"}),
    "all": ("GET", "/schema", None),
}


@pytest.mark.parametrize("name", DESCRIBED)
def test_collections_are_shown_without_what_is_hidden(name: str) -> None:
    read = reading(*DESCRIBED[name])
    got = shown(read, OPEN, {"classes": [DOCS, SECRET]} if name == "all" else DOCS, visible=visible)
    docs = got["classes"][0] if name == "all" else got
    text = str(got)
    for hidden in ("canary", "Secret", "0.125", "later"):
        assert hidden not in text
    assert {one["name"]: one["dataType"] for one in docs["properties"]} == {
        "title": ["text"],
        "by": ["Person"],
        "about": ["Docs"],
    }
    told = docs["moduleConfig"]["text2vec-openai"]
    assert (told["model"], told["maxTokens"], told["baseURL"]) == ("ada", 5, "https://api.example/v1")
    assert docs["shardingConfig"] == DOCS["shardingConfig"]
    assert docs["vectorConfig"]["a"]["vectorIndexConfig"] == {"ef": 1}


def test_a_property_that_is_made_is_shown_like_others() -> None:
    read = reading("POST", "/schema/Docs/properties", {"name": "about", "dataType": ["Docs", "Secret"]})
    assert shown(read, OPEN, PROPERTIES[2], visible=visible) == {"name": "about", "dataType": ["Docs"]}


INDEXES = {
    "collection": "Docs",
    "properties": [
        {"name": "title", "dataType": "text", "indexes": [{"type": "searchable", "status": "ready", "x": "canary"}]},
        {"name": "owner", "dataType": "Secret", "indexes": []},
    ],
}
SHARD = {"status": "READY", "vectorQueueSize": 0, "more": "canary"}
NODE: dict[str, Any] = {
    "name": "node1",
    "status": "HEALTHY",
    "more": "canary",
    "stats": {"shardCount": 1, "objectCount": 5},
    "shards": [
        {"name": "a", "class": "Spaces", "objectCount": 1},
        {"name": "canary", "class": "Spaces"},
        {"name": "x", "class": "Canary"},
    ],
}
BACKUP = {"id": "b", "classes": ["Docs", "Canary"], "status": "FAILED", "error": "canary is no text", "more": "canary"}
TENANT = {"activityStatus": "HOT", "belongsToNodes": ["canary"], "dataVersion": 1}
LISTS: dict[str, tuple[tuple[str, str, Any], Any, Any]] = {
    "indexes": (
        ("GET", "/schema/Docs/indexes", None),
        INDEXES,
        {
            "collection": "Docs",
            "properties": [
                {"name": "title", "dataType": "text", "indexes": [{"type": "searchable", "status": "ready"}]}
            ],
        },
    ),
    "shards that are tenants": (
        ("GET", "/schema/Spaces/shards", None),
        [{"name": "a", **SHARD}, {"name": "canary", **SHARD}],
        [{"name": "a", "status": "READY", "vectorQueueSize": 0}],
    ),
    "shards": (
        ("GET", "/schema/Docs/shards", None),
        [{"name": "x7Yz", **SHARD}],
        [{"name": "x7Yz", "status": "READY", "vectorQueueSize": 0}],
    ),
    "a shard": (("PUT", "/schema/Docs/shards/x", {"status": "READY"}), {**SHARD}, {"status": "READY"}),
    "tenants": (
        ("GET", "/schema/Spaces/tenants", None),
        [{"name": "a", **TENANT}, {"name": "canary", **TENANT}],
        [{"name": "a", "activityStatus": "HOT"}],
    ),
    "tenants that are made": (
        ("POST", "/schema/Spaces/tenants", [{"name": "a"}]),
        [{"name": "a", **TENANT}],
        [{"name": "a", "activityStatus": "HOT"}],
    ),
    "a tenant": (
        ("GET", "/schema/Spaces/tenants/a", None),
        {"name": "a", **TENANT},
        {"name": "a", "activityStatus": "HOT"},
    ),
    "an alias": (
        ("GET", "/aliases/live", None),
        {"alias": "Live", "class": "Docs", "more": "canary"},
        {"alias": "Live", "class": "Docs"},
    ),
    "a task": (
        ("POST", "/schema/Docs/properties/title/index/searchable/rebuild", None),
        {"taskId": "t", "status": "STARTED", "more": "canary"},
        {"taskId": "t", "status": "STARTED"},
    ),
    "nodes": (
        ("GET", "/nodes/Spaces?output=verbose", None),
        {"nodes": [NODE], "more": "canary"},
        {"nodes": [{**{name: NODE[name] for name in ("name", "status", "stats")}, "shards": NODE["shards"][:1]}]},
    ),
    "a backup": (
        ("POST", "/backups/s3", {"id": "b", "include": ["Docs"]}),
        BACKUP,
        {"id": "b", "classes": ["Docs"], "status": "FAILED", "error": "The database could not do this."},
    ),
    "backups": (("GET", "/backups/s3", None), [{"id": "b", "more": "canary"}], [{"id": "b"}]),
    "the service": (
        ("GET", "/meta", None),
        {
            "hostname": "http://canary",
            "version": "1.37.0",
            "grpcMaxMessageSize": 5,
            "modules": {
                "backup-s3": {"bucketName": "canary", "endpoint": "canary"},
                "text2vec-openai": {"name": "OpenAI", "documentationHref": "https://docs.example", "version": [0.125]},
            },
        },
        {
            "version": "1.37.0",
            "grpcMaxMessageSize": 5,
            "modules": {
                "backup-s3": {},
                "text2vec-openai": {"name": "OpenAI", "documentationHref": "https://docs.example"},
            },
        },
    ),
}


@pytest.mark.parametrize("name", LISTS)
def test_what_is_understood_is_shown(name: str) -> None:
    call, document, expected = LISTS[name]
    assert shown(reading(*call, Live="Docs"), OPEN, document, visible=visible) == expected


@pytest.mark.parametrize(
    ("call", "document"),
    [
        (("GET", "/aliases/live", None), {"alias": "Live", "class": "Secret"}),
        (("GET", "/schema/Docs/indexes", None), {**INDEXES, "collection": "Secret"}),
        (("GET", "/schema/Docs/indexes", None), {"properties": [{"name": [0.125]}]}),
        (("GET", "/schema/Docs/shards", None), [{"name": "a", "status": [0.125]}]),
        (("GET", "/schema/Docs/shards", None), {"name": "a"}),
        (("GET", "/schema/Docs", None), {**DOCS, "description": [0.125]}),
        (("GET", "/schema/Docs", None), SECRET),
        (("PUT", "/schema/Docs", {"class": "Docs"}), SECRET),
        (("GET", "/schema/Docs", None), {**DOCS, "properties": [{"name": "a"}]}),
        (("GET", "/schema", None), {"classes": [{"class": "Docs", "vectorizer": [0.125]}]}),
        (("GET", "/schema/Spaces/tenants", None), [{"name": "a/b"}]),
        (("GET", "/backups/s3", None), {"id": "b"}),
        (("GET", "/meta", None), {"version": [0.125]}),
    ],
)
def test_what_is_of_another_kind_is_withheld(call: tuple[str, str, Any], document: Any) -> None:
    with pytest.raises(Unmaskable):
        masked(reading(*call, Live="Docs"), OPEN, document, visible=visible)


def beacon(collection: str) -> dict[str, Any]:
    path = f"{collection}/{ID}" if collection else ID
    return {"beacon": f"weaviate://localhost/{path}", "href": f"/v1/objects/{path}"}


CLASSIFIED = {"classification": {"meanLosingDistance": 0.125}, "schema": {"ssn": "canary"}, "class": "Person"}
LED = {
    "by": [{**beacon("Person"), **CLASSIFIED}, beacon("Secret")],
    "owner": [beacon("Secret"), beacon(""), beacon("hr:Secret"), {"beacon": "weaviate://localhost/../Secret"}],
    "title": "t",
    "lights": [{"beacon": "a lighthouse", "height": 5}],
}
ONE = {"class": "Docs", "id": ID, "properties": LED}


@pytest.mark.parametrize(
    ("call", "document"),
    [
        (("GET", f"/objects/Docs/{ID}", None), ONE),
        (("GET", "/objects?class=Docs", None), {"objects": [ONE]}),
        (("POST", "/objects", {"class": "Docs"}), ONE),
        (("PUT", f"/objects/Docs/{ID}", {}), ONE),
        (("POST", "/batch/objects", {"objects": [{"class": "Docs"}]}), [ONE]),
    ],
    ids=["one", "list", "made", "changed", "batch"],
)
def test_references_to_what_is_hidden_are_withheld(call: tuple[str, str, Any], document: Any) -> None:
    done = masked(reading(*call), OPEN, document, visible=visible)
    text = done.answer.body.decode()
    for hidden in ("Secret", f"localhost/{ID}", "0.125", "canary"):
        assert hidden not in text
    assert f'"beacon":"weaviate://localhost/Person/{ID}"' in text
    assert "a lighthouse" in text
    assert {"by", "owner"} <= set(done.masked)
    assert "Secret" not in str(done.records)
