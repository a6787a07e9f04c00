"""Attacks on what the gateway stands on (threats E5, E8): whatever breaks, is taken away or edited while it runs,
nothing unjudged is forwarded and no record is lost. Observe mode suspends policy, and nothing else."""

from __future__ import annotations

import contextlib
import re
import resource
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from tests.support.byte_wire import Received, answer, request, send
from tests.support.gateway import SERVICE_KEY, serve_command, wait_ready
from tests.support.under_attack import COLLECTIONS, POLICY, PUBLIC, UnderAttack, collection, under_attack

pytestmark = pytest.mark.real

P = f"{COLLECTIONS}/{PUBLIC}"
RULES = """
  limits:
    - {name: few, to: {groups: [few]}, requests: 1000/hour}
  approvals:
    - {name: bulk, on: {risks: [bulk_delete]}, reviewers: {groups: [owners]}, hold: 10s, expires: 60s}
"""
ROUTES = {"^POST .*/delete ": answer({"deleted": 1}), "^POST .*/upsert ": answer({})}


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[UnderAttack]:
    with under_attack(tmp_path_factory.mktemp("failures"), POLICY + RULES, ROUTES) as made:
        yield made


def read(attacked: UnderAttack) -> bytes:
    return request(f"{P}/count", attacked.bearer())


def write(attacked: UnderAttack) -> bytes:
    body = {"ids": ["a"], "embeddings": [[1, 2, 3]]}
    return attacked.post(f"{P}/upsert", body, subject="wanda", groups=["writers"])


def bulk(attacked: UnderAttack, title: str = "x") -> bytes:
    return attacked.post(f"{P}/delete", {"where": {"title": title}}, subject="wanda", groups=["writers"])


def reload(attacked: UnderAttack, said: str) -> None:
    """SIGHUP, and wait until the log says so once more."""
    before, deadline = attacked.gateway.log.count(said), time.monotonic() + 10
    attacked.gateway.process.send_signal(signal.SIGHUP)
    while attacked.gateway.log.count(said) == before:
        assert time.monotonic() < deadline, attacked.gateway.log[-2000:]
        time.sleep(0.02)


BROKEN: dict[str, Callable[[Path], object]] = {
    "no YAML": lambda file: file.write_text("version: ["),
    "another version": lambda file: file.write_text(file.read_text().replace("version: 1", "version: 2")),
    "an unknown key": lambda file: file.write_text(file.read_text() + "\nnonsense: 1\n"),
    "a misspelt key": lambda file: file.write_text(file.read_text().replace("clearance", "clearence")),
    "no policy": lambda file: file.write_text(re.sub(r"(?s)policy:.*", "policy: 1", file.read_text())),
    "an unknown mask": lambda file: file.write_text(file.read_text().replace("redact", "rot13")),
    "another port": lambda file: file.write_text(file.read_text().replace("listen: 127.0.0.1:", "listen: 127.0.0.2:")),
    "another state": lambda file: file.write_text(file.read_text().replace("sqlite:///state.db", "memory:")),
    "another evidence": lambda file: file.write_text(file.read_text().replace("directory: evidence", "directory: x")),
    "a missing secret": lambda file: file.write_text(file.read_text().replace("env:TEST_SERVICE_KEY", "env:NOTHING")),
    "a missing include": lambda file: file.write_text(file.read_text() + "  include: [nowhere.yaml]\n"),
    "binary": lambda file: file.write_bytes(bytes(range(256))),
    "nothing": lambda file: file.write_bytes(b""),
    "no file": lambda file: file.unlink(),
    "no keys": lambda file: (file.parent / "jwks.json").unlink(),
    "broken keys": lambda file: (file.parent / "jwks.json").write_text("{"),
}


@contextlib.contextmanager
def restored(attacked: UnderAttack) -> Iterator[Path]:
    """The gateway's folder, to be edited; afterwards its files are as before and in force."""
    folder = attacked.gateway.folder
    good = {name: (folder / name).read_bytes() for name in ("vecgate.yaml", "jwks.json")}
    try:
        yield folder
    finally:
        for name, content in good.items():
            (folder / name).write_bytes(content)
        reload(attacked, "configuration reloaded")
        attacked.drain()


