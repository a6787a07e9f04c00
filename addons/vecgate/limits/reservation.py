"""Reservation: what one request has been charged with, until its outcome is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from vecgate.limits.bucket import Bucket, Kind
from vecgate.limits.headers import headers

_RECHECK = 0.25
"""Seconds for which a spent limit is refused without asking the store again."""


@dataclass(slots=True, eq=False)
class Charge:
    """`wish` is the upper bound of what the request costs, `taken` what was taken for it."""

    bucket: Bucket
    wish: int
    taken: int = 0
    term: int = 0

    def affords(self, now: float, asked: bool) -> bool:
        """What is held suffices. Records may be fewer than wished for where the store has no more to give."""
        left = self.bucket.left(now)
        if left >= self.wish:
            return True
        return asked and self.bucket.kind is Kind.POINTS and left > 0 and self.bucket.free == 0

    def is_spent(self, now: float, asked: bool) -> bool:
        """The limit has no room for the charge, as the store said just now (`asked`) or a moment ago."""
        bucket, points = self.bucket, self.bucket.kind is Kind.POINTS
        if not points and self.wish > bucket.limit:
            return True
        known = asked or (now - bucket.seen < _RECHECK and not self.may_fit)
        return known and now < bucket.ends and bucket.remaining(now) < (1 if points else self.wish)

    @property
    def may_fit(self) -> bool:
        """Somebody holds a part that may yet be given back, and then there may be room."""
        return self.wish <= self.bucket.limit and (self.bucket.elsewhere > 0 or self.bucket.reserved > 0)


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
