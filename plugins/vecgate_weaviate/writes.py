"""Writes: what a batch of objects and references does, whichever wire it came by, gathered by collection and tenant.

The server makes what a write takes for granted and does not exist: collections, properties, tenants. A collection is
administered then, as it is by whoever makes such a thing by its own name; a tenant that may be new changes the schema.
"""

from __future__ import annotations

from collections.abc import Iterable, Sized
from dataclasses import dataclass, field
from typing import Final

from vecgate.errors import Refusal
from vecgate.operations.model import Action, Operation, Resource, Risk
from vecgate.reasons import Reason
from vecgate_weaviate.known import Known
from vecgate_weaviate.reach import MOST, place

MANY: Final = 1000
"""Objects from which a write changes in bulk."""


@dataclass(slots=True)
class Written:
    known: Known
    places: dict[Resource, int] = field(default_factory=dict)
    """How much is written to each collection or tenant."""
    changed: dict[str, None] = field(default_factory=dict)
    """Collections that the server makes, or adds properties to, unless its configuration says otherwise."""
    made: set[Resource] = field(default_factory=set)
    """Tenants that the server makes if they do not exist."""
    targets: dict[tuple[Resource, ...], None] = field(default_factory=dict)
    """Where references lead."""

    def object(self, collection: str, tenant: str, properties: Iterable[str]) -> None:
        """`properties` are named as the schema names them. Raises Refusal: bad_body."""
        at = self.link(collection, tenant)
        if not self.known.has(collection) or self.known.lacks(collection, properties):
            self.changed[collection] = None
        if tenant and self.known.makes_tenants(collection):
            self.made.add(at)

    def link(self, collection: str, tenant: str) -> Resource:
        """A reference of an object there. Raises Refusal: bad_body."""
        at = place(collection, tenant)
        self.places[at] = self.places.get(at, 0) + 1
        _bounded(self.places)
        return at

    def leads(self, target: str, tenant: str) -> None:
        """A reference leads to the collection, from an object of this tenant."""
        self.targets[self.known.led(target, tenant)] = None
        _bounded(self.targets)

    def operations(self, name: str) -> tuple[Operation, ...]:
        """Raises Refusal: bad_body for an empty batch."""
        if not self.places:
            raise Refusal(Reason.BAD_BODY, "The batch is empty.")
        return (
            *(self._write(name, at, count) for at, count in self.places.items()),
            *(
                Operation(name, Action.ADMIN, (changed,), risks=(Risk.SCHEMA_CHANGE,), count=0)
                for changed in self.changed
            ),
            *self.reads(name),
        )

    def reads(self, name: str) -> tuple[Operation, ...]:
        return tuple(Operation(name, Action.READ, resources, count=0) for resources in self.targets)

    def _write(self, name: str, at: Resource, count: int) -> Operation:
        bulk = (Risk.BULK_UPDATE,) if count > MANY else ()
        made = (Risk.SCHEMA_CHANGE,) if at in self.made else ()
        return Operation(name, Action.WRITE, (at,), risks=(*bulk, *made), count=count, query={"records": count})


def _bounded(places: Sized) -> None:
    if len(places) > MOST:
        raise Refusal(Reason.BODY_TOO_LARGE, f"A request writes to at most {MOST} collections and tenants.")
