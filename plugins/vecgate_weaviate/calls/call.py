"""GrpcCall: a call's message with what the database has said of the names in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from vecgate.operations.table import Call
from vecgate_weaviate.known import Known


@dataclass(frozen=True, slots=True)
class GrpcCall(Call):
    """`document` has the names as written, `message` the collections' own: the latter is judged, and sent."""

    message: Any = None
    known: Known = field(default_factory=Known)
