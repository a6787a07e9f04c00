"""Milvus' RESTful API: the 112 routes of version 2 (3.x), and the older ones, which are refused.

Resources are `database/collection`; the database is the body's `dbName`, else the header `DB-Name`, else `default`.
"""

from __future__ import annotations

from typing import Any, Final

from vecgate.operations.model import Action, Risk, Scope
from vecgate_milvus.rest import bodies, effects, server
from vecgate_milvus.rest.row import ALIAS, DATABASE, LISTED, NAMED, admin, meta, refused, row

_COLLECTIONS: Final = (
    meta("collections/list", LISTED, bodies.IN_DATABASE, scope=Scope.LIST, note="Filtered."),
    meta("collections/has", NAMED, bodies.COLLECTION, scope=Scope.LIST, note="False for what the caller may not see."),
    meta("collections/describe", NAMED, bodies.COLLECTION),
    row("collections/get_stats", Action.READ, NAMED, bodies.COLLECTION),
    meta("collections/get_load_state", NAMED, bodies.COLLECTION),
    admin(
        "collections/create",
        NAMED,
        bodies.CREATE,
        note="Creates indexes and loads, too. With a function that embeds or reranks outside, `egress` is a risk.",
        effect=effects.create,
    ),
    admin("collections/drop", NAMED, bodies.COLLECTION, Risk.DROP_COLLECTION, effect=effects.by_own_name),
    row("collections/truncate", Action.DELETE, NAMED, bodies.COLLECTION, Risk.BULK_DELETE),
    admin(
        "collections/rename",
        NAMED,
        bodies.RENAME,
        Risk.ALIAS_CHANGE,
        copies=True,
        note="The new name, perhaps in another database, is a resource too.",
        effect=effects.rename,
    ),
    admin("collections/load", NAMED, bodies.COLLECTION),
    admin("collections/refresh_load", NAMED, bodies.COLLECTION),
    admin("collections/release", NAMED, bodies.COLLECTION),
    admin(
        "collections/alter_properties",
        NAMED,
        bodies.PROPERTIES_OF_COLLECTION,
        Risk.SCHEMA_CHANGE,
        note="With a time to live, `bulk_delete` is a risk.",
        effect=effects.alter,
    ),
    admin("collections/drop_properties", NAMED, bodies.KEYS_OF_COLLECTION, Risk.SCHEMA_CHANGE),
    admin("collections/fields/alter_properties", NAMED, bodies.PARAMS_OF_FIELD, Risk.SCHEMA_CHANGE),
    admin("collections/compact", NAMED, bodies.COMPACT),
    meta(
        "collections/get_compaction_state",
        (),
        bodies.COMPACTION_STATE,
        scope=Scope.SERVICE,
        note="A job names no collection; numbers of plans come back.",
    ),
    row("collections/flush", Action.WRITE, NAMED, bodies.FLUSH),
    *map(
        refused,
        (
            "collections/add_function",
            "collections/alter_function",
            "collections/drop_function",
            "collections/add_function_field",
            "collections/drop_function_field",
            "collections/fields/add",
            "collections/fields/drop",
            "collections/struct_fields/add",
        ),
    ),
)

_DATABASES: Final = (
    admin("databases/create", DATABASE, bodies.DATABASE_PROPERTIES),
    admin("databases/drop", ("{database}", "{database}/*"), bodies.DATABASE_NAMED, Risk.DROP_COLLECTION),
    meta("databases/list", ("*",), bodies.EMPTY, scope=Scope.LIST, note="Filtered."),
    meta("databases/describe", DATABASE, bodies.DATABASE_NAMED),
    admin("databases/alter", DATABASE, bodies.DATABASE_PROPERTIES, Risk.CLUSTER_CHANGE),
    admin("databases/alter_properties", DATABASE, bodies.DATABASE_PROPERTIES, Risk.CLUSTER_CHANGE),
    admin("databases/drop_properties", DATABASE, bodies.DATABASE_KEYS, Risk.CLUSTER_CHANGE),
)

