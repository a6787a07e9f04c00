"""A principal and those who act for it: allowed is what each may, masked is what is masked for one (J25)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.configs import MASKER
from tests.support.policies import NOW, decide, listing, on, person, policy, shown

from vecgate.config.models import MaskRule
from vecgate.identity.principal import Principal
from vecgate.masking.maskset import MaskSet
from vecgate.operations.model import Action, Operation
from vecgate.policy.decision import Verdict
from vecgate.policy.policy import Policy
from vecgate.reasons import Reason

RULES = """
policy:
  grants:
    - {name: staff, to: {groups: [staff]}, on: {resources: ["t/d/**"]}, allow: [meta, search, read, write, delete]}
    - {name: admins, to: {groups: [admins]}, allow: [meta, search, read, write, delete, admin]}
    - {name: agents, to: {groups: [agents]}, on: {resources: ["t/d/kb_*"]}, allow: [meta, search, read, delete]}
    - name: calm
      to: {groups: [calm]}
      allow: [read]
      when: 'principal.claims.risk == "low"'
    - {name: brief, to: {groups: [brief]}, allow: [read], until: 2026-11-16T00:00:00Z}
  masks:
    - {name: vectors, vectors: "round:1", clearance: {groups: [ml]}}
    - {name: email, fields: {email: hash}, clearance: {groups: [support]}}
    - {name: ssn, fields: {ssn: redact, email: redact}, clearance: {groups: [audit]}}
  limits:
    - {name: everyone, requests: 9/minute}
    - {name: agents, to: {groups: [agents]}, requests: 2/minute}
  approvals:
    - {name: one, on: {actions: [delete]}, reviewers: {groups: [owners]}}
    - {name: two, to: {groups: [agents]}, on: {actions: [delete]}, reviewers: {groups: [owners]}, approvals: 2}
