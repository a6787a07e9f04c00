"""Server: the routes that are about no collection, or about jobs on some; and the older ones, which are refused."""

from __future__ import annotations

from typing import Final

from vecgate.operations.model import Action, Risk, Scope
from vecgate.operations.table import Row
from vecgate_milvus.rest import bodies, effects
from vecgate_milvus.rest.row import LISTED, NAMED, SERVER, admin, meta, refused, row

_ACCESS: Final = (
    admin("users/list", SERVER, bodies.IN_DATABASE, Risk.DISCLOSURE),
    admin("users/describe", SERVER, bodies.USER, Risk.DISCLOSURE),
    admin("users/create", SERVER, bodies.NEW_USER, Risk.ACCESS_CHANGE),
    admin("users/update_password", SERVER, bodies.PASSWORD, Risk.ACCESS_CHANGE),
    admin("users/drop", SERVER, bodies.USER, Risk.ACCESS_CHANGE),
    admin("users/grant_role", SERVER, bodies.USER_ROLE, Risk.ACCESS_CHANGE),
    admin("users/revoke_role", SERVER, bodies.USER_ROLE, Risk.ACCESS_CHANGE),
    admin("roles/list", SERVER, bodies.IN_DATABASE, Risk.DISCLOSURE),
    admin("roles/describe", SERVER, bodies.ROLE, Risk.DISCLOSURE),
    admin("roles/create", SERVER, bodies.ROLE, Risk.ACCESS_CHANGE),
    admin("roles/alter", SERVER, bodies.ROLE, Risk.ACCESS_CHANGE),
    admin("roles/drop", SERVER, bodies.ROLE, Risk.ACCESS_CHANGE),
    admin("roles/grant_privilege", SERVER, bodies.GRANT, Risk.ACCESS_CHANGE),
    admin("roles/revoke_privilege", SERVER, bodies.GRANT, Risk.ACCESS_CHANGE),
    admin("roles/grant_privilege_v2", SERVER, bodies.GRANT_V2, Risk.ACCESS_CHANGE),
    admin("roles/revoke_privilege_v2", SERVER, bodies.GRANT_V2, Risk.ACCESS_CHANGE),
    admin("privilege_groups/create", SERVER, bodies.PRIVILEGE_GROUP, Risk.ACCESS_CHANGE),
    admin("privilege_groups/drop", SERVER, bodies.PRIVILEGE_GROUP, Risk.ACCESS_CHANGE),
    admin("privilege_groups/list", SERVER, bodies.IN_DATABASE, Risk.DISCLOSURE),
    admin("privilege_groups/add_privileges_to_group", SERVER, bodies.PRIVILEGE_GROUP, Risk.ACCESS_CHANGE),
    admin("privilege_groups/remove_privileges_from_group", SERVER, bodies.PRIVILEGE_GROUP, Risk.ACCESS_CHANGE),
)

_JOB: Final = "A job names no collection."
_JOBS: Final = (
    meta("jobs/import/list", LISTED, bodies.IN_COLLECTION, scope=Scope.LIST, effect=effects.in_collection),
    admin(
        "jobs/import/create",
        NAMED,
        bodies.IMPORT,
        Risk.BULK_UPDATE,
        Risk.EGRESS,
        note="Reads files of a bucket; of a backup, a grant must cover all.",
        effect=effects.imported,
    ),
    row("jobs/import/get_progress", Action.READ, SERVER, bodies.JOB, note=_JOB),
    row("jobs/import/describe", Action.READ, SERVER, bodies.JOB, note=_JOB),
    admin("jobs/import/commit", SERVER, bodies.JOB, Risk.BULK_UPDATE, note=_JOB),
    admin("jobs/import/abort", SERVER, bodies.JOB, note=_JOB),
    refused("jobs/snapshot/restore_external"),
    refused("jobs/snapshot/export"),
    admin("jobs/snapshot/describe", SERVER, bodies.JOB, note=_JOB),
    admin("jobs/snapshot/list", LISTED, bodies.IN_COLLECTION, effect=effects.in_collection),
    refused("jobs/external_collection/refresh"),
    refused("jobs/external_collection/describe"),
    meta(
        "jobs/external_collection/list",
        LISTED,
        bodies.IN_COLLECTION,
        scope=Scope.LIST,
        note="Without sources and credentials.",
        effect=effects.in_collection,
    ),
)

_SERVER_WIDE: Final = (
    admin("resource_groups/create", SERVER, bodies.RESOURCE_GROUP, Risk.CLUSTER_CHANGE),
    admin("resource_groups/drop", SERVER, bodies.RESOURCE_GROUP, Risk.CLUSTER_CHANGE),
    admin("resource_groups/alter", SERVER, bodies.RESOURCE_GROUPS, Risk.CLUSTER_CHANGE),
    row("resource_groups/describe", Action.META, SERVER, bodies.RESOURCE_GROUP, Risk.DISCLOSURE),
    meta("resource_groups/list", SERVER, bodies.EMPTY),
    admin("resource_groups/transfer_replica", (*NAMED, *SERVER), bodies.TRANSFER, Risk.CLUSTER_CHANGE),
    refused("file_resources/add"),
    refused("file_resources/remove"),
    row("file_resources/list", Action.META, SERVER, bodies.EMPTY, Risk.DISCLOSURE),
    refused("segments/describe"),
    refused("quotacenter/describe"),
    refused("common/run_analyzer"),
)

_SNAPSHOTS: Final = (
    meta("snapshots/list", NAMED, bodies.COLLECTION),
    *map(
        refused,
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

ROWS: Final = (*_ACCESS, *_JOBS, *_SERVER_WIDE, *_SNAPSHOTS, *_OLD)
