"""A gateway in front of a byte-level upstream, one per module and master, for cases that need no addon of their own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio
from tests.support.meddler import Faulty, Meddler
from tests.support.raw_upstream import RawUpstream
from tests.support.serving import MASTERS, Served, serving

from vecgate.serve.listeners import Bounds, Listener, Upstream

BOUNDS = Bounds(body=100_000, answer=1_000_000, head_time=0.4, body_time=0.4, resets=20, control=50, streams=10)


@dataclass
class Bench:
    kind: str
    served: Served
    upstream: RawUpstream

    @property
    def port(self) -> int:
        return self.served.port

    def clear(self) -> None:
        self.upstream.take()
        self.served.reports.clear()
        self.served.gate.ends.clear()


def listener(port: int, bounds: Bounds = BOUNDS) -> Listener:
    return Listener("docs", "127.0.0.1", 0, Upstream("http", "127.0.0.1", port), bounds=bounds)


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=MASTERS)
async def shared(request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    async with RawUpstream() as upstream, serving(request.param, listener(upstream.port)) as served:
        yield Bench(request.param, served, upstream)


@pytest.fixture
def bench(shared: Bench) -> Bench:
    shared.clear()
    return shared


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=MASTERS)
async def meddling(request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    before, after = [Faulty("before")], [Faulty("after"), Meddler()]
    async with (
        RawUpstream() as upstream,
        serving(request.param, listener(upstream.port), before=before, after=after) as served,
    ):
        yield Bench(request.param, served, upstream)


@pytest.fixture
def meddled(meddling: Bench) -> Bench:
    """The same with addons around the gate that fail and meddle as the request says."""
    meddling.clear()
    return meddling