def test_a_broken_reload_keeps_what_was_good(attacked: UnderAttack) -> None:
    secret = request(f"{COLLECTIONS}/secret", attacked.bearer())
    for name, breaking in BROKEN.items():
        with restored(attacked) as folder:
            breaking(folder / "vecgate.yaml")
            reload(attacked, "configuration not reloaded")
            assert attacked.allowed(read(attacked))[0].status == 200, name
            attacked.attack(403, "no_grant", secret)
    assert SERVICE_KEY not in attacked.gateway.log


def test_reloads_in_a_row_end_with_the_last(attacked: UnderAttack) -> None:
    with restored(attacked) as folder:
        file = folder / "vecgate.yaml"
        text = file.read_text()
        for number in range(5):
            file.write_text(text.replace("groups: [readers]", f"groups: [readers{number}]"))
            attacked.gateway.process.send_signal(signal.SIGHUP)
            attacked.drain(0.05)
        file.write_text(text.replace("groups: [readers]", "groups: [nobody]"))
        reload(attacked, "configuration reloaded")
        attacked.drain(1)
        attacked.attack(403, "no_grant", read(attacked), lookups=True)


def test_a_rotated_key_takes_over(attacked: UnderAttack) -> None:
    with restored(attacked) as folder:
        fresh = type(attacked.gateway.issuer)()
        fresh.write(folder / "jwks.json")
        reload(attacked, "configuration reloaded")
        attacked.attack(401, "token_invalid", read(attacked))
        attacked.allowed(request(f"{P}/count", f"Authorization: Bearer {fresh.token('alice', 'readers')}"))


def test_evidence_that_cannot_be_written_stops_new_work_and_loses_none(attacked: UnderAttack) -> None:
    running = attacked.gateway
    for data in (read(attacked), write(attacked)):
        attacked.allowed(data)
    [segment] = (running.folder / "evidence").rglob("*.jsonl")
    pid, endless = running.process.pid, resource.RLIM_INFINITY
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (segment.stat().st_size, endless))
    replies = [send(attacked.port, write(attacked))]
    replies += [send(attacked.port, data) for data in (read(attacked), request("/api/v2/version"), read(attacked))]
    attacked.upstream.take()
    assert [reply.reason for reply in replies] == ["evidence_unavailable"] * 4
    assert {(reply.status, reply.header("retry-after")) for reply in replies} == {(503, "5")}
    health = httpx.get(f"http://127.0.0.1:{running.control}/healthz")
    assert (health.status_code, health.json()) == (503, {"status": "failing"})
    replies.append(send(attacked.port, write(attacked)))
    assert attacked.upstream.take() == []
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (endless, endless))
    outcomes = attacked.settle(5)
    assert {each["exchange"] for each in outcomes} == {reply.exchange for reply in replies}
    assert {each["facts"]["reason"] for each in outcomes} == {"evidence_unavailable"}
    wait_ready(running)
    attacked.allowed(write(attacked))


