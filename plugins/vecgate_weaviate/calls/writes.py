"""Writes: the objects and references of a batch, gathered by the collection and tenant that each is for.

An id, a property's name and a collection's become one address in the server, so each is held to its own form.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from vecgate.errors import Refusal
from vecgate.operations.model import Action, Operation, Resource, Risk
from vecgate.reasons import Reason
from vecgate_weaviate.calls.steering import checked_uuid
from vecgate_weaviate.known import Known
from vecgate_weaviate.reach import property_name, tenant_name

MANY: Final = 1000
"""Objects from which a write changes in bulk."""
_PROPERTY: Final = re.compile(r"[A-Za-z_][_0-9A-Za-z]{0,230}")


@dataclass(slots=True)
class Written:
    """What a batch has for each collection or tenant, and the collections that its references lead to."""

    places: dict[Resource, int] = field(default_factory=dict)
    created: dict[str, None] = field(default_factory=dict)
    """Collections that do not exist: the server creates them, unless its configuration says otherwise."""
    targets: dict[str, None] = field(default_factory=dict)


def objects(message: Any, known: Known) -> Written:
    """Raises Refusal: bad_body."""
    written = Written()
    for one in message.objects:
        if one.uuid:
            checked_uuid(one.uuid)
        place = _place(one.collection, one.tenant)
        written.places[place] = written.places.get(place, 0) + 1
        if not known.has(one.collection):
            written.created[one.collection] = None
        if one.HasField("properties"):
            _refer(one.collection, one.properties, known, written)
    return _any(written)


def references(message: Any, known: Known) -> Written:
    """Raises Refusal: bad_body."""
    written = Written()
    for one in message.references:
        checked_uuid(one.from_uuid)
        checked_uuid(one.to_uuid)
        if not _PROPERTY.fullmatch(one.name):
            raise Refusal(Reason.BAD_BODY, "A reference's property is not a name.")
        place = _place(one.from_collection, one.tenant)
        written.places[place] = written.places.get(place, 0) + 1
        if one.HasField("to_collection"):
            written.targets[known.collection(one.to_collection)] = None
        else:
            written.targets[known.only(one.from_collection, property_name(one.name))] = None
    return _any(written)


def operations(name: str, written: Written) -> tuple[Operation, ...]:
    writes = (
        Operation(
            name,
            Action.WRITE,
            (place,),
            risks=(Risk.BULK_UPDATE,) if count > MANY else (),
            count=count,
            query={"records": count},
        )
        for place, count in written.places.items()
    )
    creates = (
        Operation(name, Action.ADMIN, (created,), risks=(Risk.SCHEMA_CHANGE,), count=0) for created in written.created
    )
    read = (Operation(name, Action.READ, (target,), count=0) for target in written.targets)
    return (*writes, *creates, *read)


def _refer(collection: str, properties: Any, known: Known, written: Written) -> None:
    for single in properties.single_target_ref_props:
        _uuids(single.uuids)
        written.targets[known.only(collection, property_name(single.prop_name))] = None
    for multi in properties.multi_target_ref_props:
        _uuids(multi.uuids)
        written.targets[known.collection(multi.target_collection)] = None


def _uuids(uuids: Iterable[str]) -> None:
    for one in uuids:
        checked_uuid(one)


def _place(collection: str, tenant: str) -> Resource:
    return f"{collection}/{tenant_name(tenant)}" if tenant else collection


def _any(written: Written) -> Written:
    if not written.places:
        raise Refusal(Reason.BAD_BODY, "The batch is empty.")
    return written
