"""Attacks on a gateway that stops, is killed or starts (threats E9, H11): no port opens before all is ready, no record
is lost, no held request is released, and what nobody knows the end of is shown so."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.byte_wire import Received, Reply, answer, request, send
from tests.support.gateway import SERVICE_KEY, Gateway, gateway, serve_command, wait_ready
from tests.support.under_attack import COLLECTIONS, POLICY, PUBLIC, UnderAttack, under_attack

from vecgate.demo.processes import stop

pytestmark = pytest.mark.real

P = f"{COLLECTIONS}/{PUBLIC}"
RULES = """
  approvals:
    - {name: bulk, on: {risks: [bulk_delete]}, reviewers: {groups: [owners]}, hold: 10s, expires: 60s}
"""
ROUTES = {"^POST .*/delete ": answer({"deleted": 1}), "^POST .*/upsert ": answer({})}


def read(attacked: UnderAttack) -> bytes:
    return request(f"{P}/count", attacked.bearer())


def write(attacked: UnderAttack) -> bytes:
    body = {"ids": ["a"], "embeddings": [[1, 2, 3]]}
    return attacked.post(f"{P}/upsert", body, subject="wanda", groups=["writers"])


def bulk(attacked: UnderAttack, title: str = "x") -> bytes:
    return attacked.post(f"{P}/delete", {"where": {"title": title}}, subject="wanda", groups=["writers"])


def verified(running: Gateway) -> int:
    command = [*serve_command(running.folder)[:3], "verify", str(running.folder / "evidence")]
    return subprocess.run(command, capture_output=True, check=False).returncode


@contextlib.contextmanager
def restarted(running: Gateway) -> Iterator[Gateway]:
    """Another process on the same configuration, keys, state and evidence."""
    log = (running.folder / "gateway.log").open("ab")
    environment = {"TEST_SERVICE_KEY": SERVICE_KEY, "PATH": "/usr/bin:/bin"}
    command = serve_command(running.folder / "vecgate.yaml", "--log-level", "debug")
    with log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, env=environment, cwd=running.folder, start_new_session=True
        )
    again = Gateway(running.folder, running.port, running.control, running.issuer, process, running.http)
    try:
        wait_ready(again)
        yield again
    finally:
        stop(process)


def kinds(running: Gateway, exchange: str) -> list[tuple[str, str]]:
    found = [record for record in running.records() if record["exchange"] == exchange]
    return [(record["kind"], record["facts"].get("reason", "")) for record in found]


STARTS: dict[str, Callable[[Path], object]] = {
    "a broken file": lambda folder: (folder / "vecgate.yaml").write_text("version: 1\n"),
    "no keys": lambda folder: (folder / "jwks.json").unlink(),
    "no state": lambda folder: (folder / "state.db").write_bytes(b"this is no database" * 100),
    "an edited record": lambda folder: _edit(next((folder / "evidence").rglob("*.jsonl"))),
}


def _edit(segment: Path) -> None:
    lines = segment.read_bytes().splitlines(keepends=True)
    segment.write_bytes(b"".join([*lines[:2], lines[2].replace(b"a", b"b", 1), *lines[3:]]))


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a gateway that ran and was stopped."""
    folder = tmp_path_factory.mktemp("stopped")
    with gateway(folder, "http://127.0.0.1:9", POLICY) as running:
        assert running.terminate() == 0
    return folder


