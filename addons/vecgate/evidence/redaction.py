"""Redaction: what may be recorded of a query. Raw vectors become their digest, dimension and norm; values compared with
a masked field become keyed digests, so that equal values can be recognised and none can be read.
"""

from __future__ import annotations

import hashlib
import hmac
import math
import struct
from collections.abc import Mapping, Sequence
from typing import Any

from vecgate.operations.model import Operation
from vecgate.policy.decision import Decision

VECTOR_LENGTH = 3
"""From this many numbers on, a list with a fraction in it is taken for a vector."""
PLAIN_MEMBERS = frozenset(
    {"ids", "include", "limit", "n_results", "offset", "records", "select", "text", "texts", "top_k", "vectors"}
)
"""Members of a query that never hold a value compared with a field."""


_NUMBERS = frozenset({float, int})
_SCALARS = frozenset({str, int, float, bool, type(None)})


def describe_vector(values: Sequence[float]) -> dict[str, Any]:
    """A vector's digest (SHA-256 of its little-endian float32 bytes), dimension and Euclidean norm."""
    try:
        packed = struct.pack(f"<{len(values)}f", *values)
    except (OverflowError, struct.error):
        packed = struct.pack(f"<{len(values)}d", *map(float, values))
    return {
        "sha256": hashlib.sha256(packed).hexdigest(),
        "dimension": len(values),
        "norm": round(math.hypot(*values), 6),
    }


def without_vectors(value: Any) -> Any:
    """The same plain data with every raw vector, at any depth, described instead."""
    if isinstance(value, (list, tuple)):
        kinds = set(map(type, value))
        if len(value) >= VECTOR_LENGTH and float in kinds and kinds <= _NUMBERS:
            return describe_vector(value)
        return list(value) if kinds <= _SCALARS else [without_vectors(member) for member in value]
    if type(value) is dict or isinstance(value, Mapping):
        return {key: member if type(member) in _SCALARS else without_vectors(member) for key, member in value.items()}
    return value


class Redactor:
    """`key` is secret and outside the evidence: whoever has the evidence cannot try values out."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def query(self, operation: Operation, decision: Decision | None) -> Mapping[str, Any]:
        """An operation's query as it may be recorded."""
        if not operation.fields_used or not operation.query or not self._compares_masked(operation, decision):
            return operation.query
        return {
            name: member if name in PLAIN_MEMBERS else self._hidden(member) for name, member in operation.query.items()
        }

    def digest(self, value: object) -> str:
        data = f"{type(value).__name__}:{value}".encode("utf-8", "backslashreplace")
        return "hmac-sha256:" + hmac.new(self._key, data, hashlib.sha256).hexdigest()[:32]

    def _compares_masked(self, operation: Operation, decision: Decision | None) -> bool:
        """Without a decision or a resource nobody knows what is masked: then everything is."""
        if decision is None or not operation.resources:
            return True
        masks = (
            mask
            for name in operation.resources
            for mask in (decision.masks.get(name) or decision.masks_for(name), decision.recorded(name))
        )
        return any(mask.used(operation.fields_used) is not None for mask in masks)

    def _hidden(self, value: Any) -> Any:
        """Every text and number as a digest. Filters differ by engine, and a value hidden too often does no harm."""
        if isinstance(value, Mapping):
            return {key: self._hidden(inner) for key, inner in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._hidden(inner) for inner in value]
        if value is None or isinstance(value, bool):
            return value
        return self.digest(value)
