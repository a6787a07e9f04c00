"""Decisions: default deny, grants add up, masks never loosen, deny beats hold."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from tests.support.configs import KNOWN, write
from tests.support.policies import FACTS, NOW, decide, listing, on, person, policy, shown

from vecgate.config.load import load
from vecgate.errors import ConfigError
from vecgate.masking.masker import Masker
from vecgate.operations.model import Action, Operation, Risk, Scope
from vecgate.policy.decision import Verdict
from vecgate.policy.policy import Policy, RequestFacts
from vecgate.reasons import Reason

ALLOW, DENY, HOLD = Verdict.ALLOW, Verdict.DENY, Verdict.HOLD

GRANTS = """
policy:
  grants:
    - name: analysts
      to: {groups: [analysts]}
      on: {connections: [docs], resources: ["t/d/kb_*"]}
      allow: [meta, search, read]
    - name: writers
      to: {groups: [writers]}
      on: {resources: ["t/d/kb_a", "t/e/**"]}
      allow: [write]
    - name: owners
      to: {groups: [owners]}
      on: {resources: ["**"]}
      allow: [meta, search, read, write, delete, admin]
    - name: searchers
      to: {groups: [searchers]}
      on: {resources: ["t/d/kb_a"]}
      allow: [search]
    - name: one-database
      to: {groups: [one-database]}
      on: {resources: ["t/d/*"]}
      allow: [meta, admin]
    - name: nobody-in-particular
      to: {subjects: [berta], clients: [notebook]}
      allow: [read]
