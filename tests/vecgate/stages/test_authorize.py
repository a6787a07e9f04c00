from __future__ import annotations

from dataclasses import replace

import pytest
from tests.support.stages import ALLOWED, ANNA, DENIED, DIALECT, GET_PATH, HELD, Scene, flow, read, reason

from vecgate.config.models import Enforcement
from vecgate.exchange import Exchange
from vecgate.operations.messages import Request
from vecgate.operations.target import parse
from vecgate.policy.decision import Decision, Verdict
from vecgate.reasons import Reason
from vecgate.stages.authorize import PUBLIC, Authorize

OBSERVE = Enforcement.OBSERVE
MASKED = Decision(Verdict.DENY, Reason.MASKED_FIELD_USED, "ssn")


def authorized(scene: Scene, **more: object) -> Exchange:
    one = flow()
    exchange = scene.begun(one, **{"principal": ANNA, "reading": read(), **more})
    Authorize(scene.context).request(one)
    exchange.timings["refused"] = int(one.response is not None)
    return exchange


@pytest.mark.parametrize("decision", [ALLOWED, HELD])
async def test_what_policy_does_not_deny_goes_on_with_its_decision(decision: Decision) -> None:
    scene = Scene()
    scene.policy.decision = decision
    exchange = authorized(scene)
    assert exchange.decision == decision
    assert exchange.passed == ["authorize"]


async def test_what_policy_denies_is_refused_with_its_reason() -> None:
    scene = Scene()
    scene.policy.decision = DENIED
    exchange = authorized(scene)
    assert exchange.refusal is not None
    assert (exchange.refusal.reason, exchange.refusal.detail) == (Reason.NO_GRANT, DENIED.detail)
    assert exchange.decision == DENIED, "evidence says why"


@pytest.mark.parametrize("decision", [ALLOWED, HELD])
async def test_a_veto_refuses_what_policy_does_not(decision: Decision) -> None:
    scene = Scene(vetoes=["Not on Sundays."])
    scene.policy.decision = decision
    exchange = authorized(scene)
    assert exchange.refusal is not None
    assert (exchange.refusal.reason, exchange.refusal.detail) == (Reason.VETOED, "Not on Sundays.")


async def test_a_public_route_needs_nobody() -> None:
    exchange = authorized(Scene(), public=True, principal=None)
    assert exchange.decision is PUBLIC
    assert exchange.passed == ["authorize"]


@pytest.mark.parametrize(
    ("more", "why"), [({"principal": None}, "nobody"), ({"reading": None}, "nothing")], ids=["nobody", "nothing"]
)
async def test_without_a_caller_or_a_request_there_is_no_decision(more: dict[str, object], why: str) -> None:
    exchange = authorized(Scene(), **more)
    assert exchange.decision is None
    assert exchange.timings["refused"]


async def test_a_name_that_was_not_resolved_is_not_judged() -> None:
    unbound = DIALECT.read(Request("POST", parse(GET_PATH.encode()), {"content-type": "application/json"}, b"{}"))
    exchange = authorized(Scene(), reading=unbound)
    assert exchange.decision is None
    assert exchange.timings["refused"]


@pytest.mark.parametrize("vetoes", [[None], ["no"]])
async def test_observing_lets_through_what_policy_or_a_plugin_alone_would_refuse(vetoes: list[str | None]) -> None:
    scene = Scene(OBSERVE, vetoes=vetoes)
    scene.policy.decision = ALLOWED if vetoes[0] else DENIED
    exchange = authorized(scene)
    assert exchange.decision is not None
    assert (exchange.decision.verdict, exchange.decision.reason) == (Verdict.ALLOW, Reason.OBSERVED)
    assert [refusal.reason for refusal in exchange.observed] == [Reason.VETOED if vetoes[0] else Reason.NO_GRANT]
    assert exchange.decision.visible("anything")


@pytest.mark.parametrize("decision", [MASKED, replace(DENIED, oracle="ssn steers the request")])
async def test_observing_never_lets_a_masked_field_steer(decision: Decision) -> None:
    scene = Scene(OBSERVE)
    scene.policy.decision = decision
    exchange = authorized(scene)
    assert exchange.refusal is not None
    assert exchange.refusal.reason is Reason.MASKED_FIELD_USED


async def test_a_plugin_that_fails_refuses() -> None:
    scene = Scene(OBSERVE, vetoes=[])
    one = flow()
    scene.begun(one, principal=ANNA, reading=read())
    Authorize(scene.context).request(one)
    assert reason(one) == "gateway_failure"
