"""Guard: what holds for every request to the control plane, whatever its route.

A `Host` that is not the control plane's own is refused, so that a page whose name was rebound to this address gets no
answer. Nothing that it answers may be framed, run, sniffed or kept; a page of its own (`control.pages`) says of itself
which style it has.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

import httpx
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vecgate.control.problems import problem, problem_of
from vecgate.reasons import Reason

log = logging.getLogger(__name__)

HEADERS = (
    (b"content-security-policy", b"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
    (b"x-frame-options", b"DENY"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)
HEALTH = "/healthz"
"""Answers under any name: probes come by address, and it says nothing."""
SCIM = "/scim/v2"
"""So does this: directories come through a proxy's name, with a secret that no page has."""


class Guard:
    def __init__(self, app: ASGIApp, hosts: Iterable[str]) -> None:
        """`hosts` are the accepted values of `Host`, lower-case."""
        self._app = app
        self._hosts = frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        started = False

        async def sending(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                own = {name for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(each for each in HEADERS if each[0] not in own)]
            await send(message)

        if not self._known(Request(scope)):
            await problem(Reason.WRONG_HOST)(scope, receive, sending)
            return
        try:
            await self._app(scope, receive, sending)
        except Exception as error:  # Starlette raises again what it has answered
            log.exception("the control plane failed")
            if not started:
                await problem_of(error)(scope, receive, sending)

    def _known(self, request: Request) -> bool:
        path = request.scope["path"]  # not the URL's, into which a Host could write another
        if path == HEALTH or path.startswith(f"{SCIM}/"):
            return True
        hosts = request.headers.getlist("host")
        return len(hosts) == 1 and hosts[0].lower() in self._hosts


def allowed_hosts(host: str, port: int) -> frozenset[str]:
    """The names of a listener: its address as configured, and the loopback names."""
    names = {host.lower(), "localhost", "127.0.0.1", "::1"}
    written = {f"[{name}]" if ":" in name else name for name in names}
    return frozenset(f"{name}:{port}" for name in written) | (written if port == 80 else frozenset())


def host_of(url: str) -> str:
    """What clients of this address send as `Host`."""
    return httpx.URL(url).netloc.decode("ascii").lower()
