"""Administration: the calls for users and rights, for the cluster, and for snapshots, one row each."""

from __future__ import annotations

from typing import Final

from vecgate.operations.model import Action, Risk
from vecgate.operations.table import Row
from vecgate_milvus.calls import effects
from vecgate_milvus.calls.rows import (
    TELEMETRY,
    access,
    of_collection,
    of_server,
    on_collection,
    on_server,
    refused,
    row,
    service,
)

_REPLICATION: Final = "Replication between clusters does not go through the gateway."
_TELEMETRY_WHY: Final = "Telemetry of clients ends at the gateway."

_ACCESS: Final = (
    access("CreateCredential", Risk.ACCESS_CHANGE),
    access("UpdateCredential", Risk.ACCESS_CHANGE),
    access("DeleteCredential", Risk.ACCESS_CHANGE),
    access("ListCredUsers", Risk.DISCLOSURE),
    access("CreateRole", Risk.ACCESS_CHANGE),
    access("AlterRole", Risk.ACCESS_CHANGE),
    access("DropRole", Risk.ACCESS_CHANGE),
    access("OperateUserRole", Risk.ACCESS_CHANGE),
    access("SelectRole", Risk.DISCLOSURE),
    access("SelectUser", Risk.DISCLOSURE),
    access("OperatePrivilege", Risk.ACCESS_CHANGE),
    access("OperatePrivilegeV2", Risk.ACCESS_CHANGE),
    access("SelectGrant", Risk.DISCLOSURE),
    access("BackupRBAC", Risk.DISCLOSURE, note="Passwords stay with the server."),
    access("RestoreRBAC", Risk.ACCESS_CHANGE, Risk.RESTORE),
    access("CreatePrivilegeGroup", Risk.ACCESS_CHANGE),
    access("DropPrivilegeGroup", Risk.ACCESS_CHANGE),
    access("ListPrivilegeGroups", Risk.DISCLOSURE),
    access("OperatePrivilegeGroup", Risk.ACCESS_CHANGE),
    access("AddUserTags", Risk.ACCESS_CHANGE),
    access("DeleteUserTags", Risk.ACCESS_CHANGE),
    access("GetUserTags", Risk.DISCLOSURE),
    access("ListUsersWithTag", Risk.DISCLOSURE),
    on_collection("CreateRowPolicy", Risk.ACCESS_CHANGE, fields=("using_expr", "check_expr"), effect=effects.rows),
    on_collection("UpdateRowPolicy", Risk.ACCESS_CHANGE, fields=("using_expr", "check_expr"), effect=effects.rows),
    on_collection("DropRowPolicy", Risk.ACCESS_CHANGE),
    on_collection("ListRowPolicies", Risk.DISCLOSURE),
    on_collection("SetRLSPrincipalTags", Risk.ACCESS_CHANGE),
    on_collection("GetRLSPrincipalTags", Risk.DISCLOSURE),
    on_collection("ListRLSPrincipals", Risk.DISCLOSURE),
    on_collection("DeleteRLSPrincipalTags", Risk.ACCESS_CHANGE),
)

_CLUSTER: Final = (
    on_server("CreateResourceGroup", Risk.CLUSTER_CHANGE),
    on_server("DropResourceGroup", Risk.CLUSTER_CHANGE),
    on_server("UpdateResourceGroups", Risk.CLUSTER_CHANGE),
    on_server("TransferNode", Risk.CLUSTER_CHANGE),
    row("TransferReplica", Action.ADMIN, "{database}/{collection}", "**", risks=(Risk.CLUSTER_CHANGE,)),
    of_server("ListResourceGroups"),
    of_server("DescribeResourceGroup", Risk.DISCLOSURE),
    on_server("AddFileResource", Risk.CLUSTER_CHANGE),
    on_server("RemoveFileResource", Risk.CLUSTER_CHANGE),
    of_server("ListFileResources", Risk.DISCLOSURE),
    on_server("UpdateReplicateConfiguration", Risk.CLUSTER_CHANGE, Risk.EGRESS),
    on_server("GetReplicateConfiguration", Risk.DISCLOSURE, note="Tokens of other clusters stay with the server."),
    on_server("GetReplicateInfo", Risk.DISCLOSURE),
    refused("ReplicateMessage", _REPLICATION),
    refused("CreateReplicateStream", _REPLICATION),
    refused("DumpMessages", "It streams the write-ahead log: all records of all collections."),
    row("ClientHeartbeat", Action.META, within=TELEMETRY, refused=_TELEMETRY_WHY),
    refused("GetClientTelemetry", _TELEMETRY_WHY, TELEMETRY),
    refused("PushClientCommand", "It has other people's clients do something.", TELEMETRY),
    refused("DeleteClientCommand", "It has other people's clients do something.", TELEMETRY),
    refused("RegisterLink", "It names another address to connect to.", "milvus.proto.milvus.ProxyService"),
    service("Check", within="grpc.health.v1.Health", note="Answers without a token."),
    refused("Watch", "Streams are not served.", "grpc.health.v1.Health"),
)

_SNAPSHOTS: Final = (
    on_collection("CreateSnapshot", Risk.SNAPSHOT),
    on_collection("DropSnapshot", Risk.SNAPSHOT),
    of_collection("ListSnapshots", effect=effects.one_or_everything),
    of_collection("DescribeSnapshot", note="Where a snapshot lies stays with the server."),
    on_collection("RestoreSnapshot", Risk.RESTORE, copies=True, effect=effects.restore),
    row(
        "RestoreExternalSnapshot",
        Action.ADMIN,
        "{database}/{target}",
        "**",
        risks=(Risk.RESTORE, Risk.EGRESS),
        effect=effects.restore_external,
        note="Whose snapshot it is, its address does not say: a grant must cover all.",
    ),
    on_collection("ExportSnapshot", Risk.SNAPSHOT, Risk.BULK_EXPORT, Risk.EGRESS),
    on_server("GetExportSnapshotState"),
    on_server("GetRestoreSnapshotState"),
    on_collection("ListRestoreSnapshotJobs", effect=effects.one_or_all),
    on_collection("PinSnapshotData", Risk.SNAPSHOT),
    on_server("UnpinSnapshotData", Risk.SNAPSHOT),
)

ADMINISTRATION: Final[tuple[Row, ...]] = (*_SNAPSHOTS, *_ACCESS, *_CLUSTER)
