"""State stores and what goes into them, for tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from vecgate.approvals.tickets import Ticket
from vecgate.identity.principal import Principal
from vecgate.identity.revocation import Revocation, What
from vecgate.state.memory import MemoryStore
from vecgate.state.open import open_store
from vecgate.state.store import StateStore

ISSUER = "https://idp.test/"
OWNERS = {"groups": ["db-owners"], "subjects": None, "issuers": None, "clients": None}


class Clock:
    """Time that passes when it is told to."""

    def __init__(self, now: float = 1_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def person(subject: str, *groups: str, **claims: Any) -> Principal:
    return Principal(ISSUER, subject, name=subject.title(), groups=frozenset(groups), claims=claims)


def revoked(value: str, what: What = What.SUBJECT, **more: Any) -> Revocation:
    return Revocation(what=what, issuer=ISSUER, value=value, reason="left", **more)


@asynccontextmanager
async def opened(kind: str, folder: Path) -> AsyncIterator[StateStore]:
    """A started store: `memory`, or `sqlite` in a folder."""
    store = MemoryStore() if kind == "memory" else open_store("sqlite:///state.db", folder)
    await store.start()
    try:
        yield store
    finally:
        await store.close()


def ticket(now: float, **changes: Any) -> Ticket:
    """alice asks; db-owners decide within a minute."""
    values: dict[str, Any] = {
        "id": "0" * 32,
        "binding": "b" * 64,
        "connection": "docs",
        "exchange": "e" * 32,
        "peer": "127.0.0.1:1",
        "user_agent": "test",
        "issuer": ISSUER,
        "subject": "alice",
        "name": "Alice",
        "client": "",
        "identities": (f"{ISSUER} alice",),
        "rule": "destructive",
        "reviewers": OWNERS,
        "needed": 1,
        "opened": now,
        "expires": now + 60,
        "summary": {"effect": "delete 1 in kb"},
    }
    return Ticket(**(values | changes))
