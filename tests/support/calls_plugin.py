"""A plugin whose dialect has one gRPC call: `Check` reads the resource that its message names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import msgspec

from tests.support.descriptors import carried
from vecgate.errors import Refusal
from vecgate.hookspecs import hookimpl
from vecgate.identity.principal import Principal
from vecgate.operations import grpc
from vecgate.operations.dialect import CredentialHeader, Dialect, Masked, Reading
from vecgate.operations.messages import GRPC, Answer, Outgoing, Request
from vecgate.operations.model import Action, Operation
from vecgate.operations.protobuf import Descriptors
from vecgate.operations.table import Call, Row, Table
from vecgate.policy.decision import Decision

DESCRIPTORS = Descriptors(carried("milvus").read_bytes())


def _check(call: Call) -> tuple[Operation, ...]:
    return (call.row.base(call, resources=(call.document.service,), points=1),)


class CallsDialect(Dialect):
    name: ClassVar[str] = "calls"
    credential: ClassVar[CredentialHeader] = CredentialHeader("api-key")
    headers: ClassVar[frozenset[str]] = frozenset({"tenant"})
    descriptors: ClassVar[Descriptors] = DESCRIPTORS
    table: ClassVar[Table] = Table(
        "calls",
        "Calls",
        [
            Row("Health/Check", GRPC, grpc.HEALTH, Action.READ, effect=_check),
            Row("Health/Watch", GRPC, "/grpc.health.v1.Health/Watch", Action.READ, refused="Streams are not served."),
            Row("version", "GET", "/version", Action.READ, ("docs",)),
        ],
    )

    def read(self, request: Request) -> Reading:
        row, params = self.table.route(request.method, request.target.segments)
        document: Any = DESCRIPTORS.read(row.path, request.body) if request.method == GRPC else None
        call = Call(row, params, document=document)
        return Reading(request, row.operations(call), document, call)

    def rewrite(self, reading: Reading, decision: Decision) -> Outgoing:
        call: Call = reading.detail
        if reading.request.method != GRPC:
            return Outgoing("GET", "/version")
        return grpc.call(call.row, call.document.SerializeToString())

    def mask(self, reading: Reading, decision: Decision, principal: Principal, answer: Answer) -> Masked:
        if answer.messages is None:
            return Masked(Answer(answer.status, (("content-type", "text/plain"),), answer.body))
        if answer.header("grpc-status") != grpc.OK:
            return Masked(grpc.normalised(answer), error=f"grpc {answer.header('grpc-status')}")
        reply = DESCRIPTORS.reply(grpc.HEALTH, answer)
        return Masked(grpc.answered(reply.SerializeToString()), points=1)

    def refuse(self, refusal: Refusal, exchange: str, request: Request | None) -> Answer:
        body = msgspec.json.encode({"reason": refusal.reason, "exchange": exchange})
        return Answer(refusal.status, (("content-type", "application/json"),), body)


@hookimpl
def vecgate_dialects() -> Sequence[Dialect]:
    return (CallsDialect(),)
