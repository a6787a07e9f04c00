"""Rows about the service itself: its health and version, backups; and what is refused by name, whoever asks."""

from __future__ import annotations

from typing import Any, Final

from vecgate.operations.model import Action, Risk, Scope
from vecgate.operations.shapes import TEXT, enumeration
from vecgate.operations.table import Row
from vecgate_weaviate.rest import bodies, effects
from vecgate_weaviate.rest.rows.common import WHOLE, refused, row

_BACKUP: Final = "/backups/{backend}"
_SNAPSHOT: Final = (Risk.SNAPSHOT,)
_ACCESS: Final = (
    "Users, roles and keys of the database are its operators': behind the gateway all have its one credential, and a "
    "key of the database would lead around it."
)
_CLUSTER: Final = "Shards and their replicas are moved by operators, at the database itself."
_SEARCH: Final = "Not served: GraphQL and gRPC ask for the same."
_OUT: Final = "An export holds every object as it is stored: nothing in it can be masked."
_MODEL: Final = "It writes to objects what it reads in others, after its request has ended."
_NOT_READ: Final = "The gateway does not read this protocol; use gRPC at its own port."

SERVICE: Final = (
    row("weaviate.wellknown.liveness", "GET", "/.well-known/live", Action.META, (), scope=Scope.SERVICE),
    row("weaviate.wellknown.readiness", "GET", "/.well-known/ready", Action.META, (), scope=Scope.SERVICE),
    row(
        "wellknown.openid",
        "GET",
        "/.well-known/openid-configuration",
        Action.META,
        (),
        scope=Scope.SERVICE,
        note="Answered by the gateway: the first of its own issuers.",
    ),
    row("meta.get", "GET", "/meta", Action.META, (), scope=Scope.SERVICE),
)


def _backup(name: str, method: str, path: str, **more: Any) -> Row:
    return row(f"backups.{name}", method, path, Action.ADMIN, WHOLE, **{"risks": _SNAPSHOT, **more})


