"""Ticket: one request that waits for a person, as a value with a small state machine.

    pending ──► approved ──► released ──► executed
       │  │         │            └──────► failed      (released, but no answer came)
       │  └► denied └──► expired
       └───► expired

Every change is a pure function of the ticket, the time and who asks; the store applies it atomically. A ticket is
released once; nothing leads from `denied`, `expired`, `executed` or `failed`. A ticket that was released when the
gateway died stays `released`: nobody knows, and nothing runs again.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

import msgspec

from vecgate.config.identity import Subjects
from vecgate.errors import Refusal, VecgateError
from vecgate.identity.principal import Principal
from vecgate.identity.revocation import folded
from vecgate.policy.subjects import matches
from vecgate.reasons import Reason


class State(StrEnum):
    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"
    EXPIRED = "expired"
    RELEASED = "released"
    EXECUTED = "executed"
    FAILED = "failed"


OPEN = frozenset({State.PENDING, State.APPROVED, State.DENIED})
"""An identical request joins a ticket in one of these until it expires: a denial holds as long as an approval."""

TRANSITIONS: dict[State, frozenset[State]] = {
    State.PENDING: frozenset({State.PENDING, State.APPROVED, State.DENIED, State.EXPIRED}),
    State.APPROVED: frozenset({State.RELEASED, State.EXPIRED}),
    State.DENIED: frozenset(),
    State.EXPIRED: frozenset(),
    State.RELEASED: frozenset({State.EXECUTED, State.FAILED}),
    State.EXECUTED: frozenset(),
    State.FAILED: frozenset(),
}

LOCAL_ISSUER = "local:operator"
"""The issuer of whoever resumes a held flow in mitmproxy's own interface, where configuration names that person. No
token can claim it: an issuer is an https address."""

REASONS: dict[State, Reason] = {
    State.PENDING: Reason.APPROVAL_PENDING,
    State.APPROVED: Reason.APPROVED,
    State.DENIED: Reason.APPROVAL_DENIED,
    State.EXPIRED: Reason.APPROVAL_EXPIRED,
    State.RELEASED: Reason.APPROVAL_EXPIRED,
    State.EXECUTED: Reason.APPROVAL_EXPIRED,
    State.FAILED: Reason.APPROVAL_EXPIRED,
}
"""What a client is told whose request meets a ticket in this state."""

_NAMES = ("email", "preferred_username", "upn")
"""Claims that name a person, too."""


class TicketUnknown(VecgateError):
    """There is no such ticket, or it is not for this caller to know."""


class TicketClosed(VecgateError):
    """The ticket no longer takes this change; `ticket` is how it stands."""

    def __init__(self, ticket: Ticket, message: str) -> None:
        super().__init__(message)
        self.ticket = ticket


@dataclass(frozen=True, slots=True)
class Caps:
    """How many tickets may be pending, per principal and in all."""

    person: int = 20
    total: int = 1000

    def check(self, mine: int, total: int, wait: float) -> None:
        """Raises Refusal(too_many_pending); `wait` is the time in seconds until the next pending ticket ends."""
        if mine >= self.person or total >= self.total:
            headers = {"retry-after": str(max(1, round(wait)))}
            raise Refusal(Reason.TOO_MANY_PENDING, "Wait for a decision, or let tickets expire.", headers)


class Party(msgspec.Struct, frozen=True):
    """A reviewer, or who acts for one, as far as a revocation names them for good or for a login."""

    issuer: str
    subject: str
    account: str
    session: str

    @classmethod
    def of(cls, principal: Principal) -> Self:
        return cls(principal.issuer, principal.subject, principal.account, principal.session)

    @property
    def principal(self) -> Principal:
        return Principal(self.issuer, self.subject, account=self.account, session=self.session)


class Vote(msgspec.Struct, frozen=True):
    """What one reviewer said. `identities` are all the names that person is known by."""

    issuer: str
    subject: str
    name: str
    approve: bool
    comment: str
    at: float
    identities: tuple[str, ...]
    parties: tuple[Party, ...]

    @property
    def reviewers(self) -> tuple[Principal, ...]:
        """Whoever voted, and who acted for that person: an approval is void once one of them is revoked."""
        return tuple(party.principal for party in self.parties)


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """Times are Unix seconds on the store's clock."""

    id: str
    """128 random bits in hex."""
    binding: str
    """SHA-256 of everything that is approved; see `approvals.binding`."""
    connection: str
    exchange: str
    peer: str
    user_agent: str
    issuer: str
    subject: str
    name: str
    client: str
    identities: tuple[str, ...]
    rule: str
    reviewers: dict[str, list[str] | None]
    needed: int
    opened: float
    expires: float
    summary: dict[str, Any]
    """What reviewers are shown; see `approvals.summary`."""
    state: State = State.PENDING
    votes: tuple[Vote, ...] = ()
    ended: float = 0.0
    status: int = 0
    """The answer's HTTP status, once executed."""
    actors: tuple[str, ...] = ()
    """Who asks for the principal, by `Principal.key`."""

    @property
    def owner(self) -> str:
        """The requester's `Principal.key`."""
        return f"{self.issuer} {self.subject}"

    def at(self, now: float) -> Ticket:
        """The ticket as it stands at that time: pending or approved ones expire."""
        if self.state in (State.PENDING, State.APPROVED) and now >= self.expires:
            return self.to(State.EXPIRED, ended=self.expires)
        return self

    def to(self, state: State, **changes: Any) -> Ticket:
        """The ticket in another state. Raises TicketClosed where the state machine has no such way."""
        if state not in TRANSITIONS[self.state]:
            raise TicketClosed(self, f"The ticket is {self.state}.")
        return msgspec.structs.replace(self, state=state, **changes)

    def reviewed_by(self, reviewer: Principal) -> bool:
        """May this principal, and everybody who acts for it, decide (its own request aside)?"""
        if reviewer.issuer == LOCAL_ISSUER:
            return True
        reviewers = Subjects.model_validate(self.reviewers)
        return all(matches(reviewers, party) for party in reviewer.parties)

    def seen_by(self, principal: Principal) -> bool:
        """By who asked, by itself or through the same actors, and by reviewers."""
        acting = tuple(actor.key for actor in principal.actors)
        asked = principal.key == self.owner and acting in ((), self.actors)
        return asked or self.reviewed_by(principal)

    def decidable_by(self, reviewer: Principal) -> bool:
        """It waits, and this principal may decide it."""
        return self.state is State.PENDING and self.reviewed_by(reviewer) and not self._asked_by(reviewer)

    def check_reviewer(self, reviewer: Principal) -> None:
        """Raises Refusal(self_approval) for whoever asked, under any name, and Refusal(no_grant) for non-reviewers."""
        if self._asked_by(reviewer):
            raise Refusal(Reason.SELF_APPROVAL)
        if not self.reviewed_by(reviewer):
            raise Refusal(Reason.NO_GRANT, "Only a reviewer decides.")

    def _asked_by(self, principal: Principal) -> bool:
        return not set(self.identities).isdisjoint(identities(principal))

    def voted(self, reviewer: Principal, approve: bool, comment: str, now: float) -> Ticket:
        """One vote more: a single no denies, enough distinct yeses approve.

        Raises TicketClosed if it is decided or expired, or if this person has approved already; Refusal as
        `check_reviewer` does."""
        self.check_reviewer(reviewer)
        ticket, names = self.at(now), identities(reviewer)
        if ticket.state is not State.PENDING:
            raise TicketClosed(ticket, f"The ticket is {ticket.state}.")
        if approve and any(not set(names).isdisjoint(vote.identities) for vote in ticket.votes):
            raise TicketClosed(ticket, "This reviewer has approved already; another one is needed.")
        parties = tuple(map(Party.of, reviewer.parties))
        vote = Vote(reviewer.issuer, reviewer.subject, reviewer.name, approve, comment, now, names, parties)
        votes = (*ticket.votes, vote)
        if not approve:
            return ticket.to(State.DENIED, votes=votes, ended=now)
        return ticket.to(State.APPROVED if len(votes) >= ticket.needed else State.PENDING, votes=votes)

    def released(self, binding: str, now: float) -> Ticket:
        """Used up, for exactly the request that was approved. Raises TicketClosed otherwise."""
        ticket = self.at(now)
        if not hmac.compare_digest(ticket.binding, binding):
            raise TicketClosed(ticket, "The request is not the one that was approved.")
        return ticket.to(State.RELEASED, ended=now)

    def finished(self, status: int | None, now: float) -> Ticket:
        """The database answered with this status, or (None) no answer came."""
        return self.to(State.FAILED if status is None else State.EXECUTED, status=status or 0, ended=now)

    def shown(self) -> dict[str, Any]:
        """What the API, hooks and evidence see: no identities but the names of those involved."""
        shown: dict[str, Any] = msgspec.to_builtins(self)
        del shown["identities"]
        for vote in shown["votes"]:
            del vote["identities"], vote["parties"]
        return shown


def identities(principal: Principal) -> tuple[str, ...]:
    """Every name that one person is known by here, for telling people apart.

    The principal itself, everybody in its actor chain (RFC 8693 §4.1), and whatever else they are called, at any
    issuer: a name grants nothing, but one that both sides share is enough to refuse a second account, or the same one
    that came another way."""
    names = {party.key for party in principal.parties}
    actor = principal.claims.get("act")  # of a plugin's principal it may be all there is
    while isinstance(actor, Mapping):
        issuer, subject = actor.get("iss", principal.issuer), actor.get("sub")
        if isinstance(subject, str):
            names.add(f"{issuer} {subject}")
        actor = actor.get("act")
    names.update(f" {folded(name)}" for party in principal.parties for name in _called(party) if name)
    return tuple(sorted(names))


def _called(party: Principal) -> Iterator[str]:
    """Names without their issuer, some of them perhaps empty."""
    certificate = party.claims.get("certificate")
    addresses = certificate.get("email") if isinstance(certificate, Mapping) else None
    claimed = [party.claims.get(name) for name in _NAMES] + (addresses if isinstance(addresses, list) else [])
    yield from (party.subject, party.account, *(name for name in claimed if isinstance(name, str)))
