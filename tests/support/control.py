"""A control plane on a real port, for tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, cast

from vecgate.approvals.approvals import Approvals
from vecgate.control.server import ControlServer
from vecgate.errors import Refusal
from vecgate.identity.principal import Principal
from vecgate.reasons import Reason
from vecgate.runtime import Runtime


@asynccontextmanager
async def serving(approvals: Approvals, people: Mapping[str, Principal], **parts: Any) -> AsyncIterator[str]:
    """The base URL of a control plane to which `people` have tokens; `parts` are more of its runtime."""

    async def authenticate(token: str, address: str) -> Principal:
        if token not in people:
            raise Refusal(Reason.TOKEN_INVALID)
        return people[token]

    runtime = SimpleNamespace(
        approvals=approvals,
        authenticator=SimpleNamespace(authenticate=authenticate),
        recorder=SimpleNamespace(healthy=True),
        **parts,
    )
    server = ControlServer("127.0.0.1:0", lambda: cast(Runtime, runtime))
    await server.start()
    try:
        yield f"http://{server.address[0]}:{server.address[1]}"
    finally:
        await server.stop()
