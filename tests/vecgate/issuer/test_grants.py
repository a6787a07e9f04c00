"""What the token endpoint gives and refuses (RFC 6749 §4.4 and §5.2, RFC 8693; J25, J26)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.support.issuing import IDP, NOW, OWN, Scene, account
from tests.support.tokens import claims, ec, jwks_file, mint

from vecgate.config.identity import Issuer as IssuerModel
from vecgate.identity.accounts import NewKey
from vecgate.identity.authenticator import Authenticator
from vecgate.identity.principal import Principal
from vecgate.identity.tokens import LEEWAY
from vecgate.issuer import grants
from vecgate.issuer.grants import ACCESS_TOKEN, Asked, Granted, NotGranted
from vecgate.issuer.issuer import CLIENT_CREDENTIALS, TOKEN_EXCHANGE
from vecgate.reasons import Reason

KEY, LATE = NewKey.make(), NewKey.make()
ADDRESS = "192.0.2.7:4711"
JWT = "urn:ietf:params:oauth:token-type:jwt"


class Desk:
    """The token endpoint without HTTP."""

    def __init__(self, scene: Scene, authenticator: Authenticator) -> None:
        self.scene, self.authenticator = scene, authenticator

    async def ask(self, form: Mapping[str, str], basic: tuple[str, str] | None = None) -> Granted:
        return await grants.grant(Asked(form, basic, ADDRESS), self.scene.issuer, self.authenticator)

    async def refused(self, form: Mapping[str, str], basic: tuple[str, str] | None = None) -> NotGranted:
        with pytest.raises(NotGranted) as refused:
            await self.ask(form, basic)
        return refused.value

    async def read(self, granted: Granted) -> Principal:
        return await self.authenticator.authenticate(granted.minted.token)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    scene = Scene(
        account("indexer", KEY.digest, groups=("pipelines",)),
        account("late", LATE.digest, expires=NOW + 100),
    )
    issuer = IssuerModel(issuer=IDP, audience="vecgate", jwks=jwks_file(tmp_path / "jwks.json", ec()))
    async with scene.authenticator(issuer) as authenticator:
        yield Desk(scene, authenticator)


def token(subject: str, **changes: Any) -> str:
    return mint(claims(NOW, sub=subject, **changes))


def exchange(subject: str = "", actor: str = "", **changes: Any) -> dict[str, str]:
    form = {
        "grant_type": TOKEN_EXCHANGE,
        "subject_token": subject or token("alice", groups=["staff"]),
        "subject_token_type": ACCESS_TOKEN,
        "actor_token": actor or token("bot", groups=["agents"]),
        "actor_token_type": JWT,
    }
    return {name: value for name, value in (form | changes).items() if value is not None}


CREDENTIALS = {"grant_type": CLIENT_CREDENTIALS}
POSTED = CREDENTIALS | {"client_id": "indexer", "client_secret": KEY.key}
BASIC = ("indexer", KEY.key)


@pytest.mark.parametrize(("form", "basic"), [(POSTED, None), (CREDENTIALS, BASIC)], ids=["post", "basic"])
async def test_a_key_is_good_for_a_short_lived_token(
    desk: Desk, form: Mapping[str, str], basic: tuple[str, str] | None
) -> None:
    granted = await desk.ask(form, basic)
    answer = granted.answer()
    assert {name: answer[name] for name in answer if name != "access_token"} == {
        "token_type": "Bearer",
        "expires_in": 600,
    }
    found = await desk.read(granted)
    assert (found.issuer, found.subject, found.client, found.groups) == (
        OWN,
        "indexer",
        "indexer",
        frozenset({"pipelines"}),
    )


async def test_no_token_outlives_its_account(desk: Desk) -> None:
    granted = await desk.ask(CREDENTIALS, ("late", LATE.key))
    assert granted.minted.lifetime == 100 - LEEWAY
    desk.scene.clock.now += 100 - LEEWAY
    error = await desk.refused(CREDENTIALS, ("late", LATE.key))
    assert error.reason is Reason.TOKEN_EXPIRED


@pytest.mark.parametrize(
    ("form", "basic", "code", "status"),
    [
        ({}, None, "invalid_request", 400),
        ({"grant_type": "password"}, None, "unsupported_grant_type", 400),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, BASIC, "unsupported_grant_type", 400),
        (CREDENTIALS, None, "invalid_client", 401),
        (CREDENTIALS, ("indexer", ""), "invalid_client", 401),
        (CREDENTIALS, ("indexer", NewKey.make().key), "invalid_client", 401),
        (CREDENTIALS, ("indexer", "hunter2"), "invalid_client", 401),
        (CREDENTIALS, ("late", KEY.key), "invalid_client", 401),
        (CREDENTIALS, ("", KEY.key), "invalid_client", 401),
        (CREDENTIALS, ("INDEXER", KEY.key), "invalid_client", 401),
        (POSTED, BASIC, "invalid_request", 400),
        (CREDENTIALS | {"client_id": "late"}, BASIC, "invalid_request", 400),
        (POSTED | {"scope": "openid"}, None, "invalid_scope", 400),
        (POSTED | {"audience": "other"}, None, "invalid_target", 400),
        (POSTED | {"resource": "https://vecgate.test"}, None, "invalid_target", 400),
    ],
    ids=range(15),
)
async def test_everything_else_is_refused_in_oauths_words(
    desk: Desk, form: Mapping[str, str], basic: tuple[str, str] | None, code: str, status: int
) -> None:
    error = await desk.refused(form, basic)
    assert (error.code, error.status) == (code, status)
    assert ("www-authenticate" in error.headers) == (status == 401)
    assert KEY.key not in repr(error) + str(error)


async def test_a_token_is_no_client_secret(desk: Desk) -> None:
    error = await desk.refused(CREDENTIALS, ("alice", token("alice")))
    assert error.code == "invalid_client"


async def test_an_account_that_is_revoked_gets_nothing(desk: Desk) -> None:
    desk.scene.revoked.add("indexer")
    error = await desk.refused(CREDENTIALS, BASIC)
    assert (error.code, error.reason) == ("invalid_client", Reason.TOKEN_REVOKED)


async def test_guesses_are_limited_before_any_key_is_used(desk: Desk) -> None:
    for _ in range(60):
        await desk.refused(CREDENTIALS, ("indexer", NewKey.make().key))
    error = await desk.refused(CREDENTIALS, ("indexer", NewKey.make().key))
    assert (error.code, error.status, error.reason) == ("temporarily_unavailable", 429, Reason.TOO_MANY_FAILURES)
    assert int(error.headers["retry-after"]) > 0
    error = await desk.refused(exchange(subject="a.b.c"))
    assert error.status == 429


async def test_an_agent_gets_a_token_that_speaks_of_both(desk: Desk) -> None:
    subject = token("alice", groups=["staff"], risk="high", azp="web")
    granted = await desk.ask(exchange(subject))
    assert granted.answer()["issued_token_type"] == ACCESS_TOKEN
    found = await desk.read(granted)
    assert (found.issuer, found.subject, found.groups, found.client) == (IDP, "alice", frozenset({"staff"}), "web")
    assert found.claims["risk"] == "high"
    (actor,) = found.actors
    assert (actor.issuer, actor.subject, actor.groups) == (IDP, "bot", frozenset({"agents"}))


async def test_the_clients_own_key_is_proof_of_the_actor(desk: Desk) -> None:
    form = exchange(actor_token=None, actor_token_type=None)
    found = await desk.read(await desk.ask(form, BASIC))
    assert [(each.issuer, each.subject, each.groups) for each in found.actors] == [
        (OWN, "indexer", frozenset({"pipelines"}))
    ]
    again = exchange(actor=(await desk.ask(CREDENTIALS, BASIC)).minted.token)
    assert (await desk.read(await desk.ask(again, BASIC))).actors == found.actors


async def test_the_latest_actor_comes_first_in_the_chain(desk: Desk) -> None:
    first = (await desk.ask(exchange())).minted.token
    second = await desk.read(await desk.ask(exchange(first, token("second"))))
    assert [each.subject for each in second.parties] == ["alice", "second", "bot"]
    assert second.issuer == IDP


async def test_a_chain_has_an_end(desk: Desk) -> None:
    subject = token("alice")
    for number in range(8):
        subject = (await desk.ask(exchange(subject, token(f"bot-{number}")))).minted.token
    assert (await desk.refused(exchange(subject, token("one-more")))).code == "invalid_request"


@pytest.mark.parametrize("short", ["subject", "actor"])
async def test_the_token_ends_with_the_first_of_the_two(desk: Desk, short: str) -> None:
    tokens = {"subject": token("alice"), "actor": token("bot")} | {short: token("x", exp=NOW + 30)}
    assert (await desk.ask(exchange(tokens["subject"], tokens["actor"]))).minted.lifetime == 30


@pytest.mark.parametrize(
    "changes",
    [
        {"subject_token": None},
        {"subject_token_type": None},
        {"subject_token_type": "urn:ietf:params:oauth:token-type:id_token"},
        {"subject_token_type": "urn:ietf:params:oauth:token-type:refresh_token"},
        {"subject_token": "a.b.c"},
        {"subject_token": KEY.key},
        {"actor_token": KEY.key},
        {"actor_token": None, "actor_token_type": None},
        {"actor_token": None},
        {"actor_token_type": None},
        {"actor_token": "a.b.c"},
        {"requested_token_type": "urn:ietf:params:oauth:token-type:refresh_token"},
        {"subject_token": token("alice", exp=NOW - 600)},
        {"subject_token": token("alice", aud="other")},
        {"subject_token": token("alice", iss="https://evil.test/")},
        {"actor_token": token("bot", aud="other")},
        {"actor_token": token("bot", act={"sub": "puppeteer"})},
        {"subject_token": token("alice", hasgroups=True)},
        {"subject_token": token("alice", cnf={"jkt": "x"})},
    ],
    ids=range(19),
)
async def test_what_does_not_prove_both_is_no_exchange(desk: Desk, changes: dict[str, Any]) -> None:
    error = await desk.refused(exchange(**changes))
    assert (error.code, error.status) == ("invalid_request", 400)


async def test_the_client_and_the_actor_are_one(desk: Desk) -> None:
    assert (await desk.refused(exchange(), BASIC)).description == "the client and the actor are not the same"


@pytest.mark.parametrize(
    ("may_act", "granted"),
    [
        ({"sub": "bot"}, True),
        ({"sub": "bot", "iss": IDP}, True),
        ({"sub": "bot", "client_id": "cli"}, True),
        ({"sub": "other"}, False),
        ({"sub": "bot", "iss": OWN}, False),
        ({"sub": "bot", "client_id": "other"}, False),
        ({"sub": "bot", "email": "bot@x.test"}, False),
        ({"iss": IDP}, False),
        ({}, False),
        ("bot", False),
        (["bot"], False),
    ],
    ids=str,
)
async def test_may_act_names_who_may(desk: Desk, may_act: Any, granted: bool) -> None:
    form = exchange(token("alice", may_act=may_act), token("bot", client_id="cli"))
    if granted:
        await desk.ask(form)
    else:
        error = await desk.refused(form)
        assert (error.code, error.reason) == ("invalid_request", Reason.NO_GRANT)


async def test_may_act_holds_for_the_next_exchange(desk: Desk) -> None:
    first = await desk.ask(exchange(token("alice", may_act={"sub": "bot"})))
    assert (await desk.refused(exchange(first.minted.token, token("second")))).reason is Reason.NO_GRANT


async def test_whoever_is_revoked_gets_no_token_and_keeps_none(desk: Desk) -> None:
    granted = await desk.ask(exchange())
    for whom in ("alice", "bot"):
        desk.scene.revoked = {whom}
        assert (await desk.refused(exchange())).reason is Reason.TOKEN_REVOKED
        assert desk.authenticator.cached(granted.minted.token) is None


async def test_nothing_secret_is_in_what_may_be_shown(desk: Desk) -> None:
    asked = Asked(exchange(), BASIC, ADDRESS)
    granted = await desk.ask(POSTED)
    assert KEY.key not in repr(asked)
    assert "subject_token" not in repr(asked)
    assert granted.minted.token not in repr(granted)
