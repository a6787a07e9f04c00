"""Catalogue: the answers that name tenants, databases and collections, filtered to what the caller may know of."""

from __future__ import annotations

from typing import Any, Final

from vecgate.errors import Unmaskable
from vecgate.masking.maskset import MaskSet
from vecgate.operations.messages import Pairs
from vecgate.operations.model import Resource
from vecgate.policy.decision import Decision
from vecgate_chroma.embedding import trimmed
from vecgate_chroma.records import Masking

_COLLECTION: Final = frozenset(
    {
        "id",
        "name",
        "configuration_json",
        "schema",
        "metadata",
        "dimension",
        "tenant",
        "database",
        "log_position",
        "version",
    }
)
_REQUIRED: Final = frozenset({"id", "name", "configuration_json", "tenant", "database"})
_CONFIGURATION: Final = frozenset({"hnsw", "spann", "embedding_function"})
_SCHEMA: Final = frozenset({"defaults", "keys", "cmek", "source_attached_function_id"})
_DATABASE: Final = frozenset({"id", "name", "tenant"})


def identified(document: Any) -> tuple[str, Resource]:
    """The UUID and the resource of a collection. Raises Unmaskable for what is not one."""
    if type(document) is not dict or not _REQUIRED <= document.keys() <= _COLLECTION:
        raise Unmaskable("a collection has other members than expected")
    names = [document[name] for name in ("tenant", "database", "name")]
    if type(document["id"]) is not str or not all(type(name) is str and name and "/" not in name for name in names):
        raise Unmaskable("a collection has no proper name")
    return document["id"], "/".join(names)


def judged(document: Any, resources: tuple[Resource, ...]) -> Resource:
    """The resource of a collection that was asked for. Raises Unmaskable for one that was not judged."""
    _, resource = identified(document)
    if resource not in resources:
        raise Unmaskable("the database answered with another collection")
    return resource


def collection(document: Any, resource: Resource, masks: MaskSet, masked: set[str]) -> dict[str, Any]:
    """One collection, its metadata masked like a record's."""
    _object(document["configuration_json"], _CONFIGURATION)
    _object(document.get("schema") or {}, _SCHEMA)
    masking = Masking(resource, masks)
    shown = {**document}
    if "metadata" in document:
        shown["metadata"] = masking.metadata(document["metadata"])
    masked |= masking.masked
    return shown


def collections(document: Any, decision: Decision, masked: set[str]) -> list[dict[str, Any]]:
    """A list of collections without those the caller may not know of.

    Settings of an embedding function that tell of the installation are for those who may see what it makes: vectors.
    """
    shown = []
    for entry in _list(document):
        _, resource = identified(entry)
        if decision.visible(resource):
            masks = decision.masks_for(resource)
            one = collection(entry, resource, masks, masked)
            if masks.hides_vectors:
                one |= {member: trimmed(one[member]) for member in ("configuration_json", "schema") if member in one}
            shown.append(one)
    return shown


def databases(document: Any, decision: Decision) -> list[dict[str, Any]]:
    shown = []
    for entry in _list(document):
        one = database(entry)
        if decision.visible(f"{one['tenant']}/{one['name']}"):
            shown.append(one)
    return shown


def database(document: Any) -> dict[str, Any]:
    one = _object(document, _DATABASE)
    if one.keys() != _DATABASE or not all(type(value) is str and value and "/" not in value for value in one.values()):
        raise Unmaskable("a database has other members than expected")
    return one


def page(entries: list[dict[str, Any]], query: Pairs) -> list[dict[str, Any]]:
    """The page that the client asked for, of what it may see: paging in the database would count hidden entries."""
    asked = dict(query)
    start = int(asked.get("offset", 0))
    return entries[start : start + int(asked["limit"])] if "limit" in asked else entries[start:]


def _object(document: Any, known: frozenset[str]) -> dict[str, Any]:
    if type(document) is not dict or not document.keys() <= known:
        raise Unmaskable("an answer has other members than expected")
    return document


def _list(document: Any) -> list[Any]:
    if type(document) is not list:
        raise Unmaskable("a list is not one")
    return document
