"""Summary: what a reviewer is shown of a request. What does not fit is cut, and the summary says so."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec

from vecgate.approvals.asked import Asked
from vecgate.evidence.canonical import clean
from vecgate.evidence.redaction import without_vectors
from vecgate.operations.model import Operation
from vecgate.operations.target import encode

OPERATIONS = 50
"""Operations shown one by one; the effect counts all of them."""
RESOURCES = 50
QUERY = 16 * 1024
"""Bytes of one operation's query, as JSON."""
_EFFECTS = 10


def summary(asked: Asked) -> dict[str, Any]:
    """`{effect, method, target, operations, operations_total, body_bytes, body_sha256, complete}`.

    Plain JSON values without tokens or raw vectors. `complete` is false where something was cut."""
    shown = [_operation(operation) for operation in asked.operations[:OPERATIONS]]
    complete = len(shown) == len(asked.operations) and all(operation["complete"] for operation in shown)
    return {
        "effect": effect(asked.operations),
        "method": asked.request.method,
        "target": encode(asked.request.target),
        "operations": shown,
        "operations_total": len(asked.operations),
        "body_bytes": len(asked.request.body),
        "body_sha256": hashlib.sha256(asked.request.body).hexdigest(),
        "complete": complete,
    }


def effect(operations: Sequence[Operation]) -> str:
    """One line: `delete 3 in t/d/kb (bulk_delete); search 1 in t/d/kb`."""
    counts: Counter[tuple[str, tuple[str, ...], tuple[str, ...]]] = Counter()
    for operation in operations:
        counts[operation.action, operation.resources, operation.risks] += max(1, operation.count)
    parts = []
    for (action, resources, risks), count in list(counts.items())[:_EFFECTS]:
        names = ", ".join(resources[:3]) + (f" and {len(resources) - 3} more" if len(resources) > 3 else "")
        where = f" in {names}" if names else ""
        parts.append(f"{action} {count}{where}" + (f" ({', '.join(risks)})" if risks else ""))
    if len(counts) > _EFFECTS:
        parts.append(f"and {len(counts) - _EFFECTS} more")
    return "; ".join(parts)


def _operation(operation: Operation) -> dict[str, Any]:
    query = clean(without_vectors(operation.query))
    text = msgspec.json.encode(query)
    fits = len(text) <= QUERY
    return {
        "name": operation.name,
        "action": str(operation.action),
        "resources": list(operation.resources[:RESOURCES]),
        "resources_total": len(operation.resources),
        "fields_used": list(operation.fields_used),
        "vectors": operation.vectors,
        "risks": [str(risk) for risk in operation.risks],
        "count": operation.count,
        "points": operation.points,
        "query": query if fits else {"cut": text[:QUERY].decode("utf-8", "ignore")},
        "complete": fits and len(operation.resources) <= RESOURCES,
    }
