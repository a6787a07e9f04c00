"""Decision: what policy says about one request, and what follows from it for the stages after."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from vecgate.config.models import ApprovalRule, LimitRule
from vecgate.masking.maskset import MaskSet
from vecgate.operations.model import Resource
from vecgate.reasons import Reason


class Verdict(StrEnum):
    ALLOW = "allow"
    DENY = "deny"
    HOLD = "hold"


@dataclass(frozen=True, slots=True)
class Decision:
    """The outcome of `Policy.decide`. Everything is present whatever the verdict, so that evidence can say why."""

    verdict: Verdict
    reason: Reason
    detail: str = ""
    oracle: str = ""
    """How the request would carry hidden values out, whatever the verdict; empty if it would not."""
    grants: tuple[str, ...] = ()
    """Names of the grants that carried the request."""
    masks: Mapping[Resource, MaskSet] = field(default_factory=dict)
    """The masks in force for this caller, by every resource of the operations."""
    limits: tuple[LimitRule, ...] = ()
    approval: ApprovalRule | None = None
    visible: Callable[[Resource], bool] = field(default=lambda resource: False, compare=False, repr=False)
    """May the caller know of this name? Filters lists."""
    masks_for: Callable[[Resource], MaskSet] = field(
        default=lambda resource: MaskSet.closed(), compare=False, repr=False
    )
    """Masks of a resource that an answer names without the request having named it."""
    recorded: Callable[[Resource], MaskSet] = field(
        default=lambda resource: MaskSet.closed(), compare=False, repr=False
    )
    """Masks of a resource for whoever is cleared for nothing: no more than they show is put on record."""
    shared: bool = field(default=False, init=False, compare=False, repr=False)
    """One object for every request alike; a copy that was changed is nobody else's."""
