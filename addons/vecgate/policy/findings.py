"""Findings: what is valid in a policy and yet probably not meant, or not safe."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from vecgate.config import hygiene
from vecgate.config.advice import Advice, Code, Remark
from vecgate.config.document import KeyPath
from vecgate.config.identity import Subjects
from vecgate.config.load import Loaded
from vecgate.config.models import ApprovalRule, Config, Grant, MaskRule, Place
from vecgate.config.rules import Rule, rules_of
from vecgate.masking.masker import Masker
from vecgate.masking.maskset import MaskSet
from vecgate.operations.model import Action
from vecgate.policy.coverage import anyone, grant_within, place_within, subjects_within
from vecgate.policy.globs import Glob
from vecgate.policy.impossible import impossible
from vecgate.policy.probes import probes

_RECORDS = frozenset({Action.SEARCH, Action.READ, Action.WRITE, Action.DELETE})
_ROUND = re.compile(r"round:([0-9])")
_WEAK_VECTORS, _WEAK_SCORES = 3, 2
"""Decimals from which rounding protects next to nothing: scores with two give vectors back at a cosine of 0.997."""


def findings(loaded: Loaded, masker: Masker, now: datetime) -> list[Advice]:
    """All advice, in the order of the files."""
    remarks = [*hygiene.remarks(loaded), *_rules(loaded, masker, now), *probes(loaded, masker)]
    advice = {loaded.source.finding(at, message): code for code, at, message in remarks}
    advice |= dict.fromkeys(loaded.notes, Code.INCLUDE)
    return [Advice(advice[finding], finding) for finding in loaded.source.ordered(advice)]


def _rules(loaded: Loaded, masker: Masker, now: datetime) -> Iterator[Remark]:
    config = loaded.config
    for at, rule in rules_of(config.policy):
        for key in ("to", "clearance", "reviewers"):
            yield from _literal(getattr(rule, key, None), (*at, key))
        if _is_about_records(rule):
            yield from _unreachable(rule.on, (*at, "on", "resources"), loaded)
        match rule:
            case Grant():
                yield from _grant(rule, at, loaded, now)
            case MaskRule():
                yield from _mask(rule, at, config, masker)
            case ApprovalRule():
                yield from _approval(rule, at, config)
            case _:
                pass


def _literal(subjects: Subjects | None, at: KeyPath) -> Iterator[Remark]:
    for key in ("subjects", "issuers", "clients"):
        if subjects is not None and any("*" in name for name in getattr(subjects, key) or ()):
            yield Code.LITERAL, (*at, key), "* is an ordinary character here: leave the key out to match all"
    if subjects is not None and any("*" in name and name != "*" for name in subjects.groups or ()):
        yield Code.LITERAL, (*at, "groups"), "* within a group's name is an ordinary character"


def _is_about_records(rule: Rule) -> bool:
    """What it says is of no consequence for databases and other names above records."""
    match rule:
        case MaskRule():
            return True
        case Grant():
            return not _RECORDS.isdisjoint(rule.allow)
        case _:
            return rule.on.actions is not None and rule.on.risks is None and _RECORDS.issuperset(rule.on.actions)


def _unreachable(place: Place, at: KeyPath, loaded: Loaded) -> Iterator[Remark]:
    connections = place.connections or [connection.name for connection in loaded.config.connections]
    depths = [loaded.depths.get(name) for name in connections]
    known = [depth for depth in depths if depth is not None]
    if not known or len(known) < len(depths):
        return
    for index, text in enumerate(place.resources or ()):
        longest = Glob.parse(text).longest
        if longest is not None and longest < min(known):
            whole = "/".join([*["*"] * (min(known) - longest), text])
            yield (
                Code.UNREACHABLE,
                (*at, index),
                f"reaches no records: their names have {min(known)} parts, as in {whole}",
            )


def _grant(grant: Grant, at: KeyPath, loaded: Loaded, now: datetime) -> Iterator[Remark]:
    if grant.until is not None and grant.until <= now:
        yield Code.EXPIRED, (*at, "until"), "the grant has ended: remove it"
    if grant.on.actions is not None and not set(grant.allow) & set(grant.on.actions):
        yield Code.UNUSED, (*at, "on", "actions"), "none of these is in allow: the grant allows nothing"
    connections = frozenset(connection.name for connection in loaded.config.connections)
    for other in loaded.config.policy.grants:
        if other is grant or not grant_within(grant, other, connections):
            continue
        if other.name < grant.name or not grant_within(other, grant, connections):
            yield Code.UNUSED, (*at, "name"), f"{other.name} allows all of this already"
            break
    if grant.when is not None:
        yield from ((Code.CONDITION, (*at, "when"), said) for said in impossible(grant.when))
    whole = grant.on.resources is None or "**" in grant.on.resources
    if anyone(grant.to) and whole and grant.when is None and set(grant.allow) != {Action.META}:
        yield Code.EVERYTHING, (*at, "name"), "everyone who can sign in may do this to everything"


def _mask(rule: MaskRule, at: KeyPath, config: Config, masker: Masker) -> Iterator[Remark]:
    if rule.clearance is not None and anyone(rule.clearance):
        yield (
            Code.OPEN_MASK,
            (*at, "clearance"),
            "everyone is cleared: the rule masks nothing, and opens vectors to all",
        )
    if rule.scores == "keep":
        yield (
            Code.SCORES,
            (*at, "scores"),
            "with exact scores a stored vector can be computed from a few hundred queries",
        )
    for key, spec, weak in (("vectors", rule.vectors, _WEAK_VECTORS), ("scores", rule.scores, _WEAK_SCORES)):
        found = _ROUND.fullmatch(spec or "")
        if found and int(found[1]) >= weak:
            yield Code.ROUNDING, (*at, key), f"{found[1]} decimals hide next to nothing: write round:{weak - 1} or drop"
    connections = frozenset(connection.name for connection in config.connections)
    for other in config.policy.masks:
        if other is rule or not _shadows(other, rule, connections, masker):
            continue
        if other.name < rule.name or not _shadows(rule, other, connections, masker):
            yield Code.SHADOWED, (*at, "name"), f"{other.name} masks all of this already, at least as strictly"
            break


def _shadows(outer: MaskRule, inner: MaskRule, connections: frozenset[str], masker: Masker) -> bool:
    """Wherever and for whomever `inner` masks, `outer` masks as strictly."""
    if outer.clearance is not None and (
        inner.clearance is None or not subjects_within(outer.clearance, inner.clearance)
    ):
        return False
    if not place_within(inner.on, outer.on, connections):
        return False
    if inner.scores is not None and outer.scores is None:
        return False
    strict, loose = (
        MaskSet.combine([rule], vectors_open=rule.vectors is None, masker=masker) for rule in (outer, inner)
    )
    return strict.at_least(loose)


def _approval(rule: ApprovalRule, at: KeyPath, config: Config) -> Iterator[Remark]:
    where: KeyPath = (*at, "reviewers")
    if config.control is None:
        yield Code.REVIEWERS, where, "nobody can decide: there is no control plane"
    if anyone(rule.reviewers):
        yield Code.REVIEWERS, where, "everyone but the one who asks may decide"
    if rule.reviewers.issuers is not None and config.identity.known.isdisjoint(rule.reviewers.issuers):
        yield Code.REVIEWERS, (*where, "issuers"), "nobody can decide: none of these issuers is configured"
    named = rule.reviewers.subjects
    if named is not None and len(set(named)) < rule.approvals:
        yield Code.REVIEWERS, (*where, "subjects"), f"asks for {rule.approvals} approvals and names {len(set(named))}"
    elif named is not None and len(set(named)) == rule.approvals and subjects_within(rule.reviewers, rule.to):
        yield Code.REVIEWERS, (*where, "subjects"), "nobody else can decide when one of these asks"
