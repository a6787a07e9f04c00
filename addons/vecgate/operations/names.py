"""Names that only the database can resolve: asked for once, kept for seconds, forgotten as soon as one may change."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from cachetools import TTLCache

from vecgate.errors import Refusal
from vecgate.operations.dialect import Dialect, Lookup
from vecgate.operations.messages import Answer, Outgoing
from vecgate.reasons import Reason

PER_REQUEST: Final = 64
"""Look-ups that one request may cause."""

type Fetch = Callable[[Outgoing], Awaitable[Answer]]


class NameResolver:
    """The look-ups of one connection.

    A found name is kept for `ttl` seconds, one that does not exist is not kept. Requests that ask for the same name at
    the same time share one fetch. `forget` starts a new epoch: what an older fetch still brings is given to those who
    waited for it, and not kept. Nor is anything for `ttl` seconds after: when the database carries out what it was told
    is known only if it answers, and its client may have left.
    """

    def __init__(
        self,
        fetch: Fetch,
        *,
        ttl: float = 5.0,
        size: int = 10_000,
        patience: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`patience` is how many seconds one fetch may take."""
        self._fetch = fetch
        self._patience = patience
        self._ttl = ttl
        self._clock = clock
        self._known: TTLCache[str, Any] = TTLCache(size, ttl, timer=clock)
        self._flights: dict[str, asyncio.Task[Any]] = {}
        self._epoch: int | None = None
        self._settled = -math.inf

    async def resolve(self, dialect: Dialect, lookups: Sequence[Lookup], *, fresh: bool = False) -> dict[str, Any]:
        """The value of every look-up by its key, None for a name that does not exist. `fresh` skips what is kept.

        Raises Refusal: upstream_unreachable when the database does not answer in time, bad_body for too many names,
        and what `Dialect.learn` raises.
        """
        if len(lookups) > PER_REQUEST:
            raise Refusal(Reason.BAD_BODY, "The request names too many things to look up.")
        names: dict[str, Any] = {}
        flights: dict[str, asyncio.Task[Any]] = {}
        for lookup in lookups:
            known = None if fresh else self._known.get(lookup.key)
            if known is not None:
                names[lookup.key] = known
            elif lookup.key not in flights:
                flights[lookup.key] = self._flight(dialect, lookup, alone=fresh)
        for key, flight in flights.items():
            # Whoever leaves must not take the fetch away from the others who wait for it.
            names[key] = await asyncio.shield(flight)
        return names

    def known(self, lookups: Sequence[Lookup]) -> dict[str, Any] | None:
        """The same from what is kept, without waiting; None if anything has to be asked for."""
        names = {lookup.key: self._known.get(lookup.key) for lookup in lookups}
        return None if None in names.values() else names

    def forget(self) -> None:
        """Names may have changed: nothing that was learnt before counts from here on."""
        self._known.clear()
        self._flights = {}
        self._settled = self._clock() + self._ttl

    def follow(self, epoch: int) -> None:
        """Forget when another worker has said that names changed."""
        before, self._epoch = self._epoch, epoch
        if before is not None and epoch != before:
            self.forget()

    def _flight(self, dialect: Dialect, lookup: Lookup, *, alone: bool) -> asyncio.Task[Any]:
        flight = None if alone else self._flights.get(lookup.key)
        if flight is None:
            flight = asyncio.create_task(self._learn(dialect, lookup))
            flights = self._flights
            flights[lookup.key] = flight
            flight.add_done_callback(lambda done: self._land(flights, lookup.key, done))
        return flight

    def _land(self, flights: dict[str, asyncio.Task[Any]], key: str, flight: asyncio.Task[Any]) -> None:
        if flights.get(key) is not flight:
            return  # a fresher one took its place
        del flights[key]
        if flight.cancelled() or flight.exception() is not None or flights is not self._flights:
            return
        if (value := flight.result()) is not None and self._clock() >= self._settled:
            self._known[key] = value

    async def _learn(self, dialect: Dialect, lookup: Lookup) -> Any:
        try:
            async with asyncio.timeout(self._patience):
                answer = await self._fetch(lookup.request)
        except TimeoutError:
            raise Refusal(Reason.UPSTREAM_UNREACHABLE, "The database did not resolve a name in time.") from None
        return dialect.learn(lookup, answer)
