"""OwnKeys: the keyring's public keys for the data path, which asks nobody for them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import msgspec

from vecgate.config.identity import OwnIssuer
from vecgate.identity.fetch import FetchError
from vecgate.identity.jwks import KeySource
from vecgate.identity.keys import KeySet
from vecgate.identity.rules import as_issuer
from vecgate.issuer.keyring import Keyring

_PERIOD = 1.0


class OwnKeys(KeySource):
    """Looked at every second: another worker, or the command line, may have rotated them."""

    _look_pause = _PERIOD

    def __init__(self, own: OwnIssuer, ring: Keyring, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(as_issuer(own), clock)
        self.period = _PERIOD
        self._ring = ring
        self._published: list[dict[str, Any]] = []

    async def _load(self) -> KeySet:
        return await asyncio.to_thread(self._read)

    def _read(self) -> KeySet:
        try:
            published = list(self._ring.published())
        except (OSError, ValueError) as error:
            raise FetchError(f"the gateway's own keys: {error}") from error
        if self._keys is None or published != self._published:
            self._published = published
            return KeySet.parse(msgspec.json.encode({"keys": published}))
        return self._keys
