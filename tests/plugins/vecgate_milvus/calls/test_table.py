"""The table against the published description: every call is in it, by its method, and classed as what it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.support.milvus_calls import unbound

from vecgate.errors import Refusal
from vecgate.operations.messages import GRPC
from vecgate.operations.model import Action, Risk, Scope
from vecgate.operations.table import Row
from vecgate.reasons import Reason
from vecgate_milvus.calls import CHANGES_NAMES, ROWS
from vecgate_milvus.calls.replies import FUNCTIONS
from vecgate_milvus.descriptors import DESCRIPTORS

SPECS = Path(__file__).parents[3] / "specs"
PUBLISHED: list[dict[str, Any]] = msgspec.json.decode((SPECS / "milvus-grpc-methods.json").read_bytes())
BY_PATH = {row.path: row for row in ROWS}
REFUSED = {
    "CalcDistance",
    "ClientHeartbeat",
    "CreateReplicateStream",
    "DeleteClientCommand",
    "DescribeSegmentIndexData",
    "DumpMessages",
    "Dummy",
    "GetClientTelemetry",
    "GetMetrics",
    "ListIndexedSegment",
    "PushClientCommand",
    "RegisterLink",
    "ReplicateMessage",
    "Watch",
}
CHANGING = ("Create", "Drop", "Alter", "Add", "Delete", "Rename", "Restore", "Operate", "Update", "Truncate", "Import")
HARMLESS_SERVICE = {
    "AllocTimestamp",
    "Check",
    "CheckHealth",
    "ComputePhraseMatchSlop",
    "Connect",
    "GetCompactionState",
    "GetCompactionStateWithPlans",
    "GetVersion",
}


def row(method: str) -> Row:
    return BY_PATH[f"/milvus.proto.milvus.MilvusService/{method}"]


def test_every_published_call_has_a_row() -> None:
    published = {f"/{one['service']}/{one['method']}" for one in PUBLISHED}
    assert len(published) == 154
    assert published <= BY_PATH.keys()


def test_the_rows_are_the_calls_of_the_descriptors() -> None:
    assert BY_PATH.keys() == {path for path, _ in DESCRIPTORS.methods()}
    assert all(one.method == GRPC for one in ROWS)


def test_what_is_refused_by_name() -> None:
    assert {one.operation.partition("/")[2] for one in ROWS if one.refused} == REFUSED


@pytest.mark.parametrize("path", sorted(one.path for one in ROWS if one.refused))
def test_a_refused_call_is_an_unknown_operation(path: str) -> None:
    with pytest.raises(Refusal) as refused:
        unbound(path[1:])
    assert refused.value.reason is Reason.UNKNOWN_OPERATION


def test_streams_are_refused() -> None:
    streams = {path for path, method in DESCRIPTORS.methods() if method.client_streaming or method.server_streaming}
    assert all(BY_PATH[path].refused for path in streams)


def test_what_changes_anything_is_no_mere_reading() -> None:
    changing = [one for one in ROWS if one.operation.partition("/")[2].startswith(CHANGING) and not one.refused]
    assert len(changing) > 50
    assert {one.action for one in changing} <= {Action.WRITE, Action.DELETE, Action.ADMIN}


@pytest.mark.parametrize("one", [one for one in PUBLISHED if one["priv"]], ids=lambda one: str(one["method"]))
def test_a_call_that_the_database_asks_a_privilege_for_needs_a_grant_on_what_it_names(one: dict[str, Any]) -> None:
    made = BY_PATH[f"/{one['service']}/{one['method']}"]
    if made.refused:
        return
    assert made.scope is not Scope.SERVICE
    kind, privilege = one["priv"][:2]
    if kind == "Collection":
        assert made.resources[0] == "{database}/{collection}" or made.resources[0].startswith("{database}/")
    if privilege in {"PrivilegeCreateOwnership", "PrivilegeDropOwnership", "PrivilegeManageOwnership"}:
        assert (made.action, made.resources) == (Action.ADMIN, ("**",))
        assert Risk.ACCESS_CHANGE in made.risks


def test_the_calls_without_a_resource_are_harmless() -> None:
    found = {one.operation.partition("/")[2] for one in ROWS if one.scope is Scope.SERVICE}
    assert found == HARMLESS_SERVICE


def test_names_that_may_change_are_forgotten() -> None:
    assert {f"MilvusService/{name}" for name in ("CreateAlias", "AlterAlias", "DropAlias")} < CHANGES_NAMES
    assert {one.operation for one in ROWS} >= CHANGES_NAMES


@pytest.mark.parametrize("one", [one for one in ROWS if not one.refused], ids=lambda one: str(one.operation))
def test_replies_with_records_vectors_or_bytes_are_masked_by_a_function_of_their_own(one: Row) -> None:
    """A reply that can hold records goes through a function; what else has bytes is scrubbed of them."""
    method = dict(DESCRIPTORS.methods())[one.path]
    held = set(_kinds(method.output_type, frozenset()))
    if held & {"FieldData", "VectorField", "IDs", "AggBucket"}:
        assert one.operation in FUNCTIONS
    if "bytes" in held:
        assert one.operation in FUNCTIONS or one.operation == "MilvusService/FlushAll"


def _kinds(message: Any, above: frozenset[str]) -> list[str]:
    found = [message.name]
    for field in message.fields:
        if field.type == field.TYPE_BYTES:
            found.append("bytes")
        if field.message_type is not None and field.message_type.full_name not in above:
            found += _kinds(field.message_type, above | {message.full_name})
    return found


@pytest.mark.parametrize(
    ("method", "action", "risks"),
    [
        ("DropCollection", Action.ADMIN, (Risk.DROP_COLLECTION,)),
        ("TruncateCollection", Action.DELETE, (Risk.BULK_DELETE,)),
        ("DropPartition", Action.ADMIN, (Risk.BULK_DELETE,)),
        ("AlterAlias", Action.ADMIN, (Risk.ALIAS_CHANGE,)),
        ("CreateSnapshot", Action.ADMIN, (Risk.SNAPSHOT,)),
        ("RestoreSnapshot", Action.ADMIN, (Risk.RESTORE,)),
        ("ExportSnapshot", Action.ADMIN, (Risk.SNAPSHOT, Risk.BULK_EXPORT, Risk.EGRESS)),
        ("RestoreRBAC", Action.ADMIN, (Risk.ACCESS_CHANGE, Risk.RESTORE)),
        ("TransferNode", Action.ADMIN, (Risk.CLUSTER_CHANGE,)),
        ("UpdateReplicateConfiguration", Action.ADMIN, (Risk.CLUSTER_CHANGE, Risk.EGRESS)),
        ("DropIndex", Action.ADMIN, (Risk.INDEX_REBUILD,)),
        ("AlterCollectionField", Action.ADMIN, (Risk.SCHEMA_CHANGE,)),
        ("GetCollectionStatistics", Action.READ, ()),
        ("DescribeCollection", Action.META, ()),
        ("Flush", Action.WRITE, ()),
    ],
)
def test_what_a_call_is(method: str, action: Action, risks: tuple[Risk, ...]) -> None:
    assert (row(method).action, row(method).risks) == (action, risks)
