"""Searches: what searches, queries and deletes are steered by, what they bring back, how much of it.

The fields of `Steering` come from every place in which a request can name one: filters, groups, orders, rerankers,
highlighters, aggregations, and what a full-text index is made of.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from vecgate.errors import Refusal
from vecgate.operations.model import Operation, Risk
from vecgate.operations.table import Call
from vecgate.reasons import Reason
from vecgate_milvus.calls import asked, placeholders, scoring
from vecgate_milvus.calls.asked import Asked
from vecgate_milvus.calls.call import GrpcCall
from vecgate_milvus.calls.effects import MANY
from vecgate_milvus.calls.scoring import Steering
from vecgate_milvus.collection import Collection
from vecgate_milvus.expressions import fields_of, key_count
from vecgate_milvus.names import database, resource
from vecgate_milvus.rest.steering import named

FEW: Final = 10
"""Keys up to which a delete is not a bulk one."""
MOST: Final = 16_384
"""Records that a search brings at most, where it does not say how many."""
SHOWN: Final = 100
"""Values of a template that evidence keeps."""
EVERYTHING: Final = frozenset({"*", "%"})
"""Output fields that stand for all, vectors included."""
VECTOR_NAMES: Final = ("vec", "embed", "dense", "sparse")
"""What names of vector fields contain, where the schema is not known."""
BOOLEAN: Final = 1
"""`dsl_type` of filter expressions; the other one is of servers before 2.0."""

_AGGREGATE: Final = re.compile(r"(count|sum|min|max|avg)\s*\((.*)\)", re.IGNORECASE | re.DOTALL)


def search(call: Call) -> tuple[Operation, ...]:
    grpc = _grpc(call)
    steering = _one(grpc, call.document)
    parts = [_part(grpc, sub) for sub in call.document.sub_reqs]
    for part in parts:
        steering |= part
    steering.queries = sum(part.queries for part in parts) or steering.queries
    return (_searched(grpc, steering, call.document),)


def hybrid(call: Call) -> tuple[Operation, ...]:
    """One operation: the results of the searches are merged. Raises Refusal: bad_body for another collection in one."""
    grpc, document = _grpc(call), call.document
    steering = scoring.scored(document.function_score)
    queries = 0
    for one in document.requests:
        if one.collection_name and one.collection_name != document.collection_name:
            raise Refusal(Reason.BAD_BODY, "One of the searches names another collection.")
        database(one.db_name, grpc.database)
        part = _one(grpc, one)
        queries += part.queries
        steering |= part
    merged = asked.rank(document.rank_params)
    steering.take(merged)
    steering.queries = max(1, queries)
    steering.limit = merged.numbers.get("limit", merged.numbers.get("topk"))
    steering.results = _results(merged, steering.limit, 1)
    return (_searched(grpc, steering, document),)


def query(call: Call) -> tuple[Operation, ...]:
    grpc, document = _grpc(call), call.document
    templates = _templates(document)
    wanted = asked.query(document.query_params)
    collection = grpc.target
    names, aggregated = output(document.output_fields)
    fields = {*fields_of(document.expr, templates), *wanted.fields, *aggregated}
    if wanted.cursor and collection.key:
        fields.add(collection.key)
    keys = key_count(document.expr, collection.key, templates) if collection.key else None
    bounds = [bound for bound in (wanted.numbers.get("limit"), keys) if bound is not None and bound >= 0]
    points = 0 if names and not _columns(names) else min(bounds, default=None)
    export = points is None or points > MANY or wanted.iterates
    operation = call.row.base(
        call,
        fields_used=tuple(sorted(fields)),
        vectors=brings_vectors(collection, names, ()),
        scores_steer=wanted.scores,
        risks=(Risk.BULK_EXPORT,) if export else (),
        points=points,
        query={**_shown(document.expr, templates), **wanted.numbers, "select": list(names)},
    )
    return (operation,)


def delete(call: Call) -> tuple[Operation, ...]:
    grpc, document = _grpc(call), call.document
    templates = _templates(document)
    fields = fields_of(document.expr, templates)
    key = grpc.target.key
    keys = key_count(document.expr, key, templates) if key else None
    few = keys is not None and keys <= FEW
    operation = call.row.base(
        call,
        fields_used=fields,
        risks=() if few else (Risk.BULK_DELETE,),
        count=max(1, keys or 0),
        query=_shown(document.expr, templates),
    )
    return (operation,)


def output(written: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The output fields, and the fields that aggregates among them are made of. Raises Refusal: bad_body."""
    names, fields = [], []
    for text in written:
        name = text.strip()
        if found := _AGGREGATE.fullmatch(name):
            if found[2].strip() != "*":
                fields.append(named(found[2].strip()))
        elif "(" in name or not name.isprintable():
            raise Refusal(Reason.BAD_BODY, "An output field is neither a field nor an aggregate.")
        names.append(name)
    return tuple(names), tuple(fields)


