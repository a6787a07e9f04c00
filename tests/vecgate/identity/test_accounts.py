"""Static keys: one of high entropy, by its digest, compared safely (J26), and closed in every other case."""

from __future__ import annotations

import contextlib
import hashlib
from hmac import compare_digest
from typing import Any

import pytest
from tests.support.issuing import NOW, OWN, Scene, account

from vecgate.config.identity import Identity, OwnIssuer
from vecgate.errors import Refusal
from vecgate.identity import accounts as module
from vecgate.identity.accounts import Accounts, NewKey
from vecgate.reasons import Reason

FIRST, SECOND, OTHER = NewKey.make(), NewKey.make(), NewKey.make()
LISTED = [
    account("indexer", FIRST.digest, SECOND.digest, groups=("pipelines",)),
    account("late", OTHER.digest, expires=NOW),
]


def accounts() -> Accounts:
    return Accounts(Identity(own=OwnIssuer(issuer=OWN), service_accounts=LISTED))


def reason(key: str) -> Reason:
    with pytest.raises(Refusal) as refused:
        accounts().prove(key, NOW)
    return refused.value.reason


def test_a_key_is_256_random_bits_that_can_be_recognised() -> None:
    assert FIRST.key.startswith("vg_")
    assert len(FIRST.key) == 46
    assert FIRST.key != SECOND.key
    assert FIRST.digest == f"sha256:{hashlib.sha256(FIRST.key.encode()).hexdigest()}"


@pytest.mark.parametrize("key", [FIRST.key, SECOND.key], ids=["old", "new"])
def test_either_key_is_the_account(key: str) -> None:
    found = accounts().prove(key, NOW)
    assert (found.issuer, found.subject, found.client) == (OWN, "indexer", "indexer")
    assert found.groups == {"pipelines"}
    assert found.claims["owner"] == "dana"
    assert found.expires == NOW + 1e6


@pytest.mark.parametrize("key", ["vg_", NewKey.make().key, FIRST.key[:-1], FIRST.key + "A", FIRST.digest], ids=range(5))
def test_anything_else_is_nobody(key: str) -> None:
    assert reason(key) is Reason.TOKEN_INVALID


def test_an_account_ends() -> None:
    assert reason(OTHER.key) is Reason.TOKEN_EXPIRED
    assert accounts().named("late", NOW) is None
    assert accounts().named("late", NOW - 1) is not None


def test_a_key_that_a_person_thought_of_is_refused() -> None:
    weak = "vg_hunter2"
    digest = f"sha256:{hashlib.sha256(weak.encode()).hexdigest()}"
    identity = Identity(own=OwnIssuer(issuer=OWN), service_accounts=[account("weak", digest)])
    with pytest.raises(Refusal):
        Accounts(identity).prove(weak, NOW)


@pytest.mark.parametrize("key", [FIRST.key, OTHER.key, NewKey.make().key], ids=["first", "last", "none"])
def test_every_digest_is_compared_and_safely(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """J26: neither which key fits nor how far one does shows in the time it takes."""
    compared = []

    def comparing(known: bytes, given: bytes) -> bool:
        compared.append((len(known), len(given)))
        return compare_digest(known, given)

    monkeypatch.setattr(module, "compare_digest", comparing)
    with contextlib.suppress(Refusal):
        accounts().prove(key, NOW)
    assert compared == [(32, 32)] * 3


def test_configuration_without_an_own_issuer_has_no_accounts() -> None:
    with pytest.raises(Refusal):
        Accounts(Identity(service_accounts=LISTED)).prove(FIRST.key, NOW)


async def test_a_key_is_a_credential_like_a_token() -> None:
    scene = Scene(*LISTED)
    async with scene.authenticator() as authenticator:
        assert authenticator.cached(FIRST.key) is None
        found = await authenticator.authenticate(FIRST.key)
        assert authenticator.cached(FIRST.key) is found
        assert FIRST.digest.removeprefix("sha256:").startswith(found.fingerprint)
        scene.revoked.add("indexer")
        assert authenticator.cached(FIRST.key) is None
        with pytest.raises(Refusal) as refused:
            await authenticator.authenticate(FIRST.key)
        assert refused.value.reason is Reason.TOKEN_REVOKED


async def test_a_cached_key_ends_with_its_account() -> None:
    scene = Scene(*LISTED)
    async with scene.authenticator() as authenticator:
        await authenticator.authenticate(FIRST.key)
        scene.clock.now += 1e6
        assert authenticator.cached(FIRST.key) is None


async def test_guesses_are_refused_before_any_is_compared() -> None:
    async with Scene(*LISTED).authenticator() as authenticator:
        reasons: list[Any] = []
        for _ in range(61):
            with pytest.raises(Refusal) as refused:
                await authenticator.authenticate(NewKey.make().key, address="192.0.2.7:1")
            reasons.append(refused.value.reason)
    assert reasons == [Reason.TOKEN_INVALID] * 60 + [Reason.TOO_MANY_FAILURES]


async def test_no_plugin_is_shown_a_static_key() -> None:
    shown: list[str] = []
    async with Scene(*LISTED).authenticator(plugin=lambda token, connection: shown.append(token)) as authenticator:
        await authenticator.authenticate(FIRST.key)
    assert shown == []
