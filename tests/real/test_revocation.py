"""Revocation on two workers (threats J23, J24): whoever is revoked is refused everywhere, whatever was under way."""

from __future__ import annotations

import concurrent.futures
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from tests.support.byte_wire import ByteUpstream, Received, Reply, answer, read, request, send
from tests.support.gateway import HEAD, ISSUER, Gateway, gateway
from tests.support.scim import ENTRA_OFF, OKTA_ON, user
from tests.support.under_attack import CHROMA, COLLECTIONS, POLICY, PUBLIC, check_canaries

from vecgate.evidence.verify import verify

pytestmark = pytest.mark.real

P = f"{COLLECTIONS}/{PUBLIC}"
SOON = 0.5
"""Seconds after which every worker has heard: the store is looked at every 0.2."""
SECRET = "canary-of-a-directory-0123456789ab"
RULES = """
  approvals:
    - {name: bulk, on: {risks: [bulk_delete]}, reviewers: {groups: [owners]}, hold: 10s, expires: 60s}
"""
ADMINISTERED = HEAD.replace(
    'jwks: "file:jwks.json"}}]',
    'jwks: "file:jwks.json", claims: {{account: /email}}}}]\n'
    "  administrators: {{groups: [security]}}\n"
    '  provisioning: [{{issuer: "{issuer}", token: "env:SCIM_SECRET"}}]',
)
_people = count()


@dataclass
class Scene:
    gateway: Gateway
    upstream: ByteUpstream
    control: httpx.Client
    tokens: list[str] = field(default_factory=list)

    def token(self, subject: str, *groups: str, **claims: Any) -> str:
        claims = {"email": f"{subject}@corp.test"} | claims
        self.tokens.append(self.gateway.issuer.token(subject, *(groups or ("readers",)), **claims))
        return self.tokens[-1]

    def admin(self, path: str = "", document: Any = None, token: str = "") -> httpx.Response:
        headers = {"authorization": f"Bearer {token or self.token('ada', 'security')}"}
        if document is None:
            return self.control.get(f"/v1/revocations{path}", headers=headers)
        return self.control.post(f"/v1/revocations{path}", headers=headers, json=document)

    def revoke(self, what: str, value: str) -> None:
        made = self.admin(document={"what": what, "issuer": ISSUER, "value": value, "reason": "left"})
        assert made.status_code == 200, made.text

    def everywhere(self, token: str) -> set[tuple[int, str]]:
        """What a dozen connections get, and the workers behind them agree on."""
        data = request(f"{P}/count", f"Authorization: Bearer {token}")
        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            replies = list(pool.map(lambda _: send(self.gateway.port, data), range(12)))
        return {(reply.status, reply.reason) for reply in replies}

    def sent(self, method: str = "") -> list[str]:
        return [each.line for each in self.upstream.take() if each.line.startswith(method) and "by-id" not in each.line]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    def slow(received: Received) -> bytes:
        time.sleep(1.0)
        return answer({"deleted": 1}) if b"delete" in received.head else answer({"ids": ["a"], "include": []})

    routes = {"^POST .+/get ": slow, "^POST .+/delete ": slow, **CHROMA}
    upstream = ByteUpstream(routes)
    folder: Path = tmp_path_factory.mktemp("revocation")
    environment = {"SCIM_SECRET": SECRET}
    more = ("--workers", "2", "--log-level", "debug")
    try:
        with gateway(
            folder, upstream.url, POLICY + RULES, more=more, head=ADMINISTERED, environment=environment
        ) as running:
            time.sleep(0.5)  # the control plane answers for the first worker
            with httpx.Client(base_url=f"http://127.0.0.1:{running.control}", timeout=10) as control:
                made = Scene(running, upstream, control)
                yield made
            assert running.terminate() == 0
            assert check_canaries(running, made.tokens, [SECRET, "1mz050nq-canary"]) == []
            assert verify(folder / "evidence").valid
    finally:
        upstream.close()


def person() -> str:
    return f"person{next(_people)}"


