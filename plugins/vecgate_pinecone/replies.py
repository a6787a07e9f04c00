"""Replies: gRPC answers, masked in place. Vector fields are cleared whole; no number of them is looked at."""

from __future__ import annotations

from typing import Any, Final

from vecgate.errors import Refusal, Unmaskable
from vecgate.operations.model import Resource
from vecgate.policy.decision import Decision
from vecgate_pinecone import structs
from vecgate_pinecone.catalogue import passes
from vecgate_pinecone.masking import Masking
from vecgate_pinecone.names import canonical

_MOST: Final = 2**32 - 1
"""What a count of 32 bits can say."""


def matches(masking: Masking, reply: Any) -> None:
    """The answer of a query. What the deprecated `queries` would be answered with is left out."""
    _place(masking, reply.namespace)
    reply.ClearField("results")
    before = [one.score for one in reply.matches]
    scores = masking.scores(before)
    for one, score in zip(reply.matches, scores, strict=True):
        metadata = _record(masking, one)
        one.score = score
        masking.remember(one.id, metadata, score)


def fetched(masking: Masking, reply: Any) -> None:
    _place(masking, reply.namespace)
    for name, one in reply.vectors.items():
        if one.id not in ("", name):
            raise Unmaskable("A record of the database's answer has two ids.")
        metadata = _record(masking, one)
        if masking.hides and not one.values:
            one.sparse_values.SetInParent()  # as in `records.fetched`
        masking.remember(name, metadata)


def listed(masking: Masking, reply: Any) -> None:
    _place(masking, reply.namespace)
    for one in reply.vectors:
        masking.remember(one.id, None)


def stats(reply: Any, index: Resource, decision: Decision) -> None:
    """The counts of what the caller may see. How full the index is tells of the rest."""
    hidden = [name for name in reply.namespaces if not decision.visible(f"{index}/{canonical(name)}")]
    for name in hidden:
        del reply.namespaces[name]
    reply.total_vector_count = min(_MOST, sum(one.vector_count for one in reply.namespaces.values()))
    if hidden:
        for field in ("index_fullness", "memory_fullness", "storage_fullness"):
            reply.ClearField(field)


def namespaces(reply: Any, index: Resource, decision: Decision) -> None:
    names = [one.name for one in reply.namespaces]
    hidden = [name for name in names if not decision.visible(f"{index}/{canonical(name)}")]
    if hidden:
        shown = [one for one in reply.namespaces if one.name not in hidden]
        del reply.namespaces[:]
        reply.namespaces.extend(shown)
    if not decision.visible(f"{index}/*"):
        reply.total_count = len(reply.namespaces)  # as in `catalogue.namespaces`
    if not passes(reply.pagination.next, names, hidden):
        reply.ClearField("pagination")


def namespace(reply: Any, resources: tuple[Resource, ...], index: Resource) -> None:
    if f"{index}/{canonical(reply.name)}" not in resources:
        raise Unmaskable("The database answered with another namespace.")


def _record(masking: Masking, one: Any) -> dict[str, Any] | None:
    """Mask a record; returns its metadata as it is shown."""
    if one.values and masking.hides:
        vector = masking.vector(one.values) if masking.masks.fetches_vectors else masking.vector(())
        one.ClearField("values")
        one.values.extend(vector or ())
    if one.HasField("sparse_values") and not masking.sparse():
        one.ClearField("sparse_values")
    if not one.HasField("metadata"):
        return None
    try:
        before = structs.plain(one.metadata)
    except Refusal:
        raise Unmaskable("Metadata of the database's answer has a value of no kind.") from None
    shown = masking.payload(before) or {}
    if shown != before:
        structs.write(one.metadata, shown)
    return shown


def _place(masking: Masking, namespace: str) -> None:
    """Raises Unmaskable for records of another namespace than was judged."""
    if namespace and canonical(namespace) != masking.resource.rpartition("/")[2]:
        raise Unmaskable("The database answered with another namespace.")
