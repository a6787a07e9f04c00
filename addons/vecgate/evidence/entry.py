"""Entry: what the event loop hands to the writer's thread; a record before it has a place in the chain."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

type Waiter = tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]


@dataclass(slots=True)
class Entry:
    kind: str
    exchange: str = ""
    session: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    content: Mapping[str, Any] | None = None
    """The document to be encrypted with the session's key."""
    key: bytes | None = None
    """A new session's key."""
    wall: int = field(default_factory=time.time_ns)
    mono: int = field(default_factory=time.monotonic_ns)
    waiter: Waiter | None = None

    def settle(self, error: Exception | None) -> None:
        """Tell who waits that the entry is durable, or why not. Once; called in the writer's thread."""
        if self.waiter is None:
            return
        loop, future = self.waiter
        self.waiter = None
        try:
            loop.call_soon_threadsafe(_settle, future, error)
        except RuntimeError:  # the loop has ended, nobody waits any more
            return


def _settle(future: asyncio.Future[None], error: Exception | None) -> None:
    if future.done():
        return  # the client left while it waited
    if error is None:
        future.set_result(None)
    else:
        future.set_exception(error)
