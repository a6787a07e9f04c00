"""Attacks on requests that wait for an approval (threats H3, H5, J23, J24): whoever left, lost a right or was revoked
meanwhile runs nothing, and what was decided is judged again before it runs."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import time
from collections.abc import Iterator

import pytest
from tests.support.approval_attacks import P, Scene, new_title, scenes
from tests.support.byte_wire import answer, request, send
from tests.support.under_attack import POLICY, PUBLIC, collection

from vecgate.identity.revocation import Revocation, What
from vecgate.state.open import open_store

pytestmark = pytest.mark.real

PATIENT = """
  approvals:
    - {name: bulk, on: {risks: [bulk_delete]}, reviewers: {groups: [owners]}, hold: 10s, expires: 60s}
"""


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Where requests wait long enough for something to happen meanwhile."""
    yield from scenes(tmp_path_factory.mktemp("patient"), POLICY + PATIENT)


def test_a_client_that_left_runs_nothing(patient: Scene) -> None:
    data = patient.delete(new_title())
    patient.attacked.drain()
    before = patient.pending()
    with socket.create_connection(("127.0.0.1", patient.attacked.port)) as connection:
        connection.sendall(data)
        time.sleep(0.2)
    assert patient.attacked.outcome()["facts"]["reason"] == "client_gone"
    [ticket] = patient.pending() - before
    patient.decide(ticket, "approve")
    time.sleep(0.3)
    assert patient.sent() == []
    assert patient.attacked.allowed(data)[0].status == 200


def test_a_half_closed_client_has_left(patient: Scene) -> None:
    data = patient.delete(new_title())
    before = patient.pending()
    with socket.create_connection(("127.0.0.1", patient.attacked.port)) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(100) == b""
    assert patient.attacked.outcome()["facts"]["reason"] == "client_gone"
    for ticket in patient.pending() - before:
        patient.decide(ticket, "approve")
    time.sleep(0.3)
    assert patient.sent() == []


def test_an_approved_request_that_waits_runs_at_once_and_once(patient: Scene) -> None:
    thread, replies, ticket = patient.waiting(patient.delete(new_title()))
    others = send(patient.attacked.port, request("/api/v2/version"))
    assert others.status == 200
    assert patient.decide(ticket, "approve").status_code == 200
    thread.join(5)
    assert (replies[0].status, patient.sent()) == (200, ["POST " + P + "/delete HTTP/1.1"])
    patient.attacked.settle(2)


def test_a_token_that_ends_while_its_request_waits_runs_nothing(patient: Scene) -> None:
    ending = int(time.time()) - 60 + 2
    thread, replies, ticket = patient.waiting(patient.delete(new_title(), exp=ending, jti="ending"))
    time.sleep(2.5)
    assert patient.decide(ticket, "approve").status_code == 200
    thread.join(5)
    assert (replies[0].status, replies[0].reason) == (401, "token_expired")
    assert patient.sent() == []
    patient.attacked.settle(1)


async def test_whoever_is_revoked_while_a_request_waits_runs_nothing(patient: Scene) -> None:
    thread, replies, ticket = patient.waiting(patient.delete(new_title(), subject="leaver"))
    store = open_store("sqlite:///state.db", patient.attacked.gateway.folder)
    await store.start()
    await store.revoke(Revocation(what=What.SUBJECT, issuer="https://issuer.test/", value="leaver"))
    await store.close()
    await asyncio.sleep(0.5)
    assert patient.decide(ticket, "approve").status_code == 200
    thread.join(5)
    assert (replies[0].status, replies[0].reason, patient.sent()) == (401, "token_revoked", [])
    patient.attacked.settle(1)
    patient.attacked.attack(401, "token_revoked", patient.delete("again", subject="leaver"))


CHANGES: dict[str, tuple[str, str, str]] = {
    "H3 the grant": ("to: {groups: [writers]}", "to: {groups: [nobody]}", "no_grant"),
    "H3 its time": ("{name: write-public,", "{name: write-public, until: 2026-01-01T00:00:00Z,", "no_grant"),
    "H3 a mask": ("fields: {ssn: redact", "fields: {title: redact, ssn: redact", "masked_field_used"),
    "H3 a mask that does not steer": ("fields: {ssn: redact", "fields: {ssn: drop", "approval_expired"),
    "H3 the reviewers": ("reviewers: {groups: [owners]}", "reviewers: {groups: [others]}", "approval_expired"),
    "H3 the approvals": ("hold: 10s", "approvals: 2, hold: 10s", "approval_expired"),
}


@pytest.mark.parametrize(("old", "new", "reason"), CHANGES.values(), ids=CHANGES)
def test_a_rule_that_changes_while_a_request_waits_runs_nothing(
    old: str, new: str, reason: str, patient: Scene
) -> None:
    thread, replies, ticket = patient.waiting(patient.delete(new_title()))
    with reloaded(patient, old, new):
        assert patient.decide(ticket, "approve").status_code == 200
        thread.join(5)
    assert (replies[0].status, replies[0].reason, patient.sent()) == (403, reason, [])
    assert patient.attacked.settle(1)[0]["facts"]["reason"] == reason


def test_a_rule_that_goes_while_a_request_waits_needs_no_more_than_its_approval(patient: Scene) -> None:
    thread, replies, ticket = patient.waiting(patient.delete(new_title()))
    with reloaded(patient, "risks: [bulk_delete]", "risks: [restore]"):
        assert patient.decide(ticket, "approve").status_code == 200
        thread.join(5)
    assert (replies[0].status, replies[0].reason) == (403, "approval_expired")
    assert patient.sent() == []
    patient.attacked.settle(1)


def test_a_collection_that_is_renamed_while_a_request_waits_runs_nothing(patient: Scene) -> None:
    thread, replies, ticket = patient.waiting(patient.delete(new_title()))
    pattern = next(key for key in patient.attacked.upstream.routes if f"by-id/{PUBLIC}" in key)
    before = patient.attacked.upstream.routes[pattern]
    patient.attacked.upstream.routes[pattern] = answer(collection(PUBLIC, "secret"))
    try:
        assert patient.decide(ticket, "approve").status_code == 200
        thread.join(5)
    finally:
        patient.attacked.upstream.routes[pattern] = before
    assert (replies[0].status, replies[0].reason, patient.sent()) == (403, "no_grant", [])
    patient.attacked.settle(1)


@contextlib.contextmanager
def reloaded(scene: Scene, old: str, new: str) -> Iterator[None]:
    """The gateway's configuration with one change, for a while."""
    config = scene.attacked.gateway.folder / "vecgate.yaml"
    before = config.read_text()
    assert old in before
    try:
        _reload(scene, before.replace(old, new))
        yield
    finally:
        _reload(scene, before)


def _reload(scene: Scene, text: str) -> None:
    running = scene.attacked.gateway
    done, deadline = running.log.count("configuration reloaded"), time.monotonic() + 10
    (running.folder / "vecgate.yaml").write_text(text)
    running.process.send_signal(signal.SIGHUP)
    while running.log.count("configuration reloaded") == done:
        assert time.monotonic() < deadline, running.log[-2000:]
        time.sleep(0.02)
