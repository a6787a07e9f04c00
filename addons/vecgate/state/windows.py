"""How workers share a limit: the store keeps one window per bucket and lends each worker a part of what is left.

A worker counts requests inside its lease without asking anybody. The rules that keep the sum below the limit:

- what is lent counts as spent until it is given back, so the sum of all parts never exceeds the limit;
- a lease that its worker did not renew in time belongs to a dead worker and is spent for good;
- a window starts at its first use and ends a fixed time later. Nothing is refilled inside it.

`share` is pure; every store calls it inside its own transaction.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec


@dataclass(frozen=True, slots=True)
class Claim:
    """What a worker reports about a bucket and what it asks for."""

    bucket: str
    limit: int
    window: int
    """Seconds."""
    ends: float = 0.0
    """The window that `used` and `keep` belong to; 0 for whichever is open."""
    leased: int = 0
    """What the store lent at the last claim."""
    used: int = 0
    """Spent since the last claim; negative to undo what was counted before."""
    keep: int = 0
    """Not spent, but kept: reserved by requests in flight, or still in hand."""
    want: int = 0
    """What waiting requests need on top."""
    ahead: int = 0
    """What the worker would like to hold for requests that are likely to come."""
    paid: bool = True
    """`want` is sure to be spent: count it at once instead of lending it."""
    lasting: float = 2.0
    """Seconds after which the lease counts as a dead worker's."""


@dataclass(frozen=True, slots=True)
class Share:
    """What the store answers to a claim. `now` is the store's clock at that moment."""

    now: float
    ends: float
    granted: int
    """Of what was wanted. Counted at once if `Claim.paid`, lent otherwise."""
    ahead: int
    """Lent besides."""
    leased: int
    """All that the worker holds now and has to account for."""
    free: int
    """Neither spent nor lent to anybody."""
    elsewhere: int
    """Lent to other workers: may yet come back."""
    renewed: bool
    """False if the worker's last lease was already counted as spent, or was of an earlier window."""


class Lease(msgspec.Struct, array_like=True, frozen=True):
    amount: int
    until: float


class Window(msgspec.Struct, array_like=True, frozen=True):
    """The state of a bucket until `ends`."""

    ends: float
    used: int
    leases: dict[str, Lease]


def share(window: Window | None, worker: str, claim: Claim, now: float) -> tuple[Window, Share]:
    """Settle one worker's claim: the bucket's next state and the answer."""
    if window is None or window.ends <= now:
        window = Window(now + claim.window, 0, {})
    same = claim.ends in (0.0, window.ends)
    mine = window.leases.get(worker)
    live = {name: lease for name, lease in window.leases.items() if name != worker and lease.until > now}
    dead = sum(lease.amount for name, lease in window.leases.items() if name != worker and lease.until <= now)
    renewed = same and (mine is not None or not claim.leased)

    used, keep = window.used + dead, 0
    if renewed:
        used, keep = used + claim.used, claim.keep
    elif same:  # the lease was counted as spent already; only what went beyond it is new
        used += max(0, claim.used + claim.keep - claim.leased)

    elsewhere = sum(lease.amount for lease in live.values())
    free = max(0, claim.limit - used - elsewhere - keep)
    granted = min(claim.want, free)
    ahead = min(claim.ahead, (free - granted) // 4)
    leased = keep + ahead
    if claim.paid:
        used += granted
    else:
        leased += granted
    if leased > 0:
        live[worker] = Lease(leased, now + claim.lasting)
    answer = Share(now, window.ends, granted, ahead, max(0, leased), free - granted - ahead, elsewhere, renewed)
    return Window(window.ends, used, live), answer
