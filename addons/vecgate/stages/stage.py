"""Stage: what every stage shares. A hook runs only while nobody has answered, and whatever it raises is an answer."""

from __future__ import annotations

import asyncio
import functools
import logging
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, ClassVar

from mitmproxy import http

from vecgate.errors import Refusal
from vecgate.exchange import Exchange
from vecgate.reasons import Reason

if TYPE_CHECKING:
    from vecgate.stages.context import Context

log = logging.getLogger(__name__)

type Hook[S] = Callable[[S, http.HTTPFlow, Exchange], Awaitable[None] | None]
type FlowHook[S] = Callable[[S, http.HTTPFlow], Awaitable[None] | None]


class Stage:
    """One step of the pipeline. Subclasses are stateless: what a request carries is on its exchange."""

    name: ClassVar[str] = ""
    failure: ClassVar[Reason] = Reason.GATEWAY_FAILURE
    """What the client is told when the stage itself breaks."""

    def __init__(self, context: Context) -> None:
        self.context = context


def judged[S: Stage](function: Hook[S]) -> FlowHook[S]:
    """Make a request hook of `function(self, flow, exchange)`.

    It is skipped once the flow is answered, failed or no longer live. A Refusal becomes the client's answer, any other
    exception a 503. What need not wait returns None and costs no task; what must wait returns an awaitable.
    """

    @functools.wraps(function)
    def hook(self: S, flow: http.HTTPFlow) -> Awaitable[None] | None:
        exchange = self.context.exchanges.get(flow)
        if flow.response or flow.error or not flow.live or exchange is None:
            return None
        return run(self, function, flow, exchange)

    return hook


def answering[S: Stage](function: Hook[S]) -> FlowHook[S]:
    """Make a response hook of `function(self, flow, exchange)`: skipped where the answer is the gateway's own."""

    @functools.wraps(function)
    def hook(self: S, flow: http.HTTPFlow) -> Awaitable[None] | None:
        exchange = self.context.exchanges.get(flow)
        if exchange is None or exchange.answer_seal is not None or flow.error or flow.response is None:
            return None  # without an exchange there is no seal, and the wire withholds the answer
        return run(self, function, flow, exchange)

    return hook


def run[S: Stage](stage: S, function: Hook[S], flow: http.HTTPFlow, exchange: Exchange) -> Awaitable[None] | None:
    """Run a stage's function, now or as far as it need not wait, and turn whatever it raises into an answer."""
    start = time.perf_counter()
    try:
        pending = function(stage, flow, exchange)
    except BaseException as error:
        fail(stage, flow, exchange, error)
    else:
        if pending is not None:
            return wait(stage, flow, exchange, pending, start)
        exchange.passed.append(stage.name)
    exchange.timings[stage.name] = int((time.perf_counter() - start) * 1e6)
    return None


async def wait(stage: Stage, flow: http.HTTPFlow, exchange: Exchange, pending: Awaitable[None], start: float) -> None:
    try:
        await pending
    except BaseException as error:
        fail(stage, flow, exchange, error)
    else:
        exchange.passed.append(stage.name)
    exchange.timings[stage.name] = int((time.perf_counter() - start) * 1e6)


def fail(stage: Stage, flow: http.HTTPFlow, exchange: Exchange, error: BaseException) -> None:
    """Turn whatever a stage raised into the client's answer; pass on only what ends the task or the process.

    A CancelledError is passed on only if the task really is being cancelled: one that nobody asked for would leave the
    flow hanging, because mitmproxy awaits the hook's end.
    """
    if isinstance(error, Refusal):
        stage.context.refuse(flow, exchange, error)
        return
    stage.context.refuse(flow, exchange, Refusal(stage.failure))
    if isinstance(error, asyncio.CancelledError):
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise error
    elif isinstance(error, Exception):
        log.error("stage %s failed, exchange %s refused", stage.name, exchange.id, exc_info=error)
    else:
        raise error
