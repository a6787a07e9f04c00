from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import pytest
from tests.support.approvals import ALICE, OWNER, SECOND, STRANGER, Evidence, approvals_on, asked, rule
from tests.support.state import Clock, person

from vecgate.approvals.approvals import Approvals
from vecgate.approvals.tickets import State, Ticket
from vecgate.control import reading as module
from vecgate.control.app import control_app
from vecgate.control.guard import HEADERS, allowed_hosts
from vecgate.errors import Refusal, Unavailable
from vecgate.identity.principal import Principal
from vecgate.identity.provisioning import Provisioning
from vecgate.identity.revocations import Revocations
from vecgate.issuer.issuer import Issuer
from vecgate.operations.model import Action, Operation
from vecgate.reasons import Reason
from vecgate.state.memory import MemoryStore

PEOPLE = {principal.subject: principal for principal in (ALICE, OWNER, SECOND, STRANGER)}


class Services:
    """Tokens are people's names."""

    issuer: Issuer | None = None

    def __init__(self, approvals: Approvals, revocations: Revocations) -> None:
        self.approvals, self.revocations = approvals, revocations
        self.provisioning: dict[bytes, Provisioning] = {}
        self.well = True

    async def authenticate(self, token: str, address: str) -> Principal:
        if token == "down":
            raise Unavailable(Reason.IDENTITY_UNAVAILABLE)
        if token == "bug":
            raise RuntimeError("a secret detail")
        if token not in PEOPLE:
            raise Refusal(Reason.TOKEN_INVALID)
        return PEOPLE[token]

    @property
    def logins(self) -> None:
        return None

    async def record(self, kind: str, facts: Mapping[str, Any]) -> None:
        raise NotImplementedError

    def healthy(self) -> bool:
        return self.well


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def services(clock: Clock) -> AsyncIterator[Services]:
    store, evidence = MemoryStore(clock), Evidence()
    approvals = approvals_on(store, evidence)
    yield Services(approvals, Revocations(store, record=evidence.record))
    await approvals.close()


@pytest.fixture
async def client(services: Services) -> AsyncIterator[httpx.AsyncClient]:
    app = control_app(services, allowed_hosts("127.0.0.1", 6099))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:6099") as client:
        yield client


@pytest.fixture
async def ticket(services: Services) -> Ticket:
    return await services.approvals.open(asked())


def as_(name: str) -> dict[str, str]:
    return {"authorization": f"Bearer {name}"}


async def decide(client: httpx.AsyncClient, ticket: Ticket, verb: str, who: str) -> httpx.Response:
    return await client.post(f"/v1/approvals/{ticket.id}/{verb}", headers=as_(who), json={"comment": "why"})


def refused(answer: httpx.Response, status: int, reason: str) -> None:
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert (answer.status_code, document["status"], document["reason"]) == (status, status, reason)
    assert document["type"].endswith(reason)


async def test_a_reviewer_lists_shows_and_approves(client: httpx.AsyncClient, ticket: Ticket) -> None:
    listed = (await client.get("/v1/approvals", headers=as_("owner"))).json()["approvals"]
    shown = (await client.get(f"/v1/approvals/{ticket.id}", headers=as_("owner"))).json()
    assert listed == [shown]
    assert (shown["state"], shown["decidable"], shown["yours"]) == ("pending", True, False)
    assert shown["summary"]["effect"] == "delete 1 in t/d/kb (bulk_delete)"
    answer = await decide(client, ticket, "approve", "owner")
    assert answer.status_code == 200
    assert answer.json()["state"] == "approved"
    assert answer.json()["votes"][0]["comment"] == "why"
    assert (await client.get("/v1/approvals", headers=as_("owner"))).json() == {"approvals": []}
    assert len((await client.get("/v1/approvals?state=all", headers=as_("owner"))).json()["approvals"]) == 1


async def test_a_reviewer_denies(client: httpx.AsyncClient, ticket: Ticket) -> None:
    assert (await decide(client, ticket, "deny", "owner")).json()["state"] == "denied"


@pytest.mark.parametrize("verb", ["approve", "deny"])
async def test_the_requester_sees_the_ticket_and_cannot_decide_it(
    client: httpx.AsyncClient, ticket: Ticket, verb: str
) -> None:
    shown = (await client.get(f"/v1/approvals/{ticket.id}", headers=as_("alice"))).json()
    assert (shown["yours"], shown["decidable"]) == (True, False)
    refused(await decide(client, ticket, verb, "alice"), 403, "self_approval")


