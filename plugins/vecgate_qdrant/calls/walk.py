"""Walk: what steers a request, found in its messages wherever they stand.

A message is read by what its type says; of types without a reader only the messages within are read.
`tests/plugins/vecgate_qdrant/calls/test_walk.py` holds the readers to every text that the description has.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from vecgate_qdrant.rest.filters import bad
from vecgate_qdrant.rest.formulas import variable
from vecgate_qdrant.steering import Steering

type Reader = Callable[[Any, Steering, str], None]


def read(message: Any, steering: Steering, prefix: str = "") -> None:
    """`prefix` is the path of the `nested` keys around a condition. Raises Refusal."""
    steering.budget.spend()
    _READERS.get(message.DESCRIPTOR.name, _inside)(message, steering, prefix)


def use(key: str, steering: Steering, prefix: str = "") -> str:
    """One payload field steers. Raises Refusal: bad_body for none."""
    if not key:
        raise bad("a key names no field")
    path = f"{prefix}.{key}" if prefix else key
    steering.use(path)
    return path


def written(points: Any, steering: Steering) -> None:
    """What a written point has for vectors may be made of a text or an image, by an inference service."""
    for point in points:
        vectors = point.vectors
        several = vectors.vectors.vectors.values() if vectors.WhichOneof("vectors_options") == "vectors" else ()
        for vector in several or (vectors.vector,):
            if vector.WhichOneof("vector") in _INFERRED:
                steering.egress = True


def _inside(message: Any, steering: Steering, prefix: str) -> None:
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        if field.message_type.GetOptions().map_entry:
            if field.message_type.fields_by_name["value"].message_type is not None:
                for name in value:
                    read(value[name], steering, prefix)
        elif field.is_repeated:
            for one in value:
                read(one, steering, prefix)
        else:
            read(value, steering, prefix)


def _nothing(message: Any, steering: Steering, prefix: str) -> None:
    """A value, an option: nothing in it steers."""


def _key(message: Any, steering: Steering, prefix: str) -> None:
    use(message.key, steering, prefix)


def _condition(message: Any, steering: Steering, prefix: str) -> None:
    """What is no condition is one that this version of the description does not know."""
    if (kind := message.WhichOneof("condition_one_of")) is None:
        raise bad("a condition is empty")
    read(getattr(message, kind), steering, prefix)


def _nested(message: Any, steering: Steering, prefix: str) -> None:
    read(message.filter, steering, use(message.key, steering, prefix))


def _inferred(message: Any, steering: Steering, prefix: str) -> None:
    steering.egress = True


def _lookup(message: Any, steering: Steering, prefix: str) -> None:
    steering.lookups[message.collection_name] = None


def _expression(message: Any, steering: Steering, prefix: str) -> None:
    match message.WhichOneof("variant"):
        case None:
            raise bad("an expression is empty")
        case "variable":
            variable(message.variable, steering, "formula")
        case "datetime_key":
            use(message.datetime_key, steering)
        case _:
            _inside(message, steering, "")


def _formula(message: Any, steering: Steering, prefix: str) -> None:
    read(message.expression, steering)
    for name in message.defaults:
        variable(name, steering, "defaults")


def _distance(message: Any, steering: Steering, prefix: str) -> None:
    use(message.to, steering)


_INFERRED: Final = frozenset({"document", "image", "object"})
_READERS: Final[dict[str, Reader]] = {
    "Condition": _condition,
    "FieldCondition": _key,
    "IsEmptyCondition": _key,
    "IsNullCondition": _key,
    "NestedCondition": _nested,
    "OrderBy": _key,
    "Expression": _expression,
    "Formula": _formula,
    "GeoDistance": _distance,
    "Document": _inferred,
    "Image": _inferred,
    "InferenceObject": _inferred,
    "LookupLocation": _lookup,
    **dict.fromkeys(
        (
            *("DenseVector", "SparseVector", "MultiDenseVector", "SparseIndices", "PointId", "GeoPoint", "Timestamp"),
            *("HasIdCondition", "HasVectorCondition", "Value", "Struct", "ListValue", "ShardKey", "ShardKeySelector"),
            *("WithPayloadSelector", "WithVectorsSelector", "ReadConsistency", "WriteOrdering", "VectorsSelector"),
        ),
        _nothing,
    ),
}
