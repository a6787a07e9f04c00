"""`vecgate explain`: what the gateway would answer, without contacting anything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.support.cli import Ran, run
from tests.support.configs import HEAD, write

POLICY = """
identity: {issuers: [{issuer: "https://i/", audience: v, claims: {groups: /roles}}]}
policy:
  grants:
    - name: readers
      to: {groups: [r]}
      on: {resources: ["t00/d00/kb_*"]}
      allow: [meta, search, read]
      until: 2027-01-01T00:00:00Z
      when: '!has(principal.claims.risk)'
    - {name: owners, to: {groups: [o]}, on: {resources: ["t00/**"]}, allow: [meta, admin]}
  masks: [{name: m, fields: {ssn: redact}}]
  limits: [{name: all, requests: 9/minute}]
  approvals: [{name: drops, on: {risks: [drop_collection]}, reviewers: {groups: [o]}}]
"""
UUID = "3f6b4b3e-8f0c-4d39-9a3c-0d0f6f1f9a10"
READER = {"iss": "https://i/", "sub": "u", "roles": ["r"]}
COLLECTIONS = "/api/v2/tenants/t00/databases/d00/collections"
VETO = """
from vecgate.hookspecs import hookimpl

@hookimpl
def vecgate_veto(principal, operations, connection):
    return "Not on Sundays." if principal.subject == "u" else None
"""


def query(**more: Any) -> dict[str, Any]:
    return {
        "method": "POST",
        "path": f"{COLLECTIONS}/{UUID}/query",
        "body": {"query_embeddings": [[0.5, 1]], "n_results": 3, **more},
        "names": {UUID: "t00/d00/kb_a"},
    }


def explain(
    folder: Path, claims: object, *lines: object, policy: str = POLICY, at: str = "2026-11-15T00:00:00Z"
) -> Ran:
    config = write(folder, HEAD + policy)
    batch = b"\n".join(msgspec.json.encode(line) for line in lines)
    said = msgspec.json.encode(claims).decode()
    return run("explain", "-c", config, "--connection", "docs", "--as", said, "--batch", "-", "--at", at, text=batch)


def test_the_answer_is_that_of_classify_and_the_decision(tmp_path: Path) -> None:
    ran = explain(tmp_path, READER, query())

    assert (ran.code, ran.err) == (0, "")
    assert ran.lines == [
        {
            "known": True,
            "operations": [
                {
                    "name": "collection_query",
                    "action": "search",
                    "resources": ["t00/d00/kb_a"],
                    "fields_used": [],
                    "vectors": False,
                    "risks": [],
                }
            ],
            "canonical": {
                "method": "POST",
                "path": f"{COLLECTIONS}/{UUID}/query",
                "body": {"query_embeddings": [[0.5, 1]], "n_results": 3},
            },
            "error": None,
            "verdict": "allow",
            "reason": "granted",
            "grants": ["readers"],
            "masks": {"t00/d00/kb_a": {"vectors": "drop", "scores": "rank", "fields": {"ssn": "redact"}}},
            "limits": ["all"],
            "approval": None,
        }
    ]


@pytest.mark.parametrize(
    ("claims", "line", "outcome"),
    [
        (READER, query(where={"ssn": "1"}), ("deny", "masked_field_used", ["readers"], None)),
        (READER, query() | {"names": {UUID: "t00/d00/hr"}}, ("deny", "no_grant", [], None)),
        (READER, query() | {"names": {}}, ("deny", "no_grant", [], None)),
        (READER, {"method": "GET", "path": "/api/v2/heartbeat"}, ("allow", "public", [], None)),
        (READER, {"method": "GET", "path": "/api/v2/heartbeat?x=1"}, ("deny", "unknown_member", [], None)),
        (READER, {"method": "GET", "path": "/api/v2/tenants/t00"}, ("allow", "granted", ["readers"], None)),
        (READER, {"method": "POST", "path": "/api/v2/reset"}, ("deny", "unknown_operation", [], None)),
        (READER, {"method": "GET", "path": "/a//b"}, ("deny", "bad_target", [], None)),
        (READER | {"risk": "low"}, query(), ("deny", "no_grant", [], None)),
        (READER | {"roles": "r"}, query(), ("allow", "granted", ["readers"], None)),
        (
            READER | {"groups": ["o"]},
            {"method": "DELETE", "path": f"{COLLECTIONS}/kb_a"},
            ("deny", "no_grant", [], None),
        ),
        (
            READER | {"roles": ["o"]},
            {"method": "DELETE", "path": f"{COLLECTIONS}/kb_a"},
            ("hold", "approval_pending", ["owners"], "drops"),
        ),
    ],
)
def test_the_decision_is_that_of_the_gateway(
    tmp_path: Path, claims: object, line: object, outcome: tuple[str, str, list[str], str | None]
) -> None:
    (answer,) = explain(tmp_path, claims, line).lines

    assert (answer["verdict"], answer["reason"], answer["grants"], answer["approval"]) == outcome


def test_a_request_is_judged_as_of_the_given_moment(tmp_path: Path) -> None:
    (answer,) = explain(tmp_path, READER, query(), at="2027-01-01T00:00:00Z").lines

    assert answer["verdict"] == "deny"


def test_a_plugin_may_veto(tmp_path: Path) -> None:
    write(tmp_path, VETO, "veto.py")
    policy = POLICY + "plugins: {load: ['file:veto.py']}\n"
    (answer,) = explain(tmp_path, READER, query(), policy=policy).lines
    (other,) = explain(tmp_path, READER | {"sub": "v"}, query(), policy=policy).lines

    assert (answer["verdict"], answer["reason"]) == ("deny", "vetoed")
    assert other["verdict"] == "allow"


def test_an_issuer_that_is_not_configured_is_noted(tmp_path: Path) -> None:
    ran = explain(tmp_path, {"iss": "https://other/", "sub": "u", "groups": ["r"]}, query())

    assert ran.code == 0
    assert "the issuer https://other/ is not configured" in ran.err
    assert ran.lines[0]["verdict"] == "allow"


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        ({"iss": "https://i/"}, "--as: sub is missing"),
        ({"sub": "u"}, "--as: iss is missing"),
        ([], "--as: It is not a JSON object."),
        (READER | {"roles": [1]}, "--as: the groups are not a list of names"),
        (
            {"iss": "https://i/", "sub": "u", "_claim_names": {"roles": "x"}},
            "--as: The token leaves out the groups; they cannot be taken on trust.",
        ),
    ],
)
def test_claims_that_no_token_could_have_are_wrong_use(tmp_path: Path, claims: object, message: str) -> None:
    ran = explain(tmp_path, claims, query())

    assert (ran.code, ran.out, ran.err) == (2, "", f"{message}\n")


def test_unknown_connections_and_moments_are_wrong_use(tmp_path: Path) -> None:
    config = write(tmp_path, HEAD + POLICY)
    common = ("explain", "-c", config, "--as", '{"iss": "https://i/", "sub": "u"}', "--batch", "-")

    assert run(*common, "--connection", "dosc") == (
        2,
        "",
        f"--connection: dosc is not in {config}; did you mean docs?\n",
    )
    assert run(*common, "--connection", "docs", "--at", "2026-11-15") == (
        2,
        "",
        "--at: write it like 2026-11-01T00:00:00Z\n",
    )


CERTIFICATES = """
    tls: {certificate: c.pem, key: k.pem, client_ca: ca.pem}
