"""Who may end whose access, and what of it is on record before it counts."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from tests.support.approvals import Evidence
from tests.support.state import ISSUER, Clock, person, revoked

from vecgate.config.identity import Subjects
from vecgate.errors import Refusal, Unavailable
from vecgate.identity.principal import Principal
from vecgate.identity.revocation import Revocation, Source, What, moment
from vecgate.identity.revocations import LONGEST, Revocations
from vecgate.reasons import Reason
from vecgate.state.memory import MemoryStore

ADMIN = person("ada", "security")
ALICE = Principal(ISSUER, "alice", token_id="t1", session="s1", expires=time.time() + 600)


class Scene:
    def __init__(self) -> None:
        self.clock, self.evidence = Clock(), Evidence()
        self.store = MemoryStore(self.clock)
        self.revocations = self.made(administrators=Subjects(groups=["security"]))

    def made(self, **more: Any) -> Revocations:
        return Revocations(self.store, record=self.evidence.record, **{"issuers": {ISSUER}, **more})


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    made = Scene()
    await made.store.start()
    yield made
    await made.store.close()


async def refused(reason: Reason, awaited: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        await awaited
    assert caught.value.reason is reason
    return caught.value


@pytest.mark.parametrize(
    "principal",
    [
        person("alice", "other"),
        person("ada", "security", act={"sub": "agent"}),
        replace(person("ada", "security"), actors=(person("agent", "security"),)),
        Principal("https://other.test/", "ada", groups=frozenset({"Security"})),
    ],
    ids=["another group", "through a claimed agent", "through an agent", "another case"],
)
async def test_only_an_administrator_in_person_administers(scene: Scene, principal: Principal) -> None:
    scene.revocations.check(ADMIN)
    with pytest.raises(Refusal, match="no_grant"):
        scene.revocations.check(principal)


async def test_without_administrators_nobody_administers(scene: Scene) -> None:
    with pytest.raises(Refusal, match="no_grant"):
        scene.made().check(ADMIN)


async def test_a_revocation_says_who_what_when_and_why(scene: Scene) -> None:
    stands = await scene.revocations.revoke(revoked("alice", until=scene.clock.now + 60), ADMIN)
    assert (stands.by, stands.by_name, stands.at, stands.reason) == (ADMIN.key, "Ada", scene.clock.now, "left")
    assert scene.store.revoked(ALICE)
    assert scene.evidence.records == [
        {
            "step": "revoked",
            "what": "subject",
            "issuer": ISSUER,
            "value": "alice",
            "source": "operator",
            "until": moment(scene.clock.now + 60),
            "by": ADMIN.key,
            "by_name": "Ada",
            "reason": "left",
            "stands_until": moment(scene.clock.now + 60),
        }
    ]


async def test_a_revocation_counts_even_if_it_cannot_be_recorded(scene: Scene) -> None:
    scene.evidence.broken = True
    await refused(Reason.EVIDENCE_UNAVAILABLE, scene.revocations.revoke(revoked("alice"), ADMIN))
    assert scene.store.revoked(ALICE)


async def test_a_lift_that_cannot_be_recorded_does_not_count(scene: Scene) -> None:
    await scene.revocations.revoke(revoked("alice"), ADMIN)
    scene.evidence.broken = True
    with pytest.raises(Unavailable):
        await scene.revocations.lift(revoked("alice"), ADMIN)
    assert scene.store.revoked(ALICE)
    scene.evidence.broken = False
    assert (await scene.revocations.lift(revoked("alice"), ADMIN)).by == ADMIN.key
    assert not scene.store.revoked(ALICE)
    assert scene.evidence.steps == ["revoked", "lifted"]


@pytest.mark.parametrize(
    "other", [revoked("bob"), revoked("alice", What.SESSION), revoked("alice", source=Source.DIRECTORY)]
)
async def test_only_what_stands_is_lifted(scene: Scene, other: Revocation) -> None:
    await scene.revocations.revoke(revoked("alice"), ADMIN)
    await refused(Reason.NOT_FOUND, scene.revocations.lift(other, ADMIN))
    assert scene.store.revoked(ALICE)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (Revocation(what=What.SUBJECT, issuer="https://idp.test", value="alice", reason="x"), ISSUER),
        (revoked(""), "value"),
        (revoked("a" * (LONGEST + 1)), "value"),
        (revoked("al\nice"), "value"),
        (Revocation(what=What.SUBJECT, issuer=ISSUER, value="alice"), "reason"),
        (revoked("eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln", What.TOKEN), "token itself"),
        (revoked("alice", until=1.0), "until"),
    ],
    ids=["issuer", "nothing", "long", "two lines", "no reason", "token", "past"],
)
async def test_what_could_match_nothing_is_refused(scene: Scene, wrong: Revocation, says: str) -> None:
    assert says in (await refused(Reason.BAD_BODY, scene.revocations.revoke(wrong, ADMIN))).detail
    assert await scene.revocations.list() == []
    assert scene.evidence.records == []


async def test_a_plugin_may_know_other_issuers(scene: Scene) -> None:
    other = Revocation(what=What.SUBJECT, issuer="keys:", value="ci", reason="leaked")
    await scene.made(issuers=None).revoke(other, ADMIN)
    assert scene.store.revoked(Principal("keys:", "ci"))


async def test_everybody_ends_their_own_token_and_nothing_else(scene: Scene) -> None:
    stands = await scene.revocations.revoke_own(ALICE)
    assert (stands.what, stands.value) == (What.TOKEN, "t1")
    assert stands.until is not None
    assert 0 < stands.until - scene.clock.now - 86_400 <= 600, "a day longer than the token, on the store's clock"
    assert scene.store.revoked(ALICE)
    assert not scene.store.revoked(Principal(ISSUER, "alice", token_id="t2", session="s1"))


async def test_what_the_gateway_signed_ends_under_its_own_name(scene: Scene) -> None:
    signed = Principal(ISSUER, "alice", token_id="t9", token_issuer="https://vecgate.test/")
    own = scene.made(issuers={ISSUER, "https://vecgate.test/"})
    assert (await own.revoke_own(signed)).issuer == "https://vecgate.test/"
    assert scene.store.revoked(signed)


async def test_a_token_without_an_id_ends_with_its_session(scene: Scene) -> None:
    await scene.revocations.revoke_own(Principal(ISSUER, "alice", session="s1"))
    assert scene.store.revoked(Principal(ISSUER, "alice", token_id="t2", session="s1"))
    assert "jti" in (await refused(Reason.BAD_BODY, scene.revocations.revoke_own(Principal(ISSUER, "bob")))).detail
