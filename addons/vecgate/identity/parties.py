"""Parties: everybody that a proved token speaks of, as they are now: accounts as configured, groups as a directory has
them."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from dataclasses import replace

from vecgate.config.identity import Identity
from vecgate.errors import Refusal
from vecgate.identity.accounts import Accounts
from vecgate.identity.membership import Membership
from vecgate.identity.principal import Principal, Rejected
from vecgate.identity.rules import Rules
from vecgate.identity.tokens import groups_left_out
from vecgate.reasons import Reason


class Parties:
    """`issuers` has the rules of each one whose tokens are accepted, `memberships` the directories of some."""

    def __init__(
        self,
        identity: Identity,
        accounts: Accounts,
        issuers: Mapping[str, Rules],
        memberships: Mapping[str, Membership],
    ) -> None:
        self._accounts, self._issuers, self._memberships = accounts, issuers, memberships
        self._issuing = identity.known
        self._own = identity.own.issuer if identity.own else None

    async def settle(self, principal: Principal, rules: Rules, now: float) -> tuple[Principal, float]:
        """The principal that a token of the issuer with these rules speaks of, and those who act for it; and until when
        on the monotonic clock their groups count. `now` is in Unix seconds.

        Raises Refusal: `token_revoked`, `issuer_unknown`, `group_overage`; Unavailable `identity_unavailable`.
        """
        settled = [self._current(each, rules, now) for each in principal.parties]
        found = await asyncio.gather(*(self._with_groups(each, rules) for each in settled))
        parties, ends = zip(*found, strict=True)
        expires = min(each.expires for each in parties if each.expires)
        return replace(parties[0], actors=parties[1:], expires=expires), min(ends)

    def known(self, principal: Principal) -> bool:
        """Whether the issuers of those whom nobody else vouches for are configured still."""
        vouched = principal.parties if principal.token[0] == self._own else (principal,)
        return all(party.issuer in self._issuing for party in vouched)

    def check(self, principal: Principal, now: float) -> None:
        """Raises Rejected `token_revoked` where one of them is an account that is no more."""
        names = [party.subject for party in principal.parties if party.issuer == self._own]
        if not all(self._accounts.named(name, now) for name in names):
            raise Rejected(Reason.TOKEN_REVOKED, principal, "the service account is no more")

    def _current(self, party: Principal, rules: Rules, now: float) -> Principal:
        """An account as it is configured now. Who stands in an own token was proved by an issuer that must still be
        known; for whoever acts in another's, that issuer vouches."""
        if party.issuer == self._own:
            account = self._accounts.named(party.subject, now)
            if account is None:
                raise Refusal(Reason.TOKEN_REVOKED, "the service account is no more")
            expires = min(party.expires or account.expires, account.expires)
            named = replace(account, token_id=party.token_id, exchanged=party.exchanged)
            return replace(named, expires=expires, fingerprint=party.fingerprint)
        if rules.own and party.issuer not in self._issuing:
            raise Refusal(Reason.ISSUER_UNKNOWN)
        return party

    async def _with_groups(self, party: Principal, rules: Rules) -> tuple[Principal, float]:
        """With what its issuer's directory says where its token said nothing, and until when.

        A token of the gateway's own has the groups of the moment at which it was made: the directory is asked again.
        """
        if not self._memberships or party.issuer == self._own:
            return party, math.inf
        said = self._issuers.get(party.issuer, rules)
        left_out = groups_left_out(party.claims, said)
        if not left_out and said.groups.find(party.claims) is not None:
            return party, math.inf
        membership = self._memberships.get(party.issuer)
        if membership is not None:
            return await membership.complete(replace(party, groups=frozenset()), required=left_out)
        if left_out:
            raise Refusal(Reason.GROUP_OVERAGE)
        return party, math.inf
