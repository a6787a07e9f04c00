from __future__ import annotations

from typing import Any

import pytest
from tests.support.milvus_calls import KB, column, judged, made, unbound

from vecgate.errors import Refusal
from vecgate.operations.model import Risk, Scope
from vecgate.reasons import Reason
from vecgate_milvus.collection import Collection

NEW = None
"""What the look-up of a name brings that does not exist."""


@pytest.mark.parametrize(
    ("method", "message", "resources"),
    [
        ("DescribeCollection", {"collection_name": "kb"}, ("default/kb",)),
        ("DescribeCollection", {"collection_name": "kb", "db_name": "hr"}, ("hr/kb",)),
        ("GetPersistentSegmentInfo", {"collectionName": "kb", "dbName": "hr"}, ("hr/kb",)),
        ("LoadBalance", {"collectionName": "kb"}, ("default/kb",)),
        ("Flush", {"collection_names": ["a", "b", "a"]}, ("default/a", "default/b")),
        ("BatchDescribeCollection", {"collection_name": ["a", "b"]}, ("default/a", "default/b")),
        ("RenameCollection", {"oldName": "a", "newName": "b"}, ("default/a", "default/b")),
        ("RenameCollection", {"oldName": "a", "newName": "b", "newDBName": "hr"}, ("default/a", "hr/b")),
        ("RestoreSnapshot", {"collection_name": "a", "target_collection_name": "b"}, ("default/a", "default/b")),
        (
            "RestoreSnapshot",
            {"db_name": "x", "collection_name": "a", "target_db_name": "hr", "target_collection_name": "b"},
            ("x/a", "hr/b"),
        ),
        ("RestoreExternalSnapshot", {"target_collection_name": "b"}, ("default/b", "**")),
        ("CreateAlias", {"collection_name": "a", "alias": "prod"}, ("default/a", "default/prod")),
        ("ListAliases", {}, ("default/*",)),
        ("ListAliases", {"collection_name": "a"}, ("default/a",)),
        ("ShowCollections", {"db_name": "hr"}, ("hr/*",)),
        ("ShowCollections", {"collection_names": ["a", "b"]}, ("default/a", "default/b")),
        ("ListSnapshots", {}, ("**",)),
        ("ListSnapshots", {"collection_name": "a"}, ("default/a",)),
        ("ListImportTasks", {"db_name": "hr"}, ("hr/*",)),
        ("ListRestoreSnapshotJobs", {}, ("default/*",)),
        ("FlushAll", {}, ("**",)),
        ("FlushAll", {"flush_targets": [{"db_name": "hr", "collection_names": ["a"]}]}, ("**",)),
        ("OperatePrivilege", {"entity": {"object_name": "*"}}, ("**",)),
        ("OperatePrivilegeV2", {"db_name": "*", "collection_name": "*"}, ("**",)),
        ("TransferReplica", {"collection_name": "kb"}, ("default/kb", "**")),
        ("CreateDatabase", {"db_name": "hr"}, ("hr",)),
        ("DescribeDatabase", {"db_name": "hr"}, ("hr",)),
        ("ListDatabases", {}, ("*",)),
        ("RunAnalyzer", {}, ()),
        ("RunAnalyzer", {"collection_name": "a"}, ("default/a",)),
        ("GetFlushState", {"segmentIDs": [1]}, ()),
        ("Import", {"collection_name": "a", "files": ["a.parquet"]}, ("default/a",)),
        ("Import", {"collection_name": "a", "files": ["files/insert_log/1"]}, ("default/a", "**")),
        ("Import", {"collection_name": "a", "options": [{"key": "Backup", "value": "true"}]}, ("default/a", "**")),
        ("RefreshExternalCollection", {"collection_name": "a"}, ("default/a",)),
        ("RefreshExternalCollection", {"collection_name": "a", "external_source": "s3://x"}, ("default/a", "**")),
    ],
)
def test_the_resources_of_a_call(method: str, message: dict[str, Any], resources: tuple[str, ...]) -> None:
    (operation,) = unbound(method, message).operations
    assert operation.resources == resources


