"""Records: the JSON answers that hold them, masked."""

from __future__ import annotations

from typing import Any

from vecgate.errors import Unmaskable
from vecgate.operations.taking import take
from vecgate_pinecone import shapes
from vecgate_pinecone.masking import Masking
from vecgate_pinecone.names import canonical


def matches(masking: Masking, document: Any) -> dict[str, Any]:
    """The answer of a query. What the deprecated `queries` would be answered with is left out."""
    answer = take(shapes.MATCHES, document)
    _place(masking, answer.get("namespace"))
    found = answer.get("matches") or []
    scores = masking.scores([one.get("score") or 0.0 for one in found])
    shown = [{**_record(masking, one), "score": score} for one, score in zip(found, scores, strict=True)]
    for one in shown:
        masking.remember(one["id"], one.get("metadata"), one["score"])
    return {**answer, "matches": shown}


def fetched(masking: Masking, document: Any) -> dict[str, Any]:
    """The answer of a fetch: a map by id, values and metadata always in it. The Python client reads no record that has
    neither kind of values: where they are left out, empty sparse ones stand for them."""
    answer = take(shapes.FETCHED, document)
    _place(masking, answer.get("namespace"))
    shown = {}
    for name, one in (answer.get("vectors") or {}).items():
        if one.get("id", name) != name:
            raise Unmaskable("A record of the database's answer has two ids.")
        shown[name] = _record(masking, one)
        if masking.hides and "values" not in shown[name]:
            shown[name]["sparseValues"] = {"indices": [], "values": []}
        masking.remember(name, shown[name].get("metadata"))
    return {**answer, "vectors": shown}


def listed(masking: Masking, document: Any) -> dict[str, Any]:
    answer: dict[str, Any] = take(shapes.LISTED, document)
    _place(masking, answer.get("namespace"))
    for one in answer.get("vectors") or ():
        masking.remember(one["id"], None)
    return answer


def hits(masking: Masking, document: Any) -> dict[str, Any]:
    """The answer of a search by text."""
    answer = take(shapes.HITS, document)
    found = answer["result"]["hits"]
    scores = masking.scores([one.get("_score") or 0.0 for one in found])
    shown = []
    for one, score in zip(found, scores, strict=True):
        fields = masking.payload(one.get("fields")) or {}
        shown.append({"_id": one["_id"], "_score": score, "fields": fields})
        masking.remember(one["_id"], fields, score)
    return {**answer, "result": {"hits": shown}}


def _record(masking: Masking, one: dict[str, Any]) -> dict[str, Any]:
    """In the order it came."""
    shown: dict[str, Any] = {}
    for name, value in one.items():
        match name:
            case "values":
                if value and (vector := masking.vector(value)) is not None:
                    shown[name] = vector
            case "sparseValues":
                if value and masking.sparse():
                    shown[name] = value
            case "metadata":
                shown[name] = masking.payload(value)
            case _:
                shown[name] = value
    return shown


def _place(masking: Masking, namespace: str | None) -> None:
    """Raises Unmaskable for records of another namespace than was judged."""
    if namespace and canonical(namespace) != masking.resource.rpartition("/")[2]:
        raise Unmaskable("The database answered with another namespace.")
