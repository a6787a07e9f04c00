"""`vecgate revoke`: beside the gateway on its state and evidence, and through the control plane."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from tests.support.cli import Ran, run
from tests.support.configs import HEAD, write
from tests.support.state import opened
from tests.support.tokens import ISSUER

from vecgate.evidence.verify import verify
from vecgate.identity.principal import Principal

CONFIG = (
    HEAD
    + f"""\
identity:
  issuers: [{{issuer: "{ISSUER}", audience: vecgate, jwks: "file:jwks.json"}}]
state: {{url: "sqlite:///state.db"}}
evidence: {{directory: evidence}}
"""
)

ALICE = Principal(ISSUER, "alice")


def standing(folder: Path, principal: Principal) -> bool:
    """Whether the state in a folder, made if absent, revokes this principal."""

    async def ask() -> bool:
        async with opened("sqlite", folder) as store:
            return store.revoked(principal)

    return asyncio.run(ask())


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Of a gateway that has run."""
    assert not standing(tmp_path, ALICE)
    return write(tmp_path, CONFIG)


def records(config: Path) -> list[dict[str, Any]]:
    lines = [
        line
        for path in sorted((config.parent / "evidence").rglob("*.jsonl"))
        for line in path.read_bytes().splitlines()
    ]
    return [each["facts"] for each in map(msgspec.json.decode, lines) if each["kind"] == "revocation"]


def test_somebody_is_revoked_listed_and_lifted_beside_the_gateway(config: Path) -> None:
    at = ("-c", config, "--by", "ada")
    made = run("revoke", "subject", "alice", "--reason", "left", "--until", "7d", *at)
    assert made.out.startswith(f"subject alice of {ISSUER} is revoked until ")
    assert standing(config.parent, ALICE)
    [listed] = run("revoke", "list", "-c", config, "--json").document["revocations"]
    assert (listed["value"], listed["by"], listed["reason"]) == ("alice", "local:operator ada", "left")
    assert "alice" in run("revoke", "list", "-c", config).out
    lifted = run("revoke", "lift", "subject", "alice", "--reason", "came back", "--yes", *at)
    assert lifted.out == f"subject alice of {ISSUER} is accepted again.\n"
    assert not standing(config.parent, ALICE)
    assert [(each["step"], each["by_name"], each["reason"]) for each in records(config)] == [
        ("revoked", "ada", "left"),
        ("lifted", "ada", "came back"),
    ]
    assert verify(config.parent / "evidence").valid


def test_a_look_leaves_nothing_in_evidence(config: Path) -> None:
    assert run("revoke", "list", "-c", config, "--json").document == {"revocations": []}
    assert not (config.parent / "evidence").exists()


@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        (("subject", "alice", "--reason", "x", "--issuer", "https://typo.test/"), 1, ISSUER),
        (("subject", "alice", "--reason", "x", "--until", "tomorrow"), 2, "8h"),
        (("subject", "alice", "--reason", "x", "--until", "2020-01-01T00:00:00Z"), 1, "until"),
        (("subject", "alice", "--reason", ""), 1, "reason"),
        (("subject", "alice"), 2, "--reason"),
        (("token", "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln", "--reason", "x"), 1, "jti"),
        (("lift", "subject", "alice", "--reason", "x"), 2, "--yes"),
        (("lift", "subject", "alice", "--reason", "x", "--yes"), 1, "not_found"),
        (("lift", "everybody", "alice", "--reason", "x", "--yes"), 2, "everybody"),
    ],
)
def test_wrong_use_says_what_to_write(config: Path, args: tuple[str, ...], code: int, says: str) -> None:
    ran = run("revoke", *args, "-c", config)
    assert (ran.code, says in ran.err) == (code, True), ran.err
    assert run("revoke", "list", "-c", config, "--json").document == {"revocations": []}


@pytest.mark.parametrize(("url", "says"), [("memory:", "--control"), ("sqlite:///other.db", "no gateway has run")])
def test_a_state_that_no_gateway_has_is_refused(config: Path, url: str, says: str) -> None:
    config.write_text(CONFIG.replace("sqlite:///state.db", url))
    ran = run("revoke", "subject", "alice", "--reason", "x", "-c", config)
    assert (ran.code, says in ran.err) == (2, True), ran.err
    assert not (config.parent / "other.db").exists()


class Plane:
    """Answers every request with this, and keeps what it was asked."""

    def __init__(self, status: int, document: Any) -> None:
        self.status, self.document = status, document
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return httpx.Response(self.status, json=self.document)


MADE = {
    "what": "token",
    "value": "t1",
    "issuer": ISSUER,
    "until": None,
    "at": "2026-01-01T00:00:00Z",
    "by": "a",
    "by_name": "\x1b[2J",
    "source": "operator",
    "reason": "r",
}


def over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, plane: Plane, *args: str) -> Ran:
    client = httpx.Client
    monkeypatch.setattr(httpx, "Client", lambda **more: client(**more | {"transport": httpx.MockTransport(plane)}))
    (tmp_path / "token").write_text("secret.token\n")
    return run("revoke", *args, "--control", "http://plane.test", "--token-file", tmp_path / "token")


@pytest.mark.parametrize(
    ("args", "path", "sent"),
    [
        (
            ("token", "t1", "--reason", "leaked"),
            "/v1/revocations",
            {"what": "token", "issuer": "", "value": "t1", "reason": "leaked", "until": None},
        ),
        (("own",), "/v1/revocations/own", {"reason": ""}),
        (
            ("lift", "token", "t1", "--reason", "mistake", "--yes"),
            "/v1/revocations/lift",
            {"what": "token", "issuer": "", "value": "t1", "reason": "mistake", "source": "operator"},
        ),
    ],
)
def test_the_control_plane_is_asked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, args: tuple[str, ...], path: str, sent: Any
) -> None:
    plane = Plane(200, MADE)
    ran = over(monkeypatch, tmp_path, plane, *args)
    assert (ran.code, "token t1" in ran.out) == (0, True)
    [request] = plane.asked
    assert (request.url.path, msgspec.json.decode(request.content)) == (path, sent)
    assert request.headers["authorization"] == "Bearer secret.token"


def test_a_refusal_is_a_negative_answer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    plane = Plane(403, {"reason": "no_grant", "detail": "Only an administrator."})
    ran = over(monkeypatch, tmp_path, plane, "subject", "bob", "--reason", "x")
    assert (ran.code, ran.err) == (1, "no_grant: Only an administrator.\n")


def test_nothing_in_a_list_steers_the_terminal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ran = over(monkeypatch, tmp_path, Plane(200, {"revocations": [MADE]}), "list")
    assert "t1" in ran.out
    assert "\x1b" not in ran.out
