"""Milvus' RESTful API: the 112 routes of version 2 (3.x), and the older ones, which are refused.

Resources are `database/collection`; the database is the body's `dbName`, else the header `DB-Name`, else `default`.
"""

from __future__ import annotations

from typing import Any, Final

from vecgate.operations.model import Action, Risk, Scope
from vecgate.operations.shapes import Shape
from vecgate.operations.table import Row
from vecgate_milvus.rest import bodies, effects

API: Final = "/v2/vectordb/"
NAMED: Final = ("{database}/{collection}",)
_LISTED: Final = ("{database}/*",)
_DATABASE: Final = ("{database}",)
_SERVER: Final = ("**",)
_UNPUBLISHED: Final = "The members of its body are not published."
_ALIAS: Final = "{database}/{alias}"


def _row(route: str, action: Action, resources: tuple[str, ...], body: Shape, *risks: Risk, **more: Any) -> Row:
    return Row(f"rest {route}", "POST", API + route, action, resources, body=body, risks=risks, **more)


def _meta(route: str, resources: tuple[str, ...], body: Shape, **more: Any) -> Row:
    return _row(route, Action.META, resources, body, **more)


def _admin(route: str, resources: tuple[str, ...], body: Shape, *risks: Risk, **more: Any) -> Row:
    return _row(route, Action.ADMIN, resources, body, *risks, **more)


def _refused(route: str, why: str = _UNPUBLISHED) -> Row:
    return Row(f"rest {route}", "POST", API + route, Action.ADMIN, refused=why)