@pytest.mark.parametrize("what", ["subject", "account", "session", "token"])
def test_every_worker_refuses_whoever_is_revoked(scene: Scene, what: str) -> None:
    name = person()
    token = scene.token(name, sid=f"s-{name}", jti=f"t-{name}")
    assert scene.everywhere(token) == {(200, "")}, "the validation is cached now"
    values = {"subject": name, "account": f"{name}@CORP.test", "session": f"s-{name}", "token": f"t-{name}"}
    scene.revoke(what, values[what])
    time.sleep(SOON)
    scene.sent()
    assert scene.everywhere(token) == {(401, "token_revoked")}
    assert scene.sent() == []
    another = scene.token(name, sid="s-2", jti="t-2")
    expected = (401, "token_revoked") if what in ("subject", "account") else (200, "")
    assert scene.everywhere(another) == {expected}
    named = {"what": what, "issuer": ISSUER, "value": values[what], "reason": "mistake"}
    assert scene.admin("/lift", named).status_code == 200
    time.sleep(SOON)
    refused = [each for each in scene.gateway.records() if each["facts"].get("reason") == "token_revoked"]
    assert name in {each["facts"]["principal"]["subject"] for each in refused}, "who tried is on record"
    assert scene.everywhere(token) == {(200, "")}


def test_everybody_signs_out_and_nobody_signs_out_others(scene: Scene) -> None:
    name = person()
    token = scene.token(name, jti=f"t-{name}")
    others = {"what": "subject", "issuer": ISSUER, "value": "ada", "reason": "revenge"}
    assert scene.admin("", others, token).json()["reason"] == "no_grant"
    assert scene.admin("/own", {}, token).status_code == 200
    assert scene.admin("/own", {}, token).json()["reason"] == "token_revoked", "on the control plane, too"
    time.sleep(SOON)
    assert scene.everywhere(token) == {(401, "token_revoked")}


def in_background(work: Any) -> tuple[threading.Thread, list[Reply]]:
    replies: list[Reply] = []
    thread = threading.Thread(target=lambda: replies.append(work()))
    thread.start()
    return thread, replies


def test_a_request_that_waits_for_a_reviewer_ends_at_once_and_never_runs(scene: Scene) -> None:
    name = person()
    bearer = f"Authorization: Bearer {scene.token(name, 'writers')}"
    data = request(f"{P}/delete", bearer, method="POST", body=b'{"where":{"title":"x"}}')
    waiting = [in_background(lambda: send(scene.gateway.port, data, wait=15)) for _ in range(6)]
    owner = {"authorization": f"Bearer {scene.token('olga', 'owners')}"}
    while not (found := scene.control.get("/v1/approvals", headers=owner).json()["approvals"]):
        time.sleep(0.05)
    time.sleep(SOON)
    scene.sent()
    begun = time.monotonic()
    scene.revoke("subject", name)
    for thread, replies in waiting:
        thread.join(5)
        assert (replies[0].status, replies[0].reason) == (401, "token_revoked")
    assert time.monotonic() - begun < 3, "long before the hold ends"
    assert scene.control.post(f"/v1/approvals/{found[0]['id']}/approve", headers=owner, json={}).status_code == 200
    assert send(scene.gateway.port, data).reason == "token_revoked"
    assert scene.sent("POST") == []


def test_a_body_that_is_still_on_its_way_comes_too_late(scene: Scene) -> None:
    name = person()
    body = b'{"limit":1}'
    data = request(f"{P}/get", f"Authorization: Bearer {scene.token(name)}", method="POST", body=body)
    scene.sent()
    with socket.create_connection(("127.0.0.1", scene.gateway.port), timeout=10) as connection:
        connection.sendall(data[: -len(body)])
        time.sleep(0.2)
        scene.revoke("subject", name)
        time.sleep(SOON)
        connection.sendall(body)
        assert read(connection).reason == "token_revoked"
    assert scene.sent("POST") == []


@pytest.mark.parametrize(
    ("path", "group", "body", "expected"),
    [("get", "readers", b'{"limit":1}', (401, "token_revoked")), ("delete", "writers", b'{"ids":["a"]}', (200, ""))],
    ids=["what is read is withheld", "what has happened is told"],
)
def test_an_answer_that_comes_after_the_revocation(
    scene: Scene, path: str, group: str, body: bytes, expected: tuple[int, str]
) -> None:
    name = person()
    data = request(f"{P}/{path}", f"Authorization: Bearer {scene.token(name, group)}", method="POST", body=body)
    scene.sent()
    thread, replies = in_background(lambda: send(scene.gateway.port, data, wait=15))
    time.sleep(0.3)
    scene.revoke("subject", name)
    thread.join(5)
    assert (replies[0].status, replies[0].reason) == expected, replies[0].raw
    assert len(scene.sent("POST")) == 1
    time.sleep(0.2)
    [outcome] = [
        each["facts"]
        for each in scene.gateway.records()
        if each["kind"] == "outcome" and each["exchange"] == replies[0].exchange
    ]
    assert (outcome["forwarded"], outcome["records"]) == (True, 0 if expected[0] == 401 else outcome["records"])


