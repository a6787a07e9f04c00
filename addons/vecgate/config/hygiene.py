"""Hygiene: advice on connections, issuers and the files that hold secrets."""

from __future__ import annotations

from collections.abc import Iterator

from vecgate.config.addresses import Address, UpstreamAddress
from vecgate.config.advice import Code, Remark
from vecgate.config.document import KeyPath
from vecgate.config.load import Loaded
from vecgate.config.models import Connection, Enforcement

_OTHERS = 0o077


def remarks(loaded: Loaded) -> Iterator[Remark]:
    config = loaded.config
    for index, connection in enumerate(config.connections):
        yield from _connection(connection, ("connections", index))
    if not config.identity.known:
        yield Code.NO_ISSUERS, ("identity",), "no issuer is configured: only a plugin can tell who somebody is"
    if config.control is not None and not Address.parse(config.control.listen).is_loopback:
        yield Code.PLAINTEXT, ("control", "listen"), "the control plane speaks plain HTTP beyond this host"
    for index, provider in enumerate(config.identity.saml):
        if not loaded.resolve(provider.metadata).is_file():
            at: KeyPath = ("identity", "saml", index, "metadata")
            yield Code.MISSING_FILE, at, f"there is no file {loaded.resolve(provider.metadata)}"
    for at, reference, made in _files(loaded):
        path = loaded.resolve(reference)
        if not path.is_file():
            if not made:
                yield Code.MISSING_FILE, at, f"there is no file {path}"
        elif path.stat().st_mode & _OTHERS:
            yield Code.READABLE_FILE, at, f"others may read {path}: chmod 600"


def _connection(connection: Connection, at: KeyPath) -> Iterator[Remark]:
    if connection.enforcement is Enforcement.OBSERVE:
        yield Code.OBSERVE, (*at, "enforcement"), "policy, limits and approvals refuse nothing here, they only record"
    if connection.tls is None and not Address.parse(connection.listen).is_loopback:
        yield Code.PLAINTEXT, (*at, "listen"), "tokens cross the network in clear text: give it tls"
    upstream = UpstreamAddress.parse(connection.upstream)
    if connection.credential is not None and upstream.scheme != "https" and not upstream.address.is_loopback:
        yield Code.PLAINTEXT, (*at, "upstream"), "the service credential crosses the network in clear text"


def _files(loaded: Loaded) -> Iterator[tuple[KeyPath, str, bool]]:
    """Every file that holds a secret, and whether it is made when absent."""
    config = loaded.config
    for index, connection in enumerate(config.connections):
        at: KeyPath = ("connections", index)
        if connection.credential is not None and connection.credential.value.startswith("file:"):
            yield (*at, "credential", "value"), connection.credential.value, False
        if connection.tls is not None:
            yield (*at, "tls", "key"), connection.tls.key, False
    for index, issuer in enumerate(config.identity.issuers):
        secret = issuer.login.client_secret if issuer.login else None
        if secret is not None and secret.startswith("file:"):
            yield ("identity", "issuers", index, "login", "client_secret"), secret, False
    for index, directory in enumerate(config.identity.provisioning):
        if directory.token.startswith("file:"):
            yield ("identity", "provisioning", index, "token"), directory.token, False
    if config.evidence.signing_key is not None:
        yield ("evidence", "signing_key"), config.evidence.signing_key, True
    if config.identity.own is not None and (config.identity.own.keys or "").startswith("file:"):
        yield ("identity", "own", "keys"), str(config.identity.own.keys), True
    if config.masking.key is not None:
        yield ("masking", "key"), config.masking.key, True