_COLLECTIONS: Final = (
    _meta("collections/list", _LISTED, bodies.IN_DATABASE, scope=Scope.LIST, note="Filtered."),
    _meta("collections/has", NAMED, bodies.COLLECTION, scope=Scope.LIST, note="False for what the caller may not see."),
    _meta("collections/describe", NAMED, bodies.COLLECTION),
    _row("collections/get_stats", Action.READ, NAMED, bodies.COLLECTION),
    _meta("collections/get_load_state", NAMED, bodies.COLLECTION),
    _admin(
        "collections/create",
        NAMED,
        bodies.CREATE,
        note="Creates indexes and loads, too. With a function that embeds or reranks outside, `egress` is a risk.",
        effect=effects.create,
    ),
    _admin("collections/drop", NAMED, bodies.COLLECTION, Risk.DROP_COLLECTION, effect=effects.by_own_name),
    _row("collections/truncate", Action.DELETE, NAMED, bodies.COLLECTION, Risk.BULK_DELETE),
    _admin(
        "collections/rename",
        NAMED,
        bodies.RENAME,
        Risk.ALIAS_CHANGE,
        copies=True,
        note="The new name, perhaps in another database, is a resource too.",
        effect=effects.rename,
    ),
    _admin("collections/load", NAMED, bodies.COLLECTION),
    _admin("collections/refresh_load", NAMED, bodies.COLLECTION),
    _admin("collections/release", NAMED, bodies.COLLECTION),
    _admin(
        "collections/alter_properties",
        NAMED,
        bodies.PROPERTIES_OF_COLLECTION,
        Risk.SCHEMA_CHANGE,
        note="With a time to live, `bulk_delete` is a risk.",
        effect=effects.alter,
    ),
    _admin("collections/drop_properties", NAMED, bodies.KEYS_OF_COLLECTION, Risk.SCHEMA_CHANGE),
    _admin("collections/fields/alter_properties", NAMED, bodies.PARAMS_OF_FIELD, Risk.SCHEMA_CHANGE),
    _admin("collections/compact", NAMED, bodies.COMPACT),
    _meta(
        "collections/get_compaction_state",
        (),
        bodies.COMPACTION_STATE,
        scope=Scope.SERVICE,
        note="A job names no collection; numbers of plans come back.",
    ),
    _row("collections/flush", Action.WRITE, NAMED, bodies.FLUSH),
    *map(
        _refused,
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
    _admin("databases/create", _DATABASE, bodies.DATABASE_PROPERTIES),
    _admin("databases/drop", ("{database}", "{database}/*"), bodies.DATABASE_NAMED, Risk.DROP_COLLECTION),
    _meta("databases/list", ("*",), bodies.EMPTY, scope=Scope.LIST, note="Filtered."),
    _meta("databases/describe", _DATABASE, bodies.DATABASE_NAMED),
    _admin("databases/alter", _DATABASE, bodies.DATABASE_PROPERTIES, Risk.CLUSTER_CHANGE),
    _admin("databases/alter_properties", _DATABASE, bodies.DATABASE_PROPERTIES, Risk.CLUSTER_CHANGE),
    _admin("databases/drop_properties", _DATABASE, bodies.DATABASE_KEYS, Risk.CLUSTER_CHANGE),
)

_ROWS = {"vectors": ("data[]",), "payload": ("data[]",)}
_HYBRID: Final[dict[str, Any]] = {
    **_ROWS,
    "scores": ("data[].distance",),
    "fields": ("search[].filter", "search[].groupingField", "groupingField", "functionScore"),
    "effect": effects.hybrid,
}
_ENTITIES: Final = (
    _row(
        "entities/query",
        Action.READ,
        NAMED,
        bodies.QUERY,
        **_ROWS,
        fields=("filter",),
        note=f"`outputFields` is `*` and `limit` is {effects.DEFAULT_LIMIT} by default; a limit of 0 is none.",
        effect=effects.query,
    ),
    _row(
        "entities/get",
        Action.READ,
        NAMED,
        bodies.GET,
        **_ROWS,
        note="`outputFields` is `*` by default. A key that would leave its quotes is refused.",
        effect=effects.get,
    ),
    _row(
        "entities/delete",
        Action.DELETE,
        NAMED,
        bodies.DELETE,
        fields=("filter",),
        note=f"`bulk_delete` unless the filter only lists at most {effects.FEW} primary keys.",
        effect=effects.delete,
    ),
    _row("entities/insert", Action.WRITE, NAMED, bodies.WRITE, effect=effects.insert),
    _row(
        "entities/upsert",
        Action.WRITE,
        NAMED,
        bodies.WRITE,
        note=f"`bulk_update` from {effects.MANY + 1} records.",
        effect=effects.upsert,
    ),
    _row(
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
    _row("entities/hybrid_search", Action.SEARCH, NAMED, bodies.HYBRID, **_HYBRID),
    _row("entities/advanced_search", Action.SEARCH, NAMED, bodies.HYBRID, **_HYBRID),
)

_PARTITIONS: Final = (
    _meta("partitions/list", NAMED, bodies.COLLECTION),
    _meta("partitions/has", NAMED, bodies.PARTITION),
    _row("partitions/get_stats", Action.READ, NAMED, bodies.PARTITION),
    _admin("partitions/create", NAMED, bodies.PARTITION),
    _admin("partitions/drop", NAMED, bodies.PARTITION, Risk.BULK_DELETE),
    _admin("partitions/load", NAMED, bodies.PARTITIONS),
    _admin("partitions/release", NAMED, bodies.PARTITIONS),
)

_ACCESS: Final = (
    _admin("users/list", _SERVER, bodies.IN_DATABASE, Risk.DISCLOSURE),
    _admin("users/describe", _SERVER, bodies.USER, Risk.DISCLOSURE),
    _admin("users/create", _SERVER, bodies.NEW_USER, Risk.ACCESS_CHANGE),
    _admin("users/update_password", _SERVER, bodies.PASSWORD, Risk.ACCESS_CHANGE),
    _admin("users/drop", _SERVER, bodies.USER, Risk.ACCESS_CHANGE),
    _admin("users/grant_role", _SERVER, bodies.USER_ROLE, Risk.ACCESS_CHANGE),
    _admin("users/revoke_role", _SERVER, bodies.USER_ROLE, Risk.ACCESS_CHANGE),
    _admin("roles/list", _SERVER, bodies.IN_DATABASE, Risk.DISCLOSURE),
    _admin("roles/describe", _SERVER, bodies.ROLE, Risk.DISCLOSURE),
    _admin("roles/create", _SERVER, bodies.ROLE, Risk.ACCESS_CHANGE),
    _admin("roles/alter", _SERVER, bodies.ROLE, Risk.ACCESS_CHANGE),
    _admin("roles/drop", _SERVER, bodies.ROLE, Risk.ACCESS_CHANGE),
    _admin("roles/grant_privilege", _SERVER, bodies.GRANT, Risk.ACCESS_CHANGE),
    _admin("roles/revoke_privilege", _SERVER, bodies.GRANT, Risk.ACCESS_CHANGE),
    _admin("roles/grant_privilege_v2", _SERVER, bodies.GRANT_V2, Risk.ACCESS_CHANGE),
    _admin("roles/revoke_privilege_v2", _SERVER, bodies.GRANT_V2, Risk.ACCESS_CHANGE),
    _admin("privilege_groups/create", _SERVER, bodies.PRIVILEGE_GROUP, Risk.ACCESS_CHANGE),
    _admin("privilege_groups/drop", _SERVER, bodies.PRIVILEGE_GROUP, Risk.ACCESS_CHANGE),
    _admin("privilege_groups/list", _SERVER, bodies.IN_DATABASE, Risk.DISCLOSURE),
    _admin("privilege_groups/add_privileges_to_group", _SERVER, bodies.PRIVILEGE_GROUP, Risk.ACCESS_CHANGE),
    _admin("privilege_groups/remove_privileges_from_group", _SERVER, bodies.PRIVILEGE_GROUP, Risk.ACCESS_CHANGE),
)

_INDEXES: Final = (
    _meta("indexes/list", NAMED, bodies.COLLECTION),
    _meta("indexes/describe", NAMED, bodies.ONE_INDEX),
    _admin("indexes/create", NAMED, bodies.INDEXES),
    _admin("indexes/drop", NAMED, bodies.ONE_INDEX, Risk.INDEX_REBUILD),
    _admin("indexes/alter_properties", NAMED, bodies.PROPERTIES_OF_INDEX, Risk.INDEX_REBUILD),
    _admin("indexes/drop_properties", NAMED, bodies.KEYS_OF_INDEX, Risk.INDEX_REBUILD),
)

_ALIASES: Final = (
    _meta(
        "aliases/list",
        _LISTED,
        bodies.IN_COLLECTION,
        scope=Scope.LIST,
        note="Filtered by the aliases' own names.",
        effect=effects.in_collection,
    ),
    _meta(
        "aliases/describe",
        (_ALIAS,),
        bodies.ALIAS,
        note="What it stands for is a resource too.",
        effect=effects.alias,
    ),
    _admin("aliases/create", (*NAMED, _ALIAS), bodies.ALIAS_OF, Risk.ALIAS_CHANGE, effect=effects.alias),
    _admin(
        "aliases/drop",
        (_ALIAS,),
        bodies.ALIAS,
        Risk.ALIAS_CHANGE,
        note="What it stands for is a resource too.",
        effect=effects.alias,
    ),
    _admin(
        "aliases/alter",
        (*NAMED, _ALIAS),
        bodies.ALIAS_OF,
        Risk.ALIAS_CHANGE,
        note="What it stood for is a resource too.",
        effect=effects.alias,
    ),
)

_JOB: Final = "A job names no collection."
_JOBS: Final = (
    _meta("jobs/import/list", _LISTED, bodies.IN_COLLECTION, scope=Scope.LIST, effect=effects.in_collection),
    _admin(
        "jobs/import/create",
        NAMED,
        bodies.IMPORT,
        Risk.BULK_UPDATE,
        Risk.EGRESS,
        note="Reads files of a bucket; of a backup, a grant must cover all.",
        effect=effects.imported,
    ),
    _row("jobs/import/get_progress", Action.READ, _SERVER, bodies.JOB, note=_JOB),
    _row("jobs/import/describe", Action.READ, _SERVER, bodies.JOB, note=_JOB),
    _admin("jobs/import/commit", _SERVER, bodies.JOB, Risk.BULK_UPDATE, note=_JOB),
    _admin("jobs/import/abort", _SERVER, bodies.JOB, note=_JOB),
    _refused("jobs/snapshot/restore_external"),
    _refused("jobs/snapshot/export"),
    _admin("jobs/snapshot/describe", _SERVER, bodies.JOB, note=_JOB),
    _admin("jobs/snapshot/list", _LISTED, bodies.IN_COLLECTION, effect=effects.in_collection),
    _refused("jobs/external_collection/refresh"),
    _refused("jobs/external_collection/describe"),
    _meta(
        "jobs/external_collection/list",
        _LISTED,
        bodies.IN_COLLECTION,
        scope=Scope.LIST,
        note="Without sources and credentials.",
        effect=effects.in_collection,
    ),
)

_SERVER_WIDE: Final = (
    _admin("resource_groups/create", _SERVER, bodies.RESOURCE_GROUP, Risk.CLUSTER_CHANGE),
    _admin("resource_groups/drop", _SERVER, bodies.RESOURCE_GROUP, Risk.CLUSTER_CHANGE),
    _admin("resource_groups/alter", _SERVER, bodies.RESOURCE_GROUPS, Risk.CLUSTER_CHANGE),
    _row("resource_groups/describe", Action.META, _SERVER, bodies.RESOURCE_GROUP, Risk.DISCLOSURE),
    _meta("resource_groups/list", _SERVER, bodies.EMPTY),
    _admin("resource_groups/transfer_replica", (*NAMED, *_SERVER), bodies.TRANSFER, Risk.CLUSTER_CHANGE),
    _refused("file_resources/add"),
    _refused("file_resources/remove"),
    _row("file_resources/list", Action.META, _SERVER, bodies.EMPTY, Risk.DISCLOSURE),
    _refused("segments/describe"),
    _refused("quotacenter/describe"),
    _refused("common/run_analyzer"),
)

_SNAPSHOTS: Final = (
    _meta("snapshots/list", NAMED, bodies.COLLECTION),
    *map(
        _refused,
        (
            "snapshots/create",
            "snapshots/drop",
            "snapshots/describe",
            "snapshots/restore",
            "snapshots/pin",
            "snapshots/unpin",
        ),
    ),
)

_V1: Final = (
    ("GET", "collections"),
    ("POST", "collections/create"),
    ("GET", "collections/describe"),
    ("POST", "collections/drop"),
    ("POST", "insert"),
    ("POST", "upsert"),
    ("POST", "search"),
    ("POST", "get"),
    ("POST", "query"),
    ("POST", "delete"),
)
_OLD: Final = (
    *(
        Row(f"rest v1 {path}", method, f"/v1/vector/{path}", Action.ADMIN, refused="Use /v2/vectordb instead.")
        for method, path in _V1
    ),
    *(
        Row(
            f"rest low-level {method} {depth}",
            method,
            f"/api/v1/{'/'.join(f'{{{part}}}' for part in ('one', 'two', 'three')[:depth])}",
            Action.ADMIN,
            refused="The low-level mirror of the gRPC calls is not served.",
        )
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE")
        for depth in (1, 2, 3)
    ),
)

ROWS: Final = (
    *_COLLECTIONS,
    *_DATABASES,
    *_ENTITIES,
    *_PARTITIONS,
    *_ACCESS,
    *_INDEXES,
    *_ALIASES,
    *_JOBS,
    *_SERVER_WIDE,
    *_SNAPSHOTS,
    *_OLD,
)
