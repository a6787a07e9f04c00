"""Minting: what the data path reads back is the principal that went in, and nothing lives longer than it may."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.support.issuing import IDP, NOW, OWN, Scene, account
from tests.support.tokens import claims, ec, jwks_file, mint

from vecgate.config.identity import Issuer as IssuerModel
from vecgate.errors import Refusal, Unavailable
from vecgate.identity.accounts import NewKey
from vecgate.identity.principal import Principal
from vecgate.identity.revocation import Revocation, What
from vecgate.identity.tokens import LEEWAY
from vecgate.issuer.keyring import Ring
from vecgate.reasons import Reason
from vecgate.state.memory import MemoryStore

ALICE = Principal(
    IDP,
    "alice",
    name="Alice",
    groups=frozenset({"eng", "staff"}),
    client="web",
    claims={"iss": IDP, "sub": "alice", "risk": "high", "groups": ["eng", "staff"], "exp": 1, "jti": "theirs"},
    token_id="theirs",
)
AGENT = Principal(IDP, "agent-7", groups=frozenset({"agents"}), client="bot", claims={"sub": "agent-7", "tier": 2})


@pytest.fixture
def scene() -> Scene:
    return Scene(account("indexer", groups=("pipelines",)))


def known() -> IssuerModel:
    return IssuerModel(issuer=IDP, audience="vecgate", jwks="https://issuer.test/jwks")


def read(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    header, claims = (base64.urlsafe_b64decode(part + "==") for part in token.split(".")[:2])
    return msgspec.json.decode(header), msgspec.json.decode(claims)


def seen(principal: Principal) -> tuple[object, ...]:
    claims = {name: value for name, value in principal.claims.items() if name != "exp"}
    actors = tuple(map(seen, principal.actors))
    return principal.key, principal.name, principal.groups, principal.client, claims, actors


async def proved(scene: Scene, token: str) -> Principal:
    async with scene.authenticator(known()) as authenticator:
        return await authenticator.authenticate(token)


@pytest.mark.parametrize(
    "actors",
    [(), (AGENT,), (AGENT, Principal(IDP, "second", claims={"sub": "second"}))],
    ids=["none", "one", "two"],
)
async def test_what_is_read_back_is_what_was_minted(scene: Scene, actors: tuple[Principal, ...]) -> None:
    principal = replace(ALICE, actors=actors)
    minted = scene.issuer.mint(principal)
    found = await proved(scene, minted.token)
    assert seen(found) == seen(principal)
    assert (found.token_id, found.token_issuer, found.exchanged) == (
        minted.token_id,
        OWN,
        ((IDP, "theirs"),),
    )


def test_it_is_an_access_token_of_rfc_9068(scene: Scene) -> None:
    minted = scene.issuer.mint(ALICE, client="agent-7")
    header, claims = read(minted.token)
    assert header == {"alg": "ES256", "typ": "at+jwt", "kid": scene.ring.signer().kid}
    assert {name: claims[name] for name in ("iss", "sub", "aud", "iat", "exp", "client_id", "groups")} == {
        "iss": OWN,
        "sub": "alice",
        "aud": "vecgate",
        "iat": NOW,
        "exp": NOW + 600,
        "client_id": "agent-7",
        "groups": ["eng", "staff"],
    }
    assert len(claims["jti"]) >= 22
    assert minted.lifetime == 600
    assert minted.token not in repr(minted)


async def test_a_person_of_an_issuer_that_is_no_more_is_refused(scene: Scene) -> None:
    token = scene.issuer.mint(ALICE).token
    async with scene.authenticator() as authenticator:
        with pytest.raises(Refusal) as refused:
            await authenticator.authenticate(token)
    assert refused.value.reason is Reason.ISSUER_UNKNOWN


async def test_an_agent_of_an_issuer_that_is_no_more_is_refused_though_it_was_proved(scene: Scene) -> None:
    minted = scene.issuer.mint(Principal(OWN, "indexer", client="indexer", actors=(AGENT,))).token
    principal = await proved(scene, minted)
    async with scene.authenticator() as authenticator:
        with pytest.raises(Refusal) as refused:
            authenticator.recheck(principal)
    assert refused.value.reason is Reason.ISSUER_UNKNOWN


async def test_an_account_is_what_configuration_says_now(scene: Scene) -> None:
    minted = scene.issuer.mint(Principal(OWN, "indexer", groups=frozenset({"admins"}), client="indexer")).token
    assert (await proved(scene, minted)).groups == {"pipelines"}
    scene.accounts.clear()
    with pytest.raises(Refusal) as refused:
        await proved(scene, minted)
    assert refused.value.reason is Reason.TOKEN_REVOKED


async def test_an_account_that_acts_is_what_configuration_says_now(scene: Scene) -> None:
    acting = Principal(OWN, "indexer", groups=frozenset({"admins"}))
    token = scene.issuer.mint(Principal(IDP, "alice", actors=(acting,))).token
    (actor,) = (await proved(scene, token)).actors
    assert actor.groups == {"pipelines"}
    scene.accounts.clear()
    with pytest.raises(Refusal):
        await proved(scene, token)


@pytest.mark.parametrize("whom", ["alice", "agent-7"])
async def test_whoever_is_revoked_in_a_chain_ends_it(scene: Scene, whom: str) -> None:
    token = scene.issuer.mint(Principal(IDP, "alice", actors=(AGENT,))).token
    async with scene.authenticator(known()) as authenticator:
        principal = await authenticator.authenticate(token)
        assert authenticator.cached(token) is principal
        scene.revoked.add(whom)
        assert authenticator.cached(token) is None
        with pytest.raises(Refusal) as refused:
            authenticator.recheck(principal)
        assert refused.value.reason is Reason.TOKEN_REVOKED


def test_no_token_outlives_the_credential_behind_it(scene: Scene) -> None:
    principal = Principal(IDP, "alice", expires=NOW + 100 + LEEWAY)
    assert scene.issuer.mint(principal).lifetime == 100
    assert scene.issuer.mint(principal, lifetime=30).lifetime == 30
    assert scene.issuer.mint(ALICE, lifetime=1e9).lifetime == 600
    scene.clock.now += 100
    with pytest.raises(Refusal) as refused:
        scene.issuer.mint(principal)
    assert refused.value.reason is Reason.TOKEN_EXPIRED


def test_a_token_that_no_header_holds_is_not_made(scene: Scene) -> None:
    with pytest.raises(Refusal, match="too large"):
        scene.issuer.mint(Principal(IDP, "alice", groups=frozenset(f"group-{n}" for n in range(2000))))


async def test_the_data_path_knows_new_keys_and_old_ones_and_no_others(scene: Scene) -> None:
    async with scene.authenticator(known()) as authenticator:
        old = scene.issuer.mint(ALICE).token
        await authenticator.authenticate(old)
        scene.ring.rotate()
        scene.clock.now += 2
        assert await authenticator.authenticate(scene.issuer.mint(ALICE).token) == ALICE
        assert await authenticator.authenticate(old) == ALICE
        foreign = Scene().issuer.mint(ALICE).token
        scene.clock.now += 2
        with pytest.raises(Refusal) as refused:
            await authenticator.authenticate(foreign)
        assert refused.value.reason is Reason.TOKEN_INVALID


async def test_a_forgotten_key_ends_its_tokens(scene: Scene) -> None:
    async with scene.authenticator(known()) as authenticator:
        token = scene.issuer.mint(ALICE).token
        await authenticator.authenticate(token)
        scene.ring.rotate(forget=True)
        source = authenticator._issuers[OWN][1]
        await source.refresh()
        assert authenticator.cached(token) is None
        with pytest.raises(Refusal):
            await authenticator.authenticate(token)


async def test_another_issuer_cannot_speak_of_others(scene: Scene, tmp_path: Path) -> None:
    """The claim that says whose a subject is means nothing in a token that the gateway did not sign."""
    issuer = IssuerModel(issuer=IDP, audience="vecgate", jwks=jwks_file(tmp_path / "jwks.json", ec()))
    token = mint(claims(NOW, iss=IDP, vecgate_subject={"iss": "https://other.test", "claims": {"risk": "low"}}))
    async with scene.authenticator(issuer) as authenticator:
        found = await authenticator.authenticate(token)
    assert found.issuer == IDP
    assert "vecgate_subject" in found.claims


def test_discovery_says_where_the_rest_is(scene: Scene) -> None:
    found = scene.issuer.metadata()
    assert (found["issuer"], found["jwks_uri"], found["token_endpoint"]) == (OWN, f"{OWN}/jwks.json", f"{OWN}/token")


def test_without_keys_there_is_no_key_set(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> Ring:
        raise OSError

    monkeypatch.setattr(scene.ring, "_read", broken)
    with pytest.raises(Unavailable):
        scene.issuer.jwks()


@pytest.mark.parametrize("acting", [False, True], ids=["itself", "as an actor"])
async def test_what_was_held_is_not_released_for_an_account_that_is_no_more(scene: Scene, acting: bool) -> None:
    indexer = Principal(OWN, "indexer", client="indexer")
    token = scene.issuer.mint(Principal(IDP, "alice", actors=(indexer,)) if acting else indexer).token
    held = await proved(scene, token)
    scene.accounts.clear()
    async with scene.authenticator(known()) as reloaded:
        with pytest.raises(Refusal) as refused:
            reloaded.recheck(held)
    assert refused.value.reason is Reason.TOKEN_REVOKED


async def test_a_key_and_its_token_are_one_principal_in_every_respect() -> None:
    key = NewKey.make()
    scene = Scene(account("indexer", key.digest, groups=("pipelines",)))
    by_key = await proved(scene, key.key)
    by_token = await proved(scene, scene.issuer.mint(by_key).token)
    assert seen(by_key) == seen(by_token)


async def test_another_issuer_says_no_groups_of_an_account(scene: Scene, tmp_path: Path) -> None:
    issuer = IssuerModel(issuer=IDP, audience="vecgate", jwks=jwks_file(tmp_path / "jwks.json", ec()))
    async with scene.authenticator(issuer) as authenticator:
        act = {"iss": OWN, "sub": "indexer", "groups": ["admins"]}
        (actor,) = (await authenticator.authenticate(mint(claims(NOW, iss=IDP, act=act)))).actors
        assert actor.groups == {"pipelines"}
        with pytest.raises(Refusal):
            await authenticator.authenticate(mint(claims(NOW, iss=IDP, act=act | {"sub": "nobody"})))


@pytest.mark.parametrize(
    ("what", "issuer", "value"),
    [
        (What.TOKEN, OWN, ""),
        (What.TOKEN, IDP, "theirs"),
        (What.SESSION, IDP, "login-1"),
        (What.ACCOUNT, IDP, "oid-1"),
        (What.SUBJECT, IDP, ALICE.subject),
    ],
    ids=["its own id", "the id of what it was given for", "the login", "the account", "the person"],
)
async def test_a_revoked_token_ends_what_was_exchanged_for_it(
    scene: Scene, what: What, issuer: str, value: str
) -> None:
    store = MemoryStore(scene.clock)
    await store.start()
    async with scene.authenticator(known(), revoked=store.revoked) as authenticator:
        minted = scene.issuer.mint(replace(ALICE, session="login-1", account="oid-1"))
        await authenticator.authenticate(minted.token)
        await store.revoke(Revocation(what=what, issuer=issuer, value=value or minted.token_id))
        assert authenticator.cached(minted.token) is None
    await store.close()


@pytest.mark.parametrize(
    "listed",
    [{"a": "b"}, "theirs", [["one"]], [["one", "two", "three"]], [["one", ""]], [["one", 2]], [[[], "two"]], ["ab"]],
    ids=str,
)
async def test_a_token_that_does_not_say_what_it_rests_on_is_refused(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, listed: object
) -> None:
    monkeypatch.setattr("vecgate.issuer.issuer._tokens", lambda principal: listed)
    with pytest.raises(Refusal) as refused:
        await proved(scene, scene.issuer.mint(ALICE).token)
    assert refused.value.reason is Reason.TOKEN_INVALID


async def test_another_issuer_says_nothing_of_what_its_tokens_rest_on(tmp_path: Path, scene: Scene) -> None:
    issuer = IssuerModel(issuer=IDP, audience="vecgate", jwks=jwks_file(tmp_path / "jwks.json", ec()))
    async with scene.authenticator(issuer) as authenticator:
        told = claims(NOW, iss=IDP, vecgate_tokens="anything")
        assert (await authenticator.authenticate(mint(told))).exchanged == ()
