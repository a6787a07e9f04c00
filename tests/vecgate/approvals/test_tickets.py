from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest
from tests.support.approvals import ALICE, OWNER, SECOND, STRANGER
from tests.support.state import ISSUER, person, ticket

from vecgate.approvals.tickets import (
    REASONS,
    TRANSITIONS,
    Caps,
    State,
    Ticket,
    TicketClosed,
    Vote,
    identities,
)
from vecgate.errors import Refusal
from vecgate.identity.principal import Principal
from vecgate.reasons import Reason

NOW = 1000.0


@pytest.mark.parametrize("old", list(State))
@pytest.mark.parametrize("new", list(State))
def test_the_state_machine_is_closed(old: State, new: State) -> None:
    entry = ticket(NOW, state=old)
    if new in TRANSITIONS[old]:
        assert entry.to(new).state is new
    else:
        with pytest.raises(TicketClosed, match=str(old)):
            entry.to(new)


def test_a_request_is_released_only_from_approved() -> None:
    assert [old for old, following in TRANSITIONS.items() if State.RELEASED in following] == [State.APPROVED]


def test_nothing_leads_out_of_an_end() -> None:
    ends = {state for state, following in TRANSITIONS.items() if not following}
    assert ends == {State.DENIED, State.EXPIRED, State.EXECUTED, State.FAILED}


def test_every_state_has_a_reason_and_only_approved_says_so() -> None:
    assert set(REASONS) == set(State)
    assert [state for state, reason in REASONS.items() if reason is Reason.APPROVED] == [State.APPROVED]


@pytest.mark.parametrize(
    ("state", "expires", "expected"),
    [
        (State.PENDING, NOW + 1, State.PENDING),
        (State.PENDING, NOW, State.EXPIRED),
        (State.APPROVED, NOW + 1, State.APPROVED),
        (State.APPROVED, NOW, State.EXPIRED),
        (State.DENIED, NOW, State.DENIED),
        (State.RELEASED, NOW, State.RELEASED),
    ],
)
def test_pending_and_approved_tickets_expire(state: State, expires: float, expected: State) -> None:
    assert ticket(NOW, state=state, expires=expires).at(NOW).state is expected


@pytest.mark.parametrize("approve", [True, False])
def test_one_reviewer_decides(approve: bool) -> None:
    decided = ticket(NOW).voted(OWNER, approve, "because", NOW + 1)
    assert decided.state is (State.APPROVED if approve else State.DENIED)
    (vote,) = decided.votes
    assert (vote.subject, vote.approve, vote.comment, vote.at) == ("owner", approve, "because", NOW + 1)


@pytest.mark.parametrize(
    ("reviewer", "reason"),
    [
        pytest.param(ALICE, Reason.SELF_APPROVAL, id="the requester"),
        pytest.param(person("alice", "db-owners"), Reason.SELF_APPROVAL, id="the requester, now a reviewer"),
        pytest.param(
            person("owner", "db-owners", act={"sub": "alice"}), Reason.SELF_APPROVAL, id="acting for the requester"
        ),
        pytest.param(
            person("owner", "db-owners", act={"sub": "agent", "act": {"iss": ISSUER, "sub": "alice"}}),
            Reason.SELF_APPROVAL,
            id="deep in the actor chain",
        ),
        pytest.param(
            Principal("https://other.test/", "a2", groups=frozenset({"db-owners"}), claims={"email": "Alice@x.test"}),
            Reason.SELF_APPROVAL,
            id="a second account with the same address",
        ),
        pytest.param(STRANGER, Reason.NO_GRANT, id="no reviewer"),
        pytest.param(person("owner"), Reason.NO_GRANT, id="no longer a reviewer"),
    ],
)
@pytest.mark.parametrize("approve", [True, False])
def test_who_may_not_decide(reviewer: Principal, reason: Reason, approve: bool) -> None:
    entry = ticket(NOW, identities=identities(person("alice", email="alice@x.test")))
    with pytest.raises(Refusal) as refused:
        entry.voted(reviewer, approve, "", NOW)
    assert refused.value.reason is reason
    assert not entry.decidable_by(reviewer)