async def test_others_do_not_learn_that_the_ticket_exists(client: httpx.AsyncClient, ticket: Ticket) -> None:
    refused(await client.get(f"/v1/approvals/{ticket.id}", headers=as_("stranger")), 404, "not_found")
    refused(await decide(client, ticket, "deny", "stranger"), 404, "not_found")
    assert (await client.get("/v1/approvals?state=all", headers=as_("stranger"))).json() == {"approvals": []}


@pytest.mark.parametrize("verb", ["approve", "deny"])
@pytest.mark.parametrize(
    ("before", "reason"), [("approve", "approved"), ("deny", "approval_denied"), ("late", "approval_expired")]
)
async def test_a_decision_after_the_end_is_gone(
    client: httpx.AsyncClient, ticket: Ticket, clock: Clock, before: str, reason: str, verb: str
) -> None:
    if before == "late":
        clock.now += 15 * 60
    else:
        assert (await decide(client, ticket, before, "owner")).status_code == 200
    refused(await decide(client, ticket, verb, "second"), 410, reason)


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("verb", ["approve", "deny"])
async def test_only_post_decides(
    client: httpx.AsyncClient, services: Services, ticket: Ticket, method: str, verb: str
) -> None:
    answer = await client.request(method, f"/v1/approvals/{ticket.id}/{verb}", headers=as_("owner"))
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"
    assert (await services.approvals.get(ticket.id)).state is State.PENDING


@pytest.mark.parametrize(
    ("headers", "status", "reason"),
    [
        ([], 401, "token_missing"),
        ([("authorization", "Bearer nobody")], 401, "token_invalid"),
        ([("authorization", "Basic b3duZXI6")], 401, "token_invalid"),
        ([("authorization", "Bearer")], 401, "token_invalid"),
        ([("authorization", "Bearer owner"), ("authorization", "Bearer owner")], 400, "credential_ambiguous"),
        ([("cookie", "token=owner")], 401, "token_missing"),
        ([("authorization", "Bearer down")], 503, "identity_unavailable"),
        ([("authorization", "Bearer bug")], 503, "gateway_failure"),
    ],
)
@pytest.mark.parametrize("path", ["/v1/approvals", "/v1/approvals/ID", "/v1/approvals/ID/approve"])
async def test_nothing_is_said_to_who_is_not_known(
    client: httpx.AsyncClient,
    services: Services,
    ticket: Ticket,
    headers: list[tuple[str, str]],
    status: int,
    reason: str,
    path: str,
) -> None:
    method = "POST" if path.endswith("approve") else "GET"
    answer = await client.request(method, path.replace("ID", ticket.id), headers=headers)
    refused(answer, status, reason)
    assert ("www-authenticate" in answer.headers) == (status == 401)
    assert ("retry-after" in answer.headers) == (reason == "identity_unavailable")
    assert "secret" not in answer.text
    assert (await services.approvals.get(ticket.id)).state is State.PENDING


@pytest.mark.parametrize(
    ("body", "kind", "status", "reason"),
    [
        (b'{"comment":"x"}', "text/plain", 415, "unsupported_media"),
        (b"comment=x", "application/x-www-form-urlencoded", 415, "unsupported_media"),
        (b'{"comment":"x"}', "", 415, "unsupported_media"),
        (b"", "application/json", 400, "bad_body"),
        (b"{", "application/json", 400, "bad_body"),
        (b"[]", "application/json", 400, "unknown_member"),
        (b'{"comment":1}', "application/json", 400, "unknown_member"),
        (b'{"approve":true}', "application/json", 400, "unknown_member"),
        (b'{"comment":"' + b"x" * module.BODY + b'"}', "application/json", 413, "body_too_large"),
    ],
)
async def test_a_decision_is_a_small_json_document(
    client: httpx.AsyncClient,
    services: Services,
    ticket: Ticket,
    body: bytes,
    kind: str,
    status: int,
    reason: str,
) -> None:
    headers = as_("owner") | ({"content-type": kind} if kind else {})
    answer = await client.post(f"/v1/approvals/{ticket.id}/approve", headers=headers, content=body)
    refused(answer, status, reason)
    assert (await services.approvals.get(ticket.id)).state is State.PENDING


