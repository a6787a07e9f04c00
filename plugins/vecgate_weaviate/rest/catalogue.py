"""Catalogue: collections, their properties, tenants, shards and aliases as an answer shows them.

Only names that the caller may know are in it, wherever they stand; settings of modules are without keys.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from vecgate.errors import Unmaskable
from vecgate.operations.model import Resource
from vecgate.operations.taking import take
from vecgate.operations.vectors import is_embedding
from vecgate_weaviate.rest import descriptions
from vecgate_weaviate.rest.bodies import CLASS_BODY, PROPERTY_BODY
from vecgate_weaviate.rest.kinds import CLASS_TEXT, VALUES
from vecgate_weaviate.rest.objects import listed, members

_SETTINGS: Final = ("moduleConfig", "vectorIndexConfig", "shardingConfig")
"""Members of a collection that may hold anything."""
_SECRET: Final = re.compile(r"key|secret|passw|credential|authori[sz]ation|bearer|token$|header", re.IGNORECASE)
"""Names of what is nobody's to read. Numbers of tokens, and which key objects are spread by, are no secrets."""
_LOGIN: Final = re.compile(r"//[^/]*@|[?&][^=]*(?:key|token|secret|signature|password)[^=]*=", re.IGNORECASE)
"""An address with a secret in it."""
_DEPTH: Final = 16


@dataclass(frozen=True, slots=True)
class Catalogue:
    visible: Callable[[Resource], bool]
    tenanted: Callable[[str], bool]
    """Shards of the collection may be tenants."""

    def schema(self, document: Any) -> dict[str, Any]:
        """Every collection that the caller may know, and that a request could name. Raises Unmaskable."""
        classes = listed(members(document, {"classes", "maintainer", "name"}).get("classes"))
        return {"classes": [self.collection(one) for one in classes if self._names(_name(one, "class"))]}

    def collection(self, document: Any) -> dict[str, Any]:
        """Raises Unmaskable, also for one that the caller may not know, whatever was asked for."""
        given: dict[str, Any] = take(CLASS_BODY, document)
        if not self.visible(given["class"]):
            raise Unmaskable("the database describes another collection than was judged")
        shown = dict(given)
        for name in _SETTINGS:
            if given.get(name) is not None:
                shown[name] = settings(given[name])
        if given.get("vectorConfig") is not None:
            shown["vectorConfig"] = {name: settings(one) for name, one in given["vectorConfig"].items()}
        if given.get("properties") is not None:
            shown["properties"] = [one for each in given["properties"] if (one := self._property(each))["dataType"]]
        return shown

    def property(self, document: Any) -> dict[str, Any]:
        """Raises Unmaskable."""
        return self._property(take(PROPERTY_BODY, document))

    def indexes(self, document: Any, collection: str) -> dict[str, Any]:
        """Raises Unmaskable."""
        given: dict[str, Any] = take(descriptions.INDEXES, document)
        if given.get("collection") not in {None, collection}:
            raise Unmaskable("indexes are of another collection than was asked for")
        properties = [one for one in given.get("properties") or () if self._leads(one.get("dataType") or "text")]
        return {**given, "properties": properties}

    def shards(self, document: Any, collection: str) -> list[dict[str, Any]]:
        """Raises Unmaskable."""
        found: list[dict[str, Any]] = take(descriptions.SHARDS, document)
        return [one for one in found if self._holds(collection, one["name"])]

    def nodes(self, document: Any) -> dict[str, Any]:
        """Raises Unmaskable."""
        nodes = take(descriptions.NODES, document).get("nodes") or ()
        return {"nodes": [one | {"shards": self._stored(one.get("shards") or ())} for one in nodes]}

    def tenants(self, document: Any, collection: str) -> list[dict[str, Any]]:
        """Raises Unmaskable."""
        found = [self.tenant(one) for one in listed(document)]
        return [one for one in found if self.visible(f"{collection}/{one['name']}")]

    def tenant(self, document: Any) -> dict[str, Any]:
        """Raises Unmaskable."""
        given: dict[str, Any] = take(descriptions.HELD, document)
        return given

    def aliases(self, document: Any) -> dict[str, Any]:
        """Raises Unmaskable."""
        found = listed(members(document, {"aliases"}).get("aliases"))
        return {"aliases": [take(descriptions.ALIAS, one) for one in found if self._names(_name(one, "class"))]}

    def alias(self, document: Any) -> dict[str, Any]:
        """Raises Unmaskable, also for one that has come to stand for what the caller may not know."""
        given: dict[str, Any] = take(descriptions.ALIAS, document)
        if not self.visible(given["class"]):
            raise Unmaskable("the alias stands for another collection than was judged")
        return given

    def backup(self, document: Any) -> dict[str, Any]:
        """Raises Unmaskable."""
        given = descriptions.backup(document)
        classes = given.get("classes")
        return given if classes is None else given | {"classes": [one for one in classes if self.visible(one)]}

    def backups(self, document: Any) -> list[dict[str, Any]]:
        """Raises Unmaskable."""
        return [self.backup(one) for one in listed(document)]

    def _names(self, collection: str) -> bool:
        return re.fullmatch(CLASS_TEXT, collection) is not None and self.visible(collection)

    def _leads(self, kind: str) -> bool:
        return kind in VALUES or self._names(kind)

    def _property(self, given: dict[str, Any]) -> dict[str, Any]:
        """Without the collections that it leads to and the caller may not know; perhaps it leads nowhere then."""
        shown = {**given, "dataType": list(filter(self._leads, given["dataType"]))}
        if given.get("moduleConfig") is not None:
            shown["moduleConfig"] = settings(given["moduleConfig"])
        if given.get("nestedProperties") is not None:
            shown["nestedProperties"] = [
                one for each in given["nestedProperties"] if (one := self._property(each))["dataType"]
            ]
        return shown

    def _stored(self, shards: Any) -> list[dict[str, Any]]:
        return [one for one in shards if self._names(one["class"]) and self._holds(one["class"], one["name"])]

    def _holds(self, collection: str, shard: str) -> bool:
        return not self.tenanted(collection) or self.visible(f"{collection}/{shard}")


def settings(value: Any, depth: int = 0) -> Any:
    """Settings of whatever module, without keys, addresses that have a password in them, and lists of numbers."""
    if depth > _DEPTH:
        raise Unmaskable("settings are nested too deeply")
    if type(value) is dict:
        return {name: settings(one, depth + 1) for name, one in value.items() if _told(name, one)}
    if type(value) is list:
        return [settings(one, depth + 1) for one in value if _told("", one)]
    return value


def _told(name: str, value: Any) -> bool:
    if is_embedding(value):
        return False
    if isinstance(value, str):
        return not (_SECRET.search(name) and value != "_id") and not _LOGIN.search(value)
    return not (type(value) in {dict, list} and _SECRET.search(name))


def _name(one: Any, member: str) -> str:
    value = one.get(member) if type(one) is dict else None
    if type(value) is not str:
        raise Unmaskable("a name is not a text")
    return value
