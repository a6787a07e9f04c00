"""Placeholders: the vectors, texts or keys that are searched with."""

from __future__ import annotations

import hashlib
from typing import Any, Final

import numpy as np

from vecgate_milvus.calls.packed import unpacked

_TEXT: Final = 21
_FLOATS: Final = 101
_SHOWN: Final = 10


def summed(document: Any) -> tuple[int, list[dict[str, Any]]]:
    """How many queries a search has, and what evidence keeps of them. Raises Refusal: bad_body."""
    if document.DESCRIPTOR.name == "SearchRequest" and document.WhichOneof("search_input") == "ids":
        kind = document.ids.WhichOneof("id_field")
        keys = list(getattr(document.ids, kind).data) if kind else []
        return max(len(keys), document.nq, 1), [{"ids": [str(key) for key in keys[:_SHOWN]]}]
    if not document.placeholder_group:
        return max(document.nq, 1), []
    group = unpacked(document, "placeholder_group")
    counted = sum(len(one.values) for one in group.placeholders)
    shown = [_summary(one.type, value) for one in group.placeholders for value in one.values[:_SHOWN]]
    return max(counted, document.nq, 1), shown[:_SHOWN]


def _summary(kind: int, value: bytes) -> dict[str, Any]:
    """What evidence keeps of a vector: never its values. A text is a query."""
    if kind == _TEXT:
        return {"text": value.decode("utf-8", "replace")[:1000]}
    summary: dict[str, Any] = {"sha256": hashlib.sha256(value).hexdigest()[:32]}
    if kind == _FLOATS and len(value) % 4 == 0:
        floats = np.frombuffer(value, "<f4")
        norm = float(np.linalg.norm(floats))
        summary |= {"dimension": len(floats), "norm": round(norm, 6) if np.isfinite(norm) else None}
    return summary
