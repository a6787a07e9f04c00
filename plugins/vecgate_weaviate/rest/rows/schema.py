"""Rows about collections, their tenants, shards and aliases."""

from __future__ import annotations

import re
from typing import Any, Final

from vecgate.operations.model import Action, Risk, Scope
from vecgate.operations.shapes import ListOf, Scalar, enumeration
from vecgate.operations.table import Row
from vecgate_weaviate.rest import bodies, effects
from vecgate_weaviate.rest.kinds import CLASS, TENANT
from vecgate_weaviate.rest.rows.common import refused, row

_CLASS: Final = "/schema/{className}"
_TENANTS: Final = f"{_CLASS}/tenants"
_INDEX: Final = f"{_CLASS}/properties/{{propertyName}}/index/{{indexName}}"
_CHANGE: Final = (Risk.SCHEMA_CHANGE,)
_REBUILD: Final = (Risk.SCHEMA_CHANGE, Risk.INDEX_REBUILD)
_TENANT_LIST: Final = Scalar(
    "tenants",
    frozenset({str}),
    lambda value: re.fullmatch(r"[A-Za-z0-9_-]{1,64}(?:,[A-Za-z0-9_-]{1,64})*", value) is not None,
)
_INDEXED: Final[dict[str, Any]] = {
    "risks": _REBUILD,
    "query": {"tenants": _TENANT_LIST},
    "note": "Each tenant that is named is a resource, too.",
    "effect": effects.indexed,
}
_FILTERED: Final = "Filtered to what the caller may see."
_OUTSIDE: Final = "`egress` where settings of modules name an address."
_SHARDS: Final = "The shards of a collection with tenants are its tenants."
_WORDS: Final = "How a text is cut into words is not for the gateway to tell."


def _tenants(name: str, method: str, body: ListOf, risks: tuple[Risk, ...]) -> Row:
    return row(
        f"tenants.{name}",
        method,
        _TENANTS,
        Action.ADMIN,
        body=body,
        risks=risks,
        note="Each tenant is a resource.",
        effect=effects.tenants,
    )


