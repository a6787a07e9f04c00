"""Where an issuer's keys come from, and how long they count.

A source knows a key set or knows none. It asks its origin again
- every `period` (a third of the grace time, at most 5 minutes), so that a removed key ends within minutes;
- when a token names an unknown key: once for all who wait, at most once in 30 s, and not soon again for that name;
- while it has no usable set: with a growing pause, so that requests cannot be turned into traffic at the issuer.
A set counts for the grace time after it was last confirmed. Without a counting set there is no identity: 503.
"""

from __future__ import annotations

import asyncio
import logging
import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path

import httpx
from cachetools import TTLCache

from vecgate.config.identity import Issuer
from vecgate.errors import Refusal, Unavailable
from vecgate.identity.claims import parse_object
from vecgate.identity.fetch import MAX_BYTES, SECONDS, Fetcher, FetchError, shown
from vecgate.identity.keys import KeySet, VerificationKey
from vecgate.identity.rules import Misconfigured, key_url
from vecgate.reasons import Reason

_MAX_PERIOD = 300.0
_FILE_PERIOD = 1.0
_FORGET_UNKNOWN = 120.0
_MAX_PAUSE = 30.0

_log = logging.getLogger("vecgate.identity")


class KeySource(ABC):
    """The keys of one issuer. `clock` is monotonic, in seconds."""

    _look_pause = 30.0

    def __init__(self, issuer: Issuer, clock: Callable[[], float]) -> None:
        self.issuer = issuer.issuer
        self.epoch = 0
        """Grows with every change of the key set: what was derived from an older one no longer counts."""
        self.period = max(1.0, min(_MAX_PERIOD, issuer.grace.seconds / 3))
        self._grace = max(1.0, issuer.grace.seconds)
        self._clock = clock
        self._keys: KeySet | None = None
        self._confirmed = self._attempted = self._looked = -math.inf
        self._failures = 0
        self._error: Exception | None = None
        self._flight: asyncio.Task[None] | None = None
        self._unknown: TTLCache[str, None] = TTLCache(1024, _FORGET_UNKNOWN, timer=clock)

    @abstractmethod
    async def _load(self) -> KeySet:
        """Ask the origin. Raises FetchError when it is down or broken, Misconfigured when it must not be used."""

    @property
    def keys(self) -> KeySet | None:
        """The set that was had last."""
        return self._keys

    @property
    def problem(self) -> str:
        """Why the last attempt to have it failed; empty if it did not. What nobody foresaw may quote anything."""
        foreseen = isinstance(self._error, FetchError | Misconfigured | None)
        return str(self._error or "") if foreseen else type(self._error).__name__

    def usable(self) -> bool:
        """Whether there is a key set that still counts."""
        return self._keys is not None and self._clock() < self._confirmed + self._grace

    async def find(self, kid: str | None, algorithm: str) -> VerificationKey:
        """The key that a token names. Raises Refusal `token_invalid`, Unavailable `identity_unavailable`."""
        if not self.usable():
            if self._in_flight or self._pause() <= 0:
                await self.refresh()
            if not self.usable():
                raise self._unavailable()
        if not self._set.knows(kid):
            await self._look_again(str(kid))
        key = self._set.find(kid, algorithm)
        if key is None:
            raise Refusal(Reason.TOKEN_INVALID, "no key of the issuer fits the token")
        return key

    async def prime(self) -> None:
        """First load. An origin that is down is asked again later. Raises Misconfigured."""
        await self.refresh()
        if isinstance(self._error, Misconfigured):
            raise self._error

    async def keep_fresh(self) -> None:
        """Confirm the set for ever; run as a task."""
        while True:
            await asyncio.sleep(min(self.period, self._backoff()) if self._failures else self.period)
            await self.refresh()

    async def refresh(self) -> None:
        """Ask the origin, together with whoever else is asking. Never raises; a caller that leaves ends nothing."""
        if self._flight is None or self._flight.done():
            self._flight = asyncio.create_task(self._attempt())
        await asyncio.wait([self._flight])

    async def stop(self) -> None:
        if self._flight is not None:
            self._flight.cancel()
            await asyncio.wait([self._flight])

    @property
    def _set(self) -> KeySet:
        assert self._keys is not None, "usable() comes first"
        return self._keys

    @property
    def _in_flight(self) -> bool:
        return self._flight is not None and not self._flight.done()

    async def _look_again(self, kid: str) -> None:
        """An unknown key may be a new one. What was not asked for is refused as unknown; what could not be, as down."""
        if kid in self._unknown:
            return
        due = self._clock() >= self._looked + self._look_pause
        if due:
            self._looked = self._clock()
        asked = due or self._in_flight
        if asked:
            await self.refresh()
        if self._failures:
            raise self._unavailable()
        if asked and not self._set.knows(kid):
            self._unknown[kid] = None

    async def _attempt(self) -> None:
        self._attempted = begun = self._clock()
        try:
            found = await self._load()
        except Exception as error:
            self._failures += 1
            if str(error) != str(self._error):
                expected = isinstance(error, FetchError | Misconfigured)
                _log.warning("issuer %s: no keys: %s", self.issuer, error, exc_info=None if expected else error)
            self._error = error
        else:
            if self._failures:
                _log.info("issuer %s: keys are to be had again", self.issuer)
            self._failures, self._error, self._confirmed = 0, None, begun
            self._adopt(found)

    def _adopt(self, found: KeySet) -> None:
        if self._keys is None or found.skipped != self._keys.skipped:
            for reason in found.skipped:
                _log.warning("issuer %s: key ignored: %s", self.issuer, reason)
        if self._keys is None or not found.same_as(self._keys):
            self.epoch += 1
        self._keys = found

    def _backoff(self) -> float:
        return min(_MAX_PAUSE, 2.0 ** min(self._failures - 1, 10)) if self._failures else 0.0

    def _pause(self) -> float:
        return self._attempted + self._backoff() - self._clock()

    def _unavailable(self) -> Unavailable:
        return Unavailable(Reason.IDENTITY_UNAVAILABLE, retry_after=max(1, math.ceil(self._pause())))


