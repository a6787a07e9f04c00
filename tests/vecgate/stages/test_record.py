from __future__ import annotations

import pytest
from mitmproxy import http
from tests.support.stages import TICKET, Scene, flow

from vecgate.errors import Refusal, Unavailable
from vecgate.exchange import Exchange
from vecgate.operations.messages import Answer
from vecgate.reasons import Reason
from vecgate.serve import failures
from vecgate.serve.failures import Failure
from vecgate.stages.record import Record, lost


@pytest.fixture
def scene() -> Scene:
    return Scene()


async def ended(scene: Scene, one: http.HTTPFlow, hook: str = "response") -> None:
    pending = getattr(Record(scene.context), hook)(one)
    if pending is not None:
        await pending


async def test_an_answer_leaves_one_outcome(scene: Scene) -> None:
    one = flow()
    exchange = scene.begun(one)
    scene.context.answer(one, exchange, Answer(200))
    await ended(scene, one)
    await ended(scene, one)
    await ended(scene, one, "error")
    assert scene.recorder.outcomes == [exchange]
    assert exchange.refusal is None


@pytest.mark.parametrize(("forwarded", "expected"), [(True, Reason.UNMASKABLE_RESPONSE), (False, Reason.UNSEALED)])
async def test_an_answer_that_no_stage_sealed_is_recorded_as_withheld(
    scene: Scene, forwarded: bool, expected: Reason
) -> None:
    one = flow(response=http.Response.make())
    exchange = scene.begun(one, forwarded=forwarded)
    await ended(scene, one)
    assert exchange.refusal is not None
    assert exchange.refusal.reason is expected


@pytest.mark.parametrize("hook", ["response", "error"])
async def test_a_flow_that_never_began_leaves_nothing(scene: Scene, hook: str) -> None:
    await ended(scene, flow(), hook)
    assert scene.recorder.outcomes == []


@pytest.mark.parametrize(
    ("noted", "expected", "answered"),
    [
        (Reason.UPSTREAM_UNREACHABLE, Reason.UPSTREAM_UNREACHABLE, True),
        (Reason.CLIENT_GONE, Reason.CLIENT_GONE, False),
        (None, Reason.CLIENT_GONE, False),
    ],
)
async def test_an_error_is_recorded_with_its_cause(
    scene: Scene, noted: Reason | None, expected: Reason, answered: bool
) -> None:
    one = flow()
    exchange = scene.begun(one)
    if noted is not None:
        failures.note(one, noted, "why")
    await ended(scene, one, "error")
    assert scene.recorder.outcomes == [exchange]
    assert exchange.refusal is not None
    assert exchange.refusal.reason is expected
    assert (exchange.answer is not None) is answered


async def test_the_first_refusal_stands(scene: Scene) -> None:
    one = flow()
    exchange = scene.begun(one)
    scene.context.refuse(one, exchange, Refusal(Reason.NO_GRANT))
    await ended(scene, one, "error")
    assert exchange.refusal is not None
    assert exchange.refusal.reason is Reason.NO_GRANT


@pytest.mark.parametrize(("forwarded", "status", "told"), [(True, 200, 200), (True, 0, None), (False, 200, None)])
async def test_an_approval_that_was_used_up_is_told_what_came_of_it(
    scene: Scene, forwarded: bool, status: int, told: int | None
) -> None:
    one = flow()
    exchange = scene.begun(one, consumed=True, ticket=TICKET.id, forwarded=forwarded, upstream_status=status)
    await ended(scene, one)
    assert scene.approvals.finished == [(TICKET.id, told)]
    assert scene.recorder.outcomes == [exchange]
    await ended(scene, one, "error")
    assert len(scene.approvals.finished) == 1


@pytest.mark.parametrize("failure", [Unavailable(Reason.STATE_UNAVAILABLE), ValueError()], ids=["down", "broken"])
async def test_an_approval_that_cannot_be_told_takes_no_outcome_away(scene: Scene, failure: Exception) -> None:
    scene.approvals.failure = failure
    one = flow()
    exchange = scene.begun(one, consumed=True, ticket=TICKET.id)
    if isinstance(failure, Unavailable):
        await ended(scene, one)
    else:
        with pytest.raises(ValueError):  # noqa: PT011 - the test's own
            await ended(scene, one)
    assert scene.recorder.outcomes == [exchange]


async def test_what_no_hook_tells_is_recorded(scene: Scene) -> None:
    one = flow()
    exchange = scene.begun(one)
    lost(scene.context, Failure(Reason.GATEWAY_FAILURE, "crashed", one.client_conn), one)
    lost(scene.context, Failure(Reason.PROTOCOL_ERROR, "no HTTP", one.client_conn), None)
    first, second = scene.recorder.outcomes
    assert first is exchange
    assert isinstance(second, Exchange)
    assert [each.refusal and each.refusal.reason for each in (first, second)] == [
        Reason.GATEWAY_FAILURE,
        Reason.PROTOCOL_ERROR,
    ]
    assert (second.connection, second.peer) == ("docs", "127.0.0.1:50000")


async def test_before_all_is_ready_there_is_nothing_to_record_with(scene: Scene) -> None:
    scene.context.runtime = None
    lost(scene.context, Failure(Reason.PROTOCOL_ERROR, "no HTTP", flow().client_conn), None)
    assert scene.recorder.outcomes == []
