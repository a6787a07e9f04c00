"""Standing: how one resource stands to the rules of a view, whatever the time and the operation. Worked out once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vecgate.config.models import ApprovalRule, LimitRule, MaskRule
from vecgate.masking.masker import Masker
from vecgate.masking.maskset import MaskSet
from vecgate.operations.model import Resource
from vecgate.policy.globs import ANY
from vecgate.policy.grants import Grant
from vecgate.policy.place import Place, Scope, listed


@dataclass(frozen=True)
class Mask:
    rule: MaskRule
    place: Place


@dataclass(frozen=True)
class Limit:
    rule: LimitRule
    on: Scope


@dataclass(frozen=True)
class Approval:
    rule: ApprovalRule
    on: Scope


@dataclass(frozen=True)
class Rules:
    """The rules that concern one principal on one connection."""

    connection: str
    depth: int | None
    """Segments of the connection's narrowest resource; None if unknown."""
    grants: tuple[Grant, ...]
    masks: tuple[Mask, ...]
    """Those that the principal is not cleared for."""
    opened: tuple[Mask, ...]
    """Those with `vectors` that it is cleared for."""
    limits: tuple[Limit, ...]
    approvals: tuple[Approval, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    covering: tuple[Grant, ...]
    above: tuple[Grant, ...]
    """Grants on something beneath the resource: they imply `meta` on it."""
    listing: tuple[Grant, ...]
    """Grants by which something beneath a list's parent may be known of."""
    known: tuple[Grant, ...]
    """Grants by which the name may be known of."""
    masks: MaskSet
    limits: tuple[Limit, ...]
    approvals: tuple[Approval, ...]

    @classmethod
    def of(cls, resource: Resource, changes: bool, rules: Rules, masker: Masker) -> Standing:
        """`changes` says that the operation is one whose effect reaches what is beneath the resource."""
        parent = listed(resource)
        covering = tuple(grant for grant in rules.grants if grant.on.place.covers(resource))
        above = tuple(grant for grant in rules.grants if _is_above(resource, grant, rules.depth))
        return cls(
            covering=covering,
            above=above,
            listing=() if parent is None else tuple(grant for grant in rules.grants if _lists(parent, grant, rules)),
            known=(*(grant for grant in covering if grant.tells_names), *above),
            masks=_combine(resource, rules, masker),
            limits=tuple(limit for limit in rules.limits if limit.on.place.touches(resource, changes)),
            approvals=tuple(rule for rule in rules.approvals if rule.on.place.touches(resource, changes)),
        )


def _is_above(resource: Resource, grant: Grant, depth: int | None) -> bool:
    names = resource.split("/")
    return ANY not in names and (depth is None or len(names) < depth) and grant.on.place.beneath(resource)


def _lists(parent: Resource, grant: Grant, rules: Rules) -> bool:
    """`meta` on something beneath the parent, or a child of the parent that is above something granted."""
    place = grant.on.place
    child = parent.count("/") + 2 if parent else 1
    implied = (rules.depth is None or child < rules.depth) and place.below(parent)
    return implied or (grant.tells_names and place.beneath(parent))


def _combine(resource: Resource, rules: Rules, masker: Masker) -> MaskSet:
    """The masks of a name; for what stands for many names, those of all of them together."""
    many = listed(resource) is not None or ANY in resource.split("/")
    masks: Sequence[MaskRule] = [mask.rule for mask in rules.masks if many or mask.place.covers(resource)]
    opened = not many and any(mask.place.covers(resource) for mask in rules.opened)
    widest, _, rest = resource.partition("/")
    return MaskSet.combine(
        masks,
        vectors_open=opened and all(rule.vectors is None for rule in masks),
        masker=masker,
        domain=f"{rules.connection}/{widest}" if rest else rules.connection,
    )