COLLECTIONS: Final = (
    row("schema.dump", "GET", "/schema", Action.META, ("*",), scope=Scope.LIST, note=_FILTERED),
    row(
        "schema.objects.create",
        "POST",
        "/schema",
        Action.ADMIN,
        ("{class}",),
        body=bodies.CLASS_BODY,
        note=f"Collections that its references name are `meta`. {_OUTSIDE}",
        effect=effects.created,
    ),
    row(
        "schema.objects.get",
        "GET",
        _CLASS,
        Action.META,
        scope=Scope.LIST,
        note="A collection that the caller may not see does not exist.",
    ),
    row(
        "schema.objects.update",
        "PUT",
        _CLASS,
        Action.ADMIN,
        body=bodies.CLASS_BODY,
        risks=_REBUILD,
        note=_OUTSIDE,
        effect=effects.created,
    ),
    row(
        "schema.objects.delete",
        "DELETE",
        _CLASS,
        Action.ADMIN,
        risks=(Risk.DROP_COLLECTION,),
        note="By the name as written, and by what it is an alias of.",
        effect=effects.dropped,
    ),
    row(
        "schema.objects.properties.add",
        "POST",
        f"{_CLASS}/properties",
        Action.ADMIN,
        body=bodies.PROPERTY_BODY,
        risks=_CHANGE,
        effect=effects.created,
    ),
    row("schema.objects.indexes.get", "GET", f"{_CLASS}/indexes", Action.META),
    row("schema.objects.index.upsert", "PUT", _INDEX, Action.ADMIN, body=bodies.INDEX, **_INDEXED),
    row("schema.objects.properties.delete", "DELETE", _INDEX, Action.ADMIN, risks=_REBUILD),
    row("schema.objects.index.rebuild", "POST", f"{_INDEX}/rebuild", Action.ADMIN, **_INDEXED),
    row("schema.objects.index.cancel", "POST", f"{_INDEX}/cancel", Action.ADMIN, risks=_CHANGE),
    row(
        "schema.objects.vectors.delete",
        "DELETE",
        f"{_CLASS}/vectors/{{vectorIndexName}}/index",
        Action.ADMIN,
        risks=(*_REBUILD, Risk.BULK_DELETE),
    ),
    row(
        "schema.objects.shards.get",
        "GET",
        f"{_CLASS}/shards",
        Action.META,
        ("{className}/*",),
        scope=Scope.LIST,
        query={"tenant": TENANT},
        note=f"{_SHARDS} {_FILTERED} With `tenant`, that one alone.",
        effect=effects.shards,
    ),
    row(
        "schema.objects.shards.update",
        "PUT",
        f"{_CLASS}/shards/{{shardName}}",
        Action.ADMIN,
        ("{className}", "{className}/{shardName}"),
        body=bodies.SHARD,
        risks=(Risk.CLUSTER_CHANGE,),
        note=_SHARDS,
        effect=effects.shards,
    ),
    refused(
        "schema.objects.properties.tokenize",
        "POST",
        f"{_CLASS}/properties/{{propertyName}}/tokenize",
        _WORDS,
    ),
    refused("tokenize", "POST", "/tokenize", _WORDS),
)
TENANTS: Final = (
    row("tenants.get", "GET", _TENANTS, Action.META, ("{className}/*",), scope=Scope.LIST, note=_FILTERED),
    row("tenants.get.one", "GET", f"{_TENANTS}/{{tenantName}}", Action.META, ("{className}/{tenantName}",)),
    row("tenant.exists", "HEAD", f"{_TENANTS}/{{tenantName}}", Action.META, ("{className}/{tenantName}",)),
    _tenants("create", "POST", bodies.TENANTS, _CHANGE),
    _tenants("update", "PUT", bodies.TENANTS, (Risk.CLUSTER_CHANGE,)),
    _tenants("delete", "DELETE", bodies.TENANT_NAMES, (Risk.SCHEMA_CHANGE, Risk.BULK_DELETE)),
)
ALIASES: Final = (
    row(
        "aliases.get", "GET", "/aliases", Action.META, ("*",), scope=Scope.LIST, query={"class": CLASS}, note=_FILTERED
    ),
    row("aliases.get.alias", "GET", "/aliases/{aliasName}", Action.META, ("{class}",), effect=effects.alias_read),
    *(
        row(
            f"aliases.{name}",
            method,
            path,
            Action.ADMIN,
            ("{aliasName}",),
            body=body,
            risks=(Risk.ALIAS_CHANGE,),
            note="Judged on the alias, on what it stands for, and on what it is to stand for.",
            effect=effects.alias,
        )
        for name, method, path, body in (
            ("create", "POST", "/aliases", bodies.ALIAS),
            ("update", "PUT", "/aliases/{aliasName}", bodies.ALIAS_TARGET),
            ("delete", "DELETE", "/aliases/{aliasName}", None),
        )
    ),
)
VERBOSE: Final = enumeration("minimal", "verbose")
NODES: Final = (
    row(
        "nodes.get",
        "GET",
        "/nodes",
        Action.ADMIN,
        ("**",),
        risks=(Risk.DISCLOSURE,),
        query={"output": VERBOSE},
        note="Every collection with its counts.",
    ),
    row(
        "nodes.get.class",
        "GET",
        "/nodes/{className}",
        Action.ADMIN,
        ("{className}", "{className}/*"),
        risks=(Risk.DISCLOSURE,),
        query={"output": VERBOSE, "shardName": Scalar("name", frozenset({str}), str.isprintable)},
        note=_SHARDS,
        effect=effects.shards,
    ),
)
ROWS: Final = (*COLLECTIONS, *TENANTS, *ALIASES, *NODES)
