from __future__ import annotations

from dataclasses import replace

import pytest
from mitmproxy import http
from msgspec import structs
from tests.support.stages import ALLOWED, ANNA, DENIED, HELD, TICKET, Scene, flow, read, reason

from vecgate.approvals.tickets import Party, State, Vote
from vecgate.approvals.waiting import Outcome
from vecgate.config.models import Enforcement
from vecgate.errors import Refusal
from vecgate.exchange import Exchange
from vecgate.limits.reservation import Reservation
from vecgate.policy.decision import Verdict
from vecgate.reasons import Reason
from vecgate.stages.approve import Approve

OLGA = Party("https://idp.example/", "olga", "", "")
VOTE = Vote(OLGA.issuer, OLGA.subject, "Olga", True, "fine", 1.0, ("https://idp.example/ olga",), (OLGA,))


@pytest.fixture
def scene() -> Scene:
    scene = Scene()
    scene.policy.decision = HELD
    scene.approvals.ticket = structs.replace(
        TICKET, state=State.RELEASED, votes=(VOTE, structs.replace(VOTE, approve=False))
    )
    return scene


async def asked(scene: Scene, one: http.HTTPFlow, **more: object) -> Exchange:
    reading = read()
    known = {"principal": ANNA, "reading": reading, "request": reading.request, "decision": HELD, **more}
    exchange = scene.begun(one, **known)
    if (pending := Approve(scene.context).request(one)) is not None:
        await pending
    return exchange


async def test_what_needs_no_approval_goes_on(scene: Scene) -> None:
    exchange = await asked(scene, flow(), decision=ALLOWED)
    assert exchange.passed == ["approve"]
    assert exchange.ticket == ""


async def test_what_is_approved_is_judged_again_and_uses_the_approval_up(scene: Scene) -> None:
    exchange = await asked(scene, flow())
    assert exchange.passed == ["approve"]
    assert exchange.decision is not None
    assert (exchange.decision.verdict, exchange.decision.reason) == (Verdict.ALLOW, Reason.APPROVED)
    assert (exchange.ticket, exchange.consumed) == (TICKET.id, True)
    assert exchange.approvers == ("https://idp.example/ olga",), "denials are no approvals"
    assert scene.approvals.consumed == [TICKET.id]
    assert len(scene.fetched) == 1, "names are looked up afresh"


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (Outcome.PENDING, "approval_pending"),
        (Outcome.DENIED, "approval_denied"),
        (Outcome.EXPIRED, "approval_expired"),
        (Outcome.GONE, "approval_pending"),
    ],
)
async def test_what_is_not_approved_is_told_its_ticket(scene: Scene, outcome: Outcome, expected: str) -> None:
    scene.approvals.outcome = outcome
    one = flow()
    exchange = await asked(scene, one)
    assert reason(one) == expected
    assert one.response is not None
    assert TICKET.id.encode() in (one.response.content or b"")
    assert scene.approvals.consumed == []
    assert (exchange.passed, exchange.consumed) == ([], False)


async def test_a_client_that_left_leaves_the_approval_unused(scene: Scene) -> None:
    one = flow()
    one.client_conn.state = one.client_conn.state.CLOSED
    exchange = await asked(scene, one)
    assert exchange.refusal is not None
    assert exchange.refusal.reason is Reason.CLIENT_GONE
    assert scene.approvals.consumed == []


def denied(scene: Scene) -> None:
    scene.policy.decision = DENIED


def revoked(scene: Scene) -> None:
    scene.authenticator.refusal = Refusal(Reason.TOKEN_REVOKED)


def vetoed(scene: Scene) -> None:
    scene.vetoes[0] = "no"


def stopped(scene: Scene) -> None:
    scene.context.runtime = None


def spent(scene: Scene) -> None:
    scene.limiter.refusal = Refusal(Reason.BUDGET_EXCEEDED)


