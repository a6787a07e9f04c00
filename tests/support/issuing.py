"""The gateway's own issuer in tests: a ring in memory, time that stands, and an authenticator that takes its tokens."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.support.state import Clock
from vecgate.config.identity import Identity, OwnIssuer, ServiceAccount
from vecgate.config.identity import Issuer as IssuerModel
from vecgate.identity.accounts import NewKey
from vecgate.identity.authenticator import Authenticator
from vecgate.issuer.issuer import Issuer
from vecgate.issuer.keyring import MemoryRing
from vecgate.issuer.ownkeys import OwnKeys

OWN = "https://vecgate.test"
IDP = "https://issuer.test/"
NOW = 1_790_000_000.0


def account(name: str, *keys: str, groups: tuple[str, ...] = (), expires: float = NOW + 1e6) -> ServiceAccount:
    made = list(keys) or [NewKey.make().digest]
    moment = datetime.fromtimestamp(expires, UTC)
    return ServiceAccount(name=name, owner="dana", groups=list(groups), expires=moment, keys=made)


class Scene:
    """`clock` is both wall and monotonic time."""

    def __init__(self, *accounts: ServiceAccount, lifetime: str = "10m", rotate: str = "30d") -> None:
        self.clock = Clock(NOW)
        self.own = OwnIssuer.model_validate({"issuer": OWN, "lifetime": lifetime, "rotate": rotate})
        self.accounts = list(accounts)
        self.revoked: set[str] = set()
        self.ring = MemoryRing(self.own.lifetime.seconds, self.own.rotate.seconds, self.clock)
        self.issuer = Issuer(self.own, self.ring, self.clock)

    @asynccontextmanager
    async def authenticator(
        self, *issuers: IssuerModel, base: Path = Path(), **more: Any
    ) -> AsyncIterator[Authenticator]:
        identity = Identity(issuers=list(issuers), own=self.own, service_accounts=self.accounts)
        given: dict[str, Any] = {
            "own": OwnKeys(self.own, self.ring, self.clock),
            "revoked": lambda principal: principal.subject in self.revoked,
            "wall": self.clock,
            "clock": self.clock,
        }
        made = Authenticator(identity, base, **given | more)
        await made.start()
        try:
            yield made
        finally:
            await made.stop()
