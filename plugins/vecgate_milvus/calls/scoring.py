"""Scoring: what changes the ranking of a search, or shows why a record is in it: rerankers, highlighters, aggregations.

Parameters are texts, objects and lists among them JSON.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

from vecgate.errors import Refusal
from vecgate.operations.document import parse
from vecgate.reasons import Reason
from vecgate_milvus import rerankers
from vecgate_milvus.calls.asked import Asked, members
from vecgate_milvus.expressions import fields_of
from vecgate_milvus.rest.steering import named

RERANK: Final = 3
"""`FunctionType.Rerank`."""
LEXICAL: Final = 0
"""`HighlightType.Lexical`; the other one asks a model."""
HIGHLIGHTS: Final = frozenset(
    {
        *("pre_tags", "post_tags", "fragment_offset", "fragment_size", "num_of_fragments", "highlight_query"),
        *("highlight_search_text", "queries", "input_fields", "threshold", "highlight_only", "model_deployment_id"),
        "max_client_batch_size",
    }
)
DEPTH: Final = 8
"""Levels of an aggregation."""
SPECIAL: Final = frozenset({"_score", "_count", "_key", "*"})


@dataclass(slots=True)
class Steering:
    """What steers a search. `results` is the upper bound of records, `queries` how many searches it is."""

    fields: set[str] = field(default_factory=set)
    scores: bool = False
    egress: bool = False
    """Texts go to a model outside."""
    iterates: bool = False
    queries: int = 0
    results: int = 0
    limit: int | None = None
    searched: tuple[str, ...] = ()
    """The vector fields that are searched; empty texts where the server chooses the only one."""
    vectors: list[dict[str, Any]] = field(default_factory=list)
    filters: list[dict[str, Any]] = field(default_factory=list)

    def __ior__(self, other: Steering) -> Self:
        self.fields |= other.fields
        self.scores |= other.scores
        self.egress |= other.egress
        self.iterates |= other.iterates
        self.queries = max(self.queries, other.queries)
        self.results = max(self.results, other.results)
        self.limit = other.limit if self.limit is None else self.limit
        self.searched += other.searched
        self.vectors += other.vectors
        self.filters += other.filters
        return self

    def take(self, asked: Asked) -> None:
        """By the key-value parameters."""
        self.fields |= asked.fields
        self.scores |= asked.scores
        self.iterates |= asked.iterates


def scored(score: Any) -> Steering:
    """By rerankers. Raises Refusal: unknown_member, or bad_body for a reranker that is not known."""
    steering = Steering()
    members(score.params, rerankers.COMBINING, "parameters of rerankers")
    for function in score.functions:
        params = {pair.key: pair.value for pair in function.params}
        kind = params.get("reranker", "").strip('"').lower()
        if function.type != RERANK or kind not in rerankers.PARAMS or function.output_field_names:
            raise Refusal(Reason.BAD_BODY, "A function that scores results is not a known reranker.")
        members(function.params, rerankers.PARAMS[kind] | {"reranker"}, "parameters of rerankers")
        steering.fields.update(named(name) for name in function.input_field_names)
        steering.fields.update(_filtered(params))
        steering.scores |= kind not in rerankers.PLAIN
        steering.egress |= kind == "model"
    return steering


def highlighted(highlighter: Any, texts: Mapping[str, tuple[str, ...]], searched: Iterable[str]) -> Steering:
    """By what is highlighted: the fields a query is given for, or those that a full-text search is in."""
    params = members(highlighter.params, HIGHLIGHTS, "parameters of the highlighter")
    steering = Steering(egress=highlighter.type != LEXICAL)
    for query in _list(params.get("highlight_query")):
        if type(query) is not dict or type(query.get("field")) is not str:
            raise Refusal(Reason.BAD_BODY, "A query of the highlighter names no field.")
        steering.fields.add(named(query["field"]))
    for name in _list(params.get("input_fields")):
        steering.fields.add(named(str(name)))
    if params:
        steering.fields.update(text for one in searched for text in texts.get(one, ()))
    return steering


def aggregated(spec: Any, level: int = 0) -> Steering:
    """By buckets and their metrics, at every level. Raises Refusal: bad_body."""
    if level >= DEPTH:
        raise Refusal(Reason.BAD_BODY, "An aggregation is nested too deeply.")
    steering = Steering({named(name) for name in spec.fields})
    used = [metric.field_name for metric in spec.metrics.values()]
    steering.scores = "_score" in used
    used += [sort.field_name for sort in spec.top_hits.sort]
    steering.fields.update(named(name) for name in used if name not in SPECIAL)
    hits = max(0, spec.top_hits.size)
    if spec.HasField("sub_aggregation"):
        inner = aggregated(spec.sub_aggregation, level + 1)
        hits += inner.results
        steering |= inner
    steering.results = max(0, spec.size) * hits
    return steering


def _filtered(params: Mapping[str, str]) -> Iterable[str]:
    """The fields of a boost's filter, and of its random score."""
    yield from fields_of(params.get("filter", ""))
    if params.get("random_score"):
        score = parse(params["random_score"].encode())
        if type(score) is not dict or not score.keys() <= {"seed", "field"}:
            raise Refusal(Reason.BAD_BODY, "random_score is not {seed, field}.")
        if score.get("field"):
            yield named(str(score["field"]))


def _list(text: str | None) -> list[Any]:
    """A parameter that is a list. Raises Refusal: bad_body."""
    found = parse(text.encode()) if text else []
    if type(found) is not list:
        raise Refusal(Reason.BAD_BODY, "A parameter of the highlighter is not a list.")
    return found
