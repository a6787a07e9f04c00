"""Outgoing: the request that is sent, built from the judged call. Names are the collections' own; masks are minded."""

from __future__ import annotations

from typing import Final

from vecgate.masking.maskset import MaskSet
from vecgate.operations import media
from vecgate.operations.dialect import Reading
from vecgate.operations.document import dump
from vecgate.operations.messages import Outgoing
from vecgate.operations.model import Resource
from vecgate.policy.decision import Decision
from vecgate_weaviate.known import EVERYTHING
from vecgate_weaviate.rest import naming
from vecgate_weaviate.rest.call import RestCall

CHANGES_NAMES: Final = frozenset(
    {
        *("schema.objects.create", "schema.objects.update", "schema.objects.delete", "schema.objects.properties.add"),
        *("aliases.create", "aliases.update", "aliases.delete", "backups.restore"),
    }
)
"""Objects that make a collection are not among them: a batch would make everybody ask anew."""


def rewrite(reading: Reading, decision: Decision) -> Outgoing:
    """The upstream request of a bound reading."""
    call: RestCall = reading.detail
    query = naming.query(call.query, call.known)
    if call.row.vectors and not _fetches(reading, decision):
        query = tuple((name, _without_vector(value) if name == "include" else value) for name, value in query)
        query = tuple((name, value) for name, value in query if name != "include" or value)
    path = call.row.target(call.at, query)
    if call.sent is None:
        return Outgoing(call.row.method, path)
    return Outgoing(call.row.method, path, media.JSON, dump(call.sent))


def masks_of(decision: Decision, resource: Resource) -> MaskSet:
    masks = decision.masks.get(resource)
    return decision.masks_for(resource) if masks is None else masks


def _fetches(reading: Reading, decision: Decision) -> bool:
    """Of everything, each collection has masks of its own: the answer minds them."""
    names = [name for one in reading.operations if one.vectors for name in one.resources]
    return all(name == EVERYTHING or masks_of(decision, name).fetches_vectors for name in names)


def _without_vector(include: str) -> str:
    return ",".join(part for part in include.split(",") if part and part != "vector")