@pytest.mark.parametrize("breaking", STARTS.values(), ids=STARTS)
def test_a_gateway_that_cannot_start_opens_no_port(
    breaking: Callable[[Path], object], stopped: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(stopped, folder)
    breaking(folder)
    again = subprocess.run(
        serve_command(folder / "vecgate.yaml"),
        capture_output=True,
        env={"TEST_SERVICE_KEY": SERVICE_KEY},
        timeout=30,
        check=False,
    )
    assert (again.returncode, SERVICE_KEY.encode() in again.stderr) == (2, False)


def held(attacked: UnderAttack, data: bytes) -> tuple[threading.Thread, list[Reply]]:
    replies: list[Reply] = []
    thread = threading.Thread(target=lambda: replies.append(send(attacked.port, data, wait=15)))
    thread.start()
    time.sleep(0.4)
    return thread, replies


def test_a_stop_ends_held_requests_as_open_tickets(tmp_path: Path) -> None:
    with under_attack(tmp_path / "gateway", POLICY + RULES, ROUTES, stops=True) as attacked:
        running = attacked.gateway
        thread, replies = held(attacked, bulk(attacked))
        started = time.monotonic()
        assert running.terminate() == 0
        assert time.monotonic() - started < 5
        thread.join(5)
        assert (replies[0].status, replies[0].reason) == (403, "approval_pending")
        assert attacked.settle(1)[0]["facts"]["reason"] == "approval_pending"
        assert [each.line for each in attacked.upstream.take() if each.line.startswith("POST")] == []
        assert running.records()[-1]["facts"]["final"] is True
        assert verified(running) == 0

        with restarted(running) as again:
            ticket = str(replies[0].document["ticket"])
            headers = again.headers("olga", "owners")
            with httpx.Client(base_url=f"http://127.0.0.1:{again.control}", headers=headers) as control:
                assert control.get(f"/v1/approvals/{ticket}").json()["state"] == "pending"
                time.sleep(0.3)
                assert [each.line for each in attacked.upstream.take() if each.line.startswith("POST")] == []
                assert control.post(f"/v1/approvals/{ticket}/approve", json={}).status_code == 200
            assert send(attacked.port, bulk(attacked)).status == 200
            posts = [each.line for each in attacked.upstream.take() if each.line.startswith("POST")]
            assert posts == [f"POST {P}/delete HTTP/1.1"]
            assert again.terminate() == 0
        assert verified(running) == 0


def test_a_stop_in_the_middle_of_a_write_leaves_one_outcome(tmp_path: Path) -> None:
    slow = threading.Event()

    def hanging(received: Received) -> bytes | None:
        slow.wait(8)
        return None

    routes: dict[str, Any] = {**ROUTES, "^POST .*/upsert ": hanging}
    with under_attack(tmp_path / "gateway", POLICY + RULES, routes, stops=True) as attacked:
        thread, replies = held(attacked, write(attacked))
        assert attacked.gateway.terminate() == 0
        slow.set()
        thread.join(5)
        assert replies[0].status in (0, 500, 502, 503)
        records = [record for record in attacked.gateway.records() if record["kind"] in ("intent", "outcome")]
        assert [record["kind"] for record in records] == ["intent", "outcome"]
        assert (records[1]["facts"]["reason"], records[1]["facts"]["verdict"]) == ("interrupted", "error")
        assert verified(attacked.gateway) == 0


def test_a_kill_in_the_middle_of_a_write_is_shown_as_interrupted(tmp_path: Path) -> None:
    slow = threading.Event()

    def hanging(received: Received) -> bytes | None:
        slow.wait(8)
        return None

    routes: dict[str, Any] = {**ROUTES, "^POST .*/upsert ": hanging}
    with under_attack(tmp_path / "gateway", POLICY + RULES, routes, stops=True) as attacked:
        running = attacked.gateway
        thread, _ = held(attacked, write(attacked))
        [intent] = [record for record in running.records() if record["kind"] == "intent"]
        running.process.kill()
        running.process.wait()
        slow.set()
        thread.join(5)
        assert kinds(running, intent["exchange"]) == [("intent", "")]
        with restarted(running) as again:
            assert kinds(again, intent["exchange"]) == [("intent", ""), ("outcome", "interrupted")]
            assert send(attacked.port, read(attacked)).status == 200
            assert again.terminate() == 0
        assert verified(running) == 0


def test_a_kill_while_a_request_is_held_releases_nothing(tmp_path: Path) -> None:
    with under_attack(tmp_path / "gateway", POLICY + RULES, ROUTES, stops=True) as attacked:
        thread, _ = held(attacked, bulk(attacked))
        attacked.gateway.process.kill()
        attacked.gateway.process.wait()
        thread.join(5)
        with restarted(attacked.gateway) as again:
            headers = again.headers("olga", "owners")
            control = f"http://127.0.0.1:{again.control}/v1/approvals"
            [ticket] = httpx.get(control, headers=headers).json()["approvals"]
            assert ticket["state"] == "pending"
            httpx.post(f"{control}/{ticket['id']}/approve", headers=headers, json={})
            time.sleep(0.5)
            assert [each.line for each in attacked.upstream.take() if each.line.startswith("POST")] == []


def test_a_kill_loses_no_durable_record(tmp_path: Path) -> None:
    with under_attack(tmp_path / "gateway", POLICY + RULES, ROUTES, stops=True) as attacked:
        running = attacked.gateway
        forwarded: list[int] = []

        def pour() -> None:
            with contextlib.suppress(OSError):
                while True:
                    forwarded.append(send(attacked.port, write(attacked), wait=2).status)

        threads = [threading.Thread(target=pour) for _ in range(4)]
        for thread in threads:
            thread.start()
        time.sleep(0.8)
        running.process.kill()
        running.process.wait()
        for thread in threads:
            thread.join(10)
        upserts = [each for each in attacked.upstream.take() if "/upsert " in each.line]
        assert len(upserts) >= forwarded.count(200) > 10
        with restarted(running) as again:
            records = again.records()
            assert again.terminate() == 0
        intents = {record["exchange"] for record in records if record["kind"] == "intent"}
        outcomes = Counter(record["exchange"] for record in records if record["kind"] == "outcome")
        assert len(intents) >= len(upserts)
        assert set(outcomes.values()) == {1}
        assert intents <= outcomes.keys()
        assert verified(running) == 0


def test_a_database_that_is_down_is_a_bad_gateway(tmp_path: Path) -> None:
    with under_attack(tmp_path / "gateway", POLICY + RULES, ROUTES, stops=True) as attacked:
        attacked.allowed(read(attacked))
        attacked.upstream.close()
        for data in (request("/api/v2/version"), read(attacked), write(attacked)):
            attacked.outcomes()
            reply = send(attacked.port, data)
            outcome = attacked.outcome()
            assert reply.status == 502
            assert (outcome["facts"]["reason"], outcome["facts"]["status"]) == (reply.reason, 502)
            assert reply.reason in ("upstream_unreachable", "upstream_protocol")
            assert str(attacked.upstream.port).encode() not in reply.raw
