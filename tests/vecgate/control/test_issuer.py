"""The issuer over HTTP: forms, headers, errors, and what is left on record."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import pytest
from tests.support.issuing import OWN, Scene, account

from vecgate.approvals.approvals import Approvals
from vecgate.control.app import control_app
from vecgate.control.guard import allowed_hosts, host_of
from vecgate.errors import Unavailable
from vecgate.identity.accounts import NewKey
from vecgate.identity.authenticator import Authenticator
from vecgate.identity.principal import Principal
from vecgate.identity.provisioning import Provisioning
from vecgate.identity.revocations import Revocations
from vecgate.issuer.issuer import Issuer
from vecgate.reasons import Reason

KEY = NewKey.make()
FORM = {"grant_type": "client_credentials", "client_id": "indexer", "client_secret": KEY.key}


class Services:
    def __init__(self, scene: Scene, authenticator: Authenticator) -> None:
        self.issuer: Issuer | None = scene.issuer
        self.authenticator = authenticator
        self.records: list[tuple[str, dict[str, Any]]] = []
        self.full = False

    @property
    def logins(self) -> None:
        return None

    @property
    def approvals(self) -> Approvals:
        raise NotImplementedError

    @property
    def revocations(self) -> Revocations:
        raise NotImplementedError

    @property
    def provisioning(self) -> Mapping[bytes, Provisioning]:
        raise NotImplementedError

    async def authenticate(self, token: str, address: str) -> Principal:
        return await self.authenticator.authenticate(token, address=address)

    async def record(self, kind: str, facts: Mapping[str, Any]) -> None:
        if self.full:
            raise Unavailable(Reason.EVIDENCE_UNAVAILABLE)
        self.records.append((kind, dict(facts)))

    def healthy(self) -> bool:
        return True


@pytest.fixture
def scene() -> Scene:
    return Scene(account("indexer", KEY.digest, groups=("pipelines",)))


@pytest.fixture
async def services(scene: Scene) -> AsyncIterator[Services]:
    async with scene.authenticator() as authenticator:
        yield Services(scene, authenticator)


@pytest.fixture
async def client(services: Services) -> AsyncIterator[httpx.AsyncClient]:
    app = control_app(services, allowed_hosts("127.0.0.1", 6099) | {host_of(OWN)})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=OWN) as client:
        yield client


async def test_discovery_leads_to_the_keys_and_the_token_endpoint(client: httpx.AsyncClient) -> None:
    found = (await client.get("/.well-known/openid-configuration")).json()
    assert found["issuer"] == OWN
    (key,) = (await client.get(found["jwks_uri"])).json()["keys"]
    assert set(key) == {"kty", "crv", "x", "y", "kid", "use", "alg"}
    assert (await client.post(found["token_endpoint"], data=FORM)).status_code == 200


async def test_a_token_is_answered_once_it_is_on_record(client: httpx.AsyncClient, services: Services) -> None:
    answer = await client.post("/token", data=FORM)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "application/json"
    document = answer.json()
    assert set(document) == {"access_token", "token_type", "expires_in"}
    found = await services.authenticator.authenticate(document["access_token"])
    ((kind, facts),) = services.records
    assert kind == "token"
    assert (facts["grant"], facts["token"], facts["lifetime"]) == ("client_credentials", found.token_id, 600)
    assert facts["principal"]["subject"] == "indexer"
    assert facts["peer"].startswith("127.0.0.1:")
    assert KEY.key not in str(services.records)
    assert document["access_token"] not in str(services.records)


async def test_what_cannot_be_recorded_is_not_given(client: httpx.AsyncClient, services: Services) -> None:
    services.full = True
    answer = await client.post("/token", data=FORM)
    assert (answer.status_code, answer.json()["error"]) == (503, "temporarily_unavailable")
    assert "access_token" not in answer.text
    assert answer.headers["retry-after"]


def basic(text: str, scheme: str = "Basic") -> str:
    return f"{scheme} {base64.b64encode(text.encode()).decode()}"


KIND = {"content-type": "application/x-www-form-urlencoded"}
GRANT = b"grant_type=client_credentials"


@pytest.mark.parametrize(
    ("body", "headers", "status", "error"),
    [
        (GRANT, {"authorization": basic(f"indexer:{KEY.key}")}, 200, None),
        (GRANT + b"&unheard=of", {"authorization": basic(f"indexer:{KEY.key}", "bAsIc")}, 200, None),
        (GRANT, {}, 401, "invalid_client"),
        (GRANT, {"authorization": basic("indexer:vg_wrong")}, 401, "invalid_client"),
        (GRANT, {"authorization": basic("indexer")}, 400, "invalid_request"),
        (GRANT, {"authorization": "Basic ***"}, 400, "invalid_request"),
        (GRANT, {"authorization": f"Bearer {KEY.key}"}, 400, "invalid_request"),
        (GRANT + b"&" + GRANT, {"authorization": basic(f"indexer:{KEY.key}")}, 400, "invalid_request"),
        (b"grant_type", {}, 400, "invalid_request"),
        (b"", {}, 400, "invalid_request"),
        (b"grant_type=%ff", {}, 400, "invalid_request"),
        ("grant_type=ü".encode(), {}, 400, "invalid_request"),
        (b"&".join(b"a%d=1" % number for number in range(40)), {}, 400, "invalid_request"),
        (b"a=" + b"x" * 70_000, {}, 413, "invalid_request"),
        (b'{"grant_type":"client_credentials"}', {"content-type": "application/json"}, 415, "invalid_request"),
        (GRANT, {"content-encoding": "gzip"}, 415, "invalid_request"),
    ],
    ids=range(16),
)
async def test_forms(
    client: httpx.AsyncClient, body: bytes, headers: dict[str, str], status: int, error: str | None
) -> None:
    answer = await client.post("/token", content=body, headers=KIND | headers)
    assert (answer.status_code, answer.json().get("error")) == (status, error)
    assert answer.headers["cache-control"] == "no-store"
    assert KEY.key not in answer.text


async def test_credentials_do_not_belong_into_the_address(client: httpx.AsyncClient) -> None:
    answer = await client.post("/token", params=FORM, content=b"", headers=KIND)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert (await client.get("/token")).status_code == 405


async def test_two_authorization_headers_are_one_too_many(client: httpx.AsyncClient) -> None:
    header = ("authorization", basic(f"indexer:{KEY.key}"))
    answer = await client.post("/token", content=GRANT, headers=[*KIND.items(), header, header])
    assert answer.status_code == 400


async def test_guesses_are_refused_with_when_to_come_back(client: httpx.AsyncClient) -> None:
    answers = [await client.post("/token", data=FORM | {"client_secret": NewKey.make().key}) for _ in range(61)]
    assert [answer.status_code for answer in answers] == [401] * 60 + [429]
    assert answers[0].headers["www-authenticate"] == 'Basic realm="vecgate"'
    assert int(answers[-1].headers["retry-after"]) > 0


async def test_without_an_issuer_there_is_nothing(client: httpx.AsyncClient, services: Services) -> None:
    services.issuer = None
    for answer in (
        await client.get("/.well-known/openid-configuration"),
        await client.get("/jwks.json"),
        await client.post("/token", data=FORM),
    ):
        assert (answer.status_code, answer.json()["reason"]) == (404, "not_found")


async def test_another_name_gets_no_answer(client: httpx.AsyncClient) -> None:
    assert (await client.post("/token", data=FORM, headers={"host": "evil.test"})).status_code == 421


def test_the_issuers_host_is_what_clients_send() -> None:
    assert host_of("https://Gate.example/path") == "gate.example"
    assert host_of("http://127.0.0.1:6099") == "127.0.0.1:6099"
