from __future__ import annotations

from dataclasses import replace

import pytest
from mitmproxy import http
from tests.support.stages import ALLOWED, ANNA, LIMIT, Scene, flow, read, reason

from vecgate.config.models import Enforcement
from vecgate.errors import Refusal, Unavailable
from vecgate.exchange import Exchange
from vecgate.reasons import Reason
from vecgate.stages.limit import Limit

LIMITED = replace(ALLOWED, limits=(LIMIT,))
SPENT = Refusal(Reason.RATE_EXCEEDED, "1 in 60 s are allowed.", {"retry-after": "9"})


async def limited(scene: Scene, one: http.HTTPFlow, **more: object) -> Exchange:
    exchange = scene.begun(one, **{"principal": ANNA, "reading": read(), "decision": LIMITED, **more})
    if (pending := Limit(scene.context).request(one)) is not None:
        await pending
    return exchange


@pytest.mark.parametrize("at_once", [True, False])
async def test_a_request_is_charged_before_it_goes_on(at_once: bool) -> None:
    scene = Scene()
    scene.limiter.at_once = at_once
    exchange = await limited(scene, flow())
    assert exchange.charges is not None
    assert exchange.passed == ["limit"]


@pytest.mark.parametrize("more", [{"decision": ALLOWED}, {"principal": None}], ids=["no limit", "nobody"])
async def test_what_no_limit_covers_is_not_charged(more: dict[str, object]) -> None:
    exchange = await limited(Scene(), flow(), **more)
    assert exchange.charges is None
    assert exchange.passed == ["limit"]


async def test_a_spent_limit_refuses_and_says_when_to_come_back() -> None:
    scene = Scene()
    scene.limiter.at_once, scene.limiter.refusal = False, SPENT
    one = flow()
    exchange = await limited(scene, one)
    assert reason(one) == "rate_exceeded"
    assert one.response is not None
    assert one.response.headers["retry-after"] == "9"
    assert exchange.charges is None


async def test_observing_notes_a_spent_limit() -> None:
    scene = Scene(Enforcement.OBSERVE)
    scene.limiter.at_once, scene.limiter.refusal = False, SPENT
    exchange = await limited(scene, flow())
    assert exchange.observed == (SPENT,)
    assert exchange.passed == ["limit"]


async def test_a_store_that_cannot_be_reached_refuses_even_when_observing() -> None:
    scene = Scene(Enforcement.OBSERVE)
    scene.limiter.at_once, scene.limiter.refusal = False, Unavailable(Reason.STATE_UNAVAILABLE)
    one = flow()
    await limited(scene, one)
    assert reason(one) == "state_unavailable"


async def test_without_a_decision_nothing_is_charged_and_nothing_goes_on() -> None:
    one = flow()
    await limited(Scene(), one, decision=None)
    assert reason(one) == "gateway_failure"