def test_the_command_line_revokes_beside_the_running_gateway(scene: Scene) -> None:
    name = person()
    token = scene.token(name)
    assert scene.everywhere(token) == {(200, "")}
    command = [sys.executable, "-m", "vecgate", "revoke", "subject", name, "--reason", "laptop lost", "--json"]
    config = scene.gateway.folder / "vecgate.yaml"
    made = subprocess.run([*command, "-c", config], capture_output=True, check=True, env=os.environ | {"USER": "ada"})
    assert msgspec.json.decode(made.stdout)["value"] == name
    time.sleep(SOON)
    assert scene.everywhere(token) == {(401, "token_revoked")}
    [fact] = [each["facts"] for each in scene.gateway.records() if each["facts"].get("value") == name]
    assert (fact["step"], fact["reason"], fact["by"].partition(" ")[0]) == ("revoked", "laptop lost", "local:operator")


def test_the_command_line_revokes_through_the_control_plane(scene: Scene, tmp_path: Path) -> None:
    name = person()
    token = scene.token(name, jti=f"t-{name}")
    for who, reason in ((token, "no_grant"), (scene.token("ada", "security"), "")):
        (tmp_path / "token").write_text(who)
        command = [sys.executable, "-m", "vecgate", "revoke", "token", f"t-{name}", "--reason", "leaked"]
        at = ["--control", f"http://127.0.0.1:{scene.gateway.control}", "--token-file", str(tmp_path / "token")]
        made = subprocess.run([*command, *at], capture_output=True, text=True, check=False)
        assert (made.returncode, reason in made.stderr) == (1 if reason else 0, True), made.stderr
    time.sleep(SOON)
    assert scene.everywhere(token) == {(401, "token_revoked")}


def scim(scene: Scene) -> httpx.Client:
    url = f"http://127.0.0.1:{scene.gateway.control}/scim/v2"
    return httpx.Client(base_url=url, headers={"authorization": f"Bearer {SECRET}"}, timeout=10)


def test_a_directory_deactivates_on_every_worker(scene: Scene) -> None:
    name = person()
    token = scene.token(name)
    with scim(scene) as client:
        made = client.post("/Users", json=user(f"{name}@corp.test")).json()
        assert scene.everywhere(token) == {(200, "")}
        assert client.patch(f"/Users/{made['id']}", json=ENTRA_OFF).is_success
        time.sleep(SOON)
        assert scene.everywhere(token) == {(401, "token_revoked")}
        assert client.patch(f"/Users/{made['id']}", json=OKTA_ON).is_success
        time.sleep(SOON)
        assert scene.everywhere(token) == {(200, "")}
        assert client.delete(f"/Users/{made['id']}").status_code == 204
        time.sleep(SOON)
        assert scene.everywhere(token) == {(401, "token_revoked")}


def test_a_token_without_the_account_could_not_be_told_when_deactivated(scene: Scene) -> None:
    assert scene.everywhere(scene.token(person(), email=None)) == {(401, "token_invalid")}


def test_a_listener_says_whose_tokens_it_takes(scene: Scene) -> None:
    scene.sent()
    url = scene.gateway.url
    refused = httpx.get(f"{url}{P}/count")
    metadata = f"{url}/.well-known/oauth-protected-resource"
    assert refused.headers["www-authenticate"] == f'Bearer realm="vecgate", resource_metadata="{metadata}"'
    answered = httpx.get(metadata)
    assert (answered.status_code, answered.headers["content-type"]) == (200, "application/json")
    assert answered.json() == {
        "resource": url,
        "authorization_servers": [ISSUER],
        "bearer_methods_supported": ["header"],
        "resource_name": "docs",
    }
    assert httpx.post(metadata, json={}).status_code == 405
    for near in (f"{metadata}?x=1", f"{metadata}/docs", f"{metadata}x"):
        assert httpx.get(near).status_code == 401
    assert scene.sent() == []
