"""Open what knows people: who they are, whose access has ended, and which directories say so."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from vecgate.config.document import KeyPath, key_text
from vecgate.config.load import Loaded
from vecgate.errors import ConfigError
from vecgate.hooks import Hooks
from vecgate.identity.authenticator import Authenticator
from vecgate.identity.elsewhere import Elsewhere
from vecgate.identity.membership import Membership
from vecgate.identity.revocations import Record, Revocations
from vecgate.issuer.issuer import Issuer
from vecgate.issuer.ownkeys import OwnKeys
from vecgate.secrets.resolve import resolve
from vecgate.state.store import StateStore

if TYPE_CHECKING:
    from vecgate.identity.provisioning import Provisioning

SECRET = 32
"""Characters of a directory's secret: attempts at it are not counted."""


async def open_authenticator(loaded: Loaded, hooks: Hooks, store: StateStore, issuer: Issuer | None) -> Authenticator:
    """All issuers, `issuer` being the gateway's own. It is not started. Raises ConfigError, PluginError."""
    return Authenticator(
        loaded.config.identity,
        loaded.base,
        revoked=Elsewhere(store.revoked, loaded.config.identity.provisioning),
        plugin=hooks.authenticate if hooks.implements("vecgate_authenticate") else None,
        memberships=await asyncio.to_thread(_memberships, loaded, hooks),
        own=OwnKeys(issuer.own, issuer.ring) if issuer else None,
    )


def open_revocations(loaded: Loaded, hooks: Hooks, store: StateStore, record: Record) -> Revocations:
    """Whose access can be ended, and by whom. Where a plugin authenticates, it alone may know an issuer."""
    identity = loaded.config.identity
    issuers = None if hooks.implements("vecgate_authenticate") else identity.known
    return Revocations(store, record=record, issuers=issuers, administrators=identity.administrators)


def open_provisioning(
    loaded: Loaded, hooks: Hooks, store: StateStore, revocations: Revocations
) -> Mapping[bytes, Provisioning]:
    """The directories by the digest of their secret. Blocks. Raises ConfigError."""
    found: dict[bytes, Provisioning] = {}
    for index, each in enumerate(loaded.config.identity.provisioning):
        at: KeyPath = ("identity", "provisioning", index, "token")
        try:
            from vecgate.identity.provisioning import Provisioning
        except ImportError as error:
            hint = f"provisioning needs an extra: install vecgate[scim] ({error.name} is missing)"
            raise ConfigError(loaded.source.finding(("identity", "provisioning"), hint, at="key")) from error
        secret = resolve(each.token, loaded.base, hooks.secret, key=key_text(at))
        digest = hashlib.sha256(secret.encode()).digest()
        if len(secret) < SECRET or digest in found:
            hint = f"must be a secret of its own, of {SECRET} random characters or more"
            raise ConfigError(loaded.source.finding(at, hint))
        found[digest] = Provisioning(each.issuer, each.account, store, revocations)
    return found


def _memberships(loaded: Loaded, hooks: Hooks) -> dict[str, Membership]:
    """By issuer, whose directory is asked for groups. Blocks. Raises ConfigError, PluginError."""
    found: dict[str, Membership] = {}
    for index, issuer in enumerate(loaded.config.identity.issuers):
        if issuer.directory is None:
            continue
        directory = hooks.directory(issuer.directory.source, loaded.base)
        if directory is None:
            scheme = issuer.directory.source.partition(":")[0]
            message = f"no plugin knows {scheme}: — write file:PATH or entra:PATH, or load the plugin"
            raise ConfigError(loaded.source.finding(("identity", "issuers", index, "directory", "source"), message))
        cache, timeout = issuer.directory.cache.seconds, issuer.directory.timeout.seconds
        found[issuer.issuer] = Membership(directory, cache, timeout)
    return found
