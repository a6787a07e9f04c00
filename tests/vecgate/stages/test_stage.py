from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import ClassVar

import pytest
from mitmproxy import exceptions, http
from mitmproxy import flow as mitmflow
from tests.support.stages import Scene, flow, reason

from vecgate.errors import Refusal, Unmaskable
from vecgate.exchange import Exchange
from vecgate.reasons import Reason
from vecgate.stages.stage import Stage, answering, judged


class Probe(Stage):
    name: ClassVar[str] = "probe"
    failure: ClassVar[Reason] = Reason.UNMASKABLE_RESPONSE

    does: Callable[[], Awaitable[None] | None] = staticmethod(lambda: None)
    calls = 0

    @judged
    def request(self, flow: http.HTTPFlow, exchange: Exchange) -> Awaitable[None] | None:
        self.calls += 1
        return self.does()

    @answering
    def response(self, flow: http.HTTPFlow, exchange: Exchange) -> Awaitable[None] | None:
        self.calls += 1
        return self.does()


@pytest.fixture
def scene() -> Scene:
    return Scene()


@pytest.fixture
def probe(scene: Scene) -> Probe:
    return Probe(scene.context)


def raising(error: BaseException) -> Callable[[], None]:
    def does() -> None:
        raise error

    return does


def raising_later(error: BaseException) -> Callable[[], Awaitable[None]]:
    async def does() -> None:
        await asyncio.sleep(0)
        raise error

    return does


async def test_a_hook_that_need_not_wait_costs_no_task(scene: Scene, probe: Probe) -> None:
    one = flow()
    exchange = scene.begun(one)
    assert probe.request(one) is None
    assert exchange.passed == ["probe"]
    assert "probe" in exchange.timings


async def test_a_hook_that_waits_has_passed_once_it_ends(scene: Scene, probe: Probe) -> None:
    one = flow()
    exchange = scene.begun(one)
    probe.does = lambda: asyncio.sleep(0)
    pending = probe.request(one)
    assert pending is not None
    assert exchange.passed == []
    await pending
    assert exchange.passed == ["probe"]


def answered(one: http.HTTPFlow) -> None:
    one.response = http.Response.make()


def failed(one: http.HTTPFlow) -> None:
    one.error = mitmflow.Error("gone")


def ended(one: http.HTTPFlow) -> None:
    one.live = False


@pytest.mark.parametrize("happened", [answered, failed, ended])
async def test_a_request_hook_is_skipped_where_there_is_nothing_to_decide(
    scene: Scene, probe: Probe, happened: Callable[[http.HTTPFlow], None]
) -> None:
    one = flow()
    exchange = scene.begun(one)
    happened(one)
    assert probe.request(one) is None
    assert (probe.calls, exchange.passed) == (0, [])


def test_a_flow_without_an_exchange_is_left_to_the_seal(probe: Probe) -> None:
    probe.request(flow())
    probe.response(flow(response=http.Response.make()))
    assert probe.calls == 0


async def test_an_answer_hook_leaves_the_gateways_own_answers_alone(scene: Scene, probe: Probe) -> None:
    one = flow()
    exchange = scene.begun(one)
    scene.context.refuse(one, exchange, Refusal(Reason.NO_GRANT))
    probe.response(one)
    assert probe.calls == 0
    other = flow(response=http.Response.make())
    scene.begun(other)
    probe.response(other)
    assert probe.calls == 1


@pytest.mark.parametrize("later", [False, True])
@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (Refusal(Reason.NO_GRANT), "no_grant"),
        (Unmaskable("odd"), "unmaskable_response"),
        (ValueError("canary"), "unmaskable_response"),
        (AssertionError(), "unmaskable_response"),
        (exceptions.AddonHalt(), "unmaskable_response"),
        (exceptions.OptionsError(), "unmaskable_response"),
        (asyncio.CancelledError(), "unmaskable_response"),
        (RecursionError(), "unmaskable_response"),
        (MemoryError(), "unmaskable_response"),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_whatever_is_raised_is_the_clients_answer(
    scene: Scene, probe: Probe, error: BaseException, expected: str, later: bool
) -> None:
    one = flow()
    exchange = scene.begun(one)
    probe.does = raising_later(error) if later else raising(error)
    if (pending := probe.request(one)) is not None:
        await pending
    assert reason(one) == expected
    assert b"canary" not in ((one.response and one.response.content) or b"")
    assert exchange.passed == []
    assert exchange.request_seal is None


async def test_a_task_that_is_cancelled_refuses_and_ends(scene: Scene, probe: Probe) -> None:
    one = flow()
    scene.begun(one)
    probe.does = lambda: asyncio.sleep(10)
    pending = probe.request(one)
    assert pending is not None
    task = asyncio.ensure_future(pending)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert reason(one) == "unmaskable_response"


@pytest.mark.parametrize("error", [SystemExit(), KeyboardInterrupt()], ids=["exit", "interrupt"])
async def test_the_end_of_the_process_is_not_held_up_and_refuses(
    scene: Scene, probe: Probe, error: BaseException
) -> None:
    one = flow()
    scene.begun(one)
    probe.does = raising(error)
    with pytest.raises(type(error)):
        probe.request(one)
    assert reason(one) == "unmaskable_response"
