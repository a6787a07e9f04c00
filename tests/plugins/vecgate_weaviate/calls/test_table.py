"""The table against the published description: every call is in it, classed as what it is, or refused by its name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.support.weaviate_calls import OPEN, UUID, masked, reading, request, shown

from vecgate.errors import Refusal, Unmaskable
from vecgate.operations import grpc
from vecgate.operations.messages import GRPC
from vecgate.operations.model import Action, Scope
from vecgate.reasons import Reason
from vecgate_weaviate import calls
from vecgate_weaviate.calls.naming import NAMES
from vecgate_weaviate.calls.replies import FUNCTIONS
from vecgate_weaviate.descriptors import DESCRIPTORS

PROTO = Path(__file__).parents[3] / "specs" / "weaviate-proto" / "v1"
PUBLISHED = re.findall(r"rpc (\w+)\(", (PROTO / "weaviate.proto").read_text())
BY_PATH = {row.path: row for row in calls.ROWS}
SERVED = {
    "Weaviate/Search": Action.SEARCH,
    "Weaviate/Aggregate": Action.READ,
    "Weaviate/BatchObjects": Action.WRITE,
    "Weaviate/BatchReferences": Action.WRITE,
    "Weaviate/BatchDelete": Action.DELETE,
    "Weaviate/TenantsGet": Action.META,
    "Health/Check": Action.META,
}
ELSEWHERE = [
    ("weaviate.v1.Weaviate", "BatchStream"),
    ("weaviate.v1.FileReplicationService", "GetFile"),
    ("weaviategrpc.Weaviate", "Search"),
    ("weaviate.v0.Weaviate", "Search"),
    ("grpc.reflection.v1.ServerReflection", "ServerReflectionInfo"),
    ("grpc.reflection.v1alpha.ServerReflection", "ServerReflectionInfo"),
    ("grpc.health.v1.Health", "Watch"),
    ("clusterapi.ReplicationService", "FetchObjects"),
    ("clusterapi.FileReplicationService", "GetReplicaSnapshotFile"),
    ("weaviate.internal.cluster.ClusterService", "Query"),
    ("weaviate.v1.weaviate", "Search"),
    ("weaviate.v1.Weaviate", "search"),
    ("weaviate.v1.Weaviate", "Newest"),
]


def test_every_published_call_has_a_row() -> None:
    assert len(PUBLISHED) == 7
    assert {f"/weaviate.v1.Weaviate/{name}" for name in PUBLISHED} <= BY_PATH.keys()
    assert {path for path, _ in DESCRIPTORS.methods()} <= BY_PATH.keys()


def test_what_is_served_is_classed_as_what_it_is() -> None:
    assert {row.operation: row.action for row in calls.ROWS if not row.refused} == SERVED
    assert FUNCTIONS.keys() == SERVED.keys()


def test_streams_are_not_served() -> None:
    for path, method in DESCRIPTORS.methods():
        assert bool(BY_PATH[path].refused) is bool(method.client_streaming or method.server_streaming)


@pytest.mark.parametrize(("service", "method"), ELSEWHERE)
def test_what_is_not_served_is_refused(service: str, method: str) -> None:
    with pytest.raises(Refusal) as caught:
        calls.read(request(method, b"", service))
    assert caught.value.reason is Reason.UNKNOWN_OPERATION


def test_rows_are_calls() -> None:
    assert {row.method for row in calls.ROWS} == {GRPC}
    assert len({row.operation for row in calls.ROWS}) == len(calls.ROWS)


def test_every_field_that_names_a_collection_is_known() -> None:
    """A newer description may bring others."""
    text = "".join(path.read_text() for path in PROTO.glob("*.proto"))
    named = set(re.findall(r"\bstring (\w*(?:collection|class)\w*) = ", text))
    assert named == NAMES


def test_bytes_that_are_no_message_are_refused() -> None:
    with pytest.raises(Refusal) as caught:
        calls.read(request("Search", b"\xff\xff"))
    assert caught.value.reason is Reason.BAD_BODY


def test_a_repeated_field_counts_once_and_is_sent_once() -> None:
    """What two parsers could read as two collections is read, judged and sent as the last (P22)."""
    twice = b"\x0a\x04Docs\x0a\x06Secret"
    read = reading("Search", twice)
    assert read.operations[0].resources == ("Secret",)
    assert read.document.collection == "Secret"


def test_health_is_told_as_it_is() -> None:
    read = calls.read(request("Check", {}, "grpc.health.v1.Health"))
    assert (read.operations[0].scope, read.operations[0].resources) == (Scope.SERVICE, ())
    answer = DESCRIPTORS.type("grpc.health.v1.HealthCheckResponse")(status=1)
    assert shown(read, OPEN, answer).status == 1
    with pytest.raises(Unmaskable):
        masked(read, OPEN, grpc.answered(b"\xff"))


def test_a_write_of_nothing_but_an_object_is_a_write() -> None:
    (operation,) = reading("BatchObjects", {"objects": [{"collection": "Docs", "uuid": UUID}]}).operations
    assert operation.action is Action.WRITE