_ROWS = {"vectors": ("data[]",), "payload": ("data[]",)}
_HYBRID: Final[dict[str, Any]] = {
    **_ROWS,
    "scores": ("data[].distance",),
    "fields": ("search[].filter", "search[].groupingField", "groupingField", "functionScore"),
    "effect": effects.hybrid,
}
_ENTITIES: Final = (
    row(
        "entities/query",
        Action.READ,
        NAMED,
        bodies.QUERY,
        **_ROWS,
        fields=("filter",),
        note=f"`outputFields` is `*` and `limit` is {effects.DEFAULT_LIMIT} by default; a limit of 0 is none.",
        effect=effects.query,
    ),
    row(
        "entities/get",
        Action.READ,
        NAMED,
        bodies.GET,
        **_ROWS,
        note="`outputFields` is `*` by default. A key that would leave its quotes is refused.",
        effect=effects.get,
    ),
    row(
        "entities/delete",
        Action.DELETE,
        NAMED,
        bodies.DELETE,
        fields=("filter",),
        note=f"`bulk_delete` unless the filter only lists at most {effects.FEW} primary keys.",
        effect=effects.delete,
    ),
    row("entities/insert", Action.WRITE, NAMED, bodies.WRITE, effect=effects.insert),
    row(
        "entities/upsert",
        Action.WRITE,
        NAMED,
        bodies.WRITE,
        note=f"`bulk_update` from {effects.MANY + 1} records.",
        effect=effects.upsert,
    ),
    row(
        "entities/search",
        Action.SEARCH,
        NAMED,
        bodies.SEARCH,
        **_ROWS,
        fields=("filter", "groupingField", "functionScore"),
        scores=("data[].distance",),
        note="`radius` and `range_filter` are thresholds. A full-text search uses the field it was made of.",
        effect=effects.search,
    ),
    row("entities/hybrid_search", Action.SEARCH, NAMED, bodies.HYBRID, **_HYBRID),
    row("entities/advanced_search", Action.SEARCH, NAMED, bodies.HYBRID, **_HYBRID),
)

_PARTITIONS: Final = (
    meta("partitions/list", NAMED, bodies.COLLECTION),
    meta("partitions/has", NAMED, bodies.PARTITION),
    row("partitions/get_stats", Action.READ, NAMED, bodies.PARTITION),
    admin("partitions/create", NAMED, bodies.PARTITION),
    admin("partitions/drop", NAMED, bodies.PARTITION, Risk.BULK_DELETE),
    admin("partitions/load", NAMED, bodies.PARTITIONS),
    admin("partitions/release", NAMED, bodies.PARTITIONS),
)

_INDEXES: Final = (
    meta("indexes/list", NAMED, bodies.COLLECTION),
    meta("indexes/describe", NAMED, bodies.ONE_INDEX),
    admin("indexes/create", NAMED, bodies.INDEXES),
    admin("indexes/drop", NAMED, bodies.ONE_INDEX, Risk.INDEX_REBUILD),
    admin("indexes/alter_properties", NAMED, bodies.PROPERTIES_OF_INDEX, Risk.INDEX_REBUILD),
    admin("indexes/drop_properties", NAMED, bodies.KEYS_OF_INDEX, Risk.INDEX_REBUILD),
)

_ALIASES: Final = (
    meta(
        "aliases/list",
        LISTED,
        bodies.IN_COLLECTION,
        scope=Scope.LIST,
        note="Filtered by the aliases' own names.",
        effect=effects.in_collection,
    ),
    meta(
        "aliases/describe",
        (ALIAS,),
        bodies.ALIAS,
        note="What it stands for is a resource too.",
        effect=effects.alias,
    ),
    admin("aliases/create", (*NAMED, ALIAS), bodies.ALIAS_OF, Risk.ALIAS_CHANGE, effect=effects.alias),
    admin(
        "aliases/drop",
        (ALIAS,),
        bodies.ALIAS,
        Risk.ALIAS_CHANGE,
        note="What it stands for is a resource too.",
        effect=effects.alias,
    ),
    admin(
        "aliases/alter",
        (*NAMED, ALIAS),
        bodies.ALIAS_OF,
        Risk.ALIAS_CHANGE,
        note="What it stood for is a resource too.",
        effect=effects.alias,
    ),
)

ROWS: Final = (
    *_COLLECTIONS,
    *_DATABASES,
    *_ENTITIES,
    *_PARTITIONS,
    *_INDEXES,
    *_ALIASES,
    *server.ROWS,
)