def test_an_agents_request_is_not_approved_by_whom_it_acts_for() -> None:
    entry = ticket(NOW, subject="agent", identities=identities(person("agent", act={"sub": "owner"})))
    with pytest.raises(Refusal) as refused:
        entry.voted(OWNER, True, "", NOW)
    assert refused.value.reason is Reason.SELF_APPROVAL


SAML = "https://idp.test/saml/metadata"
OIDC = {"sub": "00u1", "email": "alice@x.test", "preferred_username": "alice", "upn": "a.archer@x.test"}


@pytest.mark.parametrize(
    "reviewer",
    [
        Principal(SAML, "00u1"),
        Principal(SAML, "Alice@X.test"),
        Principal(SAML, "alice"),
        Principal(SAML, "A.Archer@x.test"),
        Principal(SAML, "_persistent", claims={"email": "alice@x.test"}),
        Principal(SAML, "_persistent", account="ALICE"),
        Principal("urn:workloads", "laptop-7", claims={"certificate": {"email": ["alice@x.test"]}}),
        Principal(SAML, "owner", actors=(Principal(SAML, "alice@x.test"),)),
    ],
    ids=["subject", "address", "user name", "upn", "claimed address", "account", "certificate", "agent"],
)
def test_who_came_another_way_does_not_decide_their_own_request(reviewer: Principal) -> None:
    """The same person by SAML, by OpenID Connect and by certificate has another issuer, and often another subject."""
    alice = Principal(ISSUER, "00u1", claims=OIDC)
    members = [replace(each, groups=frozenset({"db-owners"})) for each in reviewer.parties]
    reviewer = replace(members[0], actors=tuple(members[1:]))
    entry = ticket(NOW, subject="00u1", identities=identities(alice), needed=2)
    with pytest.raises(Refusal) as refused:
        entry.voted(reviewer, True, "", NOW)
    assert refused.value.reason is Reason.SELF_APPROVAL
    others = ticket(NOW, needed=2).voted(replace(alice, groups=frozenset({"db-owners"})), True, "", NOW)
    with pytest.raises(TicketClosed, match="another one is needed"):
        others.voted(reviewer, True, "", NOW)


def test_no_name_is_no_shared_name() -> None:
    entry = ticket(NOW, identities=identities(person("alice", email="", upn=None, preferred_username=["x"])))
    assert entry.decidable_by(person("owner", "db-owners", email="", upn=None, preferred_username=["x"]))


def test_a_vote_remembers_by_what_its_reviewers_are_revoked() -> None:
    bot = Principal(ISSUER, "bot", groups=frozenset({"db-owners"}), session="s2")
    (vote,) = ticket(NOW).voted(replace(OWNER, session="s1", account="o1", actors=(bot,)), True, "", NOW).votes
    kept = msgspec.json.decode(msgspec.json.encode(vote), type=Vote)
    assert [each.revocable for each in kept.reviewers] == [
        replace(OWNER, session="s1", account="o1").revocable,
        bot.revocable,
    ]


def test_two_approvals_need_two_people() -> None:
    first = ticket(NOW, needed=2).voted(OWNER, True, "", NOW)
    assert first.state is State.PENDING
    with pytest.raises(TicketClosed, match="another one is needed"):
        first.voted(OWNER, True, "", NOW)
    assert first.voted(SECOND, True, "", NOW).state is State.APPROVED


def test_one_denial_outweighs_an_approval() -> None:
    first = ticket(NOW, needed=2).voted(OWNER, True, "", NOW)
    assert first.voted(SECOND, False, "", NOW).state is State.DENIED
    assert first.voted(OWNER, False, "changed my mind", NOW).state is State.DENIED


@pytest.mark.parametrize("state", [state for state in State if state is not State.PENDING])
@pytest.mark.parametrize("approve", [True, False])
def test_what_is_decided_stays_decided(state: State, approve: bool) -> None:
    with pytest.raises(TicketClosed) as closed:
        ticket(NOW, state=state).voted(OWNER, approve, "", NOW)
    assert closed.value.ticket.state is state


