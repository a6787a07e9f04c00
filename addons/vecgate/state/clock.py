"""A clock that nobody can set: uptime plus an offset that is fixed once per boot and shared through the store.

Setting the machine's clock therefore neither refills a limit's window nor reopens a ticket that has expired.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

_UPTIME = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""Counts while the machine sleeps, too; the same in every process of the host."""


def uptime() -> float:
    """Seconds since boot."""
    return time.clock_gettime(_UPTIME)


def boot() -> str:
    """A text that changes with every boot; empty where the system has none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


@dataclass(frozen=True, slots=True)
class Anchor:
    """What ties uptime to Unix time. `latest` and `uptime` are the last readings that were kept."""

    boot: str
    offset: float
    latest: float
    uptime: float

    @classmethod
    def fixed(cls, last: Anchor | None = None) -> Anchor:
        """The anchor of this boot: the kept one, or a new one that never goes back behind the kept readings."""
        now = uptime()
        if last is not None and last.boot == boot() and now >= last.uptime:
            return last
        start = max(time.time(), last.latest if last else 0.0)
        return cls(boot(), start - now, start, now)

    def now(self) -> float:
        """Unix seconds as this boot counts them."""
        return uptime() + self.offset
