"""Rows of routes that the server has and its description has not, nor ever had: refused by name."""

from __future__ import annotations

from typing import Final

from vecgate_qdrant.rest.rows.common import COLLECTION, refused

_SHARD: Final = f"{COLLECTION}/shards/{{shard_id}}"
_DEBUG: Final = "A route for the database's developers, which its description does not have."
_RECORDS: Final = "It reads a shard past the collection's own operations."
_ARCHIVES: Final = "It makes or takes an archive, which holds every record as it is stored."

ROWS: Final = (
    refused("audit_logs", "POST", "/audit/logs", "It tells what everyone asked."),
    refused("list_metadata_keys", "GET", "/cluster/metadata/keys", _DEBUG),
    refused("get_metadata_key", "GET", "/cluster/metadata/keys/{key}", _DEBUG),
    refused("put_metadata_key", "PUT", "/cluster/metadata/keys/{key}", _DEBUG),
    refused("delete_metadata_key", "DELETE", "/cluster/metadata/keys/{key}", _DEBUG),
    refused("get_memory", "GET", f"{COLLECTION}/memory", _DEBUG),
    refused("get_debugger", "GET", "/debugger", _DEBUG),
    refused("update_debugger", "PATCH", "/debugger", "It sends profiles to an address of the caller's."),
    refused("slow_requests", "GET", "/profiler/slow_requests", "It tells what others asked."),
    refused("stacktrace", "GET", "/stacktrace", _DEBUG),
    refused("get_logger", "GET", "/logger", _DEBUG),
    refused("update_logger", "POST", "/logger", "It can switch the audit log off."),
    refused("truncate_unapplied_wal", "POST", f"{COLLECTION}/truncate_unapplied_wal", "It drops writes."),
    refused("shard_points", "POST", f"{_SHARD}/points", _RECORDS),
    refused("shard_scroll", "POST", f"{_SHARD}/points/scroll", _RECORDS),
    refused("shard_count", "POST", f"{_SHARD}/points/count", _RECORDS),
    refused("shard_cleanup", "POST", f"{_SHARD}/cleanup", "It removes points from a shard."),
    refused("create_partial_snapshot", "POST", f"{_SHARD}/snapshot/partial/create", _ARCHIVES),
    refused("recover_partial_snapshot", "POST", f"{_SHARD}/snapshot/partial/recover", _ARCHIVES),
    refused("recover_partial_snapshot_from", "POST", f"{_SHARD}/snapshot/partial/recover_from", _ARCHIVES),
    refused("partial_snapshot_manifest", "GET", f"{_SHARD}/snapshot/partial/manifest", _ARCHIVES),
    refused("shard_wal", "GET", f"{_SHARD}/wal", _DEBUG),
    refused("shard_recovery_point", "GET", f"{_SHARD}/recovery_point", _DEBUG),
    refused("collection_debug", "POST", f"{COLLECTION}/debug", _DEBUG),
    refused("dashboard", "GET", "/dashboard", "Consoles of the database are not served."),
    refused("dashboard_file", "GET", "/dashboard/{file}", "Consoles of the database are not served."),
)
