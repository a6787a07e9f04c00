"""What is refused by name: other hosts, other interfaces, forms that nobody needs."""

from __future__ import annotations

import re

import pytest
from tests.support.pinecone_scene import SITE, refusal

from vecgate.errors import Refusal
from vecgate.operations.messages import GRPC, Request, Target
from vecgate.operations.table import Row
from vecgate.reasons import Reason
from vecgate_pinecone import PineconeDialect
from vecgate_pinecone.table import TABLE

REFUSED = [row for row in TABLE if row.refused]
KNOWN = [row for row in REFUSED if row.method != GRPC]
TRAPS = [
    "POST /admin/projects/p/api-keys",
    "GET /admin/organizations",
    "POST /admin/service-accounts/s/rotate-secret",
    "POST /oauth/token",
    "POST /assistant/chat/helper",
    "POST /chat/helper",
    "GET /files/helper",
    "POST /namespaces/kb/documents/search",
    "POST /namespaces/kb/documents/upsert",
    "GET /indexes/docs/backup-schedules",
    "GET /prometheus/projects/p/metrics/discover",
    "DELETE /vectors/delete",
]
UNKNOWN = [
    "GET /query",
    "PUT /vectors/upsert",
    "POST /databases",
    "GET /whoami",
    "GET /actions/whoami",
    "POST /vectors/fetch",
    "POST /vectors/list",
    "GET /vectors/delete",
    "POST /Query",
    "POST /records/namespaces/kb/fetch",
    "PATCH /namespaces/kb",
    "POST /indexes/docs",
    "GET /",
]


@pytest.mark.parametrize("row", KNOWN, ids=lambda row: row.operation)
def test_a_row_that_is_refused_says_why(row: Row) -> None:
    path = re.sub(r"\{[a-z_]+\}", "one", row.path)
    with pytest.raises(Refusal) as caught:
        PineconeDialect().read(Request(row.method, Target(tuple(path[1:].split("/")))))
    assert (caught.value.reason, caught.value.detail) == (Reason.UNKNOWN_OPERATION, row.refused)


@pytest.mark.parametrize("route", TRAPS)
def test_what_goes_round_the_gateway_stands_in_the_table(route: str) -> None:
    assert refusal(route) is Reason.UNKNOWN_OPERATION
    method, path = route.split()
    with pytest.raises(Refusal) as caught:
        TABLE.route(method, tuple(path[1:].split("/")))
    assert caught.value.detail in {row.refused for row in REFUSED}


@pytest.mark.parametrize("route", UNKNOWN)
def test_what_nobody_has_is_unknown(route: str) -> None:
    assert refusal(route) is Reason.UNKNOWN_OPERATION


@pytest.mark.parametrize(
    "call",
    ["grpc.health.v1.Health/Check", "VectorService/Stream", "vectorservice/Query", "pinecone.VectorService/Query"],
)
def test_other_calls_are_refused(call: str) -> None:
    with pytest.raises(Refusal) as caught:
        PineconeDialect().read(Request(GRPC, Target(tuple(call.split("/"))), {}, b"", SITE))
    assert caught.value.reason is Reason.UNKNOWN_OPERATION


def test_nothing_answers_without_a_token() -> None:
    assert PineconeDialect.public == frozenset()
