"""Rows about snapshots: made, listed, removed and restored in the database's own folder. None leaves or enters it."""

from __future__ import annotations

from typing import Final

from vecgate.operations.model import Action, Risk
from vecgate.operations.table import Row
from vecgate_qdrant.rest import administration, changes
from vecgate_qdrant.rest.rows.common import COLLECTION, NAMED, WAIT, refused

_SNAPSHOT: Final = (Risk.SNAPSHOT,)
_WHOLE: Final = ("**",)
_SHARD: Final = f"{COLLECTION}/shards/{{shard_id}}"
_DOWNLOAD: Final = "An archive holds every record as it is stored: nothing in it can be masked."
_UPLOAD: Final = "An archive replaces the collection by what nobody has judged."
_RECOVER: Final = (
    "Only archives in the database's own folder, which may be any collection's, so a grant must cover the server; "
    "addresses and keys are refused."
)


def _kept(prefix: str, path: str, resources: tuple[str, ...]) -> tuple[Row, ...]:
    """List, create, delete."""
    return (
        Row(f"list_{prefix}snapshots", "GET", path, Action.ADMIN, resources, risks=_SNAPSHOT),
        Row(f"create_{prefix}snapshot", "POST", path, Action.ADMIN, resources, query=WAIT, risks=_SNAPSHOT),
        Row(
            f"delete_{prefix}snapshot",
            "DELETE",
            f"{path}/{{snapshot_name}}",
            Action.ADMIN,
            resources,
            query=WAIT,
            risks=_SNAPSHOT,
        ),
        refused(f"get_{prefix}snapshot", "GET", f"{path}/{{snapshot_name}}", _DOWNLOAD),
    )


def _recover(name: str, path: str) -> Row:
    return Row(
        name,
        "PUT",
        f"{path}/recover",
        Action.ADMIN,
        (*NAMED, "**"),
        query=WAIT,
        body=administration.RECOVER,
        risks=(Risk.RESTORE,),
        note=_RECOVER,
        effect=changes.recover,
    )


ROWS: Final = (
    *_kept("", f"{COLLECTION}/snapshots", NAMED),
    *_kept("full_", "/snapshots", _WHOLE),
    *_kept("shard_", f"{_SHARD}/snapshots", NAMED),
    _recover("recover_from_snapshot", f"{COLLECTION}/snapshots"),
    _recover("recover_shard_from_snapshot", f"{_SHARD}/snapshots"),
    refused("recover_from_uploaded_snapshot", "POST", f"{COLLECTION}/snapshots/upload", _UPLOAD),
    refused("recover_shard_from_uploaded_snapshot", "POST", f"{_SHARD}/snapshots/upload", _UPLOAD),
    refused("stream_shard_snapshot", "GET", f"{_SHARD}/snapshot", _DOWNLOAD),
)