"""
KB, OTHER = "t/d/kb_a", "t/d/hr"


@pytest.fixture
def made(tmp_path: Path) -> Policy:
    return policy(tmp_path, RULES)


def acting(principal: Principal, *actors: Principal) -> Principal:
    return replace(principal, actors=actors)


STAFF, AGENT = person("staff", subject="alice"), person("agents", subject="bot")


@pytest.mark.parametrize(
    ("groups", "operation", "reason"),
    [
        ([["staff"], ["agents"]], on(KB), Reason.GRANTED),
        ([["staff"], ["agents"]], on(OTHER), Reason.NO_GRANT),
        ([["agents"], ["staff"]], on(OTHER), Reason.NO_GRANT),
        ([["staff"], ["agents"]], on(KB, action=Action.WRITE), Reason.NO_GRANT),
        ([["staff"], []], on(KB), Reason.NO_GRANT),
        ([["staff"], ["admins"]], on(KB, action=Action.ADMIN), Reason.NO_GRANT),
        ([["staff"], ["admins"]], on("x/y/z"), Reason.NO_GRANT),
        ([["admins"], ["staff"]], on("x/y/z"), Reason.NO_GRANT),
        ([["staff"], ["staff"], ["agents"]], on(OTHER), Reason.NO_GRANT),
        ([["staff"], ["agents"], ["staff"]], on(OTHER), Reason.NO_GRANT),
        ([["staff"], ["admins"], ["agents"]], on(KB), Reason.GRANTED),
        ([[], ["admins"]], on(KB), Reason.NO_GRANT),
    ],
    ids=str,
)
def test_a_request_is_allowed_if_it_is_allowed_to_each(
    made: Policy, groups: list[list[str]], operation: Operation, reason: Reason
) -> None:
    principal, *actors = (person(*each, subject=f"s{number}") for number, each in enumerate(groups))
    assert decide(made, acting(principal, *actors), operation).reason is reason


GROUPS = ["staff", "admins", "agents", "ml", "support", "audit", "calm", "brief"]
PARTY = st.builds(
    lambda groups, risk, name: person(*groups, subject=name, risk=risk),
    st.lists(st.sampled_from(GROUPS), max_size=4),
    st.sampled_from(["low", "high"]),
    st.sampled_from(["a", "b", "c"]),
)
OPERATION = st.builds(
    lambda name, action: on(name, action=action), st.sampled_from([KB, OTHER, "x/y/z"]), st.sampled_from(list(Action))
)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    return policy(tmp_path_factory.mktemp("chain"), RULES)


@given(st.lists(PARTY, min_size=2, max_size=4), OPERATION)
def test_a_chain_is_never_more_than_any_of_its_parties(
    shared: Policy, parties: Sequence[Principal], operation: Operation
) -> None:
    together = decide(shared, acting(parties[0], *parties[1:]), operation)
    alone = [decide(shared, each, operation) for each in parties]
    assert (together.verdict is Verdict.DENY) == any(each.verdict is Verdict.DENY for each in alone)
    assert (together.verdict is Verdict.ALLOW) == all(each.verdict is Verdict.ALLOW for each in alone)
    for name in operation.resources:
        assert all(together.masks[name].at_least(each.masks[name]) for each in alone)
        assert all(together.masks_for(name).at_least(each.masks_for(name)) for each in alone)
        assert together.visible(name) == all(each.visible(name) for each in alone)
    assert {rule.name for rule in together.limits} == {rule.name for each in alone for rule in each.limits}


def test_conditions_are_judged_on_each_ones_own_claims(made: Policy) -> None:
    low, high = person("calm", subject="a", risk="low"), person("calm", subject="b", risk="high")
    assert decide(made, acting(low, low), on(KB)).verdict is Verdict.ALLOW
    assert decide(made, acting(low, high), on(KB)).verdict is Verdict.DENY
    assert decide(made, acting(high, low), on(KB)).verdict is Verdict.DENY


def test_the_end_of_one_grant_ends_the_chain(made: Policy) -> None:
    chain = acting(STAFF, person("brief", subject="bot"))
    assert decide(made, chain, on(KB)).verdict is Verdict.ALLOW
    assert decide(made, chain, on(KB), now=NOW + timedelta(days=1)).verdict is Verdict.DENY


def test_lists_show_what_each_may_know_of(made: Policy) -> None:
    assert shown(decide(made, acting(STAFF, AGENT), listing("t/d")), [KB, OTHER]) == [KB]
    assert shown(decide(made, acting(person("admins"), AGENT), listing("t/d")), [KB, OTHER]) == [KB]


@pytest.mark.parametrize(
    ("groups", "described"),
    [
        ([["ml", "support", "audit"], ["ml", "support", "audit"]], {"vectors": "open", "scores": "keep", "fields": {}}),
        ([["ml", "support", "audit"], ["support", "audit"]], {"vectors": "round:1", "scores": "rank", "fields": {}}),
        (
            [["support", "audit"], ["ml", "audit"]],
            {"vectors": "round:1", "scores": "rank", "fields": {"email": "hash"}},
        ),
        (
            [["ml", "support"], ["ml", "audit"]],
            {"vectors": "open", "scores": "keep", "fields": {"email": "redact", "ssn": "redact"}},
        ),
    ],
    ids=range(4),
)
def test_masks_are_the_strictest_of_all(made: Policy, groups: list[list[str]], described: dict[str, Any]) -> None:
    principal, *actors = (person("staff", *each, subject=f"s{number}") for number, each in enumerate(groups))
    decision = decide(made, acting(principal, *actors), on(KB))
    assert decision.masks[KB].describe() == described
    assert decision.masks_for(KB).describe() == described


def test_what_is_masked_for_an_actor_does_not_steer(made: Policy) -> None:
    cleared = person("staff", "ml", "support", "audit", subject="alice")
    steered = on(KB, fields_used=("ssn",))
    assert decide(made, cleared, steered).verdict is Verdict.ALLOW
    decision = decide(made, acting(cleared, AGENT), steered)
    assert (decision.verdict, decision.reason) == (Verdict.DENY, Reason.MASKED_FIELD_USED)
    assert decision.oracle


def test_every_limit_and_the_strictest_approval_hold(made: Policy) -> None:
    decision = decide(made, acting(STAFF, AGENT), on(KB, action=Action.DELETE))
    assert decision.verdict is Verdict.HOLD
    assert decision.approval is not None
    assert decision.approval.name == "two"
    assert [rule.name for rule in decision.limits] == ["everyone", "agents"]


def test_nothing_of_a_chain_is_remembered_for_who_acts_alone(made: Policy) -> None:
    for _ in range(2):
        assert decide(made, acting(STAFF, AGENT), on(OTHER)).verdict is Verdict.DENY
        assert decide(made, STAFF, on(OTHER)).verdict is Verdict.ALLOW


def test_one_set_of_masks_stays_itself() -> None:
    one = MaskSet.combine([MaskRule(name="m", fields={"email": "hash"})], vectors_open=True, masker=MASKER)
    assert MaskSet.strictest([one, one]) is one
    assert MaskSet.strictest([one, MaskSet.closed()]).describe()["fields"] == {"email": "hash"}
