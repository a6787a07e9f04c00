"""Tokens that were exchanged for others end with any of them, and let nobody administer through an agent (J23, J25)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest
from tests.support.approvals import Evidence
from tests.support.issuing import IDP, NOW, OWN, Scene, account
from tests.support.tokens import claims, ec, jwks_file, mint

from vecgate.config.identity import Issuer as IssuerModel
from vecgate.config.identity import Subjects
from vecgate.errors import Refusal
from vecgate.identity.accounts import NewKey
from vecgate.identity.authenticator import Authenticator
from vecgate.identity.revocation import Revocation, What
from vecgate.identity.revocations import Revocations
from vecgate.issuer.grants import ACCESS_TOKEN, Asked, grant
from vecgate.issuer.issuer import CLIENT_CREDENTIALS, TOKEN_EXCHANGE, Minted
from vecgate.state.memory import MemoryStore

KEY = NewKey.make()


class Desk:
    """The token endpoint, and the store that the data path looks into."""

    def __init__(self, scene: Scene, store: MemoryStore, authenticator: Authenticator) -> None:
        self.scene, self.store, self.authenticator = scene, store, authenticator

    async def own(self) -> Minted:
        """A token of the service account's."""
        return await self._granted({"grant_type": CLIENT_CREDENTIALS}, ("indexer", KEY.key))

    async def exchange(self, subject: str, actor: str) -> Minted:
        tokens = {"subject_token": subject, "actor_token": actor}
        types = {f"{name}_type": ACCESS_TOKEN for name in tokens}
        return await self._granted({"grant_type": TOKEN_EXCHANGE} | tokens | types)

    async def _granted(self, form: Mapping[str, str], basic: tuple[str, str] | None = None) -> Minted:
        return (await grant(Asked(form, basic, "192.0.2.7:4711"), self.scene.issuer, self.authenticator)).minted

    async def revoke(self, issuer: str, token_id: str) -> Revocation:
        return await self.store.revoke(Revocation(what=What.TOKEN, issuer=issuer, value=token_id))


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    scene = Scene(account("indexer", KEY.digest))
    store = MemoryStore(scene.clock)
    await store.start()
    issuer = IssuerModel(issuer=IDP, audience="vecgate", jwks=jwks_file(tmp_path / "jwks.json", ec()))
    async with scene.authenticator(issuer, revoked=store.revoked) as authenticator:
        yield Desk(scene, store, authenticator)
    await store.close()


def token(subject: str, *groups: str, **changes: str) -> str:
    return mint(claims(NOW, sub=subject, groups=list(groups), **changes))


async def test_any_token_of_a_chain_ends_what_came_of_it(desk: Desk) -> None:
    """Each exchange makes a token of another id."""
    own = await desk.own()
    first = await desk.exchange(token("alice", jti="a1"), token("bot", jti="b1"))
    second = await desk.exchange(first.token, own.token)
    third = await desk.exchange(second.token, token("last", jti="c1"))
    theirs = [(IDP, name) for name in ("a1", "b1", "c1")]
    for issuer, token_id in [*theirs, *((OWN, each.token_id) for each in (own, first, second, third))]:
        await desk.authenticator.authenticate(third.token)
        made = await desk.revoke(issuer, token_id)
        assert desk.authenticator.cached(third.token) is None, token_id
        await desk.store.restore(made.key, made.source)
    await desk.revoke(OWN, third.token_id)
    await desk.authenticator.authenticate(second.token)


async def test_an_accounts_token_ends_what_an_agent_got_for_it(desk: Desk) -> None:
    own = await desk.own()
    got = (await desk.exchange(own.token, token("bot"))).token
    await desk.authenticator.authenticate(got)
    await desk.revoke(OWN, own.token_id)
    assert desk.authenticator.cached(got) is None


async def test_nobody_administers_through_an_agent(desk: Desk) -> None:
    revocations = Revocations(desk.store, record=Evidence().record, administrators=Subjects(groups=["security"]))
    ada = token("ada", "security")
    revocations.check(await desk.authenticator.authenticate(ada))
    through = await desk.exchange(ada, token("bot", "security"))
    with pytest.raises(Refusal, match="no_grant"):
        revocations.check(await desk.authenticator.authenticate(through.token))
