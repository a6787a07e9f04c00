"""Reservation: what one request has been charged with, until its outcome is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from vecgate.limits.bucket import Bucket
from vecgate.limits.headers import headers


@dataclass(slots=True, eq=False)
class Charge:
    """`wish` is the upper bound of what the request costs, `taken` what was taken for it."""

    bucket: Bucket
    wish: int
    taken: int = 0
    term: int = 0


@dataclass(slots=True, eq=False)
class Reservation:
    charges: tuple[Charge, ...]
    clock: Callable[[], float] = field(repr=False)
    open: bool = True
    """Neither settled nor released yet."""

    @property
    def headers(self) -> dict[str, str]:
        """`RateLimit` headers for the answer, as things stand now."""
        return headers((charge.bucket for charge in self.charges), self.clock())
