"""The table held to the published description: every operation, query key and member of a body."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.support.weaviate_rest import ID, WEAVIATE, request

from vecgate.errors import Refusal
from vecgate.operations.shapes import ListOf, Shape
from vecgate_weaviate import graphql
from vecgate_weaviate.rest.answers import ANSWERED
from vecgate_weaviate.rest.reading import TABLE

DESCRIPTION: Any = msgspec.json.decode((Path(__file__).parents[4] / "specs" / "weaviate-openapi.json").read_bytes())
UNNAMED = {("get", "/.well-known/openid-configuration"): "wellknown.openid"}
GRAPHQL = {row.operation for row in graphql.ROWS}
METHODS = ("get", "head", "post", "put", "patch", "delete")
PUBLISHED = {
    described.get("operationId") or UNNAMED[method, path]: (method.upper(), path, described)
    for path, methods in DESCRIPTION["paths"].items()
    for method, described in methods.items()
    if method in METHODS
}
REST = [name for name in PUBLISHED if not name.startswith("graphql.")]
JUDGED = [name for name in REST if not TABLE[name].refused]
LEFT_OUT = {
    "objects.create": {"vectorWeights", "additional"},
    "objects.validate": {"vectorWeights", "additional"},
    "objects.class.put": {"vectorWeights", "additional"},
    "objects.class.patch": {"vectorWeights", "additional"},
    "objects.class.references.create": {"schema", "classification"},
    "objects.class.references.delete": {"schema", "classification"},
    "objects.class.references.put": {"schema", "classification"},
}
"""Members that the server makes, or whose meaning the description does not tell: refused as unknown."""
OF_CLIENTS = {"skip_vectorization", "vectorize_property_name"}
"""What the Python client sends and no server reads."""
EXTRA = {"grpc-web"}


def parameters(name: str, place: str) -> list[Any]:
    found = []
    for one in PUBLISHED[name][2].get("parameters", ()):
        full = DESCRIPTION["parameters"][one["$ref"].rpartition("/")[2]] if "$ref" in one else one
        if full["in"] == place:
            found.append(full)
    return found


def resolved(schema: Any) -> Any:
    while "$ref" in schema:
        schema = DESCRIPTION["definitions"][schema["$ref"].rpartition("/")[2]]
    return schema


def test_every_published_operation_is_judged_or_refused_by_name() -> None:
    assert len(PUBLISHED) == 123
    assert {row.operation for row in TABLE} == {*REST, *EXTRA}
    for name in REST:
        method, path, _ = PUBLISHED[name]
        assert (TABLE[name].method, TABLE[name].path.replace("{id}", "{}").replace("{groupType}", "{}")) == (
            method,
            f"/v1{path}".replace("{id}", "{}").replace("{groupType}", "{}"),
        )
        assert WEAVIATE.table[name] is TABLE[name]
    assert {name for name in PUBLISHED if name.startswith("graphql.")} == GRAPHQL


@pytest.mark.parametrize("name", JUDGED)
def test_query_keys_are_those_of_the_description(name: str) -> None:
    assert set(TABLE[name].query) == {one["name"] for one in parameters(name, "query")}


@pytest.mark.parametrize("name", JUDGED)
def test_bodies_have_the_members_of_the_description(name: str) -> None:
    bodies, body = parameters(name, "body"), TABLE[name].body
    assert bool(bodies) == (body is not None)
    if not bodies:
        return
    schema = resolved(bodies[0]["schema"])
    if schema.get("type") == "array":
        assert isinstance(body, ListOf)
        schema, body = resolved(schema["items"]), body.item
    if isinstance(body, Shape) and "properties" in schema:
        assert set(body.members) - OF_CLIENTS == set(schema["properties"]) - LEFT_OUT.get(name, set())


@pytest.mark.parametrize("name", JUDGED)
def test_the_answer_of_each_is_understood(name: str) -> None:
    assert name in ANSWERED


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"/objects/{ID}"),
        ("DELETE", f"/objects/{ID}"),
        ("POST", "/mcp"),
        ("POST", "/grpc-web/weaviate.v1.Weaviate/Search"),
        ("POST", "/users/db/me/rotate-key"),
        ("POST", "/users/db/me"),
        ("POST", "/authz/users/me/assign"),
        ("POST", "/export/s3"),
        ("POST", "/search/Docs/bm25"),
        ("GET", "/cluster/statistics"),
        ("GET", "/nothing"),
        ("POST", "/meta"),
        ("GET", "/objects/Docs"),
    ],
)
def test_what_is_not_served_is_refused(method: str, path: str) -> None:
    with pytest.raises(Refusal) as caught:
        WEAVIATE.read(request(method, path))
    assert caught.value.reason == "unknown_operation"
