"""Mirror: revocations and epochs as this worker last saw them, so that the data path can ask without waiting."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from vecgate.errors import Unavailable
from vecgate.identity.principal import Principal
from vecgate.reasons import Reason

REVOCATIONS = "revocations"
"""The epoch that changes with every revocation."""
STALE = 5.0
"""Seconds without a successful look after which the mirror answers nothing at all."""


def token_key(issuer: str, token_id: str) -> str:
    """Under which one credential is revoked. No `Principal.key` begins with a space."""
    return f" {issuer} {token_id}"


class Mirror:
    """Never evicts: an entry goes only when its own time has come (the revoked token has expired anyway)."""

    def __init__(self, now: Callable[[], float], stale: float = STALE) -> None:
        self._now = now
        self._stale = stale
        self._seen: float | None = None
        self._revoked: Mapping[str, float | None] = {}
        self._epochs: Mapping[str, int] = {}

    def replace(self, epochs: Mapping[str, int], revoked: Mapping[str, float | None] | None = None) -> None:
        """Take over a fresh look; `revoked` is None where nothing was revoked since the last one."""
        if revoked is not None:
            self._revoked = revoked
        self._epochs = epochs
        self._seen = self._now()

    def lose(self) -> None:
        """From now on nobody knows."""
        self._seen = None

    def revoked(self, principal: Principal) -> bool:
        """Is the principal, or the credential it came with, revoked? Raises Unavailable when nobody knows."""
        revoked = self._current(self._revoked)
        if not revoked:
            return False
        tokens = (
            (principal.token_issuer or principal.issuer, principal.token_id),
            (principal.issuer, principal.exchanged),
        )
        return self._holds(principal.key) or any(self._holds(token_key(*each)) for each in tokens if each[1])

    def epoch(self, name: str) -> int:
        """How often `name` was bumped. Raises Unavailable when nobody knows."""
        return self._current(self._epochs).get(name, 0)

    def _holds(self, key: str) -> bool:
        if key not in self._revoked:
            return False
        until = self._revoked[key]
        return until is None or until > self._now()

    def _current[T](self, values: T) -> T:
        if self._seen is None or self._now() - self._seen > self._stale:
            raise Unavailable(Reason.STATE_UNAVAILABLE, "The state store has not been seen for too long.")
        return values
