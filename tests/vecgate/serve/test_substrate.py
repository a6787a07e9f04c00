from __future__ import annotations

import msgspec
import pytest
from mitmproxy import http
from tests.support.stages import Scene, flow, reason

from vecgate.errors import Refusal
from vecgate.operations.messages import Answer
from vecgate.reasons import Reason
from vecgate.serve.failures import Failure
from vecgate.serve.substrate import UNPROVED_BODY, refuse_hook, wire
from vecgate.serve.wiring import Wiring, current
from vecgate.stages.gate import WireGate


@pytest.fixture
def scene() -> Scene:
    return Scene()


@pytest.fixture
def wired(scene: Scene) -> Wiring:
    wire(scene.context)
    return current()


def failure(one: http.HTTPFlow, why: Reason = Reason.UPSTREAM_PROTOCOL) -> Failure:
    return Failure(why, "canary: bytes of the upstream", one.client_conn)


async def test_the_gate_and_the_listeners_are_the_contexts(scene: Scene, wired: Wiring) -> None:
    assert isinstance(wired.gate, WireGate)
    assert wired.gate.context is scene.context
    assert wired.listeners is scene.context.listeners


async def test_a_failure_is_told_in_the_engines_envelope_without_its_message(wired: Wiring) -> None:
    answer = wired.render(failure(flow()), None)
    document = msgspec.json.decode(answer.body)
    assert (answer.status, document["reason"]) == (502, "upstream_protocol")
    assert "error" in document
    assert b"canary" not in answer.body


async def test_a_failing_flow_is_told_its_first_refusal_and_leaves_one_outcome(scene: Scene, wired: Wiring) -> None:
    one = flow()
    exchange = scene.begun(one)
    scene.context.refuse(one, exchange, Refusal(Reason.NO_GRANT))
    for _ in range(2):
        assert msgspec.json.decode(wired.render(failure(one), one).body)["reason"] == "no_grant"
    assert scene.recorder.outcomes == [exchange]


async def test_a_failing_flow_whose_end_no_hook_told_is_recorded_with_its_cause(scene: Scene, wired: Wiring) -> None:
    one = flow()
    exchange = scene.begun(one)
    wired.render(failure(one), one)
    assert scene.recorder.outcomes == [exchange]
    assert exchange.refusal is not None
    assert exchange.refusal.reason is Reason.UPSTREAM_PROTOCOL
    assert exchange.answer is not None
    assert exchange.answer.status == 502


async def test_what_no_flow_carries_is_recorded(scene: Scene, wired: Wiring) -> None:
    wired.report(failure(flow(), Reason.PROTOCOL_ERROR), None)
    (exchange,) = scene.recorder.outcomes
    assert exchange.refusal is not None
    assert exchange.refusal.reason is Reason.PROTOCOL_ERROR


async def test_a_client_that_is_refused_already_sends_little_more(scene: Scene, wired: Wiring) -> None:
    one = flow()
    assert wired.body_limit is not None
    whole = scene.context.listeners.bounds(one.client_conn).body
    assert wired.body_limit(one) == whole, "no stage has seen it yet"
    exchange = scene.begun(one)
    assert wired.body_limit(one) == whole
    scene.context.answer(one, exchange, Answer(401))
    assert wired.body_limit(one) == UNPROVED_BODY < whole


@pytest.mark.parametrize(
    ("hook", "expected"),
    [
        ("requestheaders", "gateway_failure"),
        ("request", "gateway_failure"),
        ("responseheaders", "unmaskable_response"),
        ("response", "unmaskable_response"),
    ],
)
@pytest.mark.parametrize("begun", [True, False])
async def test_a_hook_that_fails_refuses_its_flow(scene: Scene, hook: str, expected: str, begun: bool) -> None:
    one = flow(response=http.Response.make(200, b"canary"))
    if begun:
        scene.begun(one, request_seal=("sealed",))
    refuse_hook(scene.context)(one, hook)
    assert reason(one) == expected
    assert scene.context.exchanges[one].request_seal is None
