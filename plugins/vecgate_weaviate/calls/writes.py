"""Writes: the objects and references of a batch.

An id, a property's name and a collection's become one address in the server, so each is held to its own form.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from vecgate.errors import Refusal
from vecgate.reasons import Reason
from vecgate_weaviate.calls.steering import checked_uuid
from vecgate_weaviate.known import Known
from vecgate_weaviate.reach import property_name
from vecgate_weaviate.writes import Written

_PROPERTY: Final = re.compile(r"[A-Za-z_][_0-9A-Za-z]{0,230}")
_BEACON: Final = ".beacon"
"""Ends the name of what the server takes for a reference, in whichever field it stands. References have fields of their
own, where it is known what they lead to."""
_ARRAYS: Final = tuple(f"{kind}_array_properties" for kind in ("number", "int", "text", "boolean"))


def objects(message: Any, known: Known) -> Written:
    """Raises Refusal: bad_body."""
    written = Written(known)
    for one in message.objects:
        if one.uuid:
            checked_uuid(one.uuid)
        names = tuple(_named(one.properties))
        if any(name.endswith(_BEACON) for name in names):
            raise Refusal(Reason.BAD_BODY, "A reference stands among values.")
        written.object(one.collection, one.tenant, names)
        _refer(one.collection, one.tenant, one.properties, written)
    return written


def references(message: Any, known: Known) -> Written:
    """Raises Refusal: bad_body."""
    written = Written(known)
    for one in message.references:
        checked_uuid(one.from_uuid)
        checked_uuid(one.to_uuid)
        if not _PROPERTY.fullmatch(one.name):
            raise Refusal(Reason.BAD_BODY, "A reference's property is not a name.")
        written.link(one.from_collection, one.tenant)
        named = one.HasField("to_collection")
        target = (
            known.collection(one.to_collection) if named else known.only(one.from_collection, property_name(one.name))
        )
        written.leads(target, one.tenant)
    return written


def _refer(collection: str, tenant: str, properties: Any, written: Written) -> None:
    known = written.known
    for single in properties.single_target_ref_props:
        _uuids(single.uuids)
        written.leads(known.only(collection, property_name(single.prop_name)), tenant)
    for multi in properties.multi_target_ref_props:
        _uuids(multi.uuids)
        written.leads(known.collection(multi.target_collection), tenant)


def _named(properties: Any, above: str = "") -> Iterator[str]:
    """Of the properties of an object, with those of objects within it."""
    yield from _struct(properties.non_ref_properties.fields, above)
    for kind in _ARRAYS:
        for one in getattr(properties, kind):
            yield _path(above, one.prop_name)
    for one in properties.object_properties:
        yield (name := _path(above, one.prop_name))
        yield from _named(one.value, f"{name}.")
    for one in properties.object_array_properties:
        yield (name := _path(above, one.prop_name))
        for each in one.values:
            yield from _named(each, f"{name}.")
    for written in properties.empty_list_props:
        yield _path(above, written)


def _struct(fields: Any, above: str) -> Iterator[str]:
    for written, value in fields.items():
        kind = value.WhichOneof("kind")
        if kind == "null_value":
            continue  # the server leaves it out
        yield (name := _path(above, written))
        for one in value.list_value.values if kind == "list_value" else (value,):
            if one.WhichOneof("kind") == "struct_value":
                yield from _struct(one.struct_value.fields, f"{name}.")


def _path(above: str, written: str) -> str:
    return f"{above}{written}" if above else property_name(written)


def _uuids(uuids: Iterable[str]) -> None:
    for one in uuids:
        checked_uuid(one)
