"""Documents made from Pinecone's published descriptions: for each body, every member and every alternative once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML

FOLDER: Final = Path(__file__).parents[1] / "specs"
DESCRIPTIONS: Final = ("db_data-2025-10", "db_data-2026-04", "db_control-2026-04", "inference-2026-04")
FIELD: Final = "hidden_field"
MARK: Final = 0.8675309
OWN_NAMES: Final = {
    "listBulkImports": "list_imports",
    "startBulkImport": "start_import",
    "describeBulkImport": "describe_import",
    "cancelBulkImport": "cancel_import",
    "describeIndexStats": "describe_index_stats",
    "queryVectors": "query",
    "deleteVectors": "delete",
    "fetchVectors": "fetch",
    "fetch_vectors_by_metadata": "fetch_by_metadata",
    "listVectors": "list",
    "updateVector": "update",
    "upsertVectors": "upsert",
    "listNamespacesOperation": "list_namespaces",
    "createNamespace": "create_namespace",
    "describeNamespace": "describe_namespace",
    "deleteNamespace": "delete_namespace",
    "upsertRecordsNamespace": "upsert_records",
    "searchRecordsNamespace": "search_records",
    "create_index_from_backup_operation": "create_index_from_backup",
}
"""Names of rows where they are not the description's own."""
TEXTS: Final = {"rank_fields": FIELD, "vector_type": "dense"}
PARAMETERS: Final = {"index_name": "docs", "namespace": "kb", "id": "1", "import_id": "1"}


@cache
def description(name: str) -> dict[str, Any]:
    with (FOLDER / f"pinecone-{name}.oas.yaml").open(encoding="utf-8") as file:
        found: dict[str, Any] = YAML(typ="safe").load(file)
    return found


@dataclass(frozen=True)
class Published:
    """One operation of one description."""

    file: str
    method: str
    path: str

    def __str__(self) -> str:
        return f"{self.file[-7:]} {self.operation}"

    @property
    def described(self) -> dict[str, Any]:
        found: dict[str, Any] = description(self.file)["paths"][self.path][self.method.lower()]
        return found

    @property
    def operation(self) -> str:
        name: str = self.described["operationId"]
        return OWN_NAMES.get(name, name)

    @property
    def route(self) -> str:
        names = {part[1:-1] for part in self.path.split("/") if part[:1] == "{"}
        return f"{self.method} {self.path.format_map({name: PARAMETERS.get(name, 'one') for name in names})}"

    @property
    def query(self) -> set[str]:
        return {entry["name"] for entry in self.described["parameters"] if entry["in"] == "query"}

    @property
    def body(self) -> dict[str, Any] | None:
        content = self.described.get("requestBody", {}).get("content", {})
        found: dict[str, Any] | None = content.get("application/json", {}).get("schema")
        return found

    @property
    def status(self) -> int:
        return min(int(status) for status in self.described["responses"] if status.startswith("2"))

    @property
    def result(self) -> dict[str, Any] | None:
        content = self.described["responses"][str(self.status)].get("content", {})
        found: dict[str, Any] | None = content.get("application/json", {}).get("schema")
        return found

    def documents(self, schema: dict[str, Any]) -> Iterator[Any]:
        """Values that have each member and each alternative at least once, wherever it may stand."""
        return Values(description(self.file)["components"]["schemas"]).of(schema, whole=True)


PUBLISHED: Final = [
    Published(file, method.upper(), path)
    for file in DESCRIPTIONS
    for path, methods in description(file)["paths"].items()
    for method in methods
    if method in {"get", "post", "put", "patch", "delete"}
]


@dataclass(frozen=True)
class Values:
    schemas: dict[str, Any]

    def of(self, schema: dict[str, Any], name: str = "", *, whole: bool) -> Iterator[Any]:
        """`whole` is for every alternative; otherwise only the smallest value."""
        if reference := schema.get("$ref", "").rpartition("/")[2]:
            yield from self.of(self.schemas[reference], name, whole=whole)
        elif parts := schema.get("oneOf") or schema.get("anyOf"):
            for part in parts if whole else parts[:1]:
                yield from self.of(part, name, whole=whole)
        elif choices := schema.get("enum") or schema.get("x-enum"):
            yield from choices if whole else choices[:1]
        else:
            yield from self._plain(schema, name, whole)

    def least(self, schema: dict[str, Any], name: str = "") -> Any:
        return next(self.of(schema, name, whole=False))

    def _plain(self, schema: dict[str, Any], name: str, whole: bool) -> Iterator[Any]:
        match schema.get("type"):
            case "object" if name == "filter":
                yield {FIELD: {"$eq": "x"}}
                if whole:
                    yield {"$or": [{"open": 1}, {"$and": [{FIELD: {"$exists": True}}]}]}
            case "object" | None:
                yield from self._objects(schema, whole)
            case "array":
                inner = ([one] for one in self.of(schema["items"], name, whole=whole))
                yield from inner if whole else [next(inner)]
            case "string":
                yield TEXTS.get(name, "docs" if name.endswith(("name", "source")) else "text")
            case "integer":
                yield max(1, int(schema.get("minimum", 1)))
            case "number":
                yield MARK
            case "boolean":
                yield True

    def _objects(self, schema: dict[str, Any], whole: bool) -> Iterator[Any]:
        members = schema.get("properties", {})
        required = {name: self.least(members[name], name) for name in schema.get("required", ())}
        extra = schema.get("additionalProperties")
        if type(extra) is dict and not members:
            yield from ({"text": one} for one in self.of(extra, "", whole=whole))
            return
        yield required
        if whole:
            for name, member in members.items():
                yield from ({**required, name: one} for one in self.of(member, name, whole=True))
