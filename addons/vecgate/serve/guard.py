"""Guard: one addon's flow hooks fail closed, under front ends whose own dispatch forwards after an exception.

mitmdump, mitmproxy and mitmweb keep their AddonManager; `guard(addon, refuse)` wraps the hooks of an addon object
instead. What counts as a failure is what `dispatch` says. An addon of somebody else cannot be guarded so; against it
stands the seal.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from mitmproxy import http

from vecgate.serve.dispatch import FLOW_HOOKS, Refuse, cancelled, refuse_safely

log = logging.getLogger(__name__)

_MARK = "vecgate_guarded"


def guard[Addon](addon: Addon, refuse: Refuse) -> Addon:
    """Wrap the flow hooks of this object in place, once however often it is called; returns it."""
    for hook in FLOW_HOOKS:
        function = getattr(addon, hook, None)
        if callable(function) and not getattr(function, _MARK, False):
            setattr(addon, hook, _guarded(function, hook, refuse))
    return addon


def _guarded(function: Callable[[http.HTTPFlow], Any], hook: str, refuse: Refuse) -> Callable[[http.HTTPFlow], Any]:
    @functools.wraps(function)
    def wrapper(flow: http.HTTPFlow) -> Awaitable[None] | None:
        try:
            result = function(flow)
        except (Exception, asyncio.CancelledError) as error:
            failed(flow, error)
            return None
        return finish(flow, result) if inspect.isawaitable(result) else None

    async def finish(flow: http.HTTPFlow, result: Awaitable[Any]) -> None:
        try:
            await result
        except (Exception, asyncio.CancelledError) as error:
            failed(flow, error)

    def failed(flow: http.HTTPFlow, error: BaseException) -> None:
        refuse_safely(refuse, flow, hook)
        if cancelled(error):
            raise error
        log.error("%s failed, refusing", hook, exc_info=error)

    setattr(wrapper, _MARK, True)
    return wrapper
