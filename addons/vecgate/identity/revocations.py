"""Revocations: who may end whose access, in which order it is recorded, and what may be taken back.

What closes a way (a revocation) counts before it is recorded; what opens one (a lift) is recorded before it counts.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any, Final

from msgspec.structs import replace

from vecgate.config.identity import Subjects
from vecgate.errors import Refusal, Unavailable
from vecgate.identity.principal import Principal
from vecgate.identity.revocation import Revocation, What, moment
from vecgate.policy.subjects import matches
from vecgate.reasons import Reason
from vecgate.state.store import StateStore

type Record = Callable[[str, Mapping[str, Any]], Awaitable[None]]
"""Leaves evidence: (kind, facts). Resolves once the record is durable; raises Unavailable if it cannot be."""

KIND: Final = "revocation"
LONGEST: Final = 1024
"""Characters of a name, or of a reason."""
OWN: Final = "signed out"
_MARGIN = 86_400.0
"""Seconds for which a revoked token stays so after its end: a host's clock may be set back, the store's is not."""


class Revocations:
    """The state's revocations, and their trail in evidence. `issuers` are those whose tokens are accepted; None if a
    plugin may name others. `administrators` of None is nobody."""

    def __init__(
        self,
        store: StateStore,
        *,
        record: Record,
        issuers: Collection[str] | None = None,
        administrators: Subjects | None = None,
    ) -> None:
        self._store, self._record = store, record
        self._issuers, self._administrators = issuers, administrators

    def check(self, principal: Principal) -> None:
        """Raises Refusal(no_grant) for whoever is no administrator in person: nobody administers through an agent."""
        named = self._administrators is not None and matches(self._administrators, principal)
        if not named or principal.actors or "act" in principal.claims:  # a plugin's principal may have claims alone
            raise Refusal(Reason.NO_GRANT, "Only an administrator (identity.administrators) does that.")

    async def revoke(self, revocation: Revocation, by: Principal) -> Revocation:
        """Refuse whoever it names, on every worker. Returns what stands, which may be longer.

        Raises Refusal(bad_body) for what could match nothing, Unavailable; it may then hold, or not."""
        revocation = self._named(revocation)
        made = _signed(revocation, by, self._store.now())
        if not made.holds(self._store.now()):
            raise Refusal(Reason.BAD_BODY, "until has passed: nothing would be revoked.")
        stands = await self._store.revoke(made)
        try:
            await self._record(KIND, facts("revoked", made) | {"stands_until": moment(stands.until)})
        except Unavailable as error:
            raise Unavailable(error.reason, f"The revocation holds, but is not on record. {error.detail}") from error
        return stands

    async def revoke_own(self, principal: Principal, reason: str = "") -> Revocation:
        """End the credential that the caller came with; where it has no id, the session it belongs to.

        Raises Refusal(bad_body) for one that has neither, Unavailable."""
        if principal.token_id:
            left = principal.expires - time.time() + _MARGIN
            until = self._store.now() + left if principal.expires else None
            what, (issuer, value) = What.TOKEN, principal.token
        elif principal.session:
            what, issuer, value, until = What.SESSION, principal.issuer, principal.session, None
        else:
            raise Refusal(Reason.BAD_BODY, "The token names neither itself (jti) nor its session (sid).")
        own = Revocation(what=what, issuer=issuer, value=value, until=until, reason=reason or OWN)
        return await self.revoke(own, principal)

    async def lift(self, lifted: Revocation, by: Principal) -> Revocation:
        """Take back what the source of `lifted` revoked under its name; returns what stood.

        Raises Refusal(not_found) where nothing stands, Unavailable: then it still holds."""
        lifted = self._named(lifted)
        found = [each for each in await self.list() if (each.key, each.source) == (lifted.key, lifted.source)]
        if not found:
            raise Refusal(Reason.NOT_FOUND, "No such revocation stands.")
        await self._record(KIND, facts("lifted", _signed(lifted, by, self._store.now())))
        await self._store.restore(lifted.key, lifted.source)
        return found[0]

    async def list(self) -> list[Revocation]:
        """All that hold, the newest first. Raises Unavailable."""
        return await self._store.revocations()

    def _named(self, revocation: Revocation) -> Revocation:
        """With its issuer, where there is but one. Raises Refusal(bad_body) for what no token can have."""
        issuers = self._issuers
        if not revocation.issuer and issuers is not None and len(issuers) == 1:
            revocation = replace(revocation, issuer=next(iter(issuers)))
        if not revocation.issuer or (issuers is not None and revocation.issuer not in issuers):
            known = ", ".join(sorted(issuers or ())) or "none"
            raise Refusal(Reason.BAD_BODY, f"Name a configured issuer, exactly; there is: {known}.")
        if revocation.value.startswith("eyJ") and revocation.value.count(".") > 1:
            raise Refusal(Reason.BAD_BODY, "That is a token itself, which nobody else should see: give its id (jti).")
        for name, text in (("value", revocation.value), ("reason", revocation.reason)):
            if not text or len(text) > LONGEST or not text.isprintable():
                raise Refusal(Reason.BAD_BODY, f"{name} is a line of 1 to {LONGEST} characters.")
        return revocation


def facts(step: str, revocation: Revocation) -> dict[str, Any]:
    """What evidence keeps: who, what, when until, and why."""
    return {
        "step": step,
        "what": str(revocation.what),
        "issuer": revocation.issuer,
        "value": revocation.value,
        "source": str(revocation.source),
        "until": moment(revocation.until),
        "by": revocation.by,
        "by_name": revocation.by_name,
        "reason": revocation.reason,
    }


def _signed(revocation: Revocation, by: Principal, now: float) -> Revocation:
    return replace(revocation, at=now, by=by.key, by_name=by.name)
