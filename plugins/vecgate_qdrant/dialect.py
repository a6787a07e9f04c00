"""QdrantDialect: Qdrant's REST API and its gRPC services. Which of the two, the request's method says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from vecgate.errors import Refusal
from vecgate.identity.principal import Principal
from vecgate.operations.dialect import CredentialHeader, Dialect, Lookup, Masked, Reading
from vecgate.operations.messages import GRPC, Answer, Outgoing, Request
from vecgate.operations.model import Operation
from vecgate.operations.protobuf import Descriptors
from vecgate.operations.table import Call, Table
from vecgate.policy.decision import Decision
from vecgate_qdrant import aliases, calls, errors, rest
from vecgate_qdrant.descriptors import DESCRIPTORS
from vecgate_qdrant.table import TABLE
from vecgate_qdrant.wire import Wire


class QdrantDialect(Dialect):
    name: ClassVar[str] = "qdrant"
    credential: ClassVar[CredentialHeader] = CredentialHeader("api-key")
    client: ClassVar[str] = (
        "from qdrant_client import QdrantClient\nclient = QdrantClient({url!r}, auth_token_provider=token)"
    )
    public: ClassVar[frozenset[tuple[str, str]]] = frozenset(
        {
            ("GET", "/"),
            ("GET", "/healthz"),
            ("GET", "/livez"),
            ("GET", "/readyz"),
            (GRPC, "/grpc.health.v1.Health/Check"),
            (GRPC, "/qdrant.Qdrant/HealthCheck"),
        }
    )
    table: ClassVar[Table] = TABLE
    descriptors: ClassVar[Descriptors | None] = DESCRIPTORS

    def read(self, request: Request) -> Reading:
        return _wire(request.method).read(request)

    def lookups(self, reading: Reading) -> Sequence[Lookup]:
        return (aliases.lookup(_wire(reading.request.method).ALIASES),) if _has_names(reading) else ()

    def learn(self, lookup: Lookup, answer: Answer) -> Any:
        return _wire(lookup.request.method).aliases(answer)

    def bind(self, reading: Reading, names: Mapping[str, Any]) -> Reading:
        known = names.get(aliases.KEY) or aliases.NONE
        operations = reading.operations
        if known and _has_names(reading):
            bound = _joined if _row(reading) in aliases.CHANGES else _bound
            operations = tuple([bound(one, known) for one in operations])
        return Reading(reading.request, operations, reading.document, reading.detail, names)

    def changes_names(self, reading: Reading) -> bool:
        return _row(reading) in _wire(reading.request.method).CHANGES_NAMES

    def local(self, reading: Reading, principal: Principal | None, decision: Decision) -> Answer | None:
        return _wire(reading.request.method).local(reading, decision)

    def rewrite(self, reading: Reading, decision: Decision) -> Outgoing:
        return _wire(reading.request.method).rewrite(reading, decision)

    def mask(self, reading: Reading, decision: Decision, principal: Principal, answer: Answer) -> Masked:
        return _wire(reading.request.method).mask(reading, decision, answer)

    def refuse(self, refusal: Refusal, exchange: str, request: Request | None) -> Answer:
        return errors.refused(refusal, exchange)


def _wire(method: str) -> Wire:
    return calls if method == GRPC else rest


def _row(reading: Reading) -> str:
    call: Call = reading.detail
    return call.row.operation


def _has_names(reading: Reading) -> bool:
    """Some of its names may be aliases."""
    row = _row(reading)
    return row in aliases.CHANGES or row not in _wire(reading.request.method).AS_WRITTEN


def _bound(operation: Operation, known: Mapping[str, str]) -> Operation:
    resources = tuple([aliases.target(known, name) for name in operation.resources])
    return operation if resources == operation.resources else operation.on(resources)


def _joined(operation: Operation, known: Mapping[str, str]) -> Operation:
    """With what its names stand for beside them."""
    names = operation.resources
    return operation.on(tuple(dict.fromkeys((*names, *(aliases.target(known, name) for name in names)))))
