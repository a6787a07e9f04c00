"""Selection: what a search asks to be answered of each object, and of the objects that references lead to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from vecgate.errors import Refusal
from vecgate.reasons import Reason
from vecgate_weaviate.calls.steering import Steering
from vecgate_weaviate.reach import ALL, property_name


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


def tell(steering: Steering, asked: Any, collection: str) -> None:
    """A model is told of what references lead to as far as that is asked for, before anything is masked: it counts as
    used. Raises Refusal: bad_body for vectors, which nobody asks a model about."""
    for one in asked.properties.ref_properties:
        target = steering.known.target(collection, property_name(one.reference_property), one.target_collection)
        if one.metadata.vector or one.metadata.vectors:
            raise Refusal(Reason.BAD_BODY, "Vectors of references are not asked for beside what a model makes.")
        steering.reach.uses(target, _names(one) or (ALL,))
        tell(steering, one, target)


def _names(one: Any) -> tuple[str, ...]:
    """The properties that are asked for; none where that is all there are."""
    asked = one.properties
    if not one.HasField("properties") or asked.return_all_nonref_properties:
        return ()
    objects = (each.prop_name for each in asked.object_properties)
    led = (each.reference_property for each in asked.ref_properties)
    return tuple(map(property_name, (*asked.non_ref_properties, *objects, *led))) or ("id",)
