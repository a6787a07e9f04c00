"""Graph: the package `graphql` as a wire. Its bodies name collections everywhere; only aliases are to be resolved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from vecgate.identity.principal import Principal
from vecgate.operations.dialect import Lookup, Masked, Reading
from vecgate.operations.messages import Answer, Outgoing, Request
from vecgate.operations.table import Table
from vecgate.policy.decision import Decision
from vecgate_weaviate import errors, graphql
from vecgate_weaviate.known import ALIASES, Known

CHANGES_NAMES: Final[frozenset[str]] = frozenset()
_TABLE: Final = Table("weaviate", "Weaviate's GraphQL", graphql.ROWS)


def read(request: Request) -> Reading:
    """Raises Refusal."""
    row, _ = _TABLE.route(request.method, request.target.segments)
    return graphql.read(request, row)


def lookups(reading: Reading) -> Sequence[Lookup]:
    return (ALIASES,)


def bind(reading: Reading, names: Mapping[str, Any]) -> Reading:
    operations = graphql.bound(reading.operations, Known.of(names).collection)
    return Reading(reading.request, operations, reading.document, reading.detail, names)


def local(reading: Reading, principal: Principal | None, decision: Decision) -> Answer | None:
    return None


def rewrite(reading: Reading, decision: Decision) -> Outgoing:
    return graphql.rewrite(reading, decision, Known.of(reading.names).collection)


def mask(reading: Reading, decision: Decision, answer: Answer) -> Masked:
    """Raises Unmaskable."""
    if answer.status >= 400:
        return Masked(errors.normalised(answer))
    return graphql.mask(reading, decision, Known.of(reading.names).collection, answer)
