"""Held: a flow while it waits for a reviewer, as its client and the interfaces of mitmproxy see it."""

from __future__ import annotations

import asyncio
import logging
from types import TracebackType
from typing import Self

from mitmproxy import ctx, hooks, http

from vecgate.approvals.tickets import LOCAL_ISSUER, State, Ticket
from vecgate.errors import Refusal, VecgateError
from vecgate.identity.principal import Principal
from vecgate.reasons import Reason
from vecgate.runtime import Runtime
from vecgate.serve.failures import failure_of
from vecgate.serve.image import request_image
from vecgate.stages.context import Context

log = logging.getLogger(__name__)


class Held:
    """In mitmproxy and mitmweb the flow is intercepted. A resume there is the local operator's approval where
    `control.local_operator` names one; otherwise it decides nothing, and the flow is intercepted again.

    A flow that the operator kills or edits is no longer what was asked for: nothing of it runs. A
    principal whose token has ended or was revoked waits no longer."""

    def __init__(
        self, flow: http.HTTPFlow, context: Context, runtime: Runtime, ticket: Ticket, principal: Principal
    ) -> None:
        self._flow = flow
        self._context = context
        self._runtime = runtime
        self._ticket = ticket
        self._principal = principal
        self._asked = request_image(flow.request)
        self._decision: asyncio.Task[None] | None = None
        self._updates: set[asyncio.Task[None]] = set()
        control = runtime.config.control
        self._operator = control.local_operator if control is not None else None

    def __enter__(self) -> Self:
        self._intercept()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._context.interactive:
            self._flow.resume()
            self._update()

    @property
    def void(self) -> Reason | None:
        """Why the flow must not run whatever is decided, if so."""
        if self._gone:
            return Reason.CLIENT_GONE
        if self._flow.error is not None:
            return Reason.INTERRUPTED
        return None if request_image(self._flow.request) == self._asked else Reason.UNSEALED

    def over(self) -> bool:
        """Whether waiting has no point any more. Asked several times a second."""
        if self._context.draining or self._gone or self._flow.error is not None or self._barred():
            return True
        resumed = self._context.interactive and not self._flow.intercepted and self._decision is None
        return resumed and not self._resumed()

    def _barred(self) -> bool:
        """The principal may not go on, or nobody knows."""
        try:
            self._runtime.authenticator.recheck(self._principal)
        except Refusal:
            return True
        return False

    @property
    def _gone(self) -> bool:
        """The connection was closed, or over HTTP/2 the stream alone."""
        return not self._flow.client_conn.connected or failure_of(self._flow) is not None

    def _resumed(self) -> bool:
        """Whether the flow goes on waiting: for the operator's decision to count, or as if nothing had happened."""
        if self.void is not None:
            return False
        if self._operator is None:
            log.warning("a resume decides nothing: configuration names no control.local_operator")
            self._intercept()
        else:
            self._decision = asyncio.create_task(self._decide(Principal(LOCAL_ISSUER, self._operator, self._operator)))
        return True

    async def _decide(self, operator: Principal) -> None:
        comment = "resumed in the local interface"
        try:
            ticket = await self._runtime.approvals.decide(self._ticket.id, operator, True, comment)
        except VecgateError as error:
            log.error("the resume was not accepted: %s", error)
        else:
            if ticket.state is not State.PENDING:
                return
        self._decision = None
        self._intercept()

    def _intercept(self) -> None:
        if self._context.interactive:
            self._flow.intercept()
            self._update()

    def _update(self) -> None:
        update = asyncio.create_task(ctx.master.addons.trigger_event(hooks.UpdateHook([self._flow])))
        self._updates.add(update)
        update.add_done_callback(self._updates.discard)
