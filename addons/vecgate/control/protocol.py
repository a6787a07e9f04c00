"""Protocol: HTTP/1.1 of the control plane, with a bound on connections that are held and not used.

uvicorn waits without end for a first request, and for the rest of one whose head has begun. The parser is h11 whatever
else is installed, so that a request is read the same way everywhere.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

CONNECTIONS = 200
"""Open ones. One more closes the oldest that is idle; where there is none, it is closed itself."""
LOOK = 7.5
"""Seconds between two looks: whoever has begun no request in the time between two is closed."""


class Protocol(H11Protocol):
    """One connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(transport)
        self._opened = self.loop.time()
        self._look = self.loop.call_later(LOOK, self._look_again, None)
        if len(self.connections) > CONNECTIONS:
            idle = [each for each in self.connections if isinstance(each, Protocol) and each is not self and each.idle]
            min(idle, key=lambda each: each._opened, default=self).transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._look.cancel()
        super().connection_lost(exc)

    @property
    def idle(self) -> bool:
        """No request begun, or the last one answered. The head of another may have come in part."""
        cycle: Any = self.cycle
        return cycle is None or bool(cycle.response_complete)

    def _look_again(self, before: Any) -> None:
        if self.idle and self.cycle is before:
            self.transport.abort()
        else:
            self._look = self.loop.call_later(LOOK, self._look_again, self.cycle)
