"""SCIM as identity providers speak it: who is deactivated, deleted or renamed is refused; who comes back is not."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from tests.support.approvals import Evidence, approvals_on
from tests.support.scim import ENTRA_MANY, ENTRA_OFF, ENTRA_ON, FULL_OFF, GROUP, OKTA_OFF, OKTA_ON, USER, patch, user
from tests.support.state import ISSUER, revoked

from vecgate.control.app import control_app
from vecgate.control.guard import allowed_hosts
from vecgate.identity.principal import Principal
from vecgate.identity.provisioning import Provisioning
from vecgate.identity.revocation import Source, What
from vecgate.identity.revocations import Revocations
from vecgate.state.memory import MemoryStore

SECRET = "canary-of-a-directory-0123456789ab"
OTHER = "https://other.test/"
NAME = "alice@corp.test"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


class Services:
    def __init__(self, attribute: Any = "userName") -> None:
        self.store, self.evidence = MemoryStore(), Evidence()
        self.record, self.issuer, self.logins = self.evidence.record, None, None
        self.approvals = approvals_on(self.store, self.evidence)
        self.revocations = Revocations(self.store, record=self.evidence.record, issuers={ISSUER, OTHER})
        self.provisioning = {
            hashlib.sha256(secret.encode()).digest(): Provisioning(issuer, attribute, self.store, self.revocations)
            for secret, issuer in ((SECRET, ISSUER), (SECRET[::-1], OTHER))
        }

    async def authenticate(self, token: str, address: str) -> Principal:
        raise AssertionError("a directory's secret is no token")

    def healthy(self) -> bool:
        return True

    def bars(self, account: str, issuer: str = ISSUER) -> bool:
        return self.store.revoked(Principal(issuer, "0oa1", account=account))


@pytest.fixture
async def services(request: pytest.FixtureRequest) -> AsyncIterator[Services]:
    made = Services(getattr(request, "param", "userName"))
    await made.store.start()
    yield made
    await made.approvals.close()


def client_of(services: Services, secret: str = SECRET) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(control_app(services, allowed_hosts("127.0.0.1", 6099))),
        base_url="https://scim.corp.test/scim/v2",
        headers={"authorization": f"Bearer {secret}", "content-type": "application/scim+json"},
    )


@pytest.fixture
async def client(services: Services) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(services) as made:
        yield made


async def created(client: httpx.AsyncClient, name: str = NAME, **more: Any) -> str:
    answer = await client.post("/Users", json=user(name, **more))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


@pytest.mark.parametrize("off", [OKTA_OFF, ENTRA_OFF, FULL_OFF, ENTRA_MANY], ids=["okta", "entra", "full", "many"])
@pytest.mark.parametrize("on", [OKTA_ON, ENTRA_ON], ids=["okta", "entra"])
async def test_a_patch_deactivates_and_reactivates(
    client: httpx.AsyncClient, services: Services, off: Any, on: Any
) -> None:
    at = f"/Users/{await created(client)}"
    assert not services.bars(NAME)
    assert (await client.patch(at, json=off)).status_code == 204
    assert (await client.get(at)).json()["active"] is False
    assert services.bars(NAME)
    assert services.bars("ALICE@corp.test"), "directories spell names as they like"
    assert not services.bars("alicia@corp.test")
    assert not services.bars(NAME, OTHER)
    assert (await client.patch(at, json=on)).status_code == 204
    assert (await client.get(at)).json()["active"] is True
    assert not services.bars(NAME)
    assert [(each["step"], each["what"], each["source"], each["by"]) for each in services.evidence.records] == [
        (step, "account", "directory", f"local:directory {ISSUER}") for step in ("revoked", "lifted")
    ]


async def test_a_put_deactivates_and_one_without_active_lets_nobody_in(
    client: httpx.AsyncClient, services: Services
) -> None:
    at = f"/Users/{await created(client)}"
    await client.put(at, json=user(NAME, active=False))
    assert services.bars(NAME)
    left_out = user(NAME)
    del left_out["active"]
    assert (await client.put(at, json=left_out)).json()["active"] is False
    assert (await client.patch(at, json=patch({"op": "remove", "path": "active"}))).status_code in (200, 204)
    assert services.bars(NAME)
    await client.put(at, json=user(NAME))
    assert not services.bars(NAME)


async def test_a_deletion_revokes_until_the_account_is_made_again(
    client: httpx.AsyncClient, services: Services
) -> None:
    at = f"/Users/{await created(client)}"
    assert (await client.delete(at)).status_code == 204
    assert services.bars(NAME)
    assert (await client.get(at)).status_code == 404
    await created(client)
    assert not services.bars(NAME)


async def test_whoever_is_created_inactive_never_gets_in(client: httpx.AsyncClient, services: Services) -> None:
    await created(client, active=False)
    assert services.bars(NAME)


async def test_an_old_name_ends_with_the_renaming(client: httpx.AsyncClient, services: Services) -> None:
    at = f"/Users/{await created(client)}"
    renamed = patch({"op": "Replace", "path": "userName", "value": "alice.b@corp.test"})
    assert (await client.patch(at, json=renamed)).status_code == 204
    assert (services.bars(NAME), services.bars("alice.b@corp.test")) == (True, False)
    await client.patch(at, json=OKTA_OFF)
    assert (services.bars(NAME), services.bars("alice.b@corp.test")) == (True, True)
    await client.put(at, json=user(NAME))
    assert (services.bars(NAME), services.bars("alice.b@corp.test")) == (False, True)


async def test_an_administrators_revocation_is_not_the_directorys_to_lift(
    client: httpx.AsyncClient, services: Services
) -> None:
    at = f"/Users/{await created(client)}"
    await services.revocations.revoke(revoked(NAME, What.ACCOUNT), Principal(ISSUER, "ada"))
    await client.patch(at, json=OKTA_OFF)
    await client.patch(at, json=OKTA_ON)
    assert services.bars(NAME)
    assert [each.source for each in await services.revocations.list()] == [Source.OPERATOR]


@pytest.mark.parametrize("services", ["externalId"], indirect=True)
async def test_the_account_may_be_the_external_id(client: httpx.AsyncClient, services: Services) -> None:
    at = f"/Users/{await created(client, externalId='9f1c')}"
    assert (await client.post("/Users", json=user("b@corp.test", externalId="9F1C"))).status_code == 409
    nameless = user("c@corp.test")
    del nameless["externalId"]
    answer = await client.post("/Users", json=nameless)
    assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidValue")
    await client.patch(at, json=ENTRA_OFF)
    assert services.bars("9f1c")
    assert (await client.patch(at, json=patch({"op": "remove", "path": "externalId"}))).status_code == 400
    assert services.bars("9f1c")


async def test_what_is_asked_before_a_user_is_made(client: httpx.AsyncClient) -> None:
    async def found(text: str) -> int:
        answer = (await client.get("/Users", params={"filter": text, "startIndex": 1, "count": 100})).json()
        assert answer["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:ListResponse"]
        return int(answer["totalResults"])

    assert await found(f'userName eq "{NAME}"') == 0
    await created(client)
    assert await found(f'userName eq "{NAME.upper()}"') == 1
    assert await found(f'externalId eq "ext-{NAME}"') == 1
    assert (await client.post("/Users", json=user(NAME))).status_code == 409


async def test_nothing_is_kept_but_what_is_needed(client: httpx.AsyncClient, services: Services) -> None:
    shown = (await client.get(f"/Users/{await created(client)}")).text
    [kept] = (await services.store.documents(f"scim {ISSUER}")).values()
    for text in (shown, kept.decode()):
        assert "Alice Archer" in text
        assert not [each for each in ("canary", "en-US", "emails", "givenName") if each in text]


async def test_groups_are_kept_and_members_come_and_go(client: httpx.AsyncClient) -> None:
    member = await created(client)
    made = await client.post("/Groups", json={"schemas": [GROUP], "displayName": "Data", "members": []})
    at = f"/Groups/{made.json()['id']}"
    await client.patch(at, json=patch({"op": "Add", "path": "members", "value": [{"value": member}]}))
    assert [each["value"] for each in (await client.get(at)).json()["members"]] == [member]
    await client.patch(at, json=patch({"op": "Remove", "path": "members", "value": [{"value": member}]}))
    assert "members" not in (await client.get(at)).json()
    await client.patch(at, json=patch({"op": "replace", "value": {"id": made.json()["id"], "displayName": "Data 2"}}))
    assert (await client.get("/Groups", params={"filter": 'displayName eq "Data 2"'})).json()["totalResults"] == 1
    assert (await client.delete(at)).status_code == 204


async def test_what_is_kept_outlives_a_restart_and_a_reload(services: Services) -> None:
    async with client_of(services) as client:
        at = f"/Users/{await created(client)}"
        await client.post("/Groups", json={"schemas": [GROUP], "displayName": "Data"})
        before = (await client.get(at)).json()
    for key in services.provisioning:
        issuer = ISSUER if key == hashlib.sha256(SECRET.encode()).digest() else OTHER
        services.provisioning[key] = Provisioning(issuer, "userName", services.store, services.revocations)
    async with client_of(services) as client:
        assert (await client.get(at)).json() == before
        assert (await client.get("/Groups")).json()["totalResults"] == 1
        await client.patch(at, json=OKTA_OFF)
    assert services.bars(NAME)


async def test_a_directory_sees_its_own_issuers_users_alone(client: httpx.AsyncClient, services: Services) -> None:
    at = f"/Users/{await created(client)}"
    async with client_of(services, SECRET[::-1]) as other:
        assert (await other.get("/Users")).json()["totalResults"] == 0
        assert (await other.patch(at, json=OKTA_OFF)).status_code == 404
        assert (await other.delete(at)).status_code == 404
        await other.delete(f"/Users/{await created(other)}")
    assert not services.bars(NAME)
    assert services.bars(NAME, OTHER)


async def test_what_cannot_be_recorded_is_not_let_in_and_says_so(client: httpx.AsyncClient, services: Services) -> None:
    at = f"/Users/{await created(client)}"
    services.evidence.broken = True
    answer = await client.patch(at, json=OKTA_OFF)
    assert (answer.status_code, answer.json()["status"], answer.headers["retry-after"]) == (503, "503", "5")
    assert services.bars(NAME), "what closes counts all the same"
    services.evidence.broken = False
    assert (await client.get(at)).json()["active"] is False
    assert services.bars(NAME), "it is not undone because somebody asks"
    assert (await client.patch(at, json=OKTA_OFF)).status_code == 204
    assert services.evidence.steps == ["revoked"], "and on record"
    services.evidence.broken = True
    assert (await client.patch(at, json=OKTA_ON)).status_code == 503
    assert services.bars(NAME)
    services.evidence.broken = False
    assert (await client.get(at)).json()["active"] is False
    assert (await client.patch(at, json=OKTA_ON)).status_code == 204
    assert not services.bars(NAME), "repeated, it opens"


async def test_a_store_that_is_gone_lets_nobody_in(client: httpx.AsyncClient, services: Services) -> None:
    await services.store.close()
    for answer in (await client.get("/Users"), await client.post("/Users", json=user(NAME))):
        assert (answer.status_code, answer.json()["status"]) == (503, "503")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"authorization": "Bearer wrong"}, 401),
        ({"authorization": f"Basic {SECRET}"}, 401),
        ({"authorization": f"Bearer {SECRET[:-1]}"}, 401),
    ],
)
@pytest.mark.parametrize("path", ["/Users", "/Users/1", "/ServiceProviderConfig", "/Schemas", "/nothing"])
async def test_without_the_secret_there_is_nothing(
    client: httpx.AsyncClient, headers: dict[str, str], status: int, path: str
) -> None:
    del client.headers["authorization"]
    for method in ("GET", "POST", "DELETE"):
        answer = await client.request(method, path, headers=headers)
        assert (answer.status_code, answer.json()["status"]) == (status, str(status))
        assert answer.json()["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
        assert answer.headers["content-type"].startswith("application/scim+json")
        assert answer.headers["www-authenticate"].startswith("Bearer ")
        assert "canary" not in answer.text


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/Users", b"{", 400),
        ("POST", "/Users", b"[]", 400),
        ("POST", "/Users", b'{"active":false,"active":true}', 400),
        ("POST", "/Users", b"[" * 100_000, 400),
        ("POST", "/Users", b'{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"]}', 400),
        ("POST", "/Users", b"x" * (1024 * 1024 + 1), 413),
        ("POST", "/Bulk", b'{"Operations":[]}', 501),
        ("GET", "/Me", b"", 501),
        ("GET", "/Devices", b"", 404),
        ("GET", "/Users?filter=active%20eq", b"", 400),
        ("GET", "/Users?filter=a&filter=b", b"", 400),
        ("PUT", "/Users", b"{}", 405),
    ],
)
async def test_what_is_wrong_is_answered_in_scims_own_form(
    client: httpx.AsyncClient, method: str, path: str, body: bytes, status: int
) -> None:
    answer = await client.request(method, path, content=body)
    assert answer.status_code == status, answer.text
    assert answer.json()["status"] == str(status)


async def test_an_operation_that_is_not_understood_changes_nothing(
    client: httpx.AsyncClient, services: Services
) -> None:
    at = f"/Users/{await created(client, active=False)}"
    for operation in (
        {"op": "replace", "path": "active", "value": "perhaps"},
        {"op": "replace", "path": "active[", "value": True},
        {"op": "activate", "path": "active", "value": True},
        {"op": "replace", "path": "userName", "value": ""},
    ):
        assert (await client.patch(at, json=patch(operation))).status_code == 400, operation
    assert services.bars(NAME)
    assert (await client.get(at)).json()["active"] is False


@pytest.mark.parametrize("path", ["ACTIVE", " active ", f"{USER.upper()}:Active"])
@pytest.mark.parametrize("value", [False, "False", "false", 0, "no", " off"])
async def test_a_deactivation_is_heard_however_it_is_written(
    client: httpx.AsyncClient, services: Services, path: str, value: object
) -> None:
    at = f"/Users/{await created(client)}"
    for operation in ({"op": "REPLACE", "path": path, "value": value}, {"op": "add", "value": {path.strip(): value}}):
        answer = await client.patch(at, json=patch(operation))
        assert (answer.status_code, services.bars(NAME)) == ((204, True) if value != " off" else (400, False))
        await client.patch(at, json=OKTA_ON)


@pytest.mark.parametrize("value", [[{"$ref": None, "value": "False"}], [False], {"value": False}, "perhaps"])
async def test_one_that_is_not_heard_is_not_answered_with_success(client: httpx.AsyncClient, value: object) -> None:
    at = f"/Users/{await created(client)}"
    for operation in (
        {"op": "replace", "path": "active", "value": value},
        {"op": "replace", "path": f"{ENTERPRISE}:active", "value": False},
        {"op": "replace", "value": [{"active": False}]},
        {"op": "replace", "value": '{"active": false}'},
    ):
        assert (await client.patch(at, json=patch(operation))).status_code == 400
    for more in ({"active": value}, {"Active": False}, {USER: {"active": False}}):
        assert (await client.put(at, json=user(NAME) | more)).status_code == 400
    assert (await client.get(at)).json()["active"] is True


@pytest.mark.parametrize(
    ("query", "shown"),
    [("count=100000", 3), ("count=-1", 0), ("startIndex=-9&count=2", 2), (f"startIndex={10**30}", 0), ("count=0", 0)],
)
async def test_pages_are_bounded(client: httpx.AsyncClient, query: str, shown: int) -> None:
    for name in "abc":
        await created(client, f"{name}@corp.test")
    found = (await client.get(f"/Users?{query}")).json()
    assert (found["totalResults"], len(found.get("Resources", []))) == (3, shown)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5000,
        "(" * 2000 + 'userName eq "a"' + ")" * 2000,
        "not " * 2000,
        'password sw "m"',
        'userName eq "a" or',
        "1 eq 1",
    ],
)
async def test_a_filter_is_nothing_else(client: httpx.AsyncClient, text: str) -> None:
    await created(client)
    answer = await client.get("/Users", params={"filter": text})
    assert answer.status_code == 400 or answer.json()["totalResults"] == 0


async def test_what_is_offered_is_described(client: httpx.AsyncClient) -> None:
    config = (await client.get("/ServiceProviderConfig")).json()
    assert {name: config[name]["supported"] for name in ("patch", "bulk", "filter", "changePassword", "etag")} == {
        "patch": True,
        "bulk": False,
        "filter": True,
        "changePassword": False,
        "etag": False,
    }
    assert config["authenticationSchemes"][0]["type"] == "oauthbearertoken"
    types = (await client.get("/ResourceTypes")).json()["Resources"]
    assert {each["endpoint"] for each in types} == {"/Users", "/Groups"}


async def test_without_a_directory_nothing_is_there(client: httpx.AsyncClient, services: Services) -> None:
    services.provisioning.clear()
    assert (await client.get("/Users")).status_code == 404


async def test_users_made_under_another_attribute_wait_for_theirs(services: Services) -> None:
    nameless = user(NAME)
    del nameless["externalId"]
    async with client_of(services) as client:
        at = f"/Users/{(await client.post('/Users', json=nameless)).json()['id']}"
    for key in services.provisioning:
        services.provisioning[key] = Provisioning(ISSUER, "externalId", services.store, services.revocations)
    async with client_of(services) as client:
        assert (await client.get(at)).status_code == 200
        assert (await client.patch(at, json=OKTA_OFF)).status_code == 400
        assert (await client.put(at, json=user(NAME, active=False))).status_code == 200
    assert services.bars(f"ext-{NAME}")
