"""Attempts: credentials that failed, counted per address. Who guesses is refused before any key is used."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address
from typing import Final

from cachetools import LRUCache, TTLCache

from vecgate.config.units import Rate
from vecgate.errors import Refusal
from vecgate.reasons import Reason

ADDRESSES: Final = 4096
CREDENTIALS: Final = 4096
"""How many of either are remembered, the latest."""


class Attempts:
    """A window begins with the first failure of an address.

    In it so many different credentials may fail, and one may fail as often: a client that goes on with a token that has
    expired uses up its own chances, not those of the others behind its address. What was good once is always looked at.
    """

    def __init__(self, rate: Rate, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._clock = rate, clock
        self._proved: LRUCache[bytes, None] = LRUCache(CREDENTIALS)
        self._failed: TTLCache[str, tuple[float, dict[bytes, int]]] = TTLCache(ADDRESSES, rate.window, clock)

    def check(self, address: str, digest: bytes) -> None:
        """Before a credential is proved. Raises Refusal: too_many_failures, with when to come back."""
        found = self._failed.get(network(address))
        if found is None:
            return
        begun, failures = found
        guessing = len(failures) >= self._rate.amount and digest not in self._proved
        if guessing or failures.get(digest, 0) >= self._rate.amount:
            wait = max(1, math.ceil(begun + self._rate.window - self._clock()))
            raise Refusal(Reason.TOO_MANY_FAILURES, headers={"retry-after": str(wait)})

    def failed(self, address: str, digest: bytes) -> None:
        _, failures = self._failed.setdefault(network(address), (self._clock(), {}))
        failures[digest] = failures.get(digest, 0) + 1

    def proved(self, digest: bytes) -> None:
        self._proved[digest] = None


def network(address: str) -> str:
    """What counts as one address: of IPv6 the 64 bits that one site has (RFC 6177), of all others the whole."""
    host = address.rpartition(":")[0].strip("[]") or address
    try:
        parsed = ip_address(host)
    except ValueError:
        return host
    if isinstance(parsed, IPv6Address):
        return str(parsed.ipv4_mapped) if parsed.ipv4_mapped else parsed.exploded[:19]
    return host
