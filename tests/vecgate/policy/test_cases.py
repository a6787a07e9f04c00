"""Cases pass, fail or cannot be judged, and say why."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.configs import HEAD, write

from vecgate.config.load import load
from vecgate.errors import ConfigError
from vecgate.hooks import Hooks
from vecgate.policy.cases import Outcome, Result, load_cases, run
from vecgate.policy.explain import Explainer

POLICY = """
identity: {issuers: [{issuer: "https://i/", audience: v, claims: {groups: /roles}}]}
policy:
  grants:
    - {name: readers, to: {groups: [r]}, on: {resources: ["t00/d00/kb_*"]}, allow: [meta, search, read]}
    - {name: owners, to: {groups: [o]}, on: {resources: ["t00/**"]}, allow: [meta, admin]}
  masks: [{name: m, fields: {ssn: redact}}]
  limits: [{name: all, requests: 9/minute}]
  approvals: [{name: drops, on: {risks: [drop_collection]}, reviewers: {groups: [o]}}]
"""
READER = "as: {iss: 'https://i/', sub: u, roles: [r]}"
KB = "request: {path: /api/v2/tenants/t00/databases/d00/collections/kb_a}"
SALARIES = "request: {path: /api/v2/tenants/t00/databases/d00/collections/salaries}"


def judged(folder: Path, *cases: str, head: str = HEAD) -> list[Result]:
    explainer = Explainer(load(write(folder, head + POLICY)), Hooks())
    text = "cases:\n" + "".join(f"  - {{name: c, {case}}}\n" for case in cases)
    return list(run(*load_cases(write(folder, text, "cases.yaml")), explainer))


@pytest.mark.parametrize(
    "expect",
    [
        "{verdict: allow}",
        "{verdict: allow, reason: granted, grants: [readers], limits: [all], approval: null}",
        "{verdict: allow, masks: {t00/d00/kb_a: {vectors: drop, fields: {ssn: redact}}}}",
        "{verdict: allow, masks: {t00/d00/kb_a: {scores: rank}}}",
    ],
)
def test_what_is_as_expected_passes(tmp_path: Path, expect: str) -> None:
    (result,) = judged(tmp_path, f"{READER}, {KB}, expect: {expect}")

    assert (result.outcome, result.differences) == (Outcome.PASS, ())


@pytest.mark.parametrize(
    ("request_", "expect", "differences"),
    [
        (
            SALARIES,
            "{verdict: allow, reason: granted}",
            ['verdict: expected "allow", got "deny"', 'reason: expected "granted", got "no_grant"'],
        ),
        (KB, "{verdict: deny}", ['verdict: expected "deny", got "allow"']),
        (KB, "{verdict: allow, grants: [owners]}", ['grants: expected ["owners"], got ["readers"]']),
        (KB, "{verdict: allow, limits: []}", ['limits: expected [], got ["all"]']),
        (KB, "{verdict: allow, approval: drops}", ['approval: expected "drops", got null']),
        (
            KB,
            "{verdict: allow, masks: {t00/d00/kb_a: {vectors: open, fields: {ssn: drop}}, x/y/z: {vectors: drop}}}",
            [
                'masks.t00/d00/kb_a.vectors: expected "open", got "drop"',
                'masks.t00/d00/kb_a.fields: expected {"ssn":"drop"}, got {"ssn":"redact"}',
                "masks: the request does not touch x/y/z",
            ],
        ),
        (
            "request: {method: POST, path: /api/v2/reset}",
            "{verdict: allow}",
            ['verdict: expected "allow", got "deny"', "the request is refused: It empties the whole server."],
        ),
    ],
)
def test_another_answer_fails_with_every_difference(
    tmp_path: Path, request_: str, expect: str, differences: list[str]
) -> None:
    (result,) = judged(tmp_path, f"{READER}, {request_}, expect: {expect}")

    assert result.outcome is Outcome.FAIL
    assert list(result.differences) == differences


@pytest.mark.parametrize(
    ("case", "why"),
    [
        (f"as: {{sub: u}}, {KB}, expect: {{verdict: allow}}", "iss is missing"),
        (f"as: {{iss: 'https://i/'}}, {KB}, expect: {{verdict: allow}}", "sub is missing"),
        (
            f"{READER}, connection: dcos, {KB}, expect: {{verdict: allow}}",
            "there is no connection 'dcos': there is docs",
        ),
        (
            f"{READER}, request: {{path: /, body_base64: '='}}, expect: {{verdict: allow}}",
            "body_base64 is not base64",
        ),
    ],
)
def test_what_cannot_be_judged_is_an_error_and_no_failure(tmp_path: Path, case: str, why: str) -> None:
    (result,) = judged(tmp_path, case)

    assert (result.outcome, result.differences) == (Outcome.ERROR, (why,))


def test_a_case_among_several_connections_names_its_own(tmp_path: Path) -> None:
    head = HEAD + '  - {name: more, dialect: chroma, listen: "127.0.0.1:6011", upstream: "http://127.0.0.1:8000"}\n'
    results = judged(
        tmp_path,
        f"{READER}, {KB}, expect: {{verdict: allow}}",
        f"{READER}, connection: more, {KB}, expect: {{verdict: allow}}",
        head=head,
    )

    assert [result.outcome for result in results] == [Outcome.ERROR, Outcome.PASS]
    assert [result.line for result in results] == [2, 3]


def test_held_requests_name_their_rule(tmp_path: Path) -> None:
    drop = "request: {method: DELETE, path: /api/v2/tenants/t00/databases/d00/collections/kb_a}"
    (result,) = judged(
        tmp_path,
        f"as: {{iss: 'https://i/', sub: u, roles: [o]}}, {drop}, "
        "expect: {verdict: hold, reason: approval_pending, approval: drops, grants: [owners]}",
    )

    assert result.outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("[]", "1:1: must be a mapping with the key cases"),
        ("cases: []", "1:8: cases: must not be empty"),
        ("cases: [{name: a}]", "1:9: cases[0].as: is required"),
        ("case: []", "1:1: case: unknown key; did you mean cases?"),
        (
            "cases:\n  - name: a\n    as: {}\n    request: {path: /}\n    expect: {verdict: alow}",
            "5:23: cases[0].expect.verdict: must be allow, deny or hold; did you mean allow?",
        ),
        (
            "cases:\n  - name: a\n    as: {}\n    request: {path: /}\n    expect: {verdict: deny, resaon: no_grant}",
            "5:29: cases[0].expect.resaon: unknown key; did you mean reason?",
        ),
    ],
)
def test_a_malformed_file_of_cases_is_refused_with_its_places(tmp_path: Path, text: str, finding: str) -> None:
    with pytest.raises(ConfigError) as error:
        load_cases(write(tmp_path, text, "cases.yaml"))

    assert finding in str(error.value).replace(f"{tmp_path}/cases.yaml:", "")