_PLACE: Final = {"bucket": TEXT, "path": TEXT}
_COPIED: Final = (
    "The collections that it includes; `**` where it names none, or takes users and roles along. `egress` to a place "
    "that it names."
)
BACKUPS: Final = (
    _backup("create", "POST", _BACKUP, body=bodies.BACKUP, note=_COPIED, effect=effects.copied),
    _backup("list", "GET", _BACKUP, query={"order": enumeration("asc", "desc")}),
    _backup("create.status", "GET", f"{_BACKUP}/{{id}}", query=_PLACE),
    _backup("cancel", "DELETE", f"{_BACKUP}/{{id}}", query=_PLACE),
    _backup(
        "restore",
        "POST",
        f"{_BACKUP}/{{id}}/restore",
        body=bodies.RESTORE,
        risks=(Risk.RESTORE,),
        note=_COPIED,
        effect=effects.copied,
    ),
    _backup("restore.status", "GET", f"{_BACKUP}/{{id}}/restore", query=_PLACE),
    _backup("restore.cancel", "DELETE", f"{_BACKUP}/{{id}}/restore", query=_PLACE),
)
_REFUSED: Final[dict[str, tuple[tuple[str, str, str], ...]]] = {
    "Links to what the gateway serves are in its documentation.": (("weaviate.root", "GET", "/"),),
    _ACCESS: (
        ("getOwnInfo", "GET", "/users/own-info"),
        ("listAllUsers", "GET", "/users/db"),
        ("getUserInfo", "GET", "/users/db/{user_id}"),
        ("createUser", "POST", "/users/db/{user_id}"),
        ("deleteUser", "DELETE", "/users/db/{user_id}"),
        ("rotateUserApiKey", "POST", "/users/db/{user_id}/rotate-key"),
        ("activateUser", "POST", "/users/db/{user_id}/activate"),
        ("deactivateUser", "POST", "/users/db/{user_id}/deactivate"),
        ("getRoles", "GET", "/authz/roles"),
        ("createRole", "POST", "/authz/roles"),
        ("getRole", "GET", "/authz/roles/{id}"),
        ("deleteRole", "DELETE", "/authz/roles/{id}"),
        ("addPermissions", "POST", "/authz/roles/{id}/add-permissions"),
        ("removePermissions", "POST", "/authz/roles/{id}/remove-permissions"),
        ("hasPermission", "POST", "/authz/roles/{id}/has-permission"),
        ("getUsersForRoleDeprecated", "GET", "/authz/roles/{id}/users"),
        ("getUsersForRole", "GET", "/authz/roles/{id}/user-assignments"),
        ("getGroupsForRole", "GET", "/authz/roles/{id}/group-assignments"),
        ("getRolesForUserDeprecated", "GET", "/authz/users/{id}/roles"),
        ("getRolesForUser", "GET", "/authz/users/{id}/roles/{userType}"),
        ("assignRoleToUser", "POST", "/authz/users/{id}/assign"),
        ("revokeRoleFromUser", "POST", "/authz/users/{id}/revoke"),
        ("assignRoleToGroup", "POST", "/authz/groups/{id}/assign"),
        ("revokeRoleFromGroup", "POST", "/authz/groups/{id}/revoke"),
        ("getRolesForGroup", "GET", "/authz/groups/{id}/roles/{groupType}"),
        ("getGroups", "GET", "/authz/groups/{id}"),
        ("listNamespaces", "GET", "/namespaces"),
        ("createNamespace", "POST", "/namespaces/{namespace_id}"),
        ("getNamespace", "GET", "/namespaces/{namespace_id}"),
        ("updateNamespace", "PUT", "/namespaces/{namespace_id}"),
        ("deleteNamespace", "DELETE", "/namespaces/{namespace_id}"),
        ("suspendNamespace", "POST", "/namespaces/{namespace_id}/suspend"),
        ("resumeNamespace", "POST", "/namespaces/{namespace_id}/resume"),
    ),
    _CLUSTER: (
        ("replicate", "POST", "/replication/replicate"),
        ("deleteAllReplications", "DELETE", "/replication/replicate"),
        ("forceDeleteReplications", "POST", "/replication/replicate/force-delete"),
        ("listReplication", "GET", "/replication/replicate/list"),
        ("replicationDetails", "GET", "/replication/replicate/{id}"),
        ("deleteReplication", "DELETE", "/replication/replicate/{id}"),
        ("cancelReplication", "POST", "/replication/replicate/{id}/cancel"),
        ("getCollectionShardingState", "GET", "/replication/sharding-state"),
        ("getReplicationScalePlan", "GET", "/replication/scale"),
        ("applyReplicationScalePlan", "POST", "/replication/scale"),
        ("cluster.get.statistics", "GET", "/cluster/statistics"),
        ("distributedTasks.get", "GET", "/tasks"),
    ),
    _SEARCH: (
        ("aggregate", "POST", "/aggregate/{collection}"),
        ("search.bm25", "POST", "/search/{collection}/bm25"),
        ("search.hybrid", "POST", "/search/{collection}/hybrid"),
        ("search.nearObject", "POST", "/search/{collection}/near-object"),
        ("search.nearText", "POST", "/search/{collection}/near-text"),
    ),
    _OUT: (
        ("export.create", "POST", "/export/{backend}"),
        ("export.status", "GET", "/export/{backend}/{id}"),
        ("export.cancel", "DELETE", "/export/{backend}/{id}"),
    ),
    _MODEL: (
        ("classifications.post", "POST", "/classifications/"),
        ("classifications.get", "GET", "/classifications/{id}"),
    ),
    _NOT_READ: (
        ("mcp.post", "POST", "/mcp"),
        ("mcp.get", "GET", "/mcp"),
        ("mcp.delete", "DELETE", "/mcp"),
        ("grpc-web", "POST", "/grpc-web/{service}/{method}"),
    ),
}
REFUSED: Final = tuple(refused(*each, why) for why, rows in _REFUSED.items() for each in rows)
ROWS: Final = (*SERVICE, *BACKUPS, *REFUSED)
