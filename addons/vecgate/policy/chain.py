"""Chain: one decision for a principal and those who act for it. What one of them may not do, none does through another.

Allowed is what is allowed to each; masks are the strictest of all; every limit and the strictest approval rule that
concerns one of them holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from vecgate.masking.maskset import MaskSet
from vecgate.operations.model import Resource
from vecgate.policy.decision import Decision, Verdict


def joined(decisions: Sequence[Decision]) -> Decision:
    """The decision on a request, from one on the same request for each party."""

    def visible(resource: Resource) -> bool:
        return all(each.visible(resource) for each in decisions)

    def masks_for(resource: Resource) -> MaskSet:
        return MaskSet.strictest([each.masks_for(resource) for each in decisions])

    first = decisions[0]
    denied = next((each for each in decisions if each.verdict is Verdict.DENY), None)
    held = next((each for each in decisions if each.verdict is Verdict.HOLD), None)
    judging = denied or held or first
    return replace(
        first,
        verdict=judging.verdict,
        reason=judging.reason,
        detail=judging.detail,
        oracle=next((each.oracle for each in decisions if each.oracle), ""),
        grants=() if denied else tuple(dict.fromkeys(name for each in decisions for name in each.grants)),
        masks={name: MaskSet.strictest([each.masks[name] for each in decisions]) for name in first.masks},
        limits=tuple({rule.name: rule for each in decisions for rule in each.limits}.values()),
        approval=max(
            (each.approval for each in decisions if each.approval), key=lambda rule: rule.approvals, default=None
        ),
        visible=visible,
        masks_for=masks_for,
    )
