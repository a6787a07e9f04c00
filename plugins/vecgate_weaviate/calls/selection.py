"""Selection: what a search asks to be answered of each object, and of the objects that references lead to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from vecgate.errors import Refusal
from vecgate.reasons import Reason
from vecgate_weaviate.calls.steering import Steering
from vecgate_weaviate.reach import property_name


@dataclass(slots=True)
class Selected:
    """Of objects of one collection: `references` by property, then by the collection that one leads to."""

    collection: str
    identified: bool = False
    """Ids were asked for."""
    references: dict[str, dict[str, Selected]] = field(default_factory=dict)


def select(steering: Steering, asked: Any, collection: str) -> Selected:
    """`asked` has `properties` and `metadata`: a search, or one of the references in it. Raises Refusal: bad_body."""
    step = steering.reach.step(collection)
    step.returned = True
    selected = Selected(collection)
    if asked.HasField("metadata"):
        metadata = asked.metadata
        selected.identified = metadata.uuid
        step.vectors |= metadata.vector or bool(metadata.vectors)
    for one in asked.properties.ref_properties:
        name = property_name(one.reference_property)
        target = steering.known.target(collection, name, one.target_collection)
        targets = selected.references.setdefault(name, {})
        if target in targets:
            raise Refusal(Reason.BAD_BODY, "A reference is followed twice into one collection.")
        targets[target] = select(steering, one, target)
    return selected
