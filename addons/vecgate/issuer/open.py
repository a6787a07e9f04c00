"""Open the issuer that a configuration describes."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

from vecgate.config.identity import OwnIssuer
from vecgate.config.models import Config
from vecgate.errors import ConfigError, Finding
from vecgate.issuer.issuer import Issuer
from vecgate.issuer.keyring import GivenRing, Keyring, MemoryRing
from vecgate.issuer.ringfile import RingFile
from vecgate.secrets.resolve import resolve

KEY = "identity.own.keys"
_SQLITE = "sqlite:///"


def open_issuer(config: Config, base: Path, secret: Callable[[str], str | None] | None = None) -> Issuer | None:
    """The gateway's own issuer with its keys at hand; None where configuration has none. Blocks. Raises ConfigError."""
    own = config.identity.own
    if own is None:
        return None
    try:
        ring = _keyring(own, config.state.url, base, secret)
        ring.open()
    except (OSError, ValueError) as error:
        raise _error(f"cannot be used: {error}") from error
    return Issuer(own, ring)


def ring_path(own: OwnIssuer, state: str, base: Path) -> Path | None:
    """The keys' file; None where they are in no file of the gateway's."""
    if own.keys is not None:
        scheme, _, path = own.keys.partition(":")
        return base / path if scheme == "file" else None
    return (base / state.removeprefix(_SQLITE)).with_name("issuer.jwks") if state.startswith(_SQLITE) else None


def _keyring(own: OwnIssuer, state: str, base: Path, secret: Callable[[str], str | None] | None) -> Keyring:
    lifetime, period = own.lifetime.seconds, own.rotate.seconds
    path = ring_path(own, state, base)
    if path is not None:
        return RingFile(path, lifetime, period)
    if own.keys is not None:
        return GivenRing(resolve(own.keys, base, secret, key=KEY), lifetime)
    if state.startswith("memory:"):
        return _until_exit(lifetime, period)
    raise _error("must be set, to keys that all gateways have, because the state is shared")


@cache
def _until_exit(lifetime: float, period: float) -> MemoryRing:
    """One a process: a reload must not end tokens."""
    return MemoryRing(lifetime, period)


def _error(message: str) -> ConfigError:
    return ConfigError(Finding("configuration", 0, 0, KEY, message))
