"""Who left one issuer is refused at the others that have the same people, and nobody else is."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.support.state import ISSUER, revoked

from vecgate.config.identity import Provisioning
from vecgate.errors import Unavailable
from vecgate.identity.elsewhere import Elsewhere
from vecgate.identity.principal import Principal
from vecgate.identity.revocation import What
from vecgate.state.memory import MemoryStore

SAML, CERTIFICATES, STRANGE = "https://idp.test/saml", "urn:laptops", "https://strange.test/"
NAME = "alice@corp.test"


@pytest.fixture
async def store() -> AsyncIterator[MemoryStore]:
    made = MemoryStore()
    await made.start()
    yield made
    await made.close()


def judge(store: MemoryStore) -> Elsewhere:
    return Elsewhere(store.revoked, [Provisioning(issuer=ISSUER, token="env:T", also=[SAML, CERTIFICATES])])


@pytest.mark.parametrize(
    ("principal", "bars"),
    [
        (Principal(ISSUER, "00u1", account=NAME), True),
        (Principal(SAML, NAME), True),
        (Principal(SAML, NAME.upper()), True),
        (Principal(SAML, "_1", account=NAME), True),
        (Principal(CERTIFICATES, NAME, token_id="1f"), True),
        (Principal(SAML, NAME, token_issuer="https://vecgate.test", token_id="t1"), True),
        (Principal(SAML, "bob@corp.test"), False),
        (Principal(STRANGE, NAME), False),
    ],
)
async def test_an_account_is_closed_wherever_it_comes_from(
    store: MemoryStore, principal: Principal, bars: bool
) -> None:
    assert not judge(store)(principal)
    await store.revoke(revoked(NAME, What.ACCOUNT))
    assert judge(store)(principal) is bars


async def test_it_closes_one_way(store: MemoryStore) -> None:
    await store.revoke(revoked("mallory", What.ACCOUNT))
    made = revoked(NAME, What.ACCOUNT)
    await store.revoke(type(made)(what=made.what, issuer=SAML, value=NAME))
    assert not judge(store)(Principal(ISSUER, "00u1", account=NAME))
    assert judge(store)(Principal(SAML, NAME))


async def test_without_the_store_nobody_knows(store: MemoryStore) -> None:
    await store.close()
    with pytest.raises(Unavailable):
        judge(store)(Principal(SAML, NAME))
