"""Resolve: names that only the database knows (UUIDs, what exists already) are looked up before anything is judged."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import ClassVar

from mitmproxy import http

from vecgate.exchange import Exchange
from vecgate.operations.dialect import Reading
from vecgate.runtime import Runtime, Upstream
from vecgate.stages.stage import Stage, judged


class Resolve(Stage):
    name: ClassVar[str] = "resolve"

    @judged
    def request(self, flow: http.HTTPFlow, exchange: Exchange) -> Awaitable[None] | None:
        reading, upstream = exchange.reading, self.context.upstream(exchange)
        assert reading is not None
        lookups = upstream.dialect.lookups(reading)
        if not lookups:
            return None
        upstream.names.follow(self.context.require(exchange).store.epoch(names_epoch(upstream.naming)))
        known = upstream.names.known(lookups)
        if known is None:
            return self._ask(exchange, upstream, reading)
        exchange.reading = upstream.dialect.bind(reading, known)
        return None

    @staticmethod
    async def _ask(exchange: Exchange, upstream: Upstream, reading: Reading) -> None:
        exchange.reading = await bind(upstream, reading)


def names_epoch(connection: str) -> str:
    """The store's epoch that is raised whenever a connection's names may have changed."""
    return f"names {connection}"


async def forget_names(runtime: Runtime, connection: str) -> None:
    """The connection's names may have changed: no worker's look-up from before counts. Raises Unavailable."""
    upstream = runtime.upstreams[connection]
    upstream.names.forget()
    await runtime.store.bump(names_epoch(upstream.naming))


async def bind(upstream: Upstream, reading: Reading, *, fresh: bool = False) -> Reading:
    """The reading with resolved names. `fresh` asks the database again, whatever the cache says."""
    lookups = upstream.dialect.lookups(reading)
    if not lookups:
        return reading
    names = await upstream.names.resolve(upstream.dialect, lookups, fresh=fresh)
    return upstream.dialect.bind(reading, names)