def test_a_decision_after_expiry_is_too_late() -> None:
    with pytest.raises(TicketClosed) as closed:
        ticket(NOW, expires=NOW + 5).voted(OWNER, True, "", NOW + 5)
    assert closed.value.ticket.state is State.EXPIRED


@pytest.mark.parametrize(
    ("changes", "binding", "now"),
    [
        ({}, "b" * 64, NOW),
        ({"state": State.DENIED}, "b" * 64, NOW),
        ({"state": State.RELEASED}, "b" * 64, NOW),
        ({"state": State.EXECUTED}, "b" * 64, NOW),
        ({"state": State.APPROVED}, "c" * 64, NOW),
        ({"state": State.APPROVED}, "b" * 64, NOW + 60),
    ],
    ids=["pending", "denied", "released", "executed", "another request", "too late"],
)
def test_what_is_not_released(changes: dict[str, Any], binding: str, now: float) -> None:
    with pytest.raises(TicketClosed):
        ticket(NOW, **changes).released(binding, now)


def test_a_release_is_used_once() -> None:
    released = ticket(NOW, state=State.APPROVED).released("b" * 64, NOW)
    with pytest.raises(TicketClosed):
        released.released("b" * 64, NOW)


@pytest.mark.parametrize(("status", "state"), [(200, State.EXECUTED), (404, State.EXECUTED), (None, State.FAILED)])
def test_how_a_release_ends(status: int | None, state: State) -> None:
    ended = ticket(NOW, state=State.RELEASED).finished(status, NOW + 1)
    assert (ended.state, ended.status, ended.ended) == (state, status or 0, NOW + 1)


def test_requesters_and_reviewers_see_a_ticket_others_do_not() -> None:
    entry = ticket(NOW)
    assert [entry.seen_by(who) for who in (ALICE, OWNER, STRANGER)] == [True, True, False]


def test_what_is_shown_names_no_identities() -> None:
    voted: Ticket = ticket(NOW).voted(person("owner", "db-owners", email="private@x.test"), True, "", NOW)
    assert "private@x.test" not in str(voted.shown())
    assert "identities" not in str(voted.shown())


@pytest.mark.parametrize(("mine", "total", "refused"), [(0, 0, False), (1, 1, False), (2, 2, True), (0, 3, True)])
def test_caps(mine: int, total: int, refused: bool) -> None:
    caps = Caps(person=2, total=3)
    if not refused:
        caps.check(mine, total, 5)
        return
    with pytest.raises(Refusal) as refusal:
        caps.check(mine, total, 5)
    assert refusal.value.headers == {"retry-after": "5"}


def acting(principal: Principal, *actors: Principal) -> Principal:
    return replace(principal, actors=actors)


def test_an_agent_decides_for_a_reviewer_only_if_it_is_one() -> None:
    owner = person("owner", "db-owners")
    assert not ticket(NOW).decidable_by(acting(owner, person("bot")))
    assert ticket(NOW).decidable_by(acting(owner, person("bot", "db-owners")))


@pytest.mark.parametrize("actors", [("alice",), ("bot", "alice")], ids=["first", "second"])
def test_nobody_decides_through_who_asked(actors: tuple[str, ...]) -> None:
    chain = acting(person("owner", "db-owners"), *(person(name, "db-owners") for name in actors))
    with pytest.raises(Refusal) as refused:
        ticket(NOW).check_reviewer(chain)
    assert refused.value.reason is Reason.SELF_APPROVAL


def test_who_acted_does_not_decide_what_it_asked_for() -> None:
    entry = ticket(NOW, identities=identities(acting(person("alice"), person("bot", email="bot@x.test"))))
    for reviewer in (person("bot", "db-owners"), person("other", "db-owners", email="Bot@x.test")):
        assert not entry.decidable_by(reviewer)


def test_an_agent_sees_what_was_asked_through_it() -> None:
    bot = person("bot")
    entry = ticket(NOW, actors=(bot.key,))
    assert entry.seen_by(person("alice"))
    assert entry.seen_by(acting(person("alice"), bot))
    assert not entry.seen_by(acting(person("alice"), person("other")))
    assert not ticket(NOW).seen_by(acting(person("alice"), bot))
