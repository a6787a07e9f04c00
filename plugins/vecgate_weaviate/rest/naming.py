"""Naming: where names of collections stand in paths, queries and bodies, each put in its collection's own spelling.

Aliases are resolved where the server would do so; what is created or dropped is named as it was written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from vecgate.errors import Refusal
from vecgate.operations.messages import Pairs
from vecgate.reasons import Reason
from vecgate_weaviate.known import EVERYTHING, Known
from vecgate_weaviate.reach import collection_name, property_name
from vecgate_weaviate.rest.kinds import SOURCE_TEXT, VALUES, located

AS_WRITTEN: Final = frozenset({"schema.objects.delete", "schema.objects.create", "aliases.delete", "aliases.create"})


def path(operation: str, params: Mapping[str, str], known: Known) -> dict[str, str]:
    """The parameters of a path. Raises Refusal: bad_body."""
    at = dict(params)
    if "className" in at:
        written = at["className"]
        at["className"] = collection_name(written) if operation in AS_WRITTEN else known.collection(written)
    if "aliasName" in at:
        at["aliasName"] = collection_name(at["aliasName"])
    return at


def query(items: Pairs, known: Known) -> Pairs:
    """The query; a collection stands in `class` and `collection`."""
    return tuple((name, known.collection(value) if name in {"class", "collection"} else value) for name, value in items)


def document(operation: str, body: Any, known: Known, at: Mapping[str, str]) -> Any:
    """The body with the collections' own names. Raises Refusal: bad_body."""
    rename = _BODIES.get(operation)
    return body if rename is None or body is None else rename(body, known, at)


def target(collection: str, name: str, beacon: str, known: Known) -> str:
    """The collection that a reference of an object leads to; everything, where nothing says into which."""
    named, _ = located(beacon)
    return known.collection(named) if named else known.only(collection, property_name(name))


def is_reference(value: Any) -> bool:
    """A property's value that leads to objects."""
    return type(value) is list and any(type(one) is dict and "beacon" in one for one in value)


def _stored(one: Any, known: Known, at: Mapping[str, str]) -> dict[str, Any]:
    collection = at.get("className", "")
    if one.get("class") is not None:
        named = known.collection(one["class"])
        if collection and named != collection:
            raise Refusal(Reason.BAD_BODY, "The object is of another collection than its path.")
        collection = named
    if at.get("id") and one.get("id") is not None and one["id"].lower() != at["id"].lower():
        raise Refusal(Reason.BAD_BODY, "The object has another id than its path.")
    sent = {**one, "class": collection}
    if one.get("properties") is not None:
        sent["properties"] = {name: _value(value, collection, name, known) for name, value in one["properties"].items()}
    return sent


def _value(value: Any, collection: str, name: str, known: Known) -> Any:
    if not is_reference(value):
        return value
    return [_reference(one, collection, name, known) for one in value]


def _reference(one: Any, collection: str, name: str, known: Known) -> dict[str, Any]:
    """One reference, with nothing in it but where it leads."""
    if type(one) is not dict or not isinstance(one.get("beacon"), str):
        raise Refusal(Reason.BAD_BODY, "A list has references and other values.")
    leads, (_, identity) = target(collection, name, one["beacon"], known), located(one["beacon"])
    return {"beacon": f"weaviate://localhost/{identity if leads == EVERYTHING else f'{leads}/{identity}'}"}


def _batch(body: Any, known: Known, at: Mapping[str, str]) -> Any:
    return {"objects": [_stored(one, known, at) for one in body["objects"]]}


def _linked(body: Any, known: Known, at: Mapping[str, str]) -> Any:
    return _reference(body, at["className"], at["propertyName"], known)


def _links(body: Any, known: Known, at: Mapping[str, str]) -> Any:
    return [_linked(one, known, at) for one in body]


def _references(body: Any, known: Known, at: Mapping[str, str]) -> Any:
    sent = []
    for one in body:
        found = SOURCE_TEXT.fullmatch(one["from"])
        assert found is not None
        collection = known.collection(found[1])
        to = _reference({"beacon": one["to"]}, collection, found[3], known)["beacon"]
        sent.append({**one, "from": f"weaviate://localhost/{collection}/{found[2]}/{found[3]}", "to": to})
    return sent


def _deleted(body: Any, known: Known, at: Mapping[str, str]) -> Any:
    match = {"class": known.collection(body["match"]["class"]), "where": where(body["match"]["where"], known)}
    return {**body, "match": match}


def where(clause: Any, known: Known) -> Any:
    """A filter, with the collections in its paths resolved."""
    sent = dict(clause)
    if sent.get("path"):
        sent["path"] = [known.collection(step) if index % 2 else step for index, step in enumerate(sent["path"])]
    if sent.get("operands"):
        sent["operands"] = [where(one, known) for one in sent["operands"]]
    return sent


def _described(body: Any, known: Known, at: Mapping[str, str]) -> Any:
    sent = {**body, "class": collection_name(body["class"])}
    if at and known.collection(body["class"]) != at["className"]:
        raise Refusal(Reason.BAD_BODY, "The collection has another name than its path.")
    if at:
        sent["class"] = at["className"]
    if body.get("properties") is not None:
        sent["properties"] = [_property(one, known, at) for one in body["properties"]]
    return sent


def _property(body: Any, known: Known, at: Mapping[str, str]) -> Any:
    """One type of values, or collections: the server takes several for collections, whatever they are called."""
    written = body["dataType"]
    kinds = written if len(written) == 1 and written[0] in VALUES else [known.collection(kind) for kind in written]
    for nested in body.get("nestedProperties") or ():
        _plain(nested)
    return {**body, "dataType": kinds}


def _plain(body: Any) -> None:
    """A property inside an object leads nowhere. Raises Refusal."""
    if not VALUES.issuperset(body["dataType"]):
        raise Refusal(Reason.BAD_BODY, "A property inside an object refers to a collection.")
    for nested in body.get("nestedProperties") or ():
        _plain(nested)


def _alias(body: Any, known: Known, at: Mapping[str, str]) -> Any:
    sent = {**body, "class": known.collection(body["class"])}
    return {**sent, "alias": collection_name(body["alias"])} if "alias" in body else sent


def _included(body: Any, known: Known, at: Mapping[str, str]) -> Any:
    """Backups hold collections by their own names."""
    sent = dict(body)
    for name in ("include", "exclude"):
        if body.get(name):
            sent[name] = [known.collection(one) for one in body[name]]
    return sent


_BODIES: Final[Mapping[str, Callable[[Any, Known, Mapping[str, str]], Any]]] = {
    "objects.create": _stored,
    "objects.validate": _stored,
    "objects.class.put": _stored,
    "objects.class.patch": _stored,
    "batch.objects.create": _batch,
    "batch.objects.delete": _deleted,
    "batch.references.create": _references,
    "objects.class.references.create": _linked,
    "objects.class.references.delete": _linked,
    "objects.class.references.put": _links,
    "schema.objects.create": _described,
    "schema.objects.update": _described,
    "schema.objects.properties.add": _property,
    "aliases.create": _alias,
    "aliases.update": _alias,
    "backups.create": _included,
    "backups.restore": _included,
}
