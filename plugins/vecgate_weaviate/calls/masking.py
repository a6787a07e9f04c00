"""Masking: the masks of a decision, by the collections' own names, as one call reaches them."""

from __future__ import annotations

from dataclasses import dataclass, field

from vecgate.errors import Refusal
from vecgate.masking.maskset import MaskSet
from vecgate.operations.model import Resource
from vecgate.policy.decision import Decision
from vecgate.reasons import Reason
from vecgate_weaviate.calls.call import GrpcCall
from vecgate_weaviate.calls.effects import places
from vecgate_weaviate.calls.selection import Selected, select
from vecgate_weaviate.calls.steering import Steering


@dataclass(slots=True)
class Masking:
    """Found out once for each collection."""

    decision: Decision
    collection: str
    tenant: str
    selected: Selected | None = None
    """What a search asks for."""
    _known: dict[str, MaskSet] = field(default_factory=dict)

    @classmethod
    def of(cls, call: GrpcCall, decision: Decision) -> Masking:
        message = call.message
        selected = None
        if call.row.operation == "Weaviate/Search":
            selected = select(Steering(call.known), message, message.collection)
        return cls(decision, getattr(message, "collection", ""), getattr(message, "tenant", ""), selected)

    def resources(self, collection: str) -> tuple[Resource, ...]:
        return places(collection, self.tenant, first=collection == self.collection)

    def resource(self, collection: str) -> Resource:
        return self.resources(collection)[0]

    def masks(self, collection: str) -> MaskSet:
        """Where a collection may or may not have tenants, the stricter of two. Raises Refusal if neither is."""
        if (known := self._known.get(collection)) is None:
            known = self._known[collection] = self._strictest(collection)
        return known

    def _strictest(self, collection: str) -> MaskSet:
        names = self.resources(collection)
        found = [self.decision.masks.get(name) or self.decision.masks_for(name) for name in names]
        for one in found:
            if all(one is other or one.at_least(other) for other in found):
                return one
        raise Refusal(Reason.MASKED_FIELD_USED, "What is masked of a tenant differs from its collection.")
