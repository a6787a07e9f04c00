"""Attacks on approvals (threats H): nobody approves what is their own, and an approval is good for one person, one
request and one use."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Iterator
from typing import Any

import pytest
from tests.support.approval_attacks import P, Scene, new_title, scenes
from tests.support.byte_wire import request, send
from tests.support.under_attack import COLLECTIONS, POLICY, PUBLIC

pytestmark = pytest.mark.real

RULES = """
  approvals:
    - name: bulk
      on: {risks: [bulk_delete, bulk_update, drop_collection]}
      reviewers: {groups: [owners]}
      hold: 100ms
      expires: 60s
    - name: two
      on: {actions: [admin]}
      reviewers: {groups: [owners]}
      approvals: 2
      hold: 100ms
      expires: 60s
"""


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    yield from scenes(tmp_path_factory.mktemp("approvals"), POLICY + RULES)


ACTOR = {"sub": "wanda", "groups": ["owners"]}
"""Who acts for a reviewer must be one, too."""
WHO: dict[str, tuple[str, tuple[str, ...], dict[str, Any], int, str]] = {
    "H1 oneself": ("wanda", ("owners",), {}, 403, "self_approval"),
    "H1 oneself by another token": ("wanda", ("owners", "writers"), {"jti": "x"}, 403, "self_approval"),
    "H1 through an actor": ("olga", ("owners",), {"act": ACTOR}, 403, "self_approval"),
    "H1 through an actor's actor": (
        "olga",
        ("owners",),
        {"act": {"sub": "x", "groups": ["owners"], "act": ACTOR}},
        403,
        "self_approval",
    ),
    "H1 a second account with the same address": ("olga", ("owners",), {"email": "W@x.example"}, 403, "self_approval"),
    "H1 an agent that is no reviewer": ("olga", ("owners",), {"act": {"sub": "x"}}, 404, "not_found"),
    "somebody else": ("mallory", ("readers",), {}, 404, "not_found"),
    "a group that looks the same": ("mallory", ("Owners", "owner", "owners "), {}, 404, "not_found"),
}


@pytest.mark.parametrize("verb", ["approve", "deny"])
@pytest.mark.parametrize(("subject", "groups", "claims", "status", "reason"), WHO.values(), ids=WHO)
def test_only_another_reviewer_decides(
    verb: str, subject: str, groups: tuple[str, ...], claims: dict[str, Any], status: int, reason: str, scene: Scene
) -> None:
    title = f"who {subject} {groups} {claims}"
    ticket = scene.held(scene.delete(title, email="w@x.example"))
    reply = scene.decide(ticket, verb, subject, *groups, **claims)
    assert (reply.status_code, reply.json()["reason"]) == (status, reason)
    assert scene.state(ticket) == "pending"


def test_the_requesters_own_actor_does_not_approve(scene: Scene) -> None:
    ticket = scene.held(scene.delete(new_title(), act={"sub": "olga", "groups": ["writers"]}))
    assert scene.decide(ticket, "approve").json()["reason"] == "self_approval"


def test_nothing_is_decided_without_a_json_post_and_a_token(scene: Scene) -> None:
    ticket = scene.ticket()
    path = f"/v1/approvals/{ticket}/approve"
    headers = {"authorization": f"Bearer {scene.attacked.token('olga', 'owners')}"}
    assert scene.control.get(path, headers=headers).status_code == 405
    assert scene.control.post(path, json={}).status_code == 401
    assert scene.control.post(path, headers=headers, data={"comment": "x"}).status_code == 415
    assert scene.control.post(path, headers=headers, content=b"{}").status_code == 415
    assert scene.control.post(path, headers=headers, json={"approve": True}).status_code == 400
    assert scene.control.post(path, headers={**headers, "host": "evil.example"}, json={}).status_code == 421
    assert scene.control.post(path, headers={"cookie": f"token={headers}"}, json={}).status_code == 401
    assert scene.control.post(path.replace(ticket, "0" * 32), headers=headers, json={}).status_code == 404
    assert scene.control.post(path.replace(ticket, ticket.upper()), headers=headers, json={}).status_code == 404
    assert scene.state(ticket) == "pending"
    framed = scene.control.get("/v1/approvals", headers=headers)
    assert "frame-ancestors 'none'" in framed.headers["content-security-policy"]


def test_an_approval_is_good_for_one_use(scene: Scene) -> None:
    data = scene.delete(new_title())
    ticket = scene.held(data)
    assert scene.decide(ticket, "approve").json()["state"] == "approved"
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda _: send(scene.attacked.port, data), range(8)))
    assert sorted(reply.status for reply in replies) == [200] + [403] * 7
    assert scene.sent() == [f"POST {P}/delete HTTP/1.1"]
    assert scene.state(ticket) == "executed"
    outcomes = scene.attacked.drain()
    assert len(outcomes) == 8
    [ran] = [each["facts"] for each in outcomes if each["facts"]["reason"] == "approved"]
    assert (ran["ticket"], ran["approvers"]) == (ticket, ["https://issuer.test/ olga"])
    again = scene.held(data)
    assert again != ticket


OTHERS: dict[str, tuple[str, bytes]] = {
    "H2 another value": ("delete", b'{"where":{"title":"y"}}'),
    "H2 another operator": ("delete", b'{"where":{"title":{"$ne":"x"}}}'),
    "H2 more": ("delete", b'{"where":{"title":"x"},"limit":5}'),
    "H2 null is not absent": ("delete", b'{"where":{"title":"x"},"ids":null}'),
    "H2 nothing": ("delete", b"{}"),
}


@pytest.mark.parametrize(("verb", "body"), OTHERS.values(), ids=OTHERS)
def test_an_approval_is_good_for_one_body(verb: str, body: bytes, scene: Scene) -> None:
    bearer = scene.attacked.bearer("bound", "writers")
    approved = request(f"{P}/delete", bearer, method="POST", body=b'{"where":{"title":"x"}}')
    ticket = scene.held(approved)
    scene.decide(ticket, "approve")
    assert scene.held(request(f"{P}/{verb}", bearer, method="POST", body=body)) != ticket
    assert scene.attacked.allowed(approved)[0].status == 200


def test_an_approval_is_good_for_one_person(scene: Scene) -> None:
    title = new_title()
    ticket = scene.held(scene.delete(title))
    scene.decide(ticket, "approve")
    assert scene.held(scene.delete(title, subject="walter")) != ticket
    assert scene.held(scene.delete(title, subject="Wanda")) != ticket
    assert scene.state(ticket) == "approved"


SAME = {
    "blanks": (P, b'{ "where" : { "title" : "same" } }'),
    "escapes": (P, b'{"wh\\u0065re":{"title":"s\\u0061me"}}'),
    "the UUID without dashes": (f"{COLLECTIONS}/{PUBLIC.replace('-', '')}", b'{"where":{"title":"same"}}'),
    "an encoded path": (P.replace("collections", "%63ollections"), b'{"where":{"title":"same"}}'),
}


@pytest.mark.parametrize(("path", "body"), SAME.values(), ids=SAME)
def test_the_same_request_in_another_spelling_joins_its_ticket(path: str, body: bytes, scene: Scene) -> None:
    bearer = scene.attacked.bearer("same", "writers")
    first = scene.held(request(f"{P}/delete", bearer, method="POST", body=b'{"where":{"title":"same"}}'))
    assert scene.held(request(f"{path}/delete", bearer, method="POST", body=body)) == first


def test_a_denial_wins_and_holds(scene: Scene) -> None:
    data = scene.delete(new_title())
    ticket = scene.held(data)
    votes = [("approve", "olga"), ("deny", "otto"), ("approve", "ole"), ("deny", "oda")]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        codes = list(pool.map(lambda vote: scene.decide(ticket, *vote).status_code, votes))
    assert sorted(codes) == [200, 410, 410, 410]
    state = scene.state(ticket)
    assert state in ("approved", "denied")
    if state == "denied":
        scene.attacked.attack(403, "approval_denied", data, lookups=True)
    assert scene.decide(ticket, "approve", "olaf").status_code == 410


def test_two_approvals_are_two_people(scene: Scene) -> None:
    data = request(f"{COLLECTIONS}/kb_public", scene.attacked.bearer("root", "admins"), method="DELETE")
    ticket = scene.held(data)
    assert scene.decide(ticket, "approve").json()["state"] == "pending"
    assert scene.decide(ticket, "approve").status_code == 410
    assert scene.decide(ticket, "approve", "olga", "owners", jti="another").status_code == 410
    assert scene.held(data) == ticket
    assert scene.decide(ticket, "approve", "otto").json()["state"] == "approved"
    assert scene.attacked.allowed(data)[0].status == 200


def test_long_vectors_are_held_and_bound(scene: Scene) -> None:
    def upsert(value: float) -> bytes:
        body = {"ids": [str(number) for number in range(1001)], "embeddings": [[value] * 32] * 1001}
        return scene.attacked.post(f"{P}/upsert", body, subject="vera", groups=["writers"])

    ticket = scene.held(upsert(0.1234567))
    assert scene.held(upsert(0.1234567)) == ticket
    assert scene.held(upsert(0.1234568)) != ticket
    scene.decide(ticket, "approve")
    assert scene.attacked.allowed(upsert(0.1234567))[0].status == 200


def test_one_person_does_not_fill_the_queue(scene: Scene) -> None:
    datas = [scene.delete(f"mass {number}", subject="mass") for number in range(25)]
    with concurrent.futures.ThreadPoolExecutor(25) as pool:
        replies = list(pool.map(lambda data: send(scene.attacked.port, data), datas))
    reasons = [reply.reason for reply in replies]
    assert (reasons.count("approval_pending"), reasons.count("too_many_pending")) == (20, 5)
    [late] = {reply.status for reply in replies if reply.reason == "too_many_pending"}
    assert late == 429
    assert all(reply.header("retry-after") for reply in replies if reply.status == 429)
    scene.attacked.settle(25)
    assert scene.ticket()


def test_what_a_reviewer_sees_is_what_runs(scene: Scene) -> None:
    ticket = scene.held(scene.delete("<script>\\u202eevil</script>"))
    token = scene.attacked.token("olga", "owners")
    shown = scene.control.get(f"/v1/approvals/{ticket}", headers={"authorization": f"Bearer {token}"})
    summary = shown.json()["summary"]
    assert summary["operations"][0]["query"] == {"where": {"title": "<script>\u202eevil</script>"}}
    assert summary["complete"] is True
    assert shown.headers["content-type"].startswith("application/json")
    assert "identities" not in shown.text
