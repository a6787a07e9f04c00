from __future__ import annotations

import asyncio
import threading

import pytest

from vecgate.secrets.aside import aside


async def test_a_call_returns_or_raises_from_a_thread_that_holds_up_nothing() -> None:
    thread = await aside(threading.current_thread)
    assert thread is not threading.main_thread()
    assert thread.daemon
    with pytest.raises(ZeroDivisionError):
        await aside(lambda: 1 / 0)


async def test_nobody_need_wait_for_it() -> None:
    hold, held = threading.Event(), threading.Event()

    def late() -> None:
        hold.wait(5)
        held.set()

    future = aside(late)
    future.cancel()
    hold.set()
    assert await asyncio.to_thread(held.wait, 5)
    await asyncio.sleep(0)


def test_a_loop_that_has_ended_is_not_told(recwarn: pytest.WarningsRecorder) -> None:
    hold = threading.Event()

    async def leave() -> None:
        aside(lambda: hold.wait(5))

    asyncio.run(leave())
    hold.set()
    for thread in threading.enumerate():
        if thread.name == "vecgate secret":
            thread.join(5)
    assert not list(recwarn)
