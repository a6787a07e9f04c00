"""What must hold of every policy: default deny, grants only add, masks only hide."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.configs import MASKER
from tests.support.policies import FACTS, NOW, person

from vecgate.config.models import Grant as GrantModel
from vecgate.config.models import MaskRule
from vecgate.operations.model import Action, Operation, Scope
from vecgate.policy.decision import Decision, Verdict
from vecgate.policy.grants import Grant
from vecgate.policy.place import Place
from vecgate.policy.policy import Policy
from vecgate.policy.standing import Mask

GROUPS = ["a", "b", "*"]
PATTERNS = ["**", "t/**", "t/d/*", "t/d/kb_*", "t/d/kb_a", "t/d", "t", "*/d/*", "u/**/x"]
RESOURCES = ["t", "t/d", "t/d/kb_a", "t/d/kb_b", "t/d/x", "u/d/x", "**", "t/d/*", "t/*", "*"]

places = st.fixed_dictionaries({}, optional={"resources": st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=2)})
subjects = st.fixed_dictionaries({}, optional={"groups": st.lists(st.sampled_from(GROUPS), min_size=1, max_size=2)})
grants = st.builds(
    lambda to, on, allow: GrantModel.model_validate({"name": "g", "to": to, "on": on, "allow": allow}),
    subjects,
    places,
    st.lists(st.sampled_from(list(Action)), min_size=1, max_size=3),
)
masks = st.builds(
    lambda number, on, vectors, fields, clearance: MaskRule.model_validate(
        {"name": f"m{number}", "on": on, "vectors": vectors, "fields": fields, "clearance": clearance}
    ),
    st.integers(0, 10**9),
    places,
    st.sampled_from([None, "drop", "zero", "round:2"]),
    st.dictionaries(st.sampled_from(["ssn", "email", "a.*"]), st.sampled_from(["drop", "redact", "hash"]), max_size=2),
    st.one_of(st.none(), subjects),
)
operations = st.builds(
    lambda action, scope, resources, fields: Operation("op", action, tuple(resources), scope, fields_used=fields),
    st.sampled_from(list(Action)),
    st.sampled_from(list(Scope)),
    st.lists(st.sampled_from(RESOURCES), max_size=2),
    st.sampled_from([(), ("ssn",), ("open",)]),
)
requests = st.lists(operations, max_size=3)
people = st.lists(st.sampled_from(["a", "b"]), unique=True).map(lambda groups: person(*groups))


def decide(
    grants: Sequence[GrantModel], masks: Sequence[MaskRule], who: object, asked: Sequence[Operation]
) -> Decision:
    policy = Policy(
        {"docs": 3},
        [Grant.compile(rule) for rule in grants],
        [Mask(rule, Place.compile(rule.on)) for rule in masks],
        [],
        [],
        MASKER,
    )
    return policy.decide(who, "docs", asked, now=NOW, facts=FACTS)  # type: ignore[arg-type]  # a Principal


@given(st.lists(masks, max_size=3), people, requests)
def test_without_grants_everything_is_denied(rules: list[MaskRule], who: object, asked: list[Operation]) -> None:
    assert decide([], rules, who, asked).verdict is Verdict.DENY


@given(st.lists(grants, max_size=4), grants, st.lists(masks, max_size=3), people, requests)
def test_one_more_grant_takes_nothing_away_and_loosens_no_mask(
    rules: list[GrantModel], more: GrantModel, hidden: list[MaskRule], who: object, asked: list[Operation]
) -> None:
    before, after = decide(rules, hidden, who, asked), decide([*rules, more], hidden, who, asked)

    assert after.masks == before.masks
    if before.verdict is Verdict.ALLOW:
        assert after.verdict is Verdict.ALLOW
    assert all(after.visible(name) for name in RESOURCES if before.visible(name))


@given(st.lists(grants, max_size=4), st.lists(masks, max_size=3), masks, people, requests)
def test_one_more_mask_without_clearance_shows_nothing_more(
    rules: list[GrantModel], hidden: list[MaskRule], more: MaskRule, who: object, asked: list[Operation]
) -> None:
    # With nobody cleared for it, the rule can weaken only what holds where no rule speaks of vectors.
    more = more.model_copy(
        update={"name": "more", "clearance": None, "vectors": None if more.vectors != "drop" else "drop"}
    )
    before, after = decide(rules, hidden, who, asked), decide(rules, [*hidden, more], who, asked)

    assert all(after.masks[name].at_least(before.masks[name]) for name in before.masks)
    if before.verdict is Verdict.DENY:
        assert after.verdict is Verdict.DENY


@given(st.lists(grants, max_size=4), people, operations, requests)
def test_a_denied_operation_denies_every_request_that_holds_it(
    rules: list[GrantModel], who: object, denied: Operation, asked: list[Operation]
) -> None:
    if decide(rules, [], who, [denied]).verdict is Verdict.DENY:
        assert decide(rules, [], who, [*asked, denied]).verdict is Verdict.DENY
        assert decide(rules, [], who, [denied, *asked]).verdict is Verdict.DENY


@settings(max_examples=300)
@given(st.lists(grants, max_size=4), people, operations)
def test_what_is_allowed_is_what_some_grant_names(rules: list[GrantModel], who: object, asked: Operation) -> None:
    """Beyond `meta`, an allowed operation has a grant with its action for each of its resources, pattern by pattern."""
    decision = decide(rules, [], who, [asked])
    if decision.verdict is Verdict.ALLOW and asked.action is not Action.META:
        assert asked.resources
        compiled = [Grant.compile(rule) for rule in rules]
        assert all(
            any(asked.action in grant.actions and grant.on.place.covers(resource) for grant in compiled)
            for resource in asked.resources
        )
