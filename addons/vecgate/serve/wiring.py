"""Wiring: the callbacks that the patched parts of mitmproxy call. One per process; `install` swaps it.

A process has one wiring whatever masters run in it, because mitmproxy's layers are classes shared by all of them. A
script that is reloaded installs a new one; a script that is deleted leaves the last one, whose gate then seals nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mitmproxy import http

from vecgate.operations.messages import Answer
from vecgate.serve.failures import Failure
from vecgate.serve.listeners import Listeners

if TYPE_CHECKING:
    from vecgate.serve.seal import Gate

type Render = Callable[[Failure, http.HTTPFlow | None], Answer]
"""Make the client's answer to a failure, in the envelope of the failure's listener. Must not use `Failure.message`."""
type Report = Callable[[Failure, http.HTTPFlow | None], None]
"""Record a failure that no `error` hook tells. Called on the event loop: do not block."""
type BodyLimit = Callable[[http.HTTPFlow], int]
"""The largest request body of this flow, in bytes. Asked before `requestheaders` and again with every piece of body."""


@dataclass(frozen=True, slots=True)
class Wiring:
    gate: Gate
    render: Render
    report: Report
    listeners: Listeners
    body_limit: BodyLimit | None = None
    """None takes the listener's own bound."""


class _Holder:
    wiring: Wiring | None = None


def current() -> Wiring:
    """The wiring in force. The patched functions run only after `install`, so that there always is one."""
    assert _Holder.wiring is not None, "vecgate.serve.install has not run"
    return _Holder.wiring


def swap(wiring: Wiring) -> None:
    _Holder.wiring = wiring
