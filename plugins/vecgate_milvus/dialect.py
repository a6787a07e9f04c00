"""MilvusDialect: Milvus' gRPC services and its RESTful API. Which of the two, the request's method says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from vecgate.errors import Refusal
from vecgate.identity.principal import Principal
from vecgate.operations import grpc
from vecgate.operations.dialect import CredentialHeader, Dialect, Lookup, Masked, Reading
from vecgate.operations.messages import GRPC, Answer, Outgoing, Request
from vecgate.operations.protobuf import Descriptors
from vecgate.operations.table import Call, Table
from vecgate.policy.decision import Decision
from vecgate.reasons import Reason
from vecgate_milvus import calls, rest
from vecgate_milvus.descriptors import DESCRIPTORS
from vecgate_milvus.table import TABLE
from vecgate_milvus.wire import Wire


class MilvusDialect(Dialect):
    name: ClassVar[str] = "milvus"
    credential: ClassVar[CredentialHeader] = CredentialHeader("authorization", base64=True)
    client: ClassVar[str] = "from pymilvus import MilvusClient\nclient = MilvusClient({url!r}, token=token())"
    public: ClassVar[frozenset[tuple[str, str]]] = frozenset(
        {
            (GRPC, grpc.HEALTH),
            # Clients send it every few seconds without a credential: it is told that it does not exist, and stops.
            (GRPC, "/milvus.proto.milvus.ClientTelemetryService/ClientHeartbeat"),
        }
    )
    table: ClassVar[Table] = TABLE
    headers: ClassVar[frozenset[str]] = frozenset({"dbname"}) | rest.HEADERS
    descriptors: ClassVar[Descriptors | None] = DESCRIPTORS
    codes: ClassVar[Mapping[Reason, int]] = {
        # pymilvus repeats NOT_FOUND, INTERNAL, FAILED_PRECONDITION, UNAVAILABLE and UNKNOWN for minutes (measured).
        # Only what may be over in a moment is told so.
        Reason.NOT_FOUND: 7,
        Reason.UNMASKABLE_RESPONSE: 7,
        Reason.UPSTREAM_PROTOCOL: 12,
        Reason.INTERRUPTED: 14,
    }

    def read(self, request: Request) -> Reading:
        return _wire(request.method).read(request)

    def lookups(self, reading: Reading) -> Sequence[Lookup]:
        return _wire(reading.request.method).lookups(reading)

    def learn(self, lookup: Lookup, answer: Answer) -> Any:
        return _wire(lookup.request.method).learn(answer, lookup)

    def bind(self, reading: Reading, names: Mapping[str, Any]) -> Reading:
        return _wire(reading.request.method).bind(reading, names)

    def changes_names(self, reading: Reading) -> bool:
        call: Call = reading.detail
        return call.row.operation in _wire(reading.request.method).CHANGES_NAMES

    def local(self, reading: Reading, principal: Principal | None, decision: Decision) -> Answer | None:
        return _wire(reading.request.method).local(reading, decision)

    def rewrite(self, reading: Reading, decision: Decision) -> Outgoing:
        return _wire(reading.request.method).rewrite(reading, decision)

    def mask(self, reading: Reading, decision: Decision, principal: Principal, answer: Answer) -> Masked:
        return _wire(reading.request.method).mask(reading, decision, answer)

    def refuse(self, refusal: Refusal, exchange: str, request: Request | None) -> Answer:
        return rest.refuse(refusal, exchange)


def _wire(method: str) -> Wire:
    return calls if method == GRPC else rest
