"""WeaviateDialect: Weaviate's REST API, its GraphQL and its gRPC service. Method and path say which of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from vecgate.errors import Refusal
from vecgate.identity.principal import Principal
from vecgate.operations.dialect import CredentialHeader, Dialect, Lookup, Masked, Reading
from vecgate.operations.grpc import HEALTH
from vecgate.operations.messages import GRPC, Answer, Outgoing, Request
from vecgate.operations.protobuf import Descriptors
from vecgate.operations.table import Call, Table
from vecgate.policy.decision import Decision
from vecgate_weaviate import calls, errors, graph, rest
from vecgate_weaviate.descriptors import DESCRIPTORS
from vecgate_weaviate.table import TABLE
from vecgate_weaviate.wire import Wire

_GRAPHQL: Final = ("v1", "graphql")


class WeaviateDialect(Dialect):
    """Headers that carry keys of models (`X-OpenAI-Api-Key`) mean something to the engine, and end at the gateway all
    the same: the database has its own."""

    name: ClassVar[str] = "weaviate"
    credential: ClassVar[CredentialHeader] = CredentialHeader("authorization")
    client: ClassVar[str] = (
        "import weaviate\n"
        "client = weaviate.connect_to_custom({host!r}, {port}, {tls}, {grpc_host!r}, {grpc_port}, {grpc_tls}, "
        "auth_credentials=weaviate.auth.Auth.api_key(token()))"
    )
    public: ClassVar[frozenset[tuple[str, str]]] = frozenset(
        {
            ("GET", "/v1/.well-known/live"),
            ("GET", "/v1/.well-known/ready"),
            ("GET", "/v1/.well-known/openid-configuration"),
            (GRPC, HEALTH),
        }
    )
    table: ClassVar[Table] = TABLE
    descriptors: ClassVar[Descriptors | None] = DESCRIPTORS

    def read(self, request: Request) -> Reading:
        return _wire(request).read(request)

    def lookups(self, reading: Reading) -> Sequence[Lookup]:
        return _wire(reading.request).lookups(reading)

    def learn(self, lookup: Lookup, answer: Answer) -> Any:
        return calls.learn(answer, lookup)

    def bind(self, reading: Reading, names: Mapping[str, Any]) -> Reading:
        return _wire(reading.request).bind(reading, names)

    def changes_names(self, reading: Reading) -> bool:
        call: Call = reading.detail
        return call.row.operation in _wire(reading.request).CHANGES_NAMES

    def local(self, reading: Reading, principal: Principal | None, decision: Decision) -> Answer | None:
        return _wire(reading.request).local(reading, principal, decision)

    def rewrite(self, reading: Reading, decision: Decision) -> Outgoing:
        return _wire(reading.request).rewrite(reading, decision)

    def mask(self, reading: Reading, decision: Decision, principal: Principal, answer: Answer) -> Masked:
        return _wire(reading.request).mask(reading, decision, answer)

    def refuse(self, refusal: Refusal, exchange: str, request: Request | None) -> Answer:
        return errors.refused(refusal, exchange)


def _wire(request: Request) -> Wire:
    if request.method == GRPC:
        return calls
    return graph if request.target.segments[:2] == _GRAPHQL else rest