identity:
  certificates:
    - {issuer: "urn:pki", connections: [docs], name: uri, groups: {r: ["spiffe://i/reader"]}, groups_from: [ou]}
policy:
  grants: [{name: readers, to: {groups: [r]}, on: {resources: ["t00/d00/kb_*"]}, allow: [meta, search, read]}]
"""


@pytest.mark.parametrize(
    ("claims", "verdict"),
    [
        ({"sub": "spiffe://i/reader"}, "allow"),
        ({"sub": "spiffe://i/other"}, "deny"),
        ({"sub": "spiffe://i/other", "certificate": {"ou": ["r"]}}, "allow"),
        ({"sub": "spiffe://i/other", "certificate": {"o": ["r"]}}, "deny"),
        ({"sub": "spiffe://i/other", "certificate": "r"}, "deny"),
    ],
)
def test_a_certificates_holder_has_the_groups_that_configuration_says(
    tmp_path: Path, claims: dict[str, Any], verdict: str
) -> None:
    head = HEAD.replace("  - {name: docs, ", "  - name: docs\n    ").replace(", ", "\n    ").replace("}", "")
    config = write(tmp_path, head.rstrip() + CERTIFICATES)
    said = msgspec.json.encode({"iss": "urn:pki"} | claims).decode()
    line = msgspec.json.encode(query())
    ran = run("explain", "-c", config, "--connection", "docs", "--as", said, "--batch", "-", text=line)
    assert [answer["verdict"] for answer in ran.lines] == [verdict]
    assert ran.err == ""


@pytest.mark.parametrize(
    ("act", "verdict"),
    [({"sub": "bot", "roles": ["r"]}, "allow"), ({"sub": "bot"}, "deny"), ({"sub": "bot", "roles": ["o"]}, "deny")],
    ids=["both may", "no rights", "other rights"],
)
def test_whoever_acts_is_judged_as_well(tmp_path: Path, act: dict[str, Any], verdict: str) -> None:
    (said,) = explain(tmp_path, READER | {"act": act}, query()).lines
    assert said["verdict"] == verdict


def test_tokens_of_the_own_issuer_are_read_as_such(tmp_path: Path) -> None:
    own = "control: {listen: '127.0.0.1:6099'}\nidentity: {own: {issuer: 'https://own'}, "
    policy = POLICY.replace("identity: {", own)
    claims = {"iss": "https://own", "sub": "u", "groups": ["r"], "vecgate_subject": {"iss": "https://i/", "claims": {}}}
    ran = explain(tmp_path, claims, query(), policy=policy)
    assert (ran.lines[0]["verdict"], ran.err) == ("allow", "")