"""
SERVICE = on(action=Action.META, scope=Scope.SERVICE)


def meta(resource: str) -> Operation:
    return on(resource, action=Action.META)


@pytest.mark.parametrize(
    ("group", "operations", "grants"),
    [
        ("analysts", [on("t/d/kb_a")], ["analysts"]),
        ("analysts", [on("t/d/kb_a"), on("t/d/kb_b", action=Action.SEARCH)], ["analysts"]),
        ("analysts", [on("t/d/kb_a", "t/d/kb_b")], ["analysts"]),
        ("analysts", [meta("t/d/kb_a")], ["analysts"]),
        ("analysts", [meta("t")], ["analysts"]),
        ("analysts", [meta("t/d")], ["analysts"]),
        ("analysts", [listing("t/d")], ["analysts"]),
        ("analysts", [listing("t")], ["analysts"]),
        ("analysts", [listing("")], ["analysts"]),
        ("analysts", [SERVICE], ["analysts"]),
        ("searchers", [listing("t")], ["searchers"]),
        ("searchers", [meta("t/d")], ["searchers"]),
        ("searchers", [SERVICE], ["searchers"]),
        ("writers", [on("t/d/kb_a", action=Action.WRITE), on("t/e/x", action=Action.WRITE)], ["writers"]),
        ("owners", [on("**", action=Action.ADMIN)], ["owners"]),
        ("owners", [on("t/d", action=Action.ADMIN)], ["owners"]),
        ("owners", [on("t/*", action=Action.READ)], ["owners"]),
        ("owners", [listing("t/d")], ["owners"]),
        ("one-database", [on("t/d/x", action=Action.ADMIN)], ["one-database"]),
    ],
)
def test_what_a_grant_covers_is_allowed(
    tmp_path: Path, group: str, operations: list[Operation], grants: list[str]
) -> None:
    decision = decide(policy(tmp_path, GRANTS), person(group), *operations)

    assert (decision.verdict, decision.reason) == (ALLOW, Reason.GRANTED)
    assert list(decision.grants) == grants


@pytest.mark.parametrize(
    ("group", "operations"),
    [
        ("strangers", [on("t/d/kb_a")]),
        ("strangers", [SERVICE]),
        ("strangers", [listing("")]),
        ("Analysts", [on("t/d/kb_a")]),
        ("analysts", []),
        ("analysts", [on()]),
        ("analysts", [on(scope=Scope.LIST, action=Action.META)]),
        ("analysts", [on(scope=Scope.SERVICE, action=Action.READ)]),
        ("analysts", [on("t/d/secret", scope=Scope.SERVICE, action=Action.META)]),
        ("analysts", [on("t/d/secret")]),
        ("analysts", [on("t/d/kb_a"), on("t/d/secret")]),
        ("analysts", [on("t/d/kb_a", "t/d/secret")]),
        ("analysts", [on("t/d/kb_a", action=Action.WRITE)]),
        ("analysts", [on("t/d/kb_a/deeper")]),
        ("analysts", [on("t/d")]),
        ("analysts", [on("t/d", action=Action.ADMIN)]),
        ("analysts", [meta("t/d/secret")]),
        ("analysts", [meta("t/e")]),
        ("analysts", [meta("**")]),
        ("analysts", [listing("t/e")]),
        ("analysts", [on("t/d/*", scope=Scope.LIST)]),
        ("analysts", [on("t/d/*")]),
        ("analysts", [on("t/d/*", action=Action.META)]),
        ("analysts", [on("**")]),
        ("searchers", [meta("t/d/kb_a")]),
        ("searchers", [listing("t/d")]),
        ("searchers", [on("t/d/kb_a")]),
        ("writers", [on("t/d/kb_a")]),
        ("one-database", [on("t/d", action=Action.ADMIN)]),
        ("one-database", [on("**", action=Action.ADMIN)]),
        ("one-database", [on("t/**", action=Action.ADMIN)]),
    ],
)
def test_what_no_grant_covers_is_denied_whole(tmp_path: Path, group: str, operations: list[Operation]) -> None:
    decision = decide(policy(tmp_path, GRANTS), person(group), *operations)

    assert (decision.verdict, decision.reason) == (DENY, Reason.NO_GRANT)
    assert decision.grants == ()


def test_different_resources_may_be_carried_by_different_grants(tmp_path: Path) -> None:
    decision = decide(
        policy(tmp_path, GRANTS), person("analysts", "writers"), on("t/d/kb_b"), on("t/e/x", action=Action.WRITE)
    )

    assert decision.verdict is ALLOW
    assert decision.grants == ("analysts", "writers")


def test_a_refusal_does_not_name_resources(tmp_path: Path) -> None:
    decision = decide(policy(tmp_path, GRANTS), person("analysts"), on("t/d/secret"))

    assert decision.detail == "No grant allows test.read."


def test_subjects_clients_and_issuers_are_literal_and_combine_with_and(tmp_path: Path) -> None:
    made = policy(tmp_path, GRANTS)

    assert decide(made, person(subject="berta"), on("x")).verdict is DENY
    notebook = type(person())("https://idp.example/", "berta", client="notebook")
    assert decide(made, notebook, on("x")).verdict is ALLOW


def test_lists_are_filtered_to_what_the_caller_may_know_of(tmp_path: Path) -> None:
    made = policy(tmp_path, GRANTS)
    names = ["t/d/kb_a", "t/d/secret", "t/d", "t/e", "t", "u"]

    assert shown(decide(made, person("analysts"), listing("t/d")), names) == ["t/d/kb_a", "t/d", "t"]
    assert shown(decide(made, person("searchers"), listing("t")), names) == ["t/d", "t"]
    assert shown(decide(made, person("owners"), listing("")), names) == names
    assert shown(decide(made, person("strangers"), listing("")), names) == []


def exists(resource: str) -> Operation:
    return on(resource, action=Action.META, scope=Scope.LIST)


@pytest.mark.parametrize(
    ("group", "name", "verdict"),
    [
        ("analysts", "t/d/kb_a", ALLOW),
        ("analysts", "t/d/secret", ALLOW),
        ("analysts", "t/e/kb_a", DENY),
        ("searchers", "t/d/kb_a", DENY),
        ("strangers", "t/d/kb_a", DENY),
    ],
)
def test_whether_a_name_exists_may_be_asked_by_whoever_may_list_its_siblings(
    tmp_path: Path, group: str, name: str, verdict: Verdict
) -> None:
    decision = decide(policy(tmp_path, GRANTS), person(group), exists(name))

    assert decision.verdict is verdict
    assert decision.visible(name) is (name == "t/d/kb_a" and group == "analysts")


def test_a_grant_on_everything_implies_meta_on_no_collection(tmp_path: Path) -> None:
    made = policy(tmp_path, "policy: {grants: [{name: a, allow: [search]}]}")
    decision = decide(made, person(), listing("t"))

    assert decide(made, person(), meta("t/d/c")).verdict is DENY
    assert decide(made, person(), listing("t/d")).verdict is DENY
    assert shown(decision, ["t", "t/d", "t/d/c"]) == ["t", "t/d"]


def test_an_unknown_connection_is_no_decision(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        policy(tmp_path, GRANTS).decide(person("owners"), "other", [on("t")], now=NOW, facts=FACTS)


def test_a_grant_holds_from_its_first_to_before_its_last_moment(tmp_path: Path) -> None:
    made = policy(
        tmp_path,
        "policy: {grants: [{name: a, allow: [meta, read], from: 2026-11-15T12:00:00Z, until: 2026-11-15T13:00:00Z}]}",
    )
    verdicts = [
        decide(made, person(), on("t/d/c"), now=NOW + timedelta(seconds=seconds)).verdict
        for seconds in (-1, 0, 3599, 3600)
    ]

    assert verdicts == [DENY, ALLOW, ALLOW, DENY]
    assert not decide(made, person(), listing("t"), now=NOW + timedelta(days=1)).visible("t/d/c")


def test_a_condition_is_asked_for_each_operation(tmp_path: Path) -> None:
    made = policy(
        tmp_path,
        """
        policy:
          grants:
            - name: small
              allow: [meta, read]
              when: 'principal.claims.risk != "high" && operation.count <= 10 && request.method == "POST"'
        """,
    )
    calm = person(risk="low")

    assert decide(made, calm, on("t/d/c", count=10)).verdict is ALLOW
    assert decide(made, calm, on("t/d/c", count=10), on("t/d/c", count=11)).verdict is DENY
    assert decide(made, calm, on("t/d/c"), facts=RequestFacts("GET")).verdict is DENY
    assert decide(made, person(risk="high"), on("t/d/c")).verdict is DENY
    assert decide(made, person(), on("t/d/c")).verdict is DENY
    assert decide(made, calm, listing("t/d")).visible("t/d/c")
    assert not decide(made, person(), listing("t/d")).visible("t/d/c")


def test_a_grant_that_allows_nothing_implies_nothing(tmp_path: Path) -> None:
    made = policy(tmp_path, "policy: {grants: [{name: a, allow: [read], on: {actions: [meta]}}]}")

    assert decide(made, person(), SERVICE).verdict is DENY
    assert decide(made, person(), meta("t")).verdict is DENY


def test_a_grant_may_be_bound_to_actions_and_risks(tmp_path: Path) -> None:
    made = policy(
        tmp_path,
        "policy: {grants: [{name: a, allow: [meta, read, admin], on: {actions: [meta, admin], risks: [snapshot]}}]}",
    )

    assert decide(made, person(), on("t/d/c", action=Action.ADMIN, risks=(Risk.SNAPSHOT,))).verdict is ALLOW
    assert decide(made, person(), on("t/d/c", action=Action.ADMIN, risks=(Risk.RESTORE,))).verdict is DENY
    assert decide(made, person(), on("t/d/c", action=Action.READ, risks=(Risk.SNAPSHOT,))).verdict is DENY
    assert not decide(made, person(), listing("t")).visible("t/d/c")


MASKS = """
policy:
  grants:
    - {name: everything, allow: [meta, search, read, write, admin]}
  masks:
    - {name: embeddings, vectors: drop, clearance: {groups: [ml]}}
    - {name: coarse, on: {resources: [t/d/coarse]}, vectors: "round:2", clearance: {groups: [lead]}}
    - {name: personal, on: {resources: ["t/d/people*"]}, fields: {ssn: redact, email: hash}, clearance: {groups: [hr]}}
    - {name: always, on: {resources: ["t/d/people*"]}, fields: {secret: drop}}
