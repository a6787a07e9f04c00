"""Accounts: service accounts and their static keys. A key is 256 random bits; configuration holds its SHA-256 alone."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from hmac import compare_digest
from typing import Final

from vecgate.config.identity import Identity, ServiceAccount
from vecgate.errors import Refusal
from vecgate.identity.principal import Principal
from vecgate.reasons import Reason

PREFIX: Final = "vg_"
"""What a static key begins with. No JWT does: a credential is either, never both."""
_SHAPE = re.compile(r"vg_[A-Za-z0-9_-]{43}")
_SCHEME = "sha256:"


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just made, and what configuration holds of it."""

    key: str
    digest: str

    @classmethod
    def make(cls) -> NewKey:
        key = PREFIX + secrets.token_urlsafe(32)
        return cls(key, _SCHEME + hashlib.sha256(key.encode()).hexdigest())


class Accounts:
    """The service accounts of a configuration. Without an issuer of the gateway's own there are none."""

    def __init__(self, identity: Identity) -> None:
        listed = identity.service_accounts if identity.own else []
        issuer = identity.own.issuer if identity.own else ""
        self._named = {account.name: _principal(account, issuer) for account in listed}
        self._keys = [
            (bytes.fromhex(key.removeprefix(_SCHEME)), account.name) for account in listed for key in account.keys
        ]

    def named(self, name: str, now: float) -> Principal | None:
        """The account as it is configured; None if there is none, or it has expired."""
        found = self._named.get(name)
        return found if found and now < found.expires else None

    def prove(self, key: str, now: float) -> Principal:
        """Whose key it is. Every digest is compared, in a time that does not tell which one fits, or how far.

        Raises Refusal: `token_invalid`, `token_expired`.
        """
        digest, name = hashlib.sha256(key.encode()).digest(), None
        for known, owner in self._keys:
            if compare_digest(known, digest):
                name = owner
        if name is None or not _SHAPE.fullmatch(key):
            raise Refusal(Reason.TOKEN_INVALID, "no service account has this key")
        principal = self._named[name]
        if now >= principal.expires:
            raise Refusal(Reason.TOKEN_EXPIRED, "the service account has expired")
        return principal


def _principal(account: ServiceAccount, issuer: str) -> Principal:
    claims = {"iss": issuer, "sub": account.name, "client_id": account.name, "groups": account.groups}
    return Principal(
        issuer=issuer,
        subject=account.name,
        name=account.name,
        groups=frozenset(account.groups),
        client=account.name,
        claims=claims | {"owner": account.owner},
        expires=account.expires.timestamp(),
    )