async def test_an_encoded_decision_is_refused(client: httpx.AsyncClient, ticket: Ticket) -> None:
    headers = as_("owner") | {"content-encoding": "gzip"}
    answer = await client.post(f"/v1/approvals/{ticket.id}/approve", headers=headers, json={})
    refused(answer, 415, "unsupported_media")


async def test_an_empty_comment_is_enough(client: httpx.AsyncClient, ticket: Ticket) -> None:
    headers = as_("owner") | {"content-type": "application/json; charset=utf-8"}
    answer = await client.post(f"/v1/approvals/{ticket.id}/approve", headers=headers, content=b"{}")
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/v1",
        "/v1/approvals/",
        "/v1/approvals/short",
        "/v1/approvals/" + "F" * 32,
        "/v1/approvals/" + "0" * 32,
        "/v1/approvals/..%2f" + "0" * 32,
        "/v1/sessions",
    ],
)
async def test_there_is_nothing_else(client: httpx.AsyncClient, path: str) -> None:
    refused(await client.get(path, headers=as_("owner")), 404, "not_found")


@pytest.mark.parametrize("query", ["state=approved", "state=", "other=1", "state=all&other=1"])
async def test_an_unknown_query_is_refused(client: httpx.AsyncClient, query: str) -> None:
    refused(await client.get(f"/v1/approvals?{query}", headers=as_("owner")), 400, "bad_target")


@pytest.mark.parametrize("host", ["evil.test", "127.0.0.1", "127.0.0.1:1", "evil.test:6099", "127.0.0.1:6099.evil"])
@pytest.mark.parametrize("path", ["/v1/approvals", "/v1/approvals/ID/approve", "/"])
async def test_a_rebound_name_gets_no_answer(client: httpx.AsyncClient, ticket: Ticket, host: str, path: str) -> None:
    headers = as_("owner") | {"host": host}
    refused(await client.post(path.replace("ID", ticket.id), headers=headers, json={}), 421, "wrong_host")


@pytest.mark.parametrize("host", ["127.0.0.1:6099", "localhost:6099", "LOCALHOST:6099", "[::1]:6099"])
async def test_loopback_names_are_known(client: httpx.AsyncClient, host: str) -> None:
    answer = await client.get("/v1/approvals", headers=as_("owner") | {"host": host})
    assert answer.status_code == 200


@pytest.mark.parametrize("path", ["/v1/approvals", "/v1/approvals/x", "/nothing", "/healthz"])
async def test_every_answer_forbids_pages_to_use_it(client: httpx.AsyncClient, path: str) -> None:
    for name in ("owner", "nobody", "bug"):
        answer = await client.get(path, headers=as_(name))
        for header, value in HEADERS:
            assert answer.headers.get_list(header.decode()) == [value.decode()]
        assert "access-control-allow-origin" not in answer.headers
        assert "set-cookie" not in answer.headers


async def test_health_needs_no_token_and_no_name(client: httpx.AsyncClient, services: Services) -> None:
    assert (await client.get("/healthz", headers={"host": "10.0.0.7:6099"})).status_code == 200
    services.well = False
    assert (await client.get("/healthz")).status_code == 503


async def test_hostile_texts_stay_text(client: httpx.AsyncClient, services: Services) -> None:
    hostile = "<script>alert(1)</script>\u202e\x1b[2J"
    operation = Operation("delete", Action.DELETE, (hostile,), query={"text": hostile})
    ticket = await services.approvals.open(asked(operations=(operation,), user_agent=hostile))
    answer = await client.get(f"/v1/approvals/{ticket.id}", headers=as_("owner"))
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.json()["user_agent"] == hostile


async def test_a_reload_changes_who_is_asked(client: httpx.AsyncClient, services: Services) -> None:
    other = approvals_on(MemoryStore(), Evidence())
    ticket = await other.open(asked(rule=rule()))
    services.approvals = other
    listed: dict[str, Any] = (await client.get("/v1/approvals", headers=as_("owner"))).json()
    assert [entry["id"] for entry in listed["approvals"]] == [ticket.id]
    await other.close()


async def test_an_actor_chain_shows_in_the_api_as_self_approval(
    client: httpx.AsyncClient, ticket: Ticket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PEOPLE, "proxy", person("proxy", "db-owners", act={"sub": "alice"}))
    refused(await decide(client, ticket, "approve", "proxy"), 403, "self_approval")
