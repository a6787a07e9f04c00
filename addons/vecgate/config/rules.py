"""Rules: what grants, masks, limits and approvals say that cannot be meant."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping

from vecgate.config.document import KeyPath
from vecgate.config.identity import Subjects
from vecgate.config.known import Known
from vecgate.config.mistake import Mistake, attempt, parsed, repeated
from vecgate.config.models import ApprovalRule, Config, Grant, LimitRule, MaskRule, Place, PolicyModel
from vecgate.config.problems import did_you_mean
from vecgate.masking.masker import Masker
from vecgate.masking.paths import pattern
from vecgate.policy.conditions import Condition
from vecgate.policy.globs import Glob

type Rule = Grant | MaskRule | LimitRule | ApprovalRule

KINDS = ("grants", "masks", "limits", "approvals")


def rules_of(policy: PolicyModel) -> Iterator[tuple[KeyPath, Rule]]:
    """Every rule with its place in the merged configuration."""
    for kind in KINDS:
        for index, rule in enumerate(getattr(policy, kind)):
            yield ("policy", kind, index), rule


def rule_mistakes(config: Config, known: Known | None) -> Iterator[Mistake]:
    """Every mistake in the rules with the key it stands at."""
    depths = {
        connection.name: known.depth(connection.dialect) if known is not None else None
        for connection in config.connections
    }
    for kind in KINDS:
        yield from repeated(("policy", kind), "name", [rule.name for rule in getattr(config.policy, kind)])
    for at, rule in rules_of(config.policy):
        yield from _place(rule.on, (*at, "on"), depths)
        for key in ("to", "clearance", "reviewers"):
            yield from subject_mistakes(getattr(rule, key, None), (*at, key))
        match rule:
            case Grant():
                yield from _grant(rule, at)
            case MaskRule() if rule.vectors is None and rule.scores is None and not rule.fields:
                yield at, "masks nothing: give it vectors, scores or fields"
            case LimitRule() if rule.requests is None and rule.operations is None and rule.points is None:
                yield at, "limits nothing: give it requests, operations or points"
            case ApprovalRule() if rule.hold.seconds >= rule.expires.seconds:
                yield (*at, "hold"), f"must be shorter than expires ({rule.expires})"
            case _:
                pass


def mask_mistakes(policy: PolicyModel, masker: Masker) -> Iterator[Mistake]:
    """Strategies that the masker does not know, and fields that name nothing."""
    for index, rule in enumerate(policy.masks):
        at: KeyPath = ("policy", "masks", index)
        if rule.vectors is not None:
            yield from attempt((*at, "vectors"), masker.vectors, rule.vectors)
        if rule.scores is not None:
            yield from attempt((*at, "scores"), masker.scores, rule.scores)
        for field, strategy in rule.fields.items():
            yield from attempt((*at, "fields", field), pattern, field)
            yield from attempt((*at, "fields", field), masker.field, strategy)


def _grant(grant: Grant, at: KeyPath) -> Iterator[Mistake]:
    if grant.from_ is not None and grant.until is not None and grant.from_ >= grant.until:
        yield (*at, "until"), "must be later than from"
    if grant.when is not None:
        yield from attempt((*at, "when"), Condition, grant.when)
    if grant.rows is not None:
        yield (*at, "rows"), "no dialect enforces row filters yet, and a filter that is not enforced is refused"


def _place(place: Place, at: KeyPath, depths: Mapping[str, int | None]) -> Iterator[Mistake]:
    for index, name in enumerate(place.connections or ()):
        if name not in depths:
            yield (*at, "connections", index), f"no connection has this name{did_you_mean(name, depths)}"
    concerned = [depths[name] for name in place.connections or depths if name in depths]
    deepest = None if None in concerned else max((depth for depth in concerned if depth is not None), default=None)
    found: list[Mistake] = []
    for index, text in enumerate(place.resources or ()):
        where: KeyPath = (*at, "resources", index)
        glob = parsed(where, Glob.parse, text, found)
        if glob and glob.longest and deepest and glob.longest > deepest:
            found.append((where, f"can match nothing: names here have at most {deepest} segments"))
    yield from found


def subject_mistakes(subjects: Subjects | None, at: KeyPath) -> Iterator[Mistake]:
    """Tokens' names are compared in Unicode's form NFC."""
    if subjects is None:
        return
    for key in ("groups", "subjects"):
        for index, name in enumerate(getattr(subjects, key) or ()):
            if not unicodedata.is_normalized("NFC", name):
                yield (*at, key, index), "is not in Unicode normal form C, so that no token can match it"
