"""Names: which collection a name stands for, and what fields that has. The database is asked in its own RESTful API.

`aliases/describe` alone tells what an alias stands for: `collections/describe` repeats the name it was given. Both are
asked at once, so they are held against each other: a name is among the aliases of what was described exactly if it is
an alias.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final

from vecgate.errors import Unmaskable
from vecgate.operations.dialect import Lookup, Reading
from vecgate.operations.document import dump
from vecgate.operations.media import JSON, answered
from vecgate.operations.messages import Answer, Outgoing
from vecgate_milvus.rest import bodies, schema
from vecgate_milvus.rest.call import ALIAS, COLLECTION, HEADER, RestCall
from vecgate_milvus.rest.row import API
from vecgate_milvus.rest.schema import Schema

NOT_FOUND: Final = frozenset({100, 800})
"""Codes for a collection or a database that does not exist."""
NO_ALIAS: Final = 1600

_NEW: Final = frozenset({"rest collections/create"})
"""Rows whose collection is not there yet: the name is its own."""
_AS_WRITTEN: Final = frozenset({"rest collections/drop", "rest collections/rename"})
"""The server does these by a collection's own name only; it must not do them by an alias on the gateway's account."""
_FIELDS: Final = frozenset(
    f"rest entities/{name}" for name in ("query", "get", "delete", "search", "hybrid_search", "advanced_search")
)
"""Rows whose reading or answer hangs on the collection's fields."""


def lookups(reading: Reading) -> Sequence[Lookup]:
    call: RestCall = reading.detail
    asked: list[Lookup] = []
    if _resolves(call):
        asked.append(_alias(call.database, call.written))
        if call.row.operation in _FIELDS:
            asked.append(_fields(call.database, call.written))
    if "alias" in call.params:
        asked.append(_alias(call.database, call.params["alias"]))
    return list(dict.fromkeys(asked))


def learn(answer: Answer, lookup: Lookup) -> Any:
    """A full resource for what may be an alias; a Schema, or None, for fields. Raises Unmaskable."""
    document = answered(answer)
    code = document.get("code") if type(document) is dict else None
    if answer.status != 200 or type(code) is not int:
        raise Unmaskable("The database did not say what a name stands for.")
    data = document.get("data")
    if not lookup.name:
        return _described(code, data)
    resource = lookup.key.partition(":")[2]
    if code == NO_ALIAS or code in NOT_FOUND:
        return resource
    database = resource.partition("/")[0]
    if code != 0 or type(data) is not dict or data.get("dbName", "") not in {"", database}:
        raise Unmaskable("The database did not say what a name stands for.")
    if data.get(ALIAS) != lookup.name or not bodies.is_name(data.get(COLLECTION)):
        raise Unmaskable("The database did not say what a name stands for.")
    return f"{database}/{data[COLLECTION]}"


def bind(reading: Reading, names: Mapping[str, Any]) -> Reading:
    """Raises Unmaskable where the two look-ups contradict each other."""
    call: RestCall = reading.detail
    bound = call
    if _resolves(call):
        resource = names.get(_alias(call.database, call.written).key)
        known = names.get(_fields(call.database, call.written).key)
        if resource is not None:
            collection = _beneath(resource, call)
            if isinstance(known, Schema) and (call.written in known.aliases) is (collection == call.written):
                raise Unmaskable("The database changed an alias while it was asked for it.")
            sent = call.row.operation not in _AS_WRITTEN
            bound = bound.resolved(collection, sent=sent, schema=known if isinstance(known, Schema) else None)
    if "alias" in call.params:
        resource = names.get(_alias(call.database, call.params["alias"]).key)
        if resource is not None:
            bound = replace(bound, params={**bound.params, "target": _beneath(resource, call)})
    return Reading(reading.request, bound.row.operations(bound), bound.document, bound, names)


def _resolves(call: RestCall) -> bool:
    return bool(call.written) and call.row.operation not in _NEW


def _beneath(resource: str, call: RestCall) -> str:
    database, _, collection = resource.partition("/")
    if database != call.database or not collection:
        raise Unmaskable("A name stands for something in another database.")
    return collection


@lru_cache(maxsize=4096)
def _alias(database: str, name: str) -> Lookup:
    body = {"dbName": database, ALIAS: name}
    return Lookup(f"alias:{database}/{name}", _asked("aliases/describe", database, body), name)


@lru_cache(maxsize=4096)
def _fields(database: str, name: str) -> Lookup:
    body = {"dbName": database, COLLECTION: name}
    return Lookup(f"fields:{database}/{name}", _asked("collections/describe", database, body))


def _asked(route: str, database: str, body: dict[str, str]) -> Outgoing:
    return Outgoing("POST", API + route, (*JSON, (HEADER, database)), dump(body))


def _described(code: int, data: Any) -> Schema | None:
    if code in NOT_FOUND:
        return None
    if code != 0:
        raise Unmaskable("The database did not describe a collection.")
    return schema.read(data)
