"""Limiter: reserve before a request goes on, settle after its answer came.

The fast path is arithmetic on leases this worker holds. Where they do not suffice, all requests that wait at that
moment share one call to the store: it grants exactly what they need, and a little ahead where requests come fast.
What is held ahead lapses after a tenth of a second and is given back, and a worker that finds nothing left waits that
long before it refuses, so the limit is served to the last request and never exceeded, however many workers there are.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import os
import secrets
from collections.abc import Callable, Container, Sequence

from vecgate.config.models import LimitRule
from vecgate.config.units import Rate
from vecgate.errors import Refusal, Unavailable
from vecgate.identity.principal import Principal
from vecgate.limits.bucket import LAPSE, Bucket, Kind
from vecgate.limits.coverage import Coverage
from vecgate.limits.headers import quoted
from vecgate.limits.reservation import Charge, Reservation
from vecgate.operations.model import Operation
from vecgate.policy.subjects import matches
from vecgate.reasons import Reason
from vecgate.state.store import StateStore

log = logging.getLogger(__name__)

_PATIENCE = {Kind.REQUESTS: 2.2, Kind.OPERATIONS: 2.2, Kind.POINTS: 5.0}
"""Seconds to wait for what others hold and may give back: longer than a dead lease. Records come back with answers."""
_MOST_BUCKETS = 20_000
_FORGET = 60.0
"""Seconds after which a bucket that holds nothing may be forgotten; longer than any request waits for one."""
_UNKNOWN = 100
_UNKNOWN_PART = 16
"""An answer of unknown size is taken for 100 records or a sixteenth of the budget, whichever is more."""


class Limiter:
    """One per worker and store; must be closed before the store, so that what is held is given back."""

    def __init__(self, store: StateStore, clock: Callable[[], float] | None = None) -> None:
        """`clock` is the store's by default: leases are only good on the clock that all workers share."""
        self._store = store
        self._clock = clock or store.now
        self._coverage = Coverage()
        self._worker = f"{os.getpid()}-{secrets.token_hex(8)}"
        self._buckets: dict[tuple[str, str, Kind, int], Bucket] = {}
        self._evict_at = _MOST_BUCKETS
        self._held: set[Bucket] = set()
        self._looked = 0.0
        self._wanted: dict[Bucket, int] = {}
        self._answer: asyncio.Future[Exception | None] | None = None
        self._wake = asyncio.Event()
        self._returned = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None

    async def reserve(
        self, principal: Principal, rules: Sequence[LimitRule], operations: Sequence[Operation]
    ) -> Reservation:
        """Charge a request to every limit that policy chose for it, or to none.

        Raises Refusal(rate_exceeded | budget_exceeded) with `Retry-After` and `RateLimit` headers, Unavailable."""
        reservation = Reservation(tuple(self._charges(principal, rules, operations)), self._clock)
        await self._take(reservation.charges, reservation)
        return reservation

    def try_reserve(
        self, principal: Principal, rules: Sequence[LimitRule], operations: Sequence[Operation]
    ) -> Reservation | None:
        """`reserve` without waiting; None, and nothing is charged, where the store must be asked or may refuse."""
        reservation = Reservation(tuple(self._charges(principal, rules, operations)), self._clock)
        now = self._clock()
        if not all(charge.affords(now, asked=False) for charge in reservation.charges):
            return None
        self._charge(reservation.charges, now)
        return reservation

    def settle(self, reservation: Reservation, points: int) -> None:
        """The answer came with so many records. Does nothing the second time."""
        if reservation.open:
            reservation.open = False
            self._settle(reservation, points)

    def release(self, reservation: Reservation) -> None:
        """The request was not forwarded: it costs nothing. Does nothing once settled."""
        if not reservation.open:
            return
        reservation.open = False
        self._settle(reservation, 0)
        for charge in reservation.charges:
            bucket = charge.bucket
            if bucket.kind is not Kind.POINTS and charge.term == bucket.term and not bucket.evicted:
                bucket.give(charge.taken)
                self._hold(bucket)

    def park(self, reservation: Reservation) -> None:
        """Give the records back while the request waits for a person; requests and operations stay charged."""
        if reservation.open:
            self._settle(reservation, 0)

    async def resume(self, reservation: Reservation) -> None:
        """Reserve records again after `park`. Raises as `reserve` does."""
        if not reservation.open:
            return
        charges = [charge for charge in reservation.charges if charge.bucket.kind is Kind.POINTS]
        for charge in charges:
            charge.bucket = self._buckets.setdefault(charge.bucket.id, charge.bucket)
            charge.bucket.evicted = False
        await self._take(charges, reservation)

    async def close(self) -> None:
        """Give everything back but what is in flight. Raises Unavailable if the store cannot be reached."""
        if self._keeper:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        if self._answer:
            self._answer.set_result(Unavailable(Reason.STATE_UNAVAILABLE, "The gateway stops."))
        for bucket in self._held:
            bucket.recent = 0
        claims = [bucket.claim(0, self._clock()) for bucket in self._held]
        self._held.clear()
        if claims:
            await self._store.claim(self._worker, claims)

    # What a request costs

    def _charges(
        self, principal: Principal, rules: Sequence[LimitRule], operations: Sequence[Operation]
    ) -> list[Charge]:
        charges = []
        for rule, party in _concerned(rules, principal):
            covered = self._coverage.covered(rule, operations)
            if rule.requests:
                charges.append(Charge(self._bucket(party, rule, Kind.REQUESTS, rule.requests), 1))
            if rule.operations:
                count = sum(max(1, operation.count) for operation in covered)
                charges.append(Charge(self._bucket(party, rule, Kind.OPERATIONS, rule.operations), count))
            if rule.points:
                bound = _bound(covered, rule.points.amount)
                charges.append(Charge(self._bucket(party, rule, Kind.POINTS, rule.points), bound))
        return charges

    def _bucket(self, principal: Principal, rule: LimitRule, kind: Kind, rate: Rate) -> Bucket:
        name = (principal.key, rule.name, kind, rate.window)
        bucket = self._buckets.get(name)
        if bucket is None:
            if len(self._buckets) >= self._evict_at:
                self._evict()
            key = f"{kind} {rate.window} {len(rule.name)} {rule.name} {principal.key}"
            bucket = Bucket(name, quoted(f"{rule.name}.{kind}"), kind, key, rate.amount, rate.window)
            self._buckets[name] = bucket
        bucket.limit = rate.amount
        return bucket

    def _evict(self) -> None:
        before = self._clock() - _FORGET
        busy = self._held.union(self._wanted)
        for bucket in [bucket for bucket in self._buckets.values() if bucket.seen < before and bucket not in busy]:
            bucket.evicted = True
            del self._buckets[bucket.id]
        self._evict_at = max(_MOST_BUCKETS, 2 * len(self._buckets))

    # Taking

    async def _take(self, charges: Sequence[Charge], reservation: Reservation) -> None:
        started, pause, asked = self._clock(), 0.02, False
        while True:
            now = self._clock()
            short = [charge for charge in charges if not charge.affords(now, asked)]
            if not short:
                break
            spent = [charge for charge in short if charge.is_spent(now, asked)]
            for charge in spent:
                if not charge.may_fit or now - started >= _PATIENCE[charge.bucket.kind]:
                    raise _refusal(charge, reservation, now)
            if spent:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._returned.wait()
                pause = min(2 * pause, 0.16)
            await self._ask(short)
            asked = True
        self._charge(charges, now)

    def _charge(self, charges: Sequence[Charge], now: float) -> None:
        for charge in charges:
            bucket = charge.bucket
            charge.taken = min(charge.wish, bucket.left(now))
            charge.term = bucket.term
            bucket.take(charge.taken)
            self._hold(bucket)

    def _settle(self, reservation: Reservation, points: int) -> None:
        for charge in reservation.charges:
            bucket = charge.bucket
            if bucket.kind is not Kind.POINTS:
                continue
            if charge.term == bucket.term:
                bucket.settle(charge.taken, points)
                self._hold(bucket)
            charge.taken = 0
        self._returned.set()
        self._returned = asyncio.Event()

    # Talking to the store

    async def _ask(self, short: Sequence[Charge]) -> None:
        """Wait for the next answer of the store, which covers these charges. Raises what the store raised."""
        for charge in short:
            self._wanted[charge.bucket] = self._wanted.get(charge.bucket, 0) + charge.wish
        answer = self._answer
        if answer is None:
            answer = self._answer = asyncio.get_running_loop().create_future()
        self._wake.set()
        self._keep()
        error = await asyncio.shield(answer)
        if isinstance(error, Unavailable):
            raise Unavailable(error.reason, error.detail) from error
        if error is not None:
            raise error

    def _hold(self, bucket: Bucket) -> None:
        if not bucket.idle():
            self._held.add(bucket)
            self._keep()

    def _keep(self) -> None:
        if self._keeper is None or self._keeper.done():
            self._keeper = asyncio.create_task(self._talk())

    async def _talk(self) -> None:
        """Claim what is wanted at once, and what is due every half lapse, for as long as anything is held."""
        while self._wanted or self._held:
            if not self._wanted:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LAPSE / 2):
                        await self._wake.wait()
            self._wake.clear()
            await self._claim()

    async def _claim(self) -> None:
        now, wanted, answer = self._clock(), self._wanted, self._answer
        self._wanted, self._answer = {}, None
        buckets = [*wanted, *self._due(now, wanted)]
        claims = [bucket.claim(wanted.get(bucket, 0), now) for bucket in buckets]
        self._held.update(buckets)
        error: Exception | None = Unavailable(Reason.STATE_UNAVAILABLE, "The gateway stops.")
        try:
            shares = await self._store.claim(self._worker, claims) if claims else []
            for bucket, claim, share in zip(buckets, claims, shares, strict=True):
                bucket.apply(claim, share)
            error = None
        except Exception as failure:
            error = failure
            log.error("limits cannot be settled: %s", failure)
        finally:
            self._held.difference_update([bucket for bucket in buckets if bucket.idle()])
            if answer is not None:
                answer.set_result(error)

    def _due(self, now: float, wanted: Container[Bucket]) -> list[Bucket]:
        """Every half lapse: what is to be given back, reported or renewed. Idle buckets are let go of."""
        if now - self._looked < LAPSE / 2:
            return []
        self._looked = now
        self._held = {bucket for bucket in self._held if not bucket.idle()}
        return [bucket for bucket in self._held if bucket.due(now) and bucket not in wanted]


def _concerned(rules: Sequence[LimitRule], principal: Principal) -> list[tuple[LimitRule, Principal]]:
    """Whom each rule counts: the principal, and who acts for it as far as the rule names them."""
    if not principal.actors:
        return [(rule, principal) for rule in rules]
    return [(rule, party) for rule in rules for party in principal.parties if matches(rule.to, party)]


def _bound(operations: Sequence[Operation], limit: int) -> int:
    """At most how many records come back, as far as it is known."""
    unknown = max(_UNKNOWN, limit // _UNKNOWN_PART)
    return min(limit, sum(unknown if operation.points is None else operation.points for operation in operations))


def _refusal(charge: Charge, reservation: Reservation, now: float) -> Refusal:
    bucket = charge.bucket
    reason = Reason.BUDGET_EXCEEDED if bucket.kind is Kind.POINTS else Reason.RATE_EXCEEDED
    ends = bucket.ends - now if now < bucket.ends else bucket.window
    wait = 1 if charge.may_fit else max(1, math.ceil(ends))
    detail = f"{bucket.limit} {bucket.kind} in {bucket.window} s are allowed."
    return Refusal(reason, detail, {"retry-after": str(wait), **reservation.headers})
