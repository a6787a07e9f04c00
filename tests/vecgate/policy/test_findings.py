"""Advice: what is valid and yet probably not meant, or not safe."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest
from tests.support.configs import MASKER, loaded

from vecgate.config.document import read
from vecgate.config.load import Loaded
from vecgate.policy.findings import findings

NOW = datetime(2026, 11, 15, tzinfo=UTC)
HEAD = """\
version: 1
control: {listen: 127.0.0.1:6099}
identity: {issuers: [{issuer: "https://idp.example/", audience: v}]}
connections:
  - {name: docs, dialect: chroma, listen: "127.0.0.1:6010", upstream: "http://127.0.0.1:8000"}
"""


def advice(made: Loaded) -> list[str]:
    return [str(each).partition("vecgate.yaml:")[2] for each in findings(made, MASKER, NOW)]


CASES = read(Path(__file__).with_name("advice.yaml")).data


@pytest.mark.parametrize("case", CASES, ids=[case["rules"].split("\n", 1)[1].strip() for case in CASES])
def test_what_is_probably_not_meant_is_said_and_nothing_else(tmp_path: Path, case: dict[str, Any]) -> None:
    assert advice(loaded(tmp_path, "policy:\n" + indent(case["rules"], "  "), HEAD)) == case["advice"]


def test_what_surrounds_the_gateway_is_remarked_on(tmp_path: Path) -> None:
    for name, mode in (("key", 0o644), ("credential", 0o640), ("good", 0o600)):
        (tmp_path / name).write_text("x")
        (tmp_path / name).chmod(mode)
    head = """\
version: 1
connections:
  - name: docs
    dialect: chroma
    listen: 0.0.0.0:6010
    upstream: http://db.example:8000
    credential: {header: x-key, value: "file:credential"}
    enforcement: observe
  - name: tls
    dialect: chroma
    listen: 0.0.0.0:6011
    upstream: https://db.example
    credential: {header: x-key, value: "file:good"}
    tls: {certificate: c.pem, key: missing.pem}
evidence: {signing_key: "file:key"}
masking: {key: "file:made-later"}
control: {listen: "0.0.0.0:6099"}
"""
    found = advice(loaded(tmp_path, "", head))

    assert found == [
        "1:1: identity: no issuer is configured: only a plugin can tell who somebody is [no-issuers]",
        "5:13: connections[0].listen: tokens cross the network in clear text: give it tls [plaintext]",
        "6:15: connections[0].upstream: the service credential crosses the network in clear text [plaintext]",
        f"7:40: connections[0].credential.value: others may read {tmp_path}/credential: chmod 600 [readable-file]",
        (
            "8:18: connections[0].enforcement: "
            "policy, limits and approvals refuse nothing here, they only record [observe]"
        ),
        f"14:36: connections[1].tls.key: there is no file {tmp_path}/missing.pem [missing-file]",
        f"15:25: evidence.signing_key: others may read {tmp_path}/key: chmod 600 [readable-file]",
        "17:19: control.listen: the control plane speaks plain HTTP beyond this host [plaintext]",
    ]


def test_a_terminals_secret_that_others_may_read_is_remarked_on(tmp_path: Path) -> None:
    (tmp_path / "secret").touch(mode=0o644)
    login = "login: {client_id: c, client_secret: 'file:secret'}"
    [found] = advice(loaded(tmp_path, f"identity: {{issuers: [{{issuer: 'https://i', audience: v, {login}}}]}}"))
    assert "identity.issuers[0].login.client_secret: others may read" in found


def test_approvals_that_nobody_can_give_are_remarked_on(tmp_path: Path) -> None:
    rules = "policy: {approvals: [{name: a, reviewers: {groups: [x]}}]}"
    head = HEAD.replace("control: {listen: 127.0.0.1:6099}\n", "")

    assert advice(loaded(tmp_path, rules, head)) == [
        "5:43: policy.approvals[0].reviewers: nobody can decide: there is no control plane [reviewers]"
    ]
