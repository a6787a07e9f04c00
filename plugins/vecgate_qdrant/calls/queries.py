"""Queries: everything that `query` may be, prefetches within prefetches, and the vectors of the older searches.

Each function returns what evidence keeps of the query: texts and ids, never a vector's values.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, Final

from google.protobuf.json_format import MessageToDict, SerializeToJsonError

from vecgate.operations.vectors import summary
from vecgate_qdrant.calls import walk
from vecgate_qdrant.rest.filters import bad
from vecgate_qdrant.steering import Steering

_READS: Final = frozenset({"order_by", "sample"})
"""Variants that only sort or sample; all others rank."""
_ENUMS: Final = frozenset({"fusion", "sample"})
_SIDES: Final = ("positive", "negative")


def stage(message: Any, steering: Steering) -> dict[str, Any]:
    """One query with its prefetches. Raises Refusal."""
    common(message, steering)
    kept: dict[str, Any] = {}
    if message.prefetch:
        kept["prefetch"] = [{**stage(one, steering), **shown(one, "filter", "limit")} for one in message.prefetch]
    if message.HasField("query"):
        kept["query"] = _query(message.query, steering)
    else:
        steering.scrolls = True
    return kept


def search(message: Any, steering: Steering) -> dict[str, Any]:
    _ranked(message, steering)
    if message.HasField("sparse_indices"):
        return {"vector": {"sparse": len(message.vector)}}
    if not message.vector:
        raise bad("vector is not a vector")
    return {"vector": _summary(message.vector)}


def recommend(message: Any, steering: Steering) -> dict[str, Any]:
    _ranked(message, steering)
    kept = {}
    for side in _SIDES:
        ids, vectors = getattr(message, side), getattr(message, f"{side}_vectors")
        if ids or vectors:
            kept[side] = [*map(point_id, ids), *(_vector(one, steering) for one in vectors)]
    return kept


def discover(message: Any, steering: Steering) -> dict[str, Any]:
    _ranked(message, steering)
    kept = {}
    if message.HasField("target"):
        kept["target"] = _example(message.target.single, steering)
    return {**kept, "context": [_pair(one, steering, _example) for one in message.context]}


def common(message: Any, steering: Steering) -> None:
    """What every way of asking has: a filter, parameters, a threshold, a look-up elsewhere."""
    steering.queries += 1
    steering.budget.spend()
    fields = message.DESCRIPTOR.fields_by_name
    for name in ("filter", "params", "lookup_from"):
        if name in fields and message.HasField(name):
            walk.read(getattr(message, name), steering)
    if "score_threshold" in fields and message.HasField("score_threshold"):
        steering.scores = True


def shown(message: Any, *names: str) -> dict[str, Any]:
    """What evidence keeps as it stands: members without a vector in them."""
    kept: dict[str, Any] = {}
    for field, value in message.ListFields():
        if field.name in names:
            kept[field.name] = value if field.message_type is None else document(value)
    return kept


def document(message: Any) -> dict[str, Any]:
    """A message as evidence keeps it. Raises Refusal for a time that no calendar has."""
    try:
        found: dict[str, Any] = MessageToDict(message, preserving_proto_field_name=True)
    except SerializeToJsonError:
        raise bad("a value is out of range") from None
    return found


def point_id(value: Any) -> int | str:
    """Raises Refusal for none."""
    match value.WhichOneof("point_id_options"):
        case "num":
            number: int = value.num
            return number
        case "uuid":
            text: str = value.uuid
            return text
    raise bad("an id is empty")


def _ranked(message: Any, steering: Steering) -> None:
    common(message, steering)
    steering.searches = True


def _query(query: Any, steering: Steering) -> Any:
    variant = query.WhichOneof("variant")
    if variant is None:
        raise bad("query is empty")
    steering.searches |= variant not in _READS
    steering.scrolls |= variant in _READS
    if variant in _ENUMS:
        known = query.DESCRIPTOR.fields_by_name[variant].enum_type.values_by_number.get(getattr(query, variant))
        if known is None:
            raise bad(f"{variant} is not known")
        return {variant: known.name.lower()}
    inner = getattr(query, variant)
    match variant:
        case "nearest":
            return _input(inner, steering)
        case "nearest_with_mmr":
            return {"nearest": _input(inner.nearest, steering)}
        case "recommend":
            sides = {side: getattr(inner, side) for side in _SIDES if getattr(inner, side)}
            return {variant: {side: [_input(one, steering) for one in some] for side, some in sides.items()}}
        case "discover":
            context = [_pair(one, steering, _input) for one in inner.context.pairs]
            return {variant: {"target": _input(inner.target, steering), "context": context}}
        case "context":
            return {variant: [_pair(one, steering, _input) for one in inner.pairs]}
        case "relevance_feedback":
            examples = [_input(one.example, steering) for one in inner.feedback]
            return {variant: {"target": _input(inner.target, steering), "feedback": examples}}
        case _:  # order_by, formula, rrf: no vector in them
            walk.read(inner, steering)
            return {variant: document(inner)}


def _pair(pair: Any, steering: Steering, one: Any) -> dict[str, Any]:
    return {side: one(getattr(pair, side), steering) for side in _SIDES}


def _example(example: Any, steering: Steering) -> Any:
    match example.WhichOneof("example"):
        case "id":
            return point_id(example.id)
        case "vector":
            return _vector(example.vector, steering)
    raise bad("an example is empty")


def _vector(vector: Any, steering: Steering) -> Any:
    """In either form: the older one has its numbers in the message itself."""
    if vector.WhichOneof("vector") is None:
        if vector.HasField("indices"):
            return {"sparse": len(vector.data)}
        return _summary(vector.data)
    return _asked(vector, vector.WhichOneof("vector"), steering)


def _input(value: Any, steering: Steering) -> Any:
    match value.WhichOneof("variant"):
        case None:
            raise bad("a vector is empty")
        case "id":
            return point_id(value.id)
        case kind:
            return _asked(value, kind, steering)


def _asked(value: Any, kind: str, steering: Steering) -> Any:
    inner = getattr(value, kind)
    match kind:
        case "dense":
            return _summary(inner.data)
        case "sparse":
            return {"sparse": len(inner.values)}
        case "multi_dense":
            first = inner.vectors[0].data if inner.vectors else ()
            return {"vectors": len(inner.vectors), **_summary(first)}
    walk.read(inner, steering)
    return {"text": inner.text} if kind == "document" else {"inference": inner.model}


def _summary(numbers: Iterable[float]) -> dict[str, Any]:
    """What evidence keeps of a vector. Raises Refusal for one with a number that is none."""
    found = summary(list(numbers))
    if not math.isfinite(found["norm"]):
        raise bad("a vector has a number that is not finite")
    return found
