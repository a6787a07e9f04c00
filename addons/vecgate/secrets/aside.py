"""Aside: a call that may block, in a thread that nothing waits for when the process ends."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable


def aside[T](function: Callable[[], T]) -> asyncio.Future[T]:
    """What the function returns or raises. Unlike the threads of an executor, one that hangs holds up no shutdown."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def succeed(value: T) -> None:
        if not future.done():
            future.set_result(value)

    def fail(error: Exception) -> None:
        if not future.done():
            future.set_exception(error)

    def run() -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed, and nobody asks any more
            try:
                value = function()
            except Exception as error:
                loop.call_soon_threadsafe(fail, error)
            else:
                loop.call_soon_threadsafe(succeed, value)

    threading.Thread(target=run, name="vecgate secret", daemon=True).start()
    return future
