from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from tests.support.approvals import ALICE, OWNER, Evidence, approvals_on, asked
from tests.support.control import serving
from typer.testing import CliRunner

from vecgate.cli import approvals as module
from vecgate.cli.app import app
from vecgate.operations.model import Action, Operation
from vecgate.state.memory import MemoryStore

ID = "a" * 32
HOSTILE = "kb\u202e\x1b[2J\x9b1m\U000e0041"


def ticket(**changes: Any) -> dict[str, Any]:
    values = {
        "id": ID,
        "binding": "b" * 64,
        "connection": "docs",
        "exchange": "e" * 32,
        "peer": "127.0.0.1:1",
        "user_agent": "client",
        "issuer": "https://idp.test/",
        "subject": "alice",
        "name": "Alice",
        "actors": [],
        "client": "",
        "rule": "destructive",
        "reviewers": {"groups": ["db-owners"]},
        "needed": 1,
        "opened": 1_000_000.0,
        "expires": 1_000_900.0,
        "state": "pending",
        "votes": [],
        "ended": 0.0,
        "status": 0,
        "yours": False,
        "decidable": True,
        "summary": {
            "effect": f"delete 1 in {HOSTILE}",
            "method": "POST",
            "target": "/api/kb/delete",
            "operations": [
                {
                    "name": "delete",
                    "action": "delete",
                    "resources": [HOSTILE],
                    "resources_total": 1,
                    "fields_used": [],
                    "vectors": False,
                    "risks": ["bulk_delete"],
                    "count": 1,
                    "points": 0,
                    "query": {"where": {"city": HOSTILE}},
                    "complete": True,
                }
            ],
            "operations_total": 1,
            "body_bytes": 7,
            "body_sha256": "c" * 64,
            "complete": True,
        },
    }
    return values | changes


