"""Bucket: what one worker holds of one limit of one principal, counted without asking the store.

    what the store lent  =  spare + reserved + used

`spare` may be spent for as long as the lease is good; `used` is spent and not yet reported; `reserved` waits for an
answer to tell how much it was. `paid` is apart: the store counts it as spent already, but no request has taken it yet.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from vecgate.state.windows import Claim, Share

LAPSE = 0.1
"""Seconds after which what nobody took is given back."""
LEASE = 2.0
"""Seconds after which a lease that was not renewed counts as spent."""
IN_FLIGHT = 60.0
"""The same for records: they are reserved until their answer has come."""
_GOOD = 0.6
"""The part of a lease's time in which its worker may spend from it."""
_MOST_AHEAD = 4096


class Kind(StrEnum):
    """What is counted."""

    REQUESTS = "requests"
    OPERATIONS = "operations"
    POINTS = "points"


@dataclass(slots=True, eq=False)
class Bucket:
    id: tuple[str, str, Kind, int]
    name: str
    """The limit's name in `RateLimit` headers."""
    kind: Kind
    key: str
    """The bucket in the store."""
    limit: int
    window: int
    """Seconds."""

    spare: int = 0
    reserved: int = 0
    used: int = 0
    paid: int = 0
    recent: int = 0
    """Taken since the store last answered: how far the next lease looks ahead."""

    ends: float = 0.0
    good: float = 0.0
    """Until when `spare` may be spent."""
    seen: float = -math.inf
    """When the store last answered."""
    free: int = 0
    """What nobody held then."""
    elsewhere: int = 0
    """What other workers held then."""
    leased: int = 0
    term: int = 0
    """Changes when a lease is lost or its window ends: what was taken under another term is not given back."""
    evicted: bool = False
    """Another object may stand for the same bucket now: this one must not talk to the store."""

    def left(self, now: float) -> int:
        """What may be taken right now without asking."""
        if now >= self.ends:
            return 0
        return self.paid + (self.spare if now < self.good else 0)

    def remaining(self, now: float) -> int:
        """What is left of the window, as far as this worker knows."""
        return self.free + self.spare + self.paid if now < self.ends else self.limit

    def take(self, amount: int) -> None:
        """`amount` must be `left`."""
        paid = min(amount, self.paid)
        self.paid -= paid
        self.spare -= amount - paid
        self.recent += amount
        if self.kind is Kind.POINTS:
            self.reserved += amount
        else:
            self.used += amount - paid

    def give(self, amount: int) -> None:
        """Requests or operations that were taken did not happen."""
        self.paid += amount

    def settle(self, reserved: int, actual: int) -> None:
        """Records came back. More than were reserved are charged all the same."""
        self.reserved -= reserved
        self.used += actual
        self.spare += max(0, reserved - actual)

    def idle(self) -> bool:
        """Nothing is held or owed: the bucket can be forgotten, the store knows all about it."""
        return not (self.spare or self.reserved or self.used or self.paid)

    def due(self, now: float) -> bool:
        """There is something to give back, to report or to renew."""
        if now < self.seen + LAPSE:
            return False
        return bool(self.spare or self.used or self.paid) or (self.reserved > 0 and now >= self.seen + IN_FLIGHT / 2)

    def claim(self, want: int, now: float) -> Claim:
        """Ask for `want` more. A bucket that nobody took from lately gives back what it holds."""
        if not (want or self.recent):
            self.used -= self.paid
            self.paid = 0
        if not (want or self.recent) or now >= self.good:
            self.spare = 0
        ahead = 0
        if self.recent:
            pace = min(4.0, LAPSE / max(now - self.seen, 1e-6))
            ahead = max(0, min(_MOST_AHEAD, int(self.recent * pace)) - self.spare)
        points = self.kind is Kind.POINTS
        return Claim(
            bucket=self.key,
            limit=self.limit,
            window=self.window,
            ends=self.ends,
            leased=self.leased,
            used=self.used,
            keep=self.reserved + self.spare,
            want=want,
            ahead=ahead,
            paid=not points,
            lasting=IN_FLIGHT if points else LEASE,
        )

    def apply(self, claim: Claim, share: Share) -> None:
        """Take over the answer to a claim. What was spent while it was under way stays spent."""
        if share.renewed:
            self.used -= claim.used
        else:
            self.term += 1
            self.spare = self.reserved = self.used = 0
        if share.ends != self.ends:
            self.paid = 0
        if claim.paid:
            self.paid += share.granted
            self.spare += share.ahead
        else:
            self.spare += share.granted + share.ahead
        self.leased, self.free, self.elsewhere = share.leased, share.free, share.elsewhere
        self.ends, self.seen, self.recent = share.ends, share.now, 0
        self.good = share.now + claim.lasting * _GOOD
