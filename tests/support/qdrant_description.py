"""Documents made from Qdrant's published description: for each body, every member and every alternative once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

OPENAPI = msgspec.json.decode((Path(__file__).parents[1] / "specs" / "qdrant-openapi.json").read_bytes())
SCHEMAS = OPENAPI["components"]["schemas"]
PUBLISHED = [
    (operation["operationId"], method.upper(), path)
    for path, methods in OPENAPI["paths"].items()
    for method, operation in methods.items()
]
FIELD = "hidden_field"
OTHER = "other_collection"
MARK = 0.8675309
NAMES = {
    "collection": OTHER,
    "collection_name": "kb",
    "location": "file:///snapshots/a.snapshot",
    **dict.fromkeys(("key", "group_by", "order_by", "datetime_key", "to", "field_name"), FIELD),
}
"""Texts that must be of some form, or are found again by what they are."""
UUID = "c14de12b-166a-45bd-bb64-44a0b48b93f6"


def body_schema(method: str, path: str) -> dict[str, Any] | None:
    """The schema of an operation's JSON body."""
    content = OPENAPI["paths"][path][method.lower()].get("requestBody", {}).get("content", {})
    found: dict[str, Any] | None = content.get("application/json", {}).get("schema")
    return found


def result_schema(method: str, path: str) -> dict[str, Any] | None:
    content = OPENAPI["paths"][path][method.lower()]["responses"]["200"]["content"]
    schema = content.get("application/json", {}).get("schema", {})
    found: dict[str, Any] | None = schema.get("properties", {}).get("result")
    return found


def least(schema: dict[str, Any], name: str = "") -> Any:
    """The smallest value of a schema."""
    return next(_values(schema, name, (), whole=False))


def documents(schema: dict[str, Any]) -> Iterator[Any]:
    """Values that have each member and each alternative at least once, wherever it may stand."""
    return _values(schema, "", (), whole=True)


def asked_at(path: str) -> str:
    """A published path with its parameters filled in."""
    filled = {"collection_name": "kb", "vector_name": "v", "field_name": FIELD, "id": "1", "shard_id": "0"}
    filled |= {"peer_id": "1", "snapshot_name": "a.snapshot"}
    return path.format_map(filled)


def objects(document: Any) -> Iterator[dict[str, Any]]:
    """Every object in a document."""
    if type(document) is dict:
        yield document
    if type(document) in {dict, list}:
        for inner in document.values() if type(document) is dict else document:
            yield from objects(inner)


def _values(schema: dict[str, Any], name: str, above: tuple[str, ...], whole: bool) -> Iterator[Any]:
    if (reference := schema.get("$ref", "").rpartition("/")[2]) != "":
        inside = whole and reference not in above
        yield from _values(SCHEMAS[reference], name, (*above, reference), inside)
        return
    for kind in ("anyOf", "oneOf", "allOf"):
        if kind in schema:
            parts = schema[kind] if whole else schema[kind][:1]
            for part in parts:
                if part.get("nullable") and "$ref" not in part and "type" not in part:
                    yield None
                else:
                    yield from _values(part, name, above, whole)
            return
    if "enum" in schema:
        yield from schema["enum"] if whole else schema["enum"][:1]
        return
    yield from _plain(schema, name, above, whole)


def _plain(schema: dict[str, Any], name: str, above: tuple[str, ...], whole: bool) -> Iterator[Any]:
    match schema.get("type"):
        case "object":
            yield from _objects(schema, above, whole)
        case "array":
            items = schema.get("items", {"type": "integer"})
            if whole:
                yield from ([one] for one in _values(items, name, above, whole))
                yield []
            else:
                yield [least(items, name)]
        case "string":
            yield NAMES.get(name, UUID if schema.get("format") == "uuid" else "text")
        case "integer":
            yield max(1, schema.get("minimum", 1))
        case "number":
            yield max(MARK, schema.get("minimum", MARK))
        case "boolean":
            yield True
        case _:
            yield "anything"


def _objects(schema: dict[str, Any], above: tuple[str, ...], whole: bool) -> Iterator[Any]:
    members = schema.get("properties", {})
    required = {name: least(members[name], name) for name in schema.get("required", ())}
    extra = schema.get("additionalProperties")
    if type(extra) is dict and not members:
        yield from ({"any": one} for one in _values(extra, "", above, whole))
        return
    yield required
    if whole:
        for name, member in members.items():
            yield from ({**required, name: one} for one in _values(member, name, above, whole))
