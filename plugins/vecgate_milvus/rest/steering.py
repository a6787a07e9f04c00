"""Steering: the fields, and the thresholds and formulas over scores, by which a query or a search is steered."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from vecgate.errors import Refusal
from vecgate.operations.document import Number
from vecgate.reasons import Reason
from vecgate_milvus import rerankers
from vecgate_milvus.expressions import fields_of

COUNTED: Final = re.compile(r"\s*count\(\*\)\s*", re.IGNORECASE)
EVERYTHING: Final = frozenset({"*", "%"})
"""Output fields that stand for all, vectors included."""
THRESHOLDS: Final = frozenset({"radius", "range_filter"})
KNOWN_PARAMS: Final = THRESHOLDS | {
    *("analyzer_name", "beamwidth", "bfs", "dim_max_score_ratio", "drop_ratio_search", "ef", "hints", "ignoreGrowing"),
    *("ignore_growing", "itopk_size", "level", "max_empty_result_buckets", "max_iterations", "metric_type"),
    *("min_iterations", "nprobe", "page_retain_order", "rbq_query_bits", "refine_k", "reorder_k"),
    *("retrieve_ann_ratio", "search_list", "search_list_size", "search_width", "team_size", "metricType"),
}
"""Search parameters that tune the index. The server makes a parameter of its own request of any other one, too: the
field to search or to group by, an iterator, a collection's number. Those are refused."""

_OUTPUT: Final = re.compile(r"""(?:\$meta|[A-Za-z_][A-Za-z0-9_]*)(?:\[[^\[\]()]*\])*""")
_SCALARS: Final = frozenset({str, int, float, bool, Number})


@dataclass(frozen=True, slots=True)
class Steered:
    fields: tuple[str, ...] = ()
    scores: bool = False
    egress: bool = False
    """Texts go to a model outside."""

    def __or__(self, other: Steered) -> Steered:
        fields = tuple(sorted({*self.fields, *other.fields}))
        return Steered(fields, self.scores or other.scores, self.egress or other.egress)


def filtered(document: Mapping[str, Any]) -> Steered:
    """By a filter and the values of its templates. Raises Refusal: bad_body."""
    return Steered(fields_of(document.get("filter", ""), document.get("exprParams", ())))


def grouped(document: Mapping[str, Any]) -> Steered:
    field = document.get("groupingField")
    return Steered((named(field),)) if field else Steered()


def tuned(params: Mapping[str, Any] | None) -> Steered:
    """By search parameters. Raises Refusal: unknown_member or bad_body."""
    scores = False
    for name, value in (params or {}).items():
        if name == "params" and type(value) is dict and "params" not in value:
            scores |= tuned(value).scores
        elif name not in KNOWN_PARAMS:
            raise Refusal(Reason.UNKNOWN_MEMBER, "The operation does not define one of the search parameters.")
        elif type(value) not in _SCALARS:
            raise Refusal(Reason.BAD_BODY, "A search parameter is not a number, a text or a boolean.")
        else:
            scores |= name in THRESHOLDS
    return Steered(scores=scores)


def reranked(document: Mapping[str, Any]) -> Steered:
    """By what reranks the results. Raises Refusal: bad_body for a reranker that is not known."""
    steered = Steered()
    rerank = document.get("rerank") or {}
    if rerank.get("strategy", "rrf") not in {*rerankers.PLAIN, ""}:
        raise Refusal(Reason.BAD_BODY, "The reranking strategy is not rrf or weighted.")
    _known(rerank.get("params"), rerankers.MERGING)
    score = document.get("functionScore", {})
    _known(score.get("params"), rerankers.COMBINING)
    for function in score.get("functions", ()):
        steered |= _function(function)
    return steered


def output(names: Iterable[str]) -> Iterator[str]:
    """The output fields, checked: aggregates other than `count(*)` would tell of fields that are masked.

    Raises Refusal: bad_body.
    """
    for name in names:
        if not (name in EVERYTHING or COUNTED.fullmatch(name) or _OUTPUT.fullmatch(name)):
            raise Refusal(Reason.BAD_BODY, "An output field is not a field's name, * or count(*).")
        yield name


def named(field: str) -> str:
    """The dotted field of one name or path. Raises Refusal: bad_body for an expression."""
    fields = fields_of(field)
    if len(fields) != 1 or not _OUTPUT.fullmatch(field):
        raise Refusal(Reason.BAD_BODY, "A field is not named by its name or path.")
    return fields[0]


def _function(function: Mapping[str, Any]) -> Steered:
    params = function.get("params") or {}
    kind = params.get("reranker")
    reranks = str(function["type"]).lower() == "rerank" and not function.get("outputFieldNames")
    if not reranks or type(kind) is not str or kind not in rerankers.PARAMS:
        raise Refusal(Reason.BAD_BODY, "A function that scores results is not a known reranker.")
    _known(params, rerankers.PARAMS[kind] | {"reranker"})
    fields = {named(field) for field in function.get("inputFieldNames", ())}
    fields.update(_boosted(params))
    return Steered(tuple(sorted(fields)), kind not in rerankers.PLAIN, kind == "model")


def _boosted(params: Mapping[str, Any]) -> Iterator[str]:
    """The fields of a boost's filter, and of its random score."""
    condition, random = params.get("filter", ""), params.get("random_score", {})
    if type(condition) is not str or type(random) is not dict or not random.keys() <= {"seed", "field"}:
        raise Refusal(Reason.BAD_BODY, "A reranker's filter is not a text, or its random_score not {seed, field}.")
    yield from fields_of(condition)
    if "field" in random:
        yield named(str(random["field"]))


def _known(params: Any, known: frozenset[str]) -> None:
    if not (params or {}).keys() <= known:
        raise Refusal(Reason.UNKNOWN_MEMBER, "The operation does not define one of the reranker's parameters.")