def test_a_locked_state_store_refuses_what_needs_it(attacked: UnderAttack) -> None:
    limited = request(f"{P}/count", attacked.bearer("lim", "readers", "few"))
    with contextlib.closing(sqlite3.connect(attacked.gateway.folder / "state.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        for data in (limited, bulk(attacked)):
            reply, _ = attacked.attack(503, "state_unavailable", data, lookups=True)
            assert reply.header("retry-after")
        other.execute("ROLLBACK")
    assert attacked.allowed(limited)[0].status == 200


def test_a_state_store_that_is_taken_away_forgets_no_limit(attacked: UnderAttack) -> None:
    for name in ("state.db", "state.db-wal", "state.db-shm"):
        (attacked.gateway.folder / name).unlink(missing_ok=True)
    attacked.allowed(read(attacked))
    reply = send(attacked.port, request(f"{P}/count", attacked.bearer("lim", "readers", "few")))
    assert reply.status in (200, 503)
    attacked.drain()


def test_a_second_gateway_on_the_same_evidence_does_not_start(attacked: UnderAttack) -> None:
    folder = attacked.gateway.folder
    text = (folder / "vecgate.yaml").read_text()
    moved = text.replace(f":{attacked.port}", ":1").replace(f":{attacked.gateway.control}", ":2")
    (folder / "second.yaml").write_text(moved.replace("state.db", "other.db"))
    second = subprocess.run(
        serve_command(folder / "second.yaml"),
        capture_output=True,
        env={"TEST_SERVICE_KEY": SERVICE_KEY},
        timeout=30,
        check=False,
    )
    assert second.returncode == 2
    assert b"evidence" in second.stderr.lower()
    attacked.allowed(write(attacked))


@pytest.fixture(scope="module")
def observing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[UnderAttack]:
    folder = tmp_path_factory.mktemp("observing")
    with under_attack(folder, POLICY + RULES, ROUTES, enforcement="observe") as made:
        yield made


def test_observe_lets_through_what_policy_refuses_and_says_so(observing: UnderAttack) -> None:
    reply, _ = observing.allowed(request(f"{P}/count", observing.bearer("bob", "nobody")))
    assert reply.status == 200
    reply, _ = observing.allowed(bulk(observing))
    assert reply.status == 200
    observing.drain()


STILL: dict[str, tuple[bytes | tuple[str, object, str], int, str]] = {
    "no token": (request(f"{P}/count"), 401, "token_missing"),
    "a bad token": (request(f"{P}/count", "Authorization: Bearer x.y.z"), 401, "token_invalid"),
    "a malformed target": (request(f"{P}//count"), 400, "bad_target"),
    "a duplicate": ((f"{P}/get", b'{"limit":1,"limit":2}', "readers"), 400, "duplicate_member"),
    "an unknown member": ((f"{P}/get", {"x": 1}, "readers"), 400, "unknown_member"),
    "an unknown operation": ((f"{P}/export", {}, "readers"), 403, "unknown_operation"),
    "code": (
        (
            COLLECTIONS,
            {
                "name": "neu",
                "configuration": {
                    "embedding_function": {"type": "known", "name": "f", "config": {"trust_remote_code": True}}
                },
            },
            "admins",
        ),
        403,
        "unknown_operation",
    ),
    "a masked field": ((f"{P}/get", {"where": {"ssn": "x"}}, "readers"), 403, "masked_field_used"),
    "a masked field without a grant": ((f"{P}/get", {"where": {"ssn": "x"}}, "nobody"), 403, "masked_field_used"),
    "a masked field of a delete": ((f"{P}/delete", {"where": {"ssn": "x"}}, "nobody"), 403, "masked_field_used"),
    "a formula": ((f"{P}/search", {"searches": [{"rank": {"$val": 1}}]}, "nobody"), 403, "masked_field_used"),
    "another tenant's UUID": (
        (f"{COLLECTIONS}/33333333-3333-4333-8333-333333333333/get", {}, "nobody"),
        404,
        "not_found",
    ),
}


@pytest.mark.parametrize(("asked", "status", "reason"), STILL.values(), ids=STILL)
def test_observe_suspends_neither_identity_nor_parsing_nor_masks(
    asked: bytes | tuple[str, object, str], status: int, reason: str, observing: UnderAttack
) -> None:
    if isinstance(asked, tuple):
        path, body, group = asked
        asked = observing.post(path, body, subject="bob", groups=[group])
    observing.attack(status, reason, asked, lookups=True)


def test_observe_masks_what_it_lets_through(observing: UnderAttack) -> None:
    body = {"include": ["embeddings", "metadatas"]}
    reply, sent = observing.allowed(observing.post(f"{P}/get", body, subject="bob", groups=["nobody"]))
    assert b"embeddings" not in sent.body
    assert reply.document["metadatas"] == [{"title": "open", "ssn": "[redacted]"}]


def test_a_name_that_may_have_changed_is_not_remembered(attacked: UnderAttack) -> None:
    """The client of a rename leaves before its answer; who read meanwhile is not judged by the old name afterwards."""
    change = threading.Event()
    routes = attacked.upstream.routes
    pattern = next(key for key in routes if f"by-id/{PUBLIC}" in key)

    def renaming(received: Received) -> bytes:
        change.wait(5)
        attacked.upstream.routes[pattern] = answer(collection(PUBLIC, "secret"))
        return answer({})

    attacked.upstream.routes = {f"^PUT .*{PUBLIC} ": renaming, **routes}
    body = b'{"new_name":"secret"}'
    data = request(f"{COLLECTIONS}/{PUBLIC}", attacked.bearer("root", "admins"), method="PUT", body=body)
    renamer = threading.Thread(target=lambda: send(attacked.port, data, wait=0.4))
    renamer.start()
    time.sleep(0.2)
    assert send(attacked.port, read(attacked)).status == 200
    renamer.join()
    change.set()
    attacked.drain(0.3)
    try:
        attacked.attack(403, "no_grant", read(attacked), lookups=True)
    finally:
        attacked.upstream.routes = routes
        routes[pattern] = answer(collection(PUBLIC, "kb_public"))
