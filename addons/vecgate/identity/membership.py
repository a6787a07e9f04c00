"""Membership: what one issuer's directory says of its people's groups: asked in bounded time, remembered for as long as
configuration says, and never more than one question about a person at a time."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
import unicodedata
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Final

from cachetools import TTLCache

from vecgate.errors import Refusal, Unavailable
from vecgate.identity.directory import Directory, DirectoryError
from vecgate.identity.principal import Principal
from vecgate.reasons import Reason

REMEMBERED: Final = 4096
QUESTIONS: Final = 16
"""Threads that may wait for one directory. One that hangs is given up, not ended, and goes on counting."""

_log = logging.getLogger("vecgate.identity")


@dataclass(frozen=True, slots=True)
class _Answer:
    """`groups` is None where the directory does not know the person; `until` is on the clock."""

    groups: frozenset[str] | None
    until: float


@dataclass(frozen=True, slots=True)
class _Failure:
    why: str


type _Said = frozenset[str] | _Failure | None


class Membership:
    """`cache` and `timeout` are in seconds, `clock` is monotonic. Used from one event loop."""

    def __init__(
        self, directory: Directory, cache: float, timeout: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._directory, self._cache, self._timeout, self._clock = directory, cache, timeout, clock
        self._answers: TTLCache[str, _Answer] = TTLCache(REMEMBERED, cache, clock)
        self._asking: dict[str, asyncio.Task[_Answer]] = {}
        self._threads = 0

    async def complete(self, principal: Principal, *, required: bool) -> tuple[Principal, float]:
        """The principal with its groups, and until when on the clock they count.

        `required` is where the token says that there are groups: of a person whom the directory does not know they stay
        unknown, and that is not none. Raises Refusal `group_overage`, Unavailable `identity_unavailable`.
        """
        answer = self._answers.get(principal.key) or await self._ask(principal)
        if answer.groups is None and required:
            raise Refusal(Reason.GROUP_OVERAGE)
        return replace(principal, groups=answer.groups or frozenset()), answer.until

    async def close(self) -> None:
        await asyncio.to_thread(self._directory.close)

    async def _ask(self, principal: Principal) -> _Answer:
        task = self._asking.get(principal.key)
        if task is None:
            task = self._asking[principal.key] = asyncio.create_task(self._question(principal))
            task.add_done_callback(lambda _: self._asking.pop(principal.key, None))
        await asyncio.wait([task])  # a caller that leaves ends nothing
        return task.result()

    async def _question(self, principal: Principal) -> _Answer:
        begun = self._clock()
        try:
            async with asyncio.timeout(self._timeout):
                said = await self._thread(principal)
        except TimeoutError:
            said = _Failure(f"no answer within {self._timeout:g} s")
        if isinstance(said, _Failure):
            _log.warning("issuer %s: the directory of groups failed: %s", principal.issuer, said.why)
            raise Unavailable(Reason.IDENTITY_UNAVAILABLE)
        answer = self._answers[principal.key] = _Answer(said, begun + self._cache)
        return answer

    async def _thread(self, principal: Principal) -> _Said:
        """What the directory says, from a daemon: one that hangs does not keep the gateway from ending."""
        if self._threads >= QUESTIONS:
            return _Failure(f"{QUESTIONS} questions wait for it already")
        loop = asyncio.get_running_loop()
        said: asyncio.Future[_Said] = loop.create_future()

        def settle(outcome: _Said) -> None:
            self._threads -= 1
            if not said.done():
                said.set_result(outcome)

        def run() -> None:
            outcome = _say(self._directory, principal)
            with contextlib.suppress(RuntimeError):  # the loop is closed, and nobody waits
                loop.call_soon_threadsafe(settle, outcome)

        self._threads += 1
        threading.Thread(target=run, name="vecgate directory", daemon=True).start()
        return await said


def _say(directory: Directory, principal: Principal) -> _Said:
    try:
        return _checked(directory.groups(principal))
    except DirectoryError as error:
        return _Failure(str(error))
    except BaseException as error:  # its text may hold anything
        return _Failure(type(error).__name__)


def _checked(groups: object) -> frozenset[str] | None:
    """Exact names, in the form in which policy has them."""
    if groups is None:
        return None
    if isinstance(groups, str | bytes | Mapping) or not isinstance(groups, Collection):
        raise DirectoryError("it did not give a list of names")
    if not all(isinstance(group, str) and group for group in groups):
        raise DirectoryError("it gave something among the groups that is no name")
    return frozenset(unicodedata.normalize("NFC", group) for group in groups)
