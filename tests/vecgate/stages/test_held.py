from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import msgspec
import pytest
from mitmproxy import ctx, http
from mitmproxy.flow import Error
from tests.support.stages import ANNA, TICKET, Scene, flow

from vecgate.approvals.tickets import State, TicketClosed
from vecgate.errors import Refusal
from vecgate.reasons import Reason
from vecgate.serve import failures
from vecgate.stages.held import Held


class Master:
    """Where mitmproxy's interfaces are told that a flow has changed."""

    def __init__(self) -> None:
        self.addons = self
        self.updates = 0

    async def trigger_event(self, event: object) -> None:
        self.updates += 1


@pytest.fixture
def master(monkeypatch: pytest.MonkeyPatch) -> Iterator[Master]:
    made = Master()
    monkeypatch.setattr(ctx, "master", made, raising=False)
    return iter([made])


@pytest.fixture
def scene(master: Iterator[Master]) -> Scene:
    """Under an interface in which olga may resume flows."""
    scene = Scene(operator="olga")
    scene.context.interactive = True
    scene.approvals.ticket = msgspec.structs.replace(TICKET, state=State.APPROVED)
    return scene


def held(scene: Scene, one: http.HTTPFlow) -> Held:
    return Held(one, scene.context, scene.runtime, TICKET, ANNA)


async def test_a_flow_that_waits_shows_as_intercepted_and_is_let_go_of(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = flow()
    with held(scene, one) as waiting:
        assert one.intercepted
        assert not waiting.over()
        assert waiting.void is None
    assert not one.intercepted
    await asyncio.sleep(0)
    assert ctx.master.updates == 2


async def test_without_an_interface_nothing_is_intercepted() -> None:
    scene, one = Scene(operator="olga"), flow()
    with held(scene, one) as waiting:
        assert not one.intercepted
        assert not waiting.over()
    assert scene.approvals.decisions == []


async def test_a_resume_is_the_named_operators_approval_once(scene: Scene) -> None:
    one = flow()
    with held(scene, one) as waiting:
        one.resume()
        for _ in range(3):
            assert not waiting.over()
            await asyncio.sleep(0)
    assert [principal.key for principal in scene.approvals.decisions] == ["local:operator olga"]


async def test_a_resume_of_nobody_decides_nothing(scene: Scene) -> None:
    nobody, one = Scene(), flow()
    nobody.context.interactive = True
    with held(nobody, one) as waiting:
        one.resume()
        assert not waiting.over()
        await asyncio.sleep(0)
        assert one.intercepted
    assert nobody.approvals.decisions == []


@pytest.mark.parametrize("failing", [False, True])
async def test_a_flow_waits_on_where_a_resume_does_not_decide(scene: Scene, failing: bool) -> None:
    """The ticket needs a second reviewer, or took no vote."""
    scene.approvals.ticket = TICKET
    scene.approvals.failure = TicketClosed(TICKET, "closed") if failing else None
    one = flow()
    with held(scene, one) as waiting:
        one.resume()
        assert not waiting.over()
        await asyncio.sleep(0)
        assert one.intercepted


async def test_a_flow_that_was_edited_is_not_what_was_asked_for(scene: Scene) -> None:
    one = flow()
    with held(scene, one) as waiting:
        one.request.text = '{"ids":["all"]}'
        assert not waiting.over(), "only a resume says that the edit is meant"
        one.resume()
        assert waiting.over()
        await asyncio.sleep(0)
        assert waiting.void is Reason.UNSEALED
    assert scene.approvals.decisions == []


async def test_an_edit_that_was_taken_back_is_none(scene: Scene) -> None:
    one = flow()
    with held(scene, one) as waiting:
        before = one.request.path
        one.request.path = "/other"
        one.request.path = before
        assert waiting.void is None


async def test_killing_a_flow_is_no_approval(scene: Scene) -> None:
    one = flow()
    with held(scene, one) as waiting:
        one.kill()
        assert one.error is not None
        assert one.error.msg == Error.KILLED_MESSAGE
        assert waiting.over()
        assert waiting.void is Reason.INTERRUPTED
        await asyncio.sleep(0)
    assert scene.approvals.decisions == []


def closed(one: http.HTTPFlow) -> None:
    one.client_conn.state = one.client_conn.state.CLOSED


def reset(one: http.HTTPFlow) -> None:
    failures.note(one, Reason.CLIENT_GONE, "stream reset by client")


@pytest.mark.parametrize("left", [closed, reset])
async def test_waiting_is_over_when_the_client_is_gone(scene: Scene, left: Callable[[http.HTTPFlow], None]) -> None:
    one = flow()
    with held(scene, one) as waiting:
        left(one)
        assert waiting.over()
        assert waiting.void is Reason.CLIENT_GONE


async def test_waiting_is_over_when_the_gateway_stops(scene: Scene) -> None:
    one = flow()
    with held(scene, one) as waiting:
        scene.context.draining = True
        assert waiting.over()
        assert waiting.void is None


@pytest.mark.parametrize("why", [Reason.TOKEN_REVOKED, Reason.TOKEN_EXPIRED, Reason.STATE_UNAVAILABLE])
async def test_whoever_may_not_go_on_waits_no_longer(scene: Scene, why: Reason) -> None:
    with held(scene, flow()) as waiting:
        assert not waiting.over()
        scene.authenticator.refusal = Refusal(why)
        assert waiting.over()
