"""Who a token speaks of is who they are now, whoever signed it and however long ago (J17, J25)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from tests.support.issuing import IDP, NOW, OWN, Scene, account
from tests.support.tokens import claims, ec, jwks_file, mint

from vecgate.config.identity import Issuer as IssuerModel
from vecgate.errors import Refusal
from vecgate.identity.authenticator import Authenticator
from vecgate.identity.directory import Directory
from vecgate.identity.membership import Membership
from vecgate.identity.principal import Principal
from vecgate.reasons import Reason

CACHE = 30.0
OTHER = "https://other.test/"
ALICE = Principal(IDP, "alice", groups=frozenset({"owners"}), claims={"iss": IDP, "sub": "alice", "oid": "1"})


class Book(Directory):
    """Groups by subject; nobody else is known."""

    def __init__(self) -> None:
        self.said = {"alice": ["owners"], "bot": ["agents"]}
        self.asked: list[Principal] = []

    def groups(self, principal: Principal) -> list[str] | None:
        self.asked.append(principal)
        return self.said.get(principal.subject)


@dataclass
class Desk:
    scene: Scene
    book: Book
    authenticator: Authenticator

    async def read(self, principal: Principal) -> Principal:
        """What the data path makes of a token that the gateway signs for this principal."""
        return await self.authenticator.authenticate(self.scene.issuer.mint(principal).token)

    async def proved(self, **changes: Any) -> Principal:
        return await self.authenticator.authenticate(mint(claims(NOW, iss=IDP, **changes)))

    async def refused(self, principal: Principal) -> Reason:
        with pytest.raises(Refusal) as refused:
            await self.read(principal)
        return refused.value.reason


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    scene, book = Scene(account("indexer", groups=("pipelines",))), Book()
    keys = jwks_file(tmp_path / "jwks.json", ec())
    issuers = [IssuerModel(issuer=name, audience="vecgate", jwks=keys) for name in (IDP, OTHER)]
    memberships = {IDP: Membership(book, CACHE, 3, scene.clock)}
    async with scene.authenticator(*issuers, memberships=memberships) as authenticator:
        yield Desk(scene, book, authenticator)


async def test_groups_of_a_directory_are_not_frozen_into_the_gateways_own_token(desk: Desk) -> None:
    """Exchanged, a token that says no groups is good for those of now, not for those of then."""
    token = desk.scene.issuer.mint(await desk.proved(sub="alice", groups=None)).token
    desk.book.said["alice"] = ["guests"]
    assert (await desk.authenticator.authenticate(token)).groups == {"owners"}, "for as long as the answer counts"
    desk.scene.clock.now += CACHE
    assert desk.authenticator.cached(token) is None
    found = await desk.authenticator.authenticate(token)
    assert found.groups == {"guests"}
    assert found.token_issuer == OWN
    assert [each.groups for each in desk.book.asked] == [frozenset(), frozenset()]


async def test_whoever_acts_has_the_groups_of_the_directory_too(desk: Desk) -> None:
    bot = Principal(IDP, "bot", groups=frozenset({"root"}), claims={"sub": "bot"})
    found = await desk.read(replace(ALICE, actors=(bot,)))
    assert [each.groups for each in found.parties] == [{"owners"}, {"agents"}]
    (actor,) = (await desk.proved(sub="alice", act={"sub": "bot"})).actors
    assert actor.groups == {"agents"}


@pytest.mark.parametrize("groups", [["staff"], "staff"], ids=str)
async def test_groups_that_the_first_token_said_stay_its_own(desk: Desk, groups: object) -> None:
    said = replace(ALICE, groups=frozenset({"staff"}), claims={**ALICE.claims, "groups": groups})
    assert (await desk.read(said)).groups == {"staff"}
    assert desk.book.asked == []


async def test_groups_that_nobody_says_any_more_are_refused(desk: Desk) -> None:
    overage = {"hasgroups": True}
    known = replace(ALICE, claims={**ALICE.claims, **overage})
    assert (await desk.read(known)).groups == {"owners"}
    desk.book.said.clear()
    desk.scene.clock.now += CACHE
    assert await desk.refused(known) is Reason.GROUP_OVERAGE
    foreign = Principal(OTHER, "bot", groups=frozenset({"root"}), claims=overage)
    assert await desk.refused(replace(ALICE, actors=(foreign,))) is Reason.GROUP_OVERAGE, "it had a directory once"


async def test_accounts_are_none_of_a_directorys(desk: Desk) -> None:
    found = await desk.read(Principal(OWN, "indexer", groups=frozenset({"admins"})))
    assert found.groups == {"pipelines"}
    assert desk.book.asked == []