@pytest.mark.parametrize(
    ("happened", "expected"),
    [
        (denied, "no_grant"),
        (revoked, "token_revoked"),
        (vetoed, "vetoed"),
        (stopped, "gateway_failure"),
        (spent, "budget_exceeded"),
    ],
)
async def test_what_changed_while_it_waited_refuses_and_leaves_the_approval_unused(
    scene: Scene, happened: object, expected: str
) -> None:
    wait = scene.approvals.wait

    async def waited(*asked: object) -> Outcome:
        assert callable(happened)
        happened(scene)
        return await wait(*asked)  # type: ignore[arg-type]  # passed on

    scene.approvals.wait = waited  # type: ignore[method-assign, assignment]  # something happens meanwhile
    one = flow()
    exchange = await asked(scene, one, charges=Reservation((), lambda: 0.0))
    assert reason(one) == expected
    assert scene.approvals.consumed == []
    assert exchange.runtime is scene.runtime, "its outcome can be recorded"


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (State.EXECUTED, "approval_expired"),
        (State.RELEASED, "approval_expired"),
        (State.DENIED, "approval_denied"),
        (State.APPROVED, "approval_expired"),
        (State.PENDING, "approval_pending"),
    ],
)
async def test_an_approval_that_is_no_longer_there_for_it_refuses(scene: Scene, state: State, expected: str) -> None:
    scene.approvals.consumes = False
    scene.approvals.ticket = structs.replace(TICKET, state=state)
    one = flow()
    exchange = await asked(scene, one)
    assert reason(one) == expected
    assert not exchange.consumed


async def test_records_are_given_back_while_it_waits_and_reserved_again(scene: Scene) -> None:
    await asked(scene, flow(), charges=Reservation((), lambda: 0.0))
    assert scene.limiter.ends == [("park", 0), ("resume", 0)]


async def test_a_reload_meanwhile_counts(scene: Scene) -> None:
    other = Scene()
    other.policy.decision = replace(HELD, grants=("new",))
    wait = scene.approvals.wait

    async def waited(*asked: object) -> Outcome:
        scene.context.runtime = other.runtime
        return await wait(*asked)  # type: ignore[arg-type]  # passed on

    scene.approvals.wait = waited  # type: ignore[method-assign, assignment]  # a reload meanwhile
    exchange = await asked(scene, flow())
    assert exchange.runtime is other.runtime
    assert exchange.decision is not None
    assert exchange.decision.grants == ("new",)
    assert (scene.approvals.consumed, other.approvals.consumed) == ([], [TICKET.id])


async def test_observing_waits_for_nobody() -> None:
    scene = Scene(Enforcement.OBSERVE)
    exchange = await asked(scene, flow())
    assert exchange.decision is not None
    assert (exchange.decision.verdict, exchange.decision.reason) == (Verdict.ALLOW, Reason.OBSERVED)
    assert [refusal.reason for refusal in exchange.observed] == [Reason.APPROVAL_PENDING]
    assert scene.approvals.consumed == []


async def test_an_approval_of_whoever_was_revoked_since_counts_no_more(scene: Scene) -> None:
    scene.authenticator.left = {"olga"}
    one = flow()
    exchange = await asked(scene, one)
    assert (reason(one), scene.approvals.consumed, exchange.approvers) == ("approval_expired", [], ())


async def test_an_approval_through_an_agent_ends_with_the_agent(scene: Scene) -> None:
    through = structs.replace(VOTE, parties=(OLGA, structs.replace(OLGA, subject="bot")))
    scene.approvals.ticket = structs.replace(scene.approvals.ticket, votes=(through,))
    scene.authenticator.left = {"bot"}
    one = flow()
    await asked(scene, one)
    assert (reason(one), scene.approvals.consumed) == ("approval_expired", [])


async def test_a_denial_of_whoever_was_revoked_since_does_not_matter(scene: Scene) -> None:
    mallory = structs.replace(OLGA, subject="mallory")
    denial = structs.replace(VOTE, subject="mallory", parties=(mallory,), approve=False)
    scene.approvals.ticket = structs.replace(scene.approvals.ticket, votes=(denial, VOTE))
    scene.authenticator.left = {"mallory"}
    assert (await asked(scene, flow())).approvers == ("https://idp.example/ olga",)
