"""Reading: the body of a request, one query or a batch of them, and what each asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from vecgate.errors import Refusal
from vecgate.operations import media
from vecgate.operations.dialect import Reading
from vecgate.operations.messages import Request
from vecgate.operations.model import Action, Operation
from vecgate.operations.shapes import OBJECT, TEXT, Nullable, Shape
from vecgate.operations.table import Call, Row
from vecgate.reasons import Reason
from vecgate_weaviate.graphql import tree
from vecgate_weaviate.graphql.parts import Root, roots, service
from vecgate_weaviate.graphql.printer import printed
from vecgate_weaviate.graphql.text import LONGEST, SKELETON, cut

MOST: Final = 100
"""Queries of one batch."""

_QUERY: Final = Shape(
    {"query": TEXT, "variables": Nullable(OBJECT), "operationName": Nullable(TEXT)}, frozenset({"query"})
)
_READS: Final[dict[str, Any]] = {
    "action": Action.SEARCH,
    "body": _QUERY,
    "resources": ("{Collection}",),
    "fields": ("where", "sort", "groupBy", "bm25", "hybrid", "ask", "Aggregate", "generate", "rerank", "summary"),
    "vectors": ("_additional.vector", "_additional.vectors", "featureProjection", "semanticPath"),
    "payload": ("data",),
    "scores": ("certainty", "distance", "score", "rerank", "explainScore"),
}
ROWS: Final = (
    Row(
        "graphql.post",
        "POST",
        "/v1/graphql",
        note="`search` or, where nothing is searched, `read` of each collection that is asked, and `read` of each "
        "that a reference or a filter leads to; `Explore` searches everything. Mutations and introspection are refused",
        **_READS,
    ),
    Row(
        "graphql.batch",
        "POST",
        "/v1/graphql/batch",
        note=f"an array of at most {MOST} such bodies, each of which is judged",
        **_READS,
    ),
)


@dataclass(frozen=True, slots=True)
class GraphqlCall(Call):
    """`queries` are the roots of each query by key."""

    queries: tuple[Mapping[str, Root], ...] = ()

    @property
    def batched(self) -> bool:
        return self.row.operation == "graphql.batch"


def read(request: Request, row: Row) -> Reading:
    """Raises Refusal: bad_body, body_too_large, unknown_member, unknown_operation, duplicate_member, bad_target."""
    if request.target.query:
        raise Refusal(Reason.UNKNOWN_MEMBER, "The operation does not define one of the query's keys.")
    body = media.asked(request)
    batched = row.operation == "graphql.batch"
    if batched and (type(body) is not list or not 0 < len(body) <= MOST):
        raise Refusal(Reason.BAD_BODY, f"A batch is an array of at most {MOST} queries.")
    bodies = body if batched else [body]
    for one in bodies:
        _QUERY.check(one)
    texts = [cut(one["query"]) for one in bodies]
    if sum(len(skeleton) for skeleton, _ in texts) > SKELETON:
        raise Refusal(Reason.BODY_TOO_LARGE, "The queries are too long.")
    trees = [
        tree.asked(*text, one.get("variables") or {}, one.get("operationName"))
        for text, one in zip(texts, bodies, strict=True)
    ]
    queries = tuple(roots(fields, row.operation) for fields in trees)
    documents: list[Any] = []
    room = LONGEST
    for fields in trees:
        documents.append({"query": printed(fields)})
        room -= len(documents[-1]["query"])
        if room < 0:
            raise Refusal(Reason.BODY_TOO_LARGE, "The queries are too long with their variables in them.")
    document = documents if batched else documents[0]
    return Reading(request, _operations(queries, row), document, GraphqlCall(row, {}, (), document, queries))


def _operations(queries: tuple[Mapping[str, Root], ...], row: Row) -> tuple[Operation, ...]:
    made: list[Operation] = []
    for query in queries:
        parts = [part for root in query.values() for part in root.parts.values()]
        made += [operation for part in parts for operation in part.operations] or [service(row.operation)]
    return tuple(made)