class ControlPlane:
    """Answers as it is told to and keeps what it was asked."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.answers: dict[str, httpx.Response] = {}
        self.error: Exception | None = None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if self.error:
            raise self.error
        return self.answers[f"{request.method} {request.url.path}"]


@pytest.fixture
def control(monkeypatch: pytest.MonkeyPatch) -> ControlPlane:
    plane = ControlPlane()
    client = httpx.Client

    def make(**settings: Any) -> httpx.Client:
        return client(transport=httpx.MockTransport(plane), **settings)

    monkeypatch.setattr(httpx, "Client", make)
    monkeypatch.setattr(module, "PAUSE", 0)
    return plane


@pytest.fixture
def token(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text("my-token\n")
    return path


def run(*args: str | Path) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["approvals", *map(str, args)])
    return result.exit_code, result.stdout, result.stderr


def steering(text: str) -> list[str]:
    return [character for character in text if character not in "\n\t" and not (" " <= character <= "~")]


def test_list(control: ControlPlane, token: Path) -> None:
    control.answers["GET /v1/approvals"] = httpx.Response(200, json={"approvals": [ticket()]})
    code, out, _ = run("list", "--token-file", token, "--control", "http://control.test:1")
    assert code == 0
    assert ID in out
    assert "Alice" in out
    (request,) = control.requests
    assert request.headers["authorization"] == "Bearer my-token"
    assert str(request.url) == "http://control.test:1/v1/approvals"


def test_list_all(control: ControlPlane, token: Path) -> None:
    control.answers["GET /v1/approvals"] = httpx.Response(200, json={"approvals": []})
    assert run("list", "--all", "--token-file", token)[0] == 0
    assert control.requests[0].url.query == b"state=all"


@pytest.mark.parametrize("args", [("list",), ("show", ID), ("list", "--json"), ("show", ID, "--json")])
def test_nothing_steers_the_terminal(control: ControlPlane, token: Path, args: tuple[str, ...]) -> None:
    hostile = ticket(name=HOSTILE, user_agent=HOSTILE)
    control.answers["GET /v1/approvals"] = httpx.Response(200, json={"approvals": [hostile]})
    control.answers[f"GET /v1/approvals/{ID}"] = httpx.Response(200, json=hostile)
    code, out, _ = run(*args, "--token-file", token)
    assert code == 0
    assert steering(out) == []
    assert r"\u202e" in out
    if "--json" in args:
        document = msgspec.json.decode(out)
        assert hostile in (document, *document.get("approvals", ()))


def test_show_says_what_runs(control: ControlPlane, token: Path) -> None:
    vote = {"issuer": "i", "subject": "owner", "name": "Owner", "approve": False, "comment": "no", "at": 1_000_001.0}
    shown = ticket(votes=[vote], summary=ticket()["summary"] | {"complete": False})
    control.answers[f"GET /v1/approvals/{ID}"] = httpx.Response(200, json=shown)
    _, out, _ = run("show", ID, "--token-file", token)
    for part in ("POST /api/kb/delete", "7 bytes", "c" * 64, "b" * 64, "bulk_delete", "Not everything", "denied by"):
        assert part in out


@pytest.mark.parametrize("verb", ["approve", "deny"])
def test_a_decision(control: ControlPlane, token: Path, verb: str) -> None:
    state = {"approve": "approved", "deny": "denied"}[verb]
    control.answers[f"POST /v1/approvals/{ID}/{verb}"] = httpx.Response(200, json=ticket(state=state))
    code, out, _ = run(verb, ID, "-m", "because", "--token-file", token)
    assert (code, out.startswith(f"{ID} is {state}: ")) == (0, True)
    (request,) = control.requests
    assert msgspec.json.decode(request.content) == {"comment": "because"}
    assert request.headers["content-type"] == "application/json"
    code, out, _ = run(verb, ID, "--json", "--token-file", token)
    assert msgspec.json.decode(out)["state"] == state


def test_an_approval_that_needs_another(control: ControlPlane, token: Path) -> None:
    vote = {"issuer": "i", "subject": "owner", "name": "Owner", "approve": True, "comment": "", "at": 1.0}
    answer = httpx.Response(200, json=ticket(needed=2, votes=[vote]))
    control.answers[f"POST /v1/approvals/{ID}/approve"] = answer
    assert f"{ID} has 1 of 2 approvals" in run("approve", ID, "--token-file", token)[1]


@pytest.mark.parametrize(
    ("status", "reason"),
    [(403, "self_approval"), (404, "not_found"), (410, "approval_denied"), (401, "token_expired")],
)
def test_a_refusal_is_a_negative_answer(control: ControlPlane, token: Path, status: int, reason: str) -> None:
    problem = {"reason": reason, "detail": f"said {HOSTILE}"}
    control.answers[f"POST /v1/approvals/{ID}/approve"] = httpx.Response(status, json=problem)
    code, out, err = run("approve", ID, "--token-file", token)
    assert (code, out) == (1, "")
    assert err.startswith(f"{reason}: said kb")
    assert steering(err) == []


@pytest.mark.parametrize(
    "answer", [httpx.Response(200, text="<html>"), httpx.Response(502, json={}), httpx.Response(200, json=[])]
)
def test_something_else_than_a_control_plane(control: ControlPlane, token: Path, answer: httpx.Response) -> None:
    control.answers["GET /v1/approvals"] = answer
    code, _, err = run("list", "--token-file", token)
    assert code == 2
    assert "is not a control plane" in err


def test_a_control_plane_that_does_not_answer(control: ControlPlane, token: Path) -> None:
    control.error = httpx.ConnectError("refused")
    code, _, err = run("list", "--token-file", token)
    assert code == 2
    assert "does not answer: refused" in err


def test_without_a_token_it_says_where_one_is_looked_for(
    control: ControlPlane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    code, _, err = run("list")
    assert code == 2
    assert "vecgate" in err
    assert "vecgate login" in err
    assert control.requests == []


@pytest.mark.parametrize("bad", ["../x", "short", "A" * 32])
def test_an_id_that_is_none_goes_nowhere(control: ControlPlane, token: Path, bad: str) -> None:
    assert run("approve", bad, "--token-file", token)[0] == 2
    assert control.requests == []


def test_a_token_of_several_lines_is_not_sent(control: ControlPlane, tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("one\nx-evil: two")
    control.answers["GET /v1/approvals"] = httpx.Response(200, json={"approvals": []})
    code, _, err = run("list", "--token-file", path)
    assert code == 2
    assert "no token" in err
    assert control.requests == []


def test_watch_prints_each_ticket_once(control: ControlPlane, token: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    control.answers["GET /v1/approvals"] = httpx.Response(200, json={"approvals": [ticket()]})
    looks = 0

    def pause(seconds: float) -> None:
        nonlocal looks
        looks += 1
        if looks == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(time, "sleep", pause)
    code, out, _ = run("watch", "--json", "--token-file", token)
    assert code == 0
    assert [msgspec.json.decode(line)["id"] for line in out.splitlines()] == [ID]
    assert len(control.requests) == 3


@pytest.mark.real
async def test_a_reviewers_work_against_a_real_control_plane(tmp_path: Path) -> None:
    approvals = approvals_on(MemoryStore(), Evidence())
    operation = Operation("delete", Action.DELETE, ("t/d/kb",), query={"where": {"city": HOSTILE}})
    kept = await approvals.open(asked(operations=(operation,)))
    program = (
        "import typer\n"
        "from vecgate.cli.approvals import register\n"
        "app = typer.Typer()\n"
        "app.callback()(lambda: None)\n"
        "register(app)\n"
        "app()\n"
    )

    async def command(name: str, *args: str) -> tuple[int, str, str]:
        (tmp_path / name).write_text(f"{name}-token")
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", program, "approvals", *args, "--control", url),
            *("--token-file", str(tmp_path / name)),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=os.environ | {"TERM": "dumb"},
        )
        out, err = await process.communicate()
        return process.returncode or 0, out.decode(), err.decode()

    async with serving(approvals, {"alice-token": ALICE, "owner-token": OWNER}) as url:
        code, out, _ = await command("owner", "list", "--json")
        assert (code, [entry["id"] for entry in msgspec.json.decode(out)["approvals"]]) == (0, [kept.id])
        code, out, _ = await command("owner", "show", kept.id)
        assert (code, r"\u202e" in out, steering(out)) == (0, True, [])
        code, _, err = await command("alice", "approve", kept.id)
        assert (code, err.startswith("self_approval")) == (1, True)
        code, out, _ = await command("owner", "approve", kept.id, "--comment", "fine")
        assert (code, f"{kept.id} is approved" in out) == (0, True)
        code, _, err = await command("owner", "deny", kept.id)
        assert (code, err.startswith("approved")) == (1, True)
    await approvals.close()