"""


@pytest.mark.parametrize(
    ("groups", "resource", "vectors", "fields"),
    [
        ([], "t/d/other", "drop", {}),
        (["ml"], "t/d/other", "open", {}),
        (["lead"], "t/d/other", "drop", {}),
        (["lead"], "t/d/coarse", "drop", {}),
        (["ml"], "t/d/coarse", "round:2", {}),
        (["ml", "lead"], "t/d/coarse", "open", {}),
        (["hr"], "t/d/people", "drop", {"secret": "drop"}),
        (["ml"], "t/d/people", "open", {"email": "hash", "secret": "drop", "ssn": "redact"}),
        (["ml", "hr"], "t/d/people_eu", "open", {"secret": "drop"}),
        (["ml", "hr"], "t/d/*", "round:2", {"secret": "drop"}),
        (["ml", "hr", "lead"], "t/d/*", "drop", {"secret": "drop"}),
        (["ml", "hr", "lead"], "**", "drop", {"secret": "drop"}),
    ],
)
def test_the_most_restrictive_mask_without_clearance_wins(
    tmp_path: Path, groups: list[str], resource: str, vectors: str, fields: dict[str, str]
) -> None:
    decision = decide(policy(tmp_path, MASKS), person(*groups), on(resource))
    described = decision.masks[resource].describe()

    assert (described["vectors"], described["fields"]) == (vectors, fields)
    assert decision.masks_for(resource) == decision.masks[resource]


def test_vectors_stay_closed_where_no_rule_opens_them(tmp_path: Path) -> None:
    made = policy(tmp_path, "policy: {grants: [{name: a, allow: [read]}], masks: [{name: f, fields: {a: drop}, "
                            "clearance: {groups: [ml]}}]}")  # fmt: skip

    assert decide(made, person("ml"), on("t/d/c")).masks["t/d/c"].hides_vectors


@pytest.mark.parametrize(
    ("groups", "operation"),
    [
        (["ml"], on("t/d/people", fields_used=("ssn",))),
        (["ml"], on("t/d/people", fields_used=("open", "email.domain"))),
        (["ml", "hr"], on("t/d/other", "t/d/people", fields_used=("secret",))),
        (["hr"], on("t/d/other", scores_steer=True, action=Action.SEARCH)),
        (["ml"], on("t/d/coarse", scores_steer=True, action=Action.SEARCH)),
        (["ml"], on("t/d/people", "t/d/other", copies=True, action=Action.ADMIN)),
        (["lead"], on("t/d/people", "t/d/people2", "t/d/coarse", copies=True, action=Action.ADMIN)),
    ],
)
def test_what_masks_hide_must_not_steer_a_request(tmp_path: Path, groups: list[str], operation: Operation) -> None:
    decision = decide(policy(tmp_path, MASKS), person(*groups), operation)

    assert (decision.verdict, decision.reason) == (DENY, Reason.MASKED_FIELD_USED)


def test_what_has_no_grant_tells_of_masks_that_a_request_would_go_round(tmp_path: Path) -> None:
    made = policy(tmp_path, MASKS)
    decision = decide(made, person(), on("t/d/people", action=Action.DELETE, fields_used=("ssn",)))

    assert decision.reason is Reason.NO_GRANT
    assert "ssn" in decision.oracle
    assert decide(made, person(), on("t/d/people", action=Action.DELETE)).oracle == ""


@pytest.mark.parametrize(
    ("groups", "operation"),
    [
        (["hr"], on("t/d/people", fields_used=("ssn",))),
        (["ml"], on("t/d/other", fields_used=("ssn",))),
        (["ml"], on("t/d/other", scores_steer=True, action=Action.SEARCH)),
        (["ml"], on("t/d/people", "t/d/people_copy", copies=True, action=Action.ADMIN)),
        (["ml"], on("t/d/other", "t/d/people", copies=True, action=Action.ADMIN)),
    ],
)
def test_what_is_open_may_steer_a_request(tmp_path: Path, groups: list[str], operation: Operation) -> None:
    assert decide(policy(tmp_path, MASKS), person(*groups), operation).verdict is ALLOW


def test_tokens_of_keyed_masks_differ_between_tenants_and_not_within_one(tmp_path: Path) -> None:
    made = policy(tmp_path, "policy: {masks: [{name: f, fields: {email: hash}}]}")
    masks = decide(made, person()).masks_for
    tokens = [masks(name).payload({"email": "a@b.c"})[0]["email"] for name in ("t/d/a", "t/e/b", "u/d/a")]

    assert tokens[0] == tokens[1] != tokens[2]


RULES = """
policy:
  grants:
    - {name: everything, allow: [meta, search, read, write, delete, admin]}
  masks:
    - {name: people, on: {resources: [t/d/people]}, fields: {ssn: drop}}
  limits:
    - {name: everyone, requests: 600/minute}
    - {name: team, to: {groups: [team]}, points: 100/day}
    - {name: production, on: {resources: ["t/d/prod_*"]}, requests: 5/minute}
    - {name: exports, on: {actions: [read], risks: [bulk_export]}, requests: 1/hour}
    - {name: elsewhere, on: {connections: [other]}, requests: 1/hour}
  approvals:
    - {name: deletes, on: {actions: [delete], risks: [bulk_delete]}, reviewers: {groups: [owners]}}
    - name: production
      to: {groups: [team]}
      on: {resources: ["t/d/prod_*"], actions: [delete, admin]}
      reviewers: {groups: [owners]}
      approvals: 2
    - {name: contractors, to: {groups: [contractors]}, reviewers: {groups: [owners]}}
