"""Keeper: one secret, kept fresh beside the requests that use it.

The store is asked every `period`, and at once when the database refuses what is kept, at most every 5 s. What it
answers is used from the next request on. While it does not answer, the last good value is used for the grace time after
it was last confirmed; then there is none: 503 until the store answers again. Requests never wait for a store, and
cannot be turned into traffic at it. No value is part of a message.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import time
from collections.abc import Callable

from vecgate.errors import ConfigError, Finding, Unavailable
from vecgate.reasons import Reason
from vecgate.secrets.aside import aside

PATIENCE = 10.0
"""Seconds that one answer may take."""
SUSPECT_PAUSE = 5.0

_log = logging.getLogger("vecgate.secrets")


class Keeper:
    """One per credential and configuration. `read` blocks, and raises ConfigError; `period` 0 is a secret that cannot
    change while the process lives. `clock` is monotonic, in seconds."""

    def __init__(
        self,
        key: str,
        read: Callable[[], str],
        *,
        period: float,
        grace: float,
        patience: float = PATIENCE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._key, self._read, self._clock = key, read, clock
        self._period, self._grace, self._patience = period, grace, patience
        self._value = ""
        self._confirmed = self._suspected = -math.inf
        self._trouble = ""
        self._flight: tuple[asyncio.Future[str], float] | None = None
        """A question, and when it was asked."""
        self._suspect = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def value(self) -> str:
        """The secret. Raises Unavailable `credential_unavailable` once nothing has confirmed it for too long."""
        if not self.usable:
            raise Unavailable(Reason.CREDENTIAL_UNAVAILABLE, retry_after=math.ceil(max(1.0, self._period)))
        return self._value

    @property
    def usable(self) -> bool:
        return bool(self._value) and (not self._period or self._clock() < self._confirmed + self._grace)

    async def prime(self) -> None:
        """First value. Raises ConfigError."""
        self._adopt(*await self._ask())

    def start(self) -> None:
        """Keep the value fresh from now on. Nothing the second time."""
        if self._period and self._task is None:
            self._task = asyncio.create_task(self._keep_fresh())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    def suspect(self) -> None:
        """The database refused the value: it may have been rotated. Does not wait, and asks the store now and then."""
        if self._clock() >= self._suspected + SUSPECT_PAUSE:
            self._suspected = self._clock()
            self._suspect.set()

    async def refresh(self) -> None:
        """Ask the store. Never raises."""
        try:
            value, asked = await self._ask()
        except ConfigError as error:
            self._fail(error.findings[0].message)
        except Exception as error:  # its text may be anything
            self._fail(type(error).__name__)
        else:
            self._adopt(value, asked)

    async def _keep_fresh(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._period):
                    await self._suspect.wait()
            self._suspect.clear()
            await self.refresh()

    async def _ask(self) -> tuple[str, float]:
        """The answer, and when it was asked for. One question at a time: one that hangs is waited for again, and not
        asked again; whoever asks meanwhile shares it."""
        if self._flight is None:
            self._flight = aside(self._read), self._clock()
        flight = self._flight
        await asyncio.wait([flight[0]], timeout=self._patience)
        if not flight[0].done():
            raise _error(self._key, f"no answer within {self._patience:g} s")
        if self._flight is flight:
            self._flight = None
        return flight[0].result(), flight[1]

    def _adopt(self, value: str, asked: float) -> None:
        if self._trouble:
            _log.warning("%s: the secret is to be had again", self._key)
        elif self._value and value != self._value:
            _log.warning("%s: the secret has changed, the new one is used from now on", self._key)
        self._value, self._confirmed, self._trouble = value, asked, ""

    def _fail(self, trouble: str) -> None:
        if trouble != self._trouble:
            left = max(0.0, self._confirmed + self._grace - self._clock())
            _log.warning("%s: %s; the last good secret is used for another %.0f s", self._key, trouble, left)
        self._trouble = trouble


def _error(key: str, message: str) -> ConfigError:
    return ConfigError(Finding("configuration", 0, 0, key, message))
