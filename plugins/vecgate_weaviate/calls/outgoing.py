"""Outgoing: the call that is sent, with the collections' own names. What masks hide is not asked for.

A search asks for the ids of objects beside, which evidence keeps, and says that its answer may have the form that
servers from 1.23 and 1.25 on have: the gateway reads no other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from vecgate.masking.maskset import MaskSet
from vecgate.operations import grpc
from vecgate.operations.messages import Outgoing
from vecgate_weaviate.calls.call import GrpcCall
from vecgate_weaviate.calls.results import leads, tells
from vecgate_weaviate.calls.selection import Selected
from vecgate_weaviate.known import EVERYTHING, Known
from vecgate_weaviate.reach import property_name

type Masks = Callable[[str], MaskSet]


def search(call: GrpcCall, selected: Selected, masks: Masks) -> Outgoing:
    sent = type(call.message)()
    sent.CopyFrom(call.message)
    sent.uses_123_api = sent.uses_125_api = True
    _Sending(call.known, masks).select(sent, selected)
    return grpc.call(call.row, sent.SerializeToString())


@dataclass(frozen=True, slots=True)
class _Sending:
    known: Known
    masks: Masks

    def select(self, asked: Any, selected: Selected) -> None:
        """Of a search, or of a reference that it follows."""
        mask = self.masks(selected.collection)
        asked.metadata.uuid = True
        if not mask.fetches_vectors:
            asked.metadata.ClearField("vector")
            asked.metadata.ClearField("vectors")
        if not tells(mask):
            asked.metadata.ClearField("explain_score")
            asked.metadata.ClearField("query_profile")
        if mask.fields:
            _without(asked.properties.non_ref_properties, "", mask)
            _objects(asked.properties.object_properties, "", mask)
        for index in reversed(range(len(asked.properties.ref_properties))):
            one = asked.properties.ref_properties[index]
            name = property_name(one.reference_property)
            if not leads(name, mask):
                del asked.properties.ref_properties[index]
                continue
            target = self.known.target(selected.collection, name, one.target_collection)
            if target != EVERYTHING:
                one.target_collection = target
            self.select(one, selected.references[name][target])


def _without(names: Any, above: str, mask: MaskSet) -> None:
    kept = [name for name in names if mask.strategy(above + property_name(name)) != "drop"]
    if len(kept) != len(names):
        names[:] = kept


def _objects(asked: Any, above: str, mask: MaskSet) -> None:
    """Properties that are objects, and what is nested in them."""
    for index in reversed(range(len(asked))):
        one = asked[index]
        path = above + property_name(one.prop_name)
        if mask.strategy(path) == "drop":
            del asked[index]
            continue
        _without(one.primitive_properties, f"{path}.", mask)
        _objects(one.object_properties, f"{path}.", mask)