""".replace("    - {name: elsewhere, on: {connections: [other]}, requests: 1/hour}\n", "")


@pytest.mark.parametrize(
    ("group", "operations", "limits"),
    [
        ("", [SERVICE], ["everyone"]),
        ("team", [on("t/d/c")], ["everyone", "team"]),
        ("", [on("t/d/prod_a")], ["everyone", "production"]),
        ("", [on("t/d/c"), on("t/d/prod_a")], ["everyone", "production"]),
        ("", [on("t/d", action=Action.ADMIN)], ["everyone", "production"]),
        ("", [on("**", action=Action.ADMIN)], ["everyone", "production"]),
        ("", [listing("t/d")], ["everyone", "production"]),
        ("", [meta("t/d")], ["everyone"]),
        ("", [on("t/d/c", risks=(Risk.BULK_EXPORT,))], ["everyone", "exports"]),
        ("", [on("t/d/c", action=Action.SEARCH, risks=(Risk.BULK_EXPORT,))], ["everyone"]),
    ],
)
def test_every_limit_that_an_operation_falls_under_is_charged(
    tmp_path: Path, group: str, operations: list[Operation], limits: list[str]
) -> None:
    decision = decide(policy(tmp_path, RULES), person(group), *operations)

    assert [limit.name for limit in decision.limits] == limits


@pytest.mark.parametrize(
    ("group", "operations", "rule"),
    [
        ("", [on("t/d/c", action=Action.DELETE)], "deletes"),
        ("", [on("t/d/c", action=Action.WRITE, risks=(Risk.BULK_DELETE,))], "deletes"),
        ("", [on("t/d/c"), on("t/d/c", action=Action.DELETE)], "deletes"),
        ("team", [on("t/d/prod_a", action=Action.DELETE)], "production"),
        ("team", [on("t/d", action=Action.ADMIN)], "production"),
        ("team", [on("t/d/*", action=Action.ADMIN)], "production"),
        ("team", [on("**", action=Action.ADMIN)], "production"),
        ("team", [on("t/d/c", action=Action.DELETE)], "deletes"),
        ("contractors", [on("t/d/c")], "contractors"),
        ("contractors", [SERVICE], "contractors"),
    ],
)
def test_what_an_approval_rule_names_is_held(
    tmp_path: Path, group: str, operations: list[Operation], rule: str
) -> None:
    decision = decide(policy(tmp_path, RULES), person(group), *operations)

    assert (decision.verdict, decision.reason) == (HOLD, Reason.APPROVAL_PENDING)
    assert decision.approval is not None
    assert decision.approval.name == rule


@pytest.mark.parametrize(
    "operations", [[on("t/d/prod_a")], [meta("t/d")], [on("t/d/prod_a", action=Action.ADMIN)], [SERVICE]]
)
def test_what_no_approval_rule_names_is_not_held(tmp_path: Path, operations: list[Operation]) -> None:
    decision = decide(policy(tmp_path, RULES), person("stranger"), *operations)

    assert (decision.verdict, decision.approval) == (ALLOW, None)


def test_deny_beats_hold_and_still_says_everything(tmp_path: Path) -> None:
    made = policy(tmp_path, RULES)
    decision = decide(made, person(), on("t/d/people", action=Action.DELETE, fields_used=("ssn",)))

    assert (decision.verdict, decision.reason) == (DENY, Reason.MASKED_FIELD_USED)
    assert decision.grants == ("everything",)
    assert [limit.name for limit in decision.limits] == ["everyone"]
    assert decision.masks["t/d/people"].strategy("ssn") == "drop"
    assert decision.approval is not None


def test_what_is_remembered_of_names_and_people_is_bounded_and_changes_nothing(tmp_path: Path) -> None:
    made = policy(tmp_path, GRANTS)
    for number in range(1500):
        assert decide(made, person("analysts"), on(f"t/d/kb_{number}")).verdict is ALLOW
        assert decide(made, person("analysts", subject=f"s{number}"), on("t/d/secret")).verdict is DENY


PASSING = """
policy:
  grants:
    - {name: open, to: {groups: [a]}, on: {resources: ["t/d/open"]}, allow: [meta, read]}
    - {name: %s, to: {groups: [a]}, on: {resources: ["t/d/other"]}, allow: [read], %s}