def brings_vectors(collection: Collection, names: Iterable[str], searched: Iterable[str]) -> bool:
    """Stored vectors would come back; where the schema is not known, if they could."""
    for name in names:
        if name in EVERYTHING:
            if collection.vectors or not collection.key:
                return True
        elif collection.key:
            if name in collection.vectors or any(vector.startswith(f"{name}[") for vector in collection.vectors):
                return True
        elif name in searched or any(part in name.lower() for part in VECTOR_NAMES):
            return True
    return False


def _one(call: GrpcCall, document: Any) -> Steering:
    """One search, alone or of a hybrid one."""
    steering = _part(call, document)
    steering |= scoring.scored(document.function_score)
    steering |= scoring.highlighted(document.highlighter, call.target.texts, steering.searched)
    if document.HasField("search_aggregation"):
        aggregated = scoring.aggregated(document.search_aggregation)
        aggregated.results = aggregated.results * steering.queries
        steering |= aggregated
    steering.fields.update(output(document.output_fields)[1])
    return steering


def _part(call: GrpcCall, document: Any) -> Steering:
    """What a search and a part of one have in common. Raises Refusal."""
    if document.dsl_type != BOOLEAN and document.dsl.strip():
        raise Refusal(Reason.BAD_BODY, "dsl_type is not BoolExprV1.")
    templates = _templates(document)
    wanted = asked.search(document.search_params)
    steering = Steering(set(fields_of(document.dsl, templates)))
    steering.take(wanted)
    collection = call.target
    searched = wanted.anns_field or (next(iter(collection.vectors)) if len(collection.vectors) == 1 else "")
    steering.searched = (searched,)
    steering.fields.update(collection.texts.get(searched, ()))
    steering.queries, steering.vectors = placeholders.summed(document)
    steering.limit = wanted.numbers.get("topk", wanted.numbers.get("limit"))
    steering.results = _results(wanted, steering.limit, steering.queries)
    steering.filters.append(_shown(document.dsl, templates))
    return steering


def _searched(call: GrpcCall, steering: Steering, document: Any) -> Operation:
    names, fields = output(document.output_fields)
    resource(call.database, document.collection_name)
    points = steering.results
    export = points > MANY or steering.iterates
    risks = ((Risk.BULK_EXPORT,) if export else ()) + ((Risk.EGRESS,) if steering.egress else ())
    filters = [one for one in steering.filters if one]
    return call.row.base(
        call,
        fields_used=tuple(sorted({*steering.fields, *fields})),
        vectors=brings_vectors(call.target, names, steering.searched),
        scores_steer=steering.scores,
        risks=risks,
        count=max(1, steering.queries),
        points=points,
        query={
            **(filters[0] if len(filters) == 1 else {"filters": filters} if filters else {}),
            "limit": steering.limit,
            "vectors": steering.vectors[:FEW],
            "select": list(names),
        },
    )


def _results(wanted: Asked, limit: int | None, queries: int) -> int:
    """The upper bound of records that come back."""
    groups = wanted.numbers.get("group_size", 1) if wanted.grouped else 1
    return (MOST if limit is None else max(0, limit)) * max(1, groups) * max(1, queries)


def _columns(names: Iterable[str]) -> list[str]:
    """Output fields that are no aggregates."""
    return [name for name in names if not _AGGREGATE.fullmatch(name)]


def _templates(document: Any) -> dict[str, Any]:
    return {name: _value(value) for name, value in document.expr_template_values.items()}


def _value(value: Any) -> Any:
    kind = value.WhichOneof("val")
    if kind is None:
        return None
    return list(_listed(value.array_val)) if kind == "array_val" else getattr(value, kind)


def _listed(array: Any) -> Iterator[Any]:
    kind = array.WhichOneof("data")
    if kind == "array_data":
        yield from (list(_listed(one)) for one in array.array_data.data)
    elif kind is not None:
        yield from getattr(array, kind).data


def _shown(text: str, templates: Mapping[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {"filter": text} if text.strip() else {}
    if templates:
        shown["templates"] = {name: _plain(value) for name, value in templates.items()}
    return shown


def _plain(value: Any) -> Any:
    """As evidence may hold it."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return [_plain(one) for one in value[:SHOWN]] if isinstance(value, list) else value


def _grpc(call: Call) -> GrpcCall:
    assert isinstance(call, GrpcCall)
    return call
