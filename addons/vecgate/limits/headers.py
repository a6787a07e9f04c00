"""`RateLimit` and `RateLimit-Policy`, as draft-ietf-httpapi-ratelimit-headers-11 writes them (RFC 9651 lists)."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import lru_cache

from vecgate.limits.bucket import Bucket


def headers(buckets: Iterable[Bucket], now: float) -> dict[str, str]:
    """Header names are lower-case. Empty without buckets. Of one limit that counts for several, who has least left."""
    tightest: dict[str, Bucket] = {}
    for bucket in buckets:
        known = tightest.setdefault(bucket.name, bucket)
        if bucket.remaining(now) < known.remaining(now):
            tightest[bucket.name] = bucket
    policies, states = [], []
    for bucket in tightest.values():
        left = bucket.ends - now if now < bucket.ends else bucket.window
        policies.append(_policy(bucket.name, bucket.limit, bucket.window))
        states.append(f"{bucket.name};r={bucket.remaining(now)};t={math.ceil(left)}")
    if not policies:
        return {}
    return {"ratelimit-policy": ", ".join(policies), "ratelimit": ", ".join(states)}


@lru_cache(maxsize=4096)
def _policy(name: str, limit: int, window: int) -> str:
    return f"{name};q={limit};w={window}"


def quoted(text: str) -> str:
    """A structured-field string (RFC 9651 §3.3.3): printable ASCII; anything else becomes `?`."""
    plain = "".join(character if " " <= character <= "~" else "?" for character in text)
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'