"""


def test_a_decision_is_shared_by_requests_alike_and_holds_nothing_of_them(tmp_path: Path) -> None:
    made = policy(tmp_path, GRANTS)
    first = decide(made, person("analysts"), on("t/d/kb_a", query={"ids": ["secret"]}))
    assert decide(made, person("analysts"), on("t/d/kb_a", query={"ids": ["other"]}, count=7)) is first
    assert first.shared
    assert "secret" not in repr(first.visible)


@pytest.mark.parametrize(
    "other",
    [
        on("t/d/kb_b"),
        on("t/d/kb_a", action=Action.SEARCH),
        on("t/d/kb_a", risks=(Risk.BULK_EXPORT,)),
        on("t/d/kb_a", fields_used=("ssn",)),
        on("t/d/kb_a", scores_steer=True),
        on("t/d/kb_a", vectors=True),
    ],
)
def test_another_operation_is_judged_by_itself(tmp_path: Path, other: Operation) -> None:
    made = policy(tmp_path, GRANTS)
    assert decide(made, person("analysts"), other) is not decide(made, person("analysts"), on("t/d/kb_a"))


def test_a_shared_decision_is_not_another_persons(tmp_path: Path) -> None:
    made = policy(tmp_path, GRANTS)
    assert decide(made, person("analysts"), on("t/d/kb_a")).verdict is ALLOW
    assert decide(made, person("strangers"), on("t/d/kb_a")).verdict is DENY


def test_where_a_grant_ends_every_request_is_judged_at_its_own_time(tmp_path: Path) -> None:
    made = policy(tmp_path, PASSING % ("ending", "until: 2026-11-15T13:00:00Z"))
    assert decide(made, person("a"), on("t/d/other")).verdict is ALLOW
    assert decide(made, person("a"), on("t/d/other"), now=NOW + timedelta(hours=2)).verdict is DENY
    assert not decide(made, person("a"), on("t/d/open")).shared


def test_where_a_grant_has_a_condition_every_request_is_judged_by_its_own_facts(tmp_path: Path) -> None:
    made = policy(tmp_path, PASSING % ("local", "when: 'request.peer == \"127.0.0.1\"'"))
    assert decide(made, person("a"), on("t/d/other")).verdict is ALLOW
    assert decide(made, person("a"), on("t/d/other"), facts=RequestFacts("POST", "192.0.2.1:5")).verdict is DENY


def test_a_strategy_that_the_masker_lacks_is_refused_with_its_place(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "version: 1\nconnections: [{name: d, dialect: chroma, listen: 'h:1', upstream: 'http://u'}]\n"
        "policy: {masks: [{name: m, fields: {a: tokenize}}]}\n",
    )
    loaded = load(path, None)

    with pytest.raises(ConfigError, match=r"vecgate\.yaml:3:40: policy\.masks\[0\]\.fields\.a: 'tokenize' is no field"):
        Policy.compile(loaded, Masker(bytes(32)))


def test_resources_of_dialects_without_a_known_depth_are_judged_all_the_same(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "version: 1\nconnections: [{name: docs, dialect: other, listen: 'h:1', upstream: 'http://u'}]\n"
        "policy: {grants: [{name: a, allow: [read], on: {resources: [a/b/c/d/e]}}]}\n",
    )
    made = Policy.compile(load(path, None), KNOWN.masker)

    assert decide(made, person(), on("a/b/c/d/e")).verdict is ALLOW
    assert decide(made, person(), meta("a/b/c/d")).verdict is ALLOW
    assert decide(made, person(), meta("a/b/c/d/e")).verdict is DENY
