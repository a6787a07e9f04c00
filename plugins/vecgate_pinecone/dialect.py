"""PineconeDialect: data plane over REST and gRPC, control plane, inference. One dialect for all its hosts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from vecgate.errors import Refusal, Unmaskable
from vecgate.identity.principal import Principal
from vecgate.operations import grpc
from vecgate.operations.dialect import CredentialHeader, Dialect, Lookup, Masked, Reading
from vecgate.operations.messages import GRPC, Answer, Outgoing, Request
from vecgate.operations.protobuf import Descriptors
from vecgate.operations.table import Call, Table
from vecgate.policy.decision import Decision
from vecgate_pinecone import answers, errors, lookups, outgoing, reading, versions
from vecgate_pinecone.descriptors import DESCRIPTORS
from vecgate_pinecone.table import TABLE

_WITH_RECORDS: Final = frozenset(row.operation for row in TABLE if row.vectors or row.payload)
_GOOD: Final = frozenset({200, 201, 202})


class PineconeDialect(Dialect):
    name: ClassVar[str] = "pinecone"
    credential: ClassVar[CredentialHeader] = CredentialHeader("api-key")
    client: ClassVar[str] = (
        "from pinecone import Pinecone\nclient = Pinecone(api_key=token(), host={url!r})  # client.Index(host={url!r})"
    )
    table: ClassVar[Table] = TABLE
    headers: ClassVar[frozenset[str]] = frozenset({versions.HEADER})
    descriptors: ClassVar[Descriptors | None] = DESCRIPTORS

    def read(self, request: Request) -> Reading:
        return reading.read(request)

    def lookups(self, reading: Reading) -> Sequence[Lookup]:
        lookup = lookups.of(reading.detail)
        return () if lookup is None else (lookup,)

    def learn(self, lookup: Lookup, answer: Answer) -> Any:
        return lookups.learnt(lookup, answer)

    def bind(self, reading: Reading, names: Mapping[str, Any]) -> Reading:
        lookup = lookups.of(reading.detail)
        if lookup is None or lookup.key not in names:
            return reading
        operations = lookups.bound(reading.detail, names[lookup.key])
        return Reading(reading.request, operations, reading.document, reading.detail, names)

    def changes_names(self, reading: Reading) -> bool:
        call: Call = reading.detail
        return call.row.operation == "delete_backup"

    def rewrite(self, reading: Reading, decision: Decision) -> Outgoing:
        call: Call = reading.detail
        has_records = call.row.operation in _WITH_RECORDS
        masks = answers.masks_of(decision, reading.operations[0].resources[0]) if has_records else None
        return outgoing.built(reading, masks)

    def mask(self, reading: Reading, decision: Decision, principal: Principal, answer: Answer) -> Masked:
        context = answers.Context(reading, decision)
        if reading.request.method == GRPC:
            if answer.header("grpc-status") != grpc.OK:
                return Masked(grpc.normalised(answer))
            return answers.replied(context, answer)
        if answer.status >= 400:
            return Masked(errors.normalised(answer, reading.request))
        if answer.status not in _GOOD:
            raise Unmaskable("The database answered with an unexpected status.")
        return answers.rebuilt(context, answer)

    def refuse(self, refusal: Refusal, exchange: str, request: Request | None) -> Answer:
        return errors.refused(refusal, exchange, request)
