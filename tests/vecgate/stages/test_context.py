from __future__ import annotations

import asyncio
import gc

import pytest
from mitmproxy import http
from tests.support.stages import Scene, flow, reason

from vecgate.errors import Refusal, Unavailable
from vecgate.limits.reservation import Reservation
from vecgate.operations.dialect import Masked
from vecgate.operations.messages import Answer
from vecgate.reasons import Reason
from vecgate.serve.image import response_image
from vecgate.stages.context import response


@pytest.fixture
def scene() -> Scene:
    return Scene()


async def test_an_exchange_begins_afresh_with_every_life_of_a_flow(scene: Scene) -> None:
    one = flow()
    first, second = scene.context.begin(one), scene.context.begin(one)
    assert first.id != second.id
    assert (second.connection, second.peer) == ("docs", "127.0.0.1:50000")
    assert scene.context.exchanges[one] is second
    assert [(each.id, each.refusal and each.refusal.reason) for each in scene.recorder.outcomes] == [
        (first.id, Reason.INTERRUPTED)
    ]


async def test_a_socket_of_no_listener_belongs_to_no_connection(scene: Scene) -> None:
    stray = flow()
    stray.client_conn.sockname = ("127.0.0.1", 1)
    assert scene.context.begin(stray).connection == ""


async def test_an_outcome_is_left_once(scene: Scene) -> None:
    exchange = scene.context.begin(flow())
    for _ in range(3):
        scene.context.close(exchange)
    scene.context.abandon(exchange)
    assert scene.recorder.outcomes == [exchange]
    assert exchange.recorded


@pytest.mark.parametrize(
    ("forwarded", "refused", "masked", "end"),
    [
        (False, True, None, ("release", 0)),
        (True, True, None, ("settle", 0)),
        (True, False, Masked(Answer(200), points=7), ("settle", 7)),
        (False, False, None, ("settle", 0)),
    ],
)
async def test_what_was_reserved_is_charged_or_given_back(
    scene: Scene, forwarded: bool, refused: bool, masked: Masked | None, end: tuple[str, int]
) -> None:
    exchange = scene.context.begin(flow())
    exchange.charges = Reservation((), lambda: 0.0)
    exchange.forwarded, exchange.masked = forwarded, masked
    exchange.refusal = Refusal(Reason.NO_GRANT) if refused else None
    scene.context.close(exchange)
    assert scene.limiter.ends == [end]


async def test_a_limiter_that_fails_takes_no_outcome_away(scene: Scene) -> None:
    exchange = scene.context.begin(flow())
    exchange.charges = Reservation((), lambda: 0.0)
    scene.limiter.settle = None  # type: ignore[assignment, method-assign]  # so that it fails
    with pytest.raises(TypeError):
        scene.context.close(exchange)
    assert scene.recorder.outcomes == [exchange]
    await asyncio.wait_for(scene.context.drain(), 0.1)


async def test_what_could_not_be_recorded_is_not_in_flight_and_not_recorded(scene: Scene) -> None:
    exchange = scene.context.begin(flow())
    scene.recorder.down = Unavailable(Reason.EVIDENCE_UNAVAILABLE)
    with pytest.raises(Unavailable):
        scene.context.close(exchange)
    assert not exchange.recorded
    await asyncio.wait_for(scene.context.drain(), 0.1)


async def test_a_flow_that_is_gone_without_an_end_leaves_an_outcome(scene: Scene) -> None:
    one = flow()
    exchange = scene.context.begin(one)
    del one
    gc.collect()
    await asyncio.sleep(0)
    assert scene.recorder.outcomes == [exchange]
    assert exchange.refusal is not None
    assert exchange.refusal.reason is Reason.INTERRUPTED


async def test_draining_waits_for_what_is_in_flight(scene: Scene) -> None:
    exchange = scene.context.begin(flow())
    draining = asyncio.create_task(scene.context.drain(10))
    await asyncio.sleep(0)
    assert scene.context.draining
    assert not draining.done()
    scene.context.close(exchange)
    await asyncio.wait_for(draining, 0.1)
    assert exchange.refusal is None


async def test_what_does_not_end_in_time_is_interrupted_and_nothing_of_it_leaves(scene: Scene) -> None:
    one = flow()
    exchange = scene.context.begin(one)
    exchange.request_seal = ("sealed",)
    await scene.context.drain(0)
    assert scene.recorder.outcomes == [exchange]
    assert exchange.request_seal is None
    scene.context.answer(one, exchange, Answer(200, (), b"late"))
    assert exchange.answer_seal is None


async def test_without_a_runtime_nothing_is_ready(scene: Scene) -> None:
    scene.context.runtime = None
    exchange = scene.context.begin(flow())
    with pytest.raises(Unavailable, match="not ready"):
        scene.context.upstream(exchange)
    scene.context.close(exchange)
    assert scene.recorder.outcomes == []


async def test_a_refusal_takes_the_request_seal_and_is_sealed_itself(scene: Scene) -> None:
    one = flow()
    exchange = scene.context.begin(one)
    exchange.request_seal = ("sealed",)
    one.request.stream = True
    scene.context.refuse(one, exchange, Refusal(Reason.NO_GRANT, "Not yours."))
    assert exchange.request_seal is None
    assert reason(one) == "no_grant"
    assert one.response is not None
    assert exchange.answer_seal == response_image(one.response)
    assert one.request.stream is False


def test_an_answer_has_the_dialects_headers_and_the_gateways_own() -> None:
    made = response(Answer(201, (("content-type", "application/json"), ("x-a", "\u20ac")), b"{}"), "id")
    assert made.status_code == 201
    assert made.headers.fields == (
        (b"content-type", b"application/json"),
        (b"x-a", b"?"),
        (b"content-length", b"2"),
        (b"cache-control", b"no-store"),
        (b"vecgate-exchange", b"id"),
    )
    assert isinstance(made, http.Response)
