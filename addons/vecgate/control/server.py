"""The control plane's server: uvicorn in the running loop, on a port of its own."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import uvicorn

from vecgate.approvals.approvals import Approvals
from vecgate.control.app import control_app
from vecgate.control.guard import allowed_hosts
from vecgate.control.protocol import Protocol
from vecgate.errors import ConfigError, Finding
from vecgate.identity.principal import Principal
from vecgate.identity.revocations import Revocations
from vecgate.issuer.issuer import Issuer

if TYPE_CHECKING:
    from vecgate.identity.provisioning import Provisioning
    from vecgate.runtime import Runtime
    from vecgate.saml.logins import Logins

STOP = 1.5
"""Seconds that open connections get at the end."""
BACKLOG = 32
"""Connections that wait to be accepted, and that are accepted at a time."""

log = logging.getLogger(__name__)


class Current:
    """The services of the runtime in force."""

    def __init__(self, runtime: Callable[[], Runtime]) -> None:
        self._runtime = runtime

    @property
    def approvals(self) -> Approvals:
        return self._runtime().approvals

    @property
    def issuer(self) -> Issuer | None:
        return self._runtime().issuer

    @property
    def revocations(self) -> Revocations:
        return self._runtime().revocations

    @property
    def provisioning(self) -> Mapping[bytes, Provisioning]:
        return self._runtime().provisioning

    @property
    def logins(self) -> Logins | None:
        return self._runtime().logins

    async def authenticate(self, token: str, address: str) -> Principal:
        return await self._runtime().authenticator.authenticate(token, address=address)

    async def record(self, kind: str, facts: Mapping[str, Any]) -> None:
        await self._runtime().recorder.commit(kind, facts)

    def healthy(self) -> bool:
        return self._runtime().recorder.healthy


class ControlServer:
    """`listen` is `address:port`; port 0 takes a free one, `address` then says which."""

    def __init__(self, listen: str, runtime: Callable[[], Runtime], hosts: Iterable[str] = ()) -> None:
        """`hosts` are values of `Host`, lower-case, that are accepted besides the listener's own."""
        self._listen = listen
        self._hosts = frozenset(hosts)
        self._services = Current(runtime)
        self._server: uvicorn.Server | None = None
        self._task: asyncio.Task[None] | None = None
        self.address = ("", 0)

    async def start(self) -> None:
        """Bind and serve. Raises ConfigError (key `control.listen`) if the address cannot be had."""
        host, _, port = self._listen.rpartition(":")
        host = host.strip("[]")
        try:
            bound = socket.create_server(
                (host, int(port)), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=BACKLOG
            )
        except (OSError, OverflowError, ValueError) as error:
            raise ConfigError(Finding(self._listen, 0, 0, "control.listen", f"cannot be bound: {error}")) from error
        # Else each answer waits for an acknowledgement: asyncio sees to it only where the socket names its protocol.
        bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.address = host, bound.getsockname()[1]
        config = uvicorn.Config(
            control_app(self._services, allowed_hosts(*self.address) | self._hosts),
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            proxy_headers=False,
            server_header=False,
            http=Protocol,
            backlog=BACKLOG,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        # Signals belong to the gateway.
        self._server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign, assignment]
        self._task = asyncio.create_task(self._server.serve([bound]))
        while not self._server.started:
            if self._task.done():
                await self._task
            await asyncio.sleep(0.005)

    async def stop(self) -> None:
        """Stop accepting, then let what is open end, or cut it off."""
        if self._server is None or self._task is None:
            return
        self._server.should_exit = True
        done, _ = await asyncio.wait({self._task}, timeout=STOP)
        if not done:
            log.warning("the control plane did not stop in time")
            self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
