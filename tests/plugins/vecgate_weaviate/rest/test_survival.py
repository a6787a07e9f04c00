"""No vector and no address survives in an answer of any operation, wherever the database puts one."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from tests.support.weaviate_rest import ID, OTHER, masked, reading
from tests.support.weaviate_store import DEFAULTS

from vecgate.errors import Unmaskable
from vecgate.masking.maskset import MaskSet
from vecgate_weaviate.rest.answers import ANSWERED, EMPTY

MARK = 0.8671875
VECTOR = [MARK] * 32
"""Long enough to be an embedding, so that among properties it is taken for one, too."""

LINK = {"from": f"weaviate://localhost/Docs/{ID}/by", "to": f"weaviate://localhost/Person/{OTHER}"}
ONE = {
    "class": "Docs",
    "id": ID,
    "tenant": None,
    "properties": {"title": "t", "home": {"town": "Lund"}, "by": [{"beacon": LINK["to"], "href": None}]},
    "vector": [1.0],
    "vectors": {"a": [1.0]},
    "additional": {},
    "creationTimeUnix": 1,
}
DOCS = {
    **DEFAULTS,
    "class": "Docs",
    "description": "d",
    "moduleConfig": {"text2vec-openai": {"model": "ada", "list": [{}]}},
    "vectorConfig": {"a": {"vectorizer": {"none": {}}, "vectorIndexType": "hnsw", "vectorIndexConfig": {"ef": 1}}},
    "properties": [
        {
            "name": "home",
            "dataType": ["object"],
            "moduleConfig": {"text2vec-openai": {"skip": True}},
            "nestedProperties": [{"name": "town", "dataType": ["text"]}],
        }
    ],
}
WHERE = {"match": {"class": "Docs", "where": {"operator": "Equal", "path": ["id"], "valueText": ID}}}
SHARD = {"name": "a", "status": "READY", "per_node_status": {"n": "READY"}, "vectorQueueSize": 0}
NODE = {"name": "n", "stats": {"objectCount": 1}, "batchStats": {}, "shards": [{"name": "a", "class": "Docs"}]}
BACKUP = {"id": "b", "classes": ["Docs"], "status": "SUCCESS"}
INDEX = "/schema/Docs/properties/title/index/searchable"
TENANT = {"name": "a", "activityStatus": "HOT"}
TASK = {"taskId": "t", "status": "STARTED"}
ALIAS = {"alias": "Live", "class": "Docs"}
ANSWERS: dict[str, tuple[str, str, Any, Any]] = {
    "meta.get": ("GET", "/meta", None, {"version": "1", "hostname": "h", "modules": {"a": {"name": "n"}}}),
    "objects.list": ("GET", "/objects?class=Docs", None, {"objects": [ONE], "totalResults": 1, "deprecations": []}),
    "objects.create": ("POST", "/objects", {"class": "Docs"}, ONE),
    "objects.class.get": ("GET", f"/objects/Docs/{ID}", None, ONE),
    "objects.class.put": ("PUT", f"/objects/Docs/{ID}", {}, ONE),
    "batch.objects.create": (
        "POST",
        "/batch/objects",
        {"objects": [{"class": "Docs"}]},
        [{**ONE, "result": {"status": "FAILED", "errors": {"error": []}}, "deprecations": []}],
    ),
    "batch.objects.delete": (
        "DELETE",
        "/batch/objects",
        {**WHERE, "output": "verbose"},
        {**WHERE, "dryRun": False, "results": {"matches": 1, "objects": [{"id": ID, "status": "SUCCESS"}]}},
    ),
    "batch.references.create": ("POST", "/batch/references", [LINK], [{**LINK, "result": {"status": "SUCCESS"}}]),
    "schema.dump": ("GET", "/schema", None, {"classes": [DOCS], "name": "n"}),
    "schema.objects.get": ("GET", "/schema/Docs", None, DOCS),
    "schema.objects.create": ("POST", "/schema", {"class": "Docs"}, DOCS),
    "schema.objects.update": ("PUT", "/schema/Docs", {"class": "Docs"}, DOCS),
    "schema.objects.properties.add": (
        "POST",
        "/schema/Docs/properties",
        {"name": "a", "dataType": ["text"]},
        DOCS["properties"][0],
    ),
    "schema.objects.indexes.get": (
        "GET",
        "/schema/Docs/indexes",
        None,
        {"collection": "Docs", "properties": [{"name": "t", "dataType": "text", "indexes": [{"type": "x"}]}]},
    ),
    "schema.objects.index.upsert": ("PUT", INDEX, {}, TASK),
    "schema.objects.index.rebuild": ("POST", f"{INDEX}/rebuild", None, TASK),
    "schema.objects.index.cancel": ("POST", f"{INDEX}/cancel", None, TASK),
    "schema.objects.shards.get": ("GET", "/schema/Docs/shards", None, [SHARD]),
    "schema.objects.shards.update": ("PUT", "/schema/Docs/shards/a", {"status": "READY"}, {"status": "READY"}),
    "tenants.get": ("GET", "/schema/Spaces/tenants", None, [TENANT]),
    "tenants.get.one": ("GET", "/schema/Spaces/tenants/a", None, TENANT),
    "tenants.create": ("POST", "/schema/Spaces/tenants", [TENANT], [TENANT]),
    "tenants.update": ("PUT", "/schema/Spaces/tenants", [TENANT], [TENANT]),
    "aliases.get": ("GET", "/aliases", None, {"aliases": [ALIAS]}),
    "aliases.get.alias": ("GET", "/aliases/live", None, ALIAS),
    "aliases.create": ("POST", "/aliases", ALIAS, ALIAS),
    "aliases.update": ("PUT", "/aliases/Live", {"class": "Docs"}, ALIAS),
    "nodes.get": ("GET", "/nodes", None, {"nodes": [NODE]}),
    "nodes.get.class": ("GET", "/nodes/Docs", None, {"nodes": [NODE]}),
    "backups.create": ("POST", "/backups/s3", {"id": "b"}, BACKUP),
    "backups.list": ("GET", "/backups/s3", None, [BACKUP]),
    "backups.create.status": ("GET", "/backups/s3/b", None, BACKUP),
    "backups.restore": ("POST", "/backups/s3/b/restore", {}, BACKUP),
    "backups.restore.status": ("GET", "/backups/s3/b/restore", None, BACKUP),
}


def damaged(document: Any) -> Iterator[Any]:
    """The document with a vector, a member, an element, or an object with a vector put at every place."""
    for value in (VECTOR, [VECTOR], {"vector": VECTOR}, [{"vector": VECTOR}]):
        for path in paths(document):
            changed = copy.deepcopy(document)
            yield put(changed, path, value)


def paths(document: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield above
    if type(document) is dict:
        yield (*above, "vecgate_unknown")
        for name, one in document.items():
            yield from paths(one, (*above, name))
    if type(document) is list:
        yield (*above, len(document))
        for index, one in enumerate(document):
            yield from paths(one, (*above, index))


def put(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    at = document
    for step in path[:-1]:
        at = at[step]
    if type(at) is list and path[-1] == len(at):
        at.append(value)
    else:
        at[path[-1]] = value
    return document


def test_every_operation_that_answers_is_here() -> None:
    assert ANSWERS.keys() == ANSWERED - EMPTY - {"wellknown.openid"}


@pytest.mark.parametrize("name", ANSWERS)
def test_no_vector_survives(name: str) -> None:
    method, path, body, document = ANSWERS[name]
    read = reading(method, path, body, Live="Docs")
    masked(read, MaskSet.closed(), document)
    for one in damaged(document):
        try:
            done = masked(read, MaskSet.closed(), one)
        except Unmaskable:
            continue
        assert str(MARK) not in done.answer.body.decode(), one
        assert str(MARK) not in str(done.records), one
