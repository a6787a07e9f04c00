"""The demo's issuer, over real loopback sockets, against the gateway's own validation."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Literal

import httpx
import pytest

from vecgate.config.identity import Identity
from vecgate.config.identity import Issuer as IssuerModel
from vecgate.demo.issuer import Issuer
from vecgate.errors import Refusal
from vecgate.identity.authenticator import Authenticator
from vecgate.reasons import Reason

pytestmark = pytest.mark.real


@pytest.fixture(params=["ES256", "RS256"])
def issuer(request: pytest.FixtureRequest) -> Iterator[Issuer]:
    algorithm: Literal["ES256", "RS256"] = request.param
    with Issuer({"dana": ["data-science"], "olga": ["db-owners"]}, algorithm=algorithm) as running:
        yield running


@pytest.fixture
async def authenticator(issuer: Issuer) -> AsyncIterator[Authenticator]:
    model = IssuerModel(issuer=issuer.url, audience="vecgate", strict=True, allow_http=True)
    started = Authenticator(Identity(issuers=[model]), Path())
    await started.start()
    yield started
    await started.stop()


def ask(issuer: Issuer, **form: str) -> httpx.Response:
    with httpx.Client(trust_env=False) as client:
        return client.post(f"{issuer.url}/token", data={"grant_type": "client_credentials"} | form)


async def test_a_person_gets_a_token_that_proves_who_they_are(issuer: Issuer, authenticator: Authenticator) -> None:
    answer = ask(issuer, client_id="dana", client_secret=issuer.secrets["dana"]).json()
    principal = await authenticator.authenticate(answer["access_token"])
    assert (principal.issuer, principal.subject, principal.client) == (issuer.url, "dana", "dana")
    assert principal.groups == {"data-science"}
    assert answer["token_type"] == "Bearer"


async def test_keys_rotate_and_removed_ones_end(issuer: Issuer, authenticator: Authenticator) -> None:
    old = issuer.token("dana")
    await authenticator.authenticate(old)
    issuer.rotate(keep=0)
    assert (await authenticator.authenticate(issuer.token("sam", ["x"]))).groups == {"x"}
    with pytest.raises(Refusal) as caught:
        await authenticator.authenticate(old)
    assert caught.value.reason is Reason.TOKEN_INVALID


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"client_id": "dana", "client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "dana"}, 401, "invalid_client"),
        ({"client_id": "nobody", "client_secret": ""}, 401, "invalid_client"),
        ({}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"client_id": "x" * 5000}, 413, "invalid_request"),
    ],
)
def test_nobody_else_gets_one(issuer: Issuer, form: dict[str, str], status: int, error: str) -> None:
    answer = ask(issuer, **form)
    assert (answer.status_code, answer.json()) == (status, {"error": error})


def test_published_keys_are_public(issuer: Issuer) -> None:
    with httpx.Client(trust_env=False) as client:
        keys = client.get(f"{issuer.url}/jwks.json").json()["keys"]
    assert keys
    assert not any({"d", "p", "q"} & set(key) for key in keys)