class RemoteKeys(KeySource):
    """Keys behind a URL, or behind the issuer's discovery document (OpenID Connect Discovery 1.0 §4)."""

    def __init__(self, issuer: Issuer, fetcher: Fetcher, clock: Callable[[], float]) -> None:
        super().__init__(issuer, clock)
        self._fetcher = fetcher
        self._allow_http = issuer.allow_http
        discover = issuer.jwks == "discover"
        address = f"{issuer.issuer.removesuffix('/')}/.well-known/openid-configuration" if discover else issuer.jwks
        url = self._permitted(address)
        self._discovery = url if discover else None
        self._url = None if discover else url

    async def _load(self) -> KeySet:
        try:
            async with asyncio.timeout(SECONDS):
                url = self._url or await self._discover()
                body = await self._fetcher.get(url)
        except TimeoutError as error:
            raise FetchError(f"no answer within {SECONDS:g} s") from error
        try:
            return KeySet.parse(body)
        except ValueError as error:
            raise FetchError(f"{shown(url)}: {error}") from error

    async def _discover(self) -> httpx.URL:
        assert self._discovery is not None, "either the keys' address is known, or where to learn it"
        body = await self._fetcher.get(self._discovery)
        try:
            document = parse_object(body)
        except ValueError as error:
            raise FetchError(f"{shown(self._discovery)}: {error}") from error
        if document.get("issuer") != self.issuer:
            told = f"{shown(self._discovery)} speaks for another issuer; they must be equal exactly"
            raise Misconfigured("issuer", told)
        return self._permitted(document.get("jwks_uri"))

    def _permitted(self, address: object) -> httpx.URL:
        try:
            return key_url(address if isinstance(address, str) else "", self._allow_http)
        except ValueError as error:
            raise Misconfigured("jwks", f"{shown(address)}: {error}") from error


class FileKeys(KeySource):
    """Keys in a file, read again when it changes. The issuer is never contacted."""

    _look_pause = _FILE_PERIOD

    def __init__(self, issuer: Issuer, path: Path, clock: Callable[[], float]) -> None:
        super().__init__(issuer, clock)
        self._path = path
        self._stamp: tuple[int, int, int] | None = None
        self.period = _FILE_PERIOD

    async def _load(self) -> KeySet:
        return await asyncio.to_thread(self._read)

    def _read(self) -> KeySet:
        try:
            status = self._path.stat()
            stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
            if self._keys is not None and stamp == self._stamp:
                return self._keys
            if status.st_size > MAX_BYTES:
                raise FetchError(f"{self._path}: larger than {MAX_BYTES} bytes")
            found = KeySet.parse(self._path.read_bytes())
        except OSError as error:
            raise FetchError(f"{self._path}: {error.strerror}") from error
        except ValueError as error:
            raise FetchError(f"{self._path}: {error}") from error
        self._stamp = stamp
        return found

    async def prime(self) -> None:
        """A file that cannot be read is no outage but a mistake. Raises Misconfigured."""
        await super().prime()
        if self._error:
            raise Misconfigured("jwks", str(self._error)) from self._error
