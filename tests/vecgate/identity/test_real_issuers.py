"""The authenticator against a provider of somebody else's making: nanoidp, as a process of its own."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.nanoidp import Nanoidp
from tests.support.tokens import assemble, ec, hmac_signed

from vecgate.config.identity import Claims, Identity, Issuer
from vecgate.config.units import Duration
from vecgate.errors import Refusal
from vecgate.identity.authenticator import Authenticator
from vecgate.reasons import Reason

pytestmark = pytest.mark.real


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[Nanoidp]:
    nanoidp = Nanoidp(tmp_path)
    nanoidp.start()
    yield nanoidp
    nanoidp.stop()
    nanoidp.http.close()


def model(provider: Nanoidp, **changes: Any) -> Issuer:
    given: dict[str, Any] = {"issuer": provider.url, "audience": "vecgate", "allow_http": True} | changes
    return Issuer(**given)


@pytest.fixture
async def authenticator(provider: Nanoidp) -> AsyncIterator[Authenticator]:
    started = Authenticator(Identity(issuers=[model(provider)]), Path())
    await started.start()
    yield started
    await started.stop()


async def reason(authenticator: Authenticator, token: str) -> Reason:
    with pytest.raises(Refusal) as caught:
        await authenticator.authenticate(token)
    return caught.value.reason


async def test_a_person_and_a_service_are_known_by_their_tokens(
    provider: Nanoidp, authenticator: Authenticator
) -> None:
    person = await authenticator.authenticate(provider.device_flow()["access_token"])
    assert (person.issuer, person.subject) == (provider.url, "dana")
    assert person.groups == {"data-science", "eng"}
    service = await authenticator.authenticate(provider.client_token())
    assert (service.subject, service.client, service.groups) == ("demo-client", "demo-client", frozenset())


async def test_an_id_token_is_for_the_client_not_for_the_gateway(
    provider: Nanoidp, authenticator: Authenticator
) -> None:
    assert await reason(authenticator, provider.device_flow()["id_token"]) is Reason.AUDIENCE_MISMATCH


async def test_a_rotated_key_is_fetched_and_older_tokens_stay_good(
    provider: Nanoidp, authenticator: Authenticator
) -> None:
    before = provider.client_token()
    provider.rotate()
    after = provider.client_token()
    assert before.partition(".")[0] != after.partition(".")[0]
    for token in (before, after):
        assert (await authenticator.authenticate(token)).subject == "demo-client"


async def test_tokens_forged_from_real_ones_are_invalid(provider: Nanoidp, authenticator: Authenticator) -> None:
    token = provider.client_token()
    head, body, signature = token.split(".")
    jwk = provider.http.get("/.well-known/jwks.json").json()["keys"][0]
    payload = base64.urlsafe_b64decode(body + "==")
    other = base64.urlsafe_b64encode(payload.replace(b"demo-client", b"admin")).rstrip(b"=").decode()
    kid = jwk["kid"]
    for forged in (
        f"{head}.{other}.{signature}",
        f"{head}.{body}.{signature[:-4]}AAAA",
        hmac_signed(jwk["n"].encode(), {"alg": "HS256", "kid": kid}, payload),
        assemble({"alg": "ES256", "kid": kid}, payload, ec(), "ES256"),
        assemble({"alg": "RS256", "kid": kid}, payload, ec(), "ES256"),
    ):
        assert await reason(authenticator, forged) is Reason.TOKEN_INVALID


async def test_an_outage_spares_known_keys_for_the_grace_time(provider: Nanoidp) -> None:
    authenticator = Authenticator(Identity(issuers=[model(provider, grace=Duration.parse("2s"))]), Path())
    await authenticator.start()
    token = provider.client_token()
    provider.stop()
    assert (await authenticator.authenticate(token)).subject == "demo-client"
    deadline = time.monotonic() + 10
    while authenticator.cached(token) is not None and time.monotonic() < deadline:
        await asyncio.sleep(0.05)
    assert await reason(authenticator, token) is Reason.IDENTITY_UNAVAILABLE
    await authenticator.stop()


async def test_other_rules_refuse_the_same_token(provider: Nanoidp) -> None:
    token = provider.client_token()
    expected = {
        Reason.AUDIENCE_MISMATCH: model(provider, audience="other"),
        Reason.TOKEN_INVALID: model(provider, strict=True),
    }
    for why, issuer in expected.items():
        authenticator = Authenticator(Identity(issuers=[issuer]), Path())
        assert await reason(authenticator, token) is why
        await authenticator.stop()


async def test_groups_stand_where_the_pointer_says(provider: Nanoidp) -> None:
    authenticator = Authenticator(Identity(issuers=[model(provider, claims=Claims(groups="/roles"))]), Path())
    principal = await authenticator.authenticate(provider.device_flow()["access_token"])
    assert principal.groups == {"USER"}
    await authenticator.stop()