@pytest.mark.parametrize(
    ("method", "message"),
    [
        ("Flush", {}),
        ("DescribeCollection", {}),
        ("DropCollection", {}),
        ("Search", {}),
        ("HybridSearch", {}),
        ("Query", {}),
        ("Insert", {}),
        ("DescribeSnapshot", {"name": "s"}),
        ("RestoreSnapshot", {"collection_name": "a"}),
        ("RenameCollection", {"oldName": "a"}),
        ("RenameCollection", {"oldName": "a", "newName": "b", "newDBName": "*"}),
        ("DescribeAlias", {}),
        ("DropDatabase", {}),
        ("CreateDatabase", {"db_name": "a/b"}),
        ("DescribeCollection", {"collection_name": "*"}),
        ("Flush", {"collection_names": ["a", "a/b"]}),
        ("BatchDescribeCollection", {"collection_name": ["*"]}),
        ("ShowCollections", {"db_name": "*"}),
    ],
)
def test_what_names_nothing_is_refused(method: str, message: dict[str, Any]) -> None:
    with pytest.raises(Refusal) as refused:
        unbound(method, message)
    assert refused.value.reason is Reason.BAD_BODY


@pytest.mark.parametrize(
    "method",
    [
        *("Search", "Query", "HybridSearch", "Insert", "Upsert", "Delete", "DescribeCollection", "LoadCollection"),
        *("GetCollectionStatistics", "ShowPartitions", "CreateIndex", "DescribeIndex", "HasCollection", "Import"),
        *("TruncateCollection", "CreateSnapshot", "ExportSnapshot", "AlterCollection", "CreatePartition"),
    ],
)
def test_an_alias_is_judged_as_what_stands_behind_it(method: str) -> None:
    assert judged(method, {"collection_name": "prod"}, prod=Collection("default/secret")).resources[0] == (
        "default/secret"
    )


@pytest.mark.parametrize(
    ("method", "message", "resources"),
    [
        ("DropAlias", {"alias": "prod"}, ("default/prod", "default/secret")),
        ("DescribeAlias", {"alias": "prod"}, ("default/prod", "default/secret")),
        ("AlterAlias", {"alias": "prod", "collection_name": "kb"}, ("default/kb", "default/prod", "default/secret")),
        ("CreateAlias", {"alias": "prod", "collection_name": "kb"}, ("default/kb", "default/prod", "default/secret")),
        ("DropCollection", {"collection_name": "prod"}, ("default/prod", "default/secret")),
        ("RenameCollection", {"oldName": "prod", "newName": "b"}, ("default/secret", "default/prod", "default/b")),
    ],
)
def test_every_name_that_an_alias_has_to_do_with(
    method: str, message: dict[str, Any], resources: tuple[str, ...]
) -> None:
    assert judged(method, message, prod=Collection("default/secret"), kb=KB).resources == resources


def test_a_list_of_one_name_says_whether_it_exists() -> None:
    assert judged("HasCollection", {"collection_name": "kb"}).scope is Scope.LIST
    assert judged("ShowCollections", {}).scope is Scope.LIST
    assert judged("ShowCollections", {"collection_names": ["kb"]}).scope is Scope.NAMED


def test_what_is_written_is_counted() -> None:
    assert judged("Insert", {"collection_name": "kb", "num_rows": 7}).count == 7
    message = made("milvus.InsertRequest", collection_name="kb", num_rows=1)
    message.fields_data.append(column("title", "string_data", ["a", "b", "c"]))
    assert judged("Insert", message).count == 3


@pytest.mark.parametrize(("rows", "risks"), [(1000, ()), (1001, (Risk.BULK_UPDATE,))])
def test_an_upsert_of_many_is_a_bulk_update(rows: int, risks: tuple[Risk, ...]) -> None:
    assert judged("Upsert", {"collection_name": "kb", "num_rows": rows}).risks == risks


@pytest.mark.parametrize(
    ("using", "fields"), [("owner == 1 and level > 2", ("level", "owner")), ("", ()), ("owner == $who$", ("*",))]
)
def test_row_policies_are_steered_by_fields(using: str, fields: tuple[str, ...]) -> None:
    assert judged("CreateRowPolicy", {"collection_name": "kb", "using_expr": using}).fields_used == fields


def test_contents_go_from_one_name_to_the_other() -> None:
    assert judged("RenameCollection", {"oldName": "kb", "newName": "b"}).copies
    assert judged("RestoreSnapshot", {"collection_name": "kb", "target_collection_name": "b"}).copies
