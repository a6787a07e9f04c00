"""Revocations over HTTP: who may, in which form, and what the caller gets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest
from tests.support.approvals import Evidence, approvals_on
from tests.support.state import ISSUER, person, revoked

from vecgate.config.identity import Subjects
from vecgate.control.app import control_app
from vecgate.control.guard import allowed_hosts
from vecgate.errors import Refusal
from vecgate.identity.principal import Principal
from vecgate.identity.provisioning import Provisioning
from vecgate.identity.revocations import Revocations
from vecgate.reasons import Reason
from vecgate.state.memory import MemoryStore

ADA, ALICE = person("ada", "security"), Principal(ISSUER, "alice", token_id="t1")
PEOPLE = {principal.subject: principal for principal in (ADA, ALICE)}
SUBJECT = {"what": "subject", "issuer": ISSUER, "value": "alice", "reason": "left"}


class Services:
    """Tokens are people's names, and end with a revocation."""

    def __init__(self) -> None:
        self.store, self.evidence = MemoryStore(), Evidence()
        self.record, self.issuer, self.logins = self.evidence.record, None, None
        self.approvals = approvals_on(self.store, self.evidence)
        self.provisioning: dict[bytes, Provisioning] = {}
        administrators = Subjects(groups=["security"])
        self.revocations = Revocations(
            self.store, record=self.evidence.record, issuers={ISSUER}, administrators=administrators
        )

    async def authenticate(self, token: str, address: str) -> Principal:
        principal = PEOPLE.get(token)
        if principal is None:
            raise Refusal(Reason.TOKEN_INVALID)
        if self.store.revoked(principal):
            raise Refusal(Reason.TOKEN_REVOKED)
        return principal

    def healthy(self) -> bool:
        return True


@pytest.fixture
async def services() -> AsyncIterator[Services]:
    made = Services()
    await made.store.start()
    yield made
    await made.approvals.close()


@pytest.fixture
async def client(services: Services) -> AsyncIterator[httpx.AsyncClient]:
    app = control_app(services, allowed_hosts("127.0.0.1", 6099))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:6099") as client:
        yield client


async def send(client: httpx.AsyncClient, who: str, path: str = "", document: Any = None) -> httpx.Response:
    headers = {"authorization": f"Bearer {who}"}
    if document is None:
        return await client.get(f"/v1/revocations{path}", headers=headers)
    return await client.post(f"/v1/revocations{path}", headers=headers, json=document)


async def test_an_administrator_revokes_lists_and_lifts(client: httpx.AsyncClient, services: Services) -> None:
    made = (await send(client, "ada", document=SUBJECT | {"until": "2999-01-01T00:00:00Z"})).json()
    assert (made["what"], made["value"], made["until"]) == ("subject", "alice", "2999-01-01T00:00:00Z")
    assert (made["by"], made["reason"]) == (ADA.key, "left")
    assert (await send(client, "alice", "/own", {})).json()["reason"] == "token_revoked"
    assert (await send(client, "ada")).json() == {"revocations": [made]}
    assert (await send(client, "ada", "/lift", SUBJECT)).json() == made
    assert (await send(client, "ada")).json() == {"revocations": []}
    assert (await send(client, "ada", "/lift", SUBJECT)).status_code == 404
    assert services.evidence.steps == ["revoked", "lifted"]


@pytest.mark.parametrize("path", ["", "/lift"])
async def test_nobody_else_revokes_others(client: httpx.AsyncClient, services: Services, path: str) -> None:
    for who, status in (("alice", 403), ("nobody", 401)):
        assert (await send(client, who, path, SUBJECT)).status_code == status
        assert (await send(client, who)).status_code == status
    assert await services.revocations.list() == []


async def test_everybody_ends_their_own_token(client: httpx.AsyncClient) -> None:
    assert (await send(client, "alice", "/own", {"reason": "lost laptop"})).json()["value"] == "t1"
    answer = await send(client, "alice", "/own", {})
    assert (answer.status_code, answer.json()["reason"]) == (401, "token_revoked")
    assert (await send(client, "ada", "/own", {})).json()["reason"] == "bad_body", "it has neither jti nor sid"


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (SUBJECT | {"what": "everybody"}, "unknown_member"),
        (SUBJECT | {"until": "2999-01-01T00:00:00"}, "unknown_member"),
        (SUBJECT | {"until": "2020-01-01T00:00:00Z"}, "bad_body"),
        (SUBJECT | {"source": "directory"}, "unknown_member"),
        (SUBJECT | {"by": "somebody else"}, "unknown_member"),
        (SUBJECT | {"issuer": "https://typo.test/"}, "bad_body"),
        ({"what": "subject", "issuer": ISSUER, "value": "alice"}, "unknown_member"),
    ],
)
async def test_what_is_not_understood_revokes_nothing(
    client: httpx.AsyncClient, services: Services, document: Any, reason: str
) -> None:
    answer = await send(client, "ada", document=document)
    assert (answer.status_code, answer.json()["reason"]) == (400, reason)
    assert await services.revocations.list() == []


@pytest.mark.parametrize("path", ["/v1/revocations", "/v1/revocations/lift", f"/v1/approvals/{'0' * 32}/approve"])
async def test_whoever_is_revoked_while_the_body_comes_changes_nothing(
    client: httpx.AsyncClient, services: Services, path: str
) -> None:
    async def slow() -> AsyncIterator[bytes]:
        await services.revocations.revoke(revoked("ada"), ALICE)
        yield msgspec.json.encode({"comment": ""} if "approve" in path else SUBJECT)

    headers = {"authorization": "Bearer ada", "content-type": "application/json"}
    answer = await client.post(path, headers=headers, content=slow())
    assert (answer.status_code, answer.json()["reason"]) == (401, "token_revoked")
    assert [each.value for each in await services.revocations.list()] == ["ada"]


async def test_no_page_can_make_a_browser_revoke(client: httpx.AsyncClient, services: Services) -> None:
    headers = {"authorization": "Bearer ada", "content-type": "text/plain"}
    assert (await client.post("/v1/revocations", headers=headers, content=b"{}")).status_code == 415
    assert (await client.get("/v1/revocations/own", headers={"authorization": "Bearer ada"})).status_code == 405
