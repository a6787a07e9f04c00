"""What many rows share: query keys, the names of objects and collections in paths."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from vecgate.operations.model import Action, Operation
from vecgate.operations.shapes import TEXT, Kind, Scalar
from vecgate.operations.table import Call, Row
from vecgate_weaviate.rest.kinds import CONSISTENCY, TENANT

type Effect = Callable[[Call], tuple[Operation, ...]]

NAMED: Final = ("{className}",)
WHOLE: Final = ("**",)
WRITING: Final[dict[str, Kind]] = {"consistency_level": CONSISTENCY}
PLACED: Final[dict[str, Kind]] = {**WRITING, "tenant": TENANT}
INCLUDE: Final = Scalar(
    "vector, classification", frozenset({str}), lambda value: {*value.split(",")} <= {"vector", "classification", ""}
)
"""Modules may be named there, too, that make something of a vector: those are refused."""
READING: Final[dict[str, Kind]] = {**PLACED, "include": INCLUDE, "node_name": TEXT}


def row(operation: str, method: str, path: str, action: Action, resources: tuple[str, ...] = NAMED, **more: Any) -> Row:
    return Row(operation, method, f"/v1{path}", action, resources, **more)


def refused(operation: str, method: str, path: str, why: str) -> Row:
    return Row(operation, method, f"/v1{path}", Action.ADMIN, refused=why)
