"""Vectors in requests: dense, sparse, several in one, named, or made by an inference service of a text or an image."""

from __future__ import annotations

from typing import Any, Final

from vecgate.operations.document import Numbers
from vecgate.operations.shapes import ANY, OBJECT, TEXT, OneOf, Shape, nullable
from vecgate.operations.vectors import is_vector, summary
from vecgate_qdrant.rest.filters import bad
from vecgate_qdrant.rest.kinds import NUMBERS, is_id
from vecgate_qdrant.steering import Steering

SPARSE: Final = Shape({"indices": NUMBERS, "values": NUMBERS}, frozenset({"indices", "values"}))
_OPTIONS = nullable(options=OBJECT)
_INFERENCE: Final = OneOf(
    (
        Shape({"text": TEXT, "model": TEXT, **_OPTIONS}, frozenset({"text", "model"})),
        Shape({"image": ANY, "model": TEXT, **_OPTIONS}, frozenset({"image", "model"})),
        Shape({"object": ANY, "model": TEXT, **_OPTIONS}, frozenset({"object", "model"})),
    )
)


def asked(value: Any, steering: Steering, at: str) -> Any:
    """A vector to search with, or the id of a point that has it; returns what evidence keeps of it. Raises Refusal."""
    return value if is_id(value) else _one(value, steering, at)


def stored(value: Any, steering: Steering, at: str) -> None:
    """What a written point has: one vector, several in one, or a vector by each name. Raises Refusal."""
    if type(value) is dict and not _is_inference(value):
        for name, vector in value.items():
            _one(vector, steering, f"{at}.{name}" if len(name) <= 64 else at)
    else:
        _one(value, steering, at)


def batch(value: Any, steering: Steering, at: str) -> None:
    """The vectors of many points: a list, or a list by each name. Raises Refusal."""
    for column in value.values() if type(value) is dict else (value,):
        if type(column) is not list:
            raise bad(f"{at} is not a list of vectors")
        for vector in column:
            _one(vector, steering, at)


def _one(value: Any, steering: Steering, at: str) -> Any:
    if type(value) is Numbers:
        return summary(value)
    if type(value) is list:
        if is_vector(value):
            return summary(value)
        if all(map(is_vector, value)):
            return {"vectors": len(value), **summary(value[0])}
    elif type(value) is dict:
        if _is_inference(value):
            _INFERENCE.check(value, at)
            steering.egress = True
            return {"text": value["text"]} if "text" in value else {"inference": value["model"]}
        SPARSE.check(value, at)
        return {"sparse": len(value["values"])}
    raise bad(f"{at} is not a vector")


def _is_inference(value: dict[str, Any]) -> bool:
    """No vector is a text, so that a named vector called `model` is told from a model's name."""
    return type(value.get("model")) is str
