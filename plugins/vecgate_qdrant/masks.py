"""Masks: those of one collection, whether the decision has them at hand or makes them."""

from __future__ import annotations

from vecgate.masking.maskset import MaskSet
from vecgate.operations.model import Resource
from vecgate.policy.decision import Decision


def masks_of(decision: Decision, resource: Resource) -> MaskSet:
    masks = decision.masks.get(resource)
    return decision.masks_for(resource) if masks is None else masks
