"""A gateway in the caller's event loop, under its own master or under mitmproxy's DumpMaster, with a gate made for
tests."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from weakref import WeakKeyDictionary

from mitmproxy import http
from mitmproxy.master import Master
from mitmproxy.options import Options
from mitmproxy.tools.dump import DumpMaster

from vecgate.demo.processes import free_port
from vecgate.operations.messages import Answer
from vecgate.reasons import Reason
from vecgate.serve import options as settings
from vecgate.serve.failures import Failure, failure_of
from vecgate.serve.image import Image, request_image, response_image
from vecgate.serve.install import install
from vecgate.serve.listeners import Listener, Listeners
from vecgate.serve.master import front, minimal_master
from vecgate.serve.pace import Pace
from vecgate.serve.seal import Unsealed
from vecgate.serve.wiring import Wiring

MASTERS = ("own", "stock")
CREDENTIAL = (b"x-service-key", b"canary-credential")


def answer(reason: Reason, status: int | None = None) -> http.Response:
    return http.Response.make(status or reason.status, reason.encode(), {"x-made-by": "gate"})


class LaxGate:
    """Seals every request as it came, framed, and every answer as it comes: what the substrate must withstand by
    itself."""

    name = "gate"

    def __init__(self) -> None:
        self.requests: WeakKeyDictionary[http.HTTPFlow, Image] = WeakKeyDictionary()
        self.answers: WeakKeyDictionary[http.HTTPFlow, Image] = WeakKeyDictionary()
        self.ends: list[tuple[str, Reason | None]] = []
        """How each flow ended: its last hook, and why if that was `error`."""

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        self.requests.pop(flow, None)
        self.answers.pop(flow, None)

    def request(self, flow: http.HTTPFlow) -> None:
        if flow.response:
            return
        headers, body = flow.request.headers, flow.request.raw_content or b""
        headers.pop("transfer-encoding", None)
        if body or flow.request.method not in ("GET", "HEAD"):
            headers["content-length"] = str(len(body))
        else:
            headers.pop("content-length", None)
        if not flow.request.is_http2:
            flow.request.authority = ""
        self.requests[flow] = request_image(flow.request)

    def response(self, flow: http.HTTPFlow) -> None:
        if flow not in self.answers and flow.response is not None:
            flow.response.headers.pop("transfer-encoding", None)
            if flow.request.method != "HEAD":
                flow.response.headers["content-length"] = str(len(flow.response.raw_content or b""))
            self.answers[flow] = response_image(flow.response)
        self.ends.append(("response", None))

    def error(self, flow: http.HTTPFlow) -> None:
        failure = failure_of(flow)
        self.ends.append(("error", failure.reason if failure else None))

    def refuse(self, flow: http.HTTPFlow, hook: str) -> None:
        self.requests.pop(flow, None)
        late = hook in ("responseheaders", "response")
        flow.response = answer(Reason.UNMASKABLE_RESPONSE if late else Reason.GATEWAY_FAILURE)
        self.answers[flow] = response_image(flow.response)

    def may_connect(self, flow: http.HTTPFlow) -> bool:
        return self.requests.get(flow) == request_image(flow.request)

    def outgoing(self, flow: http.HTTPFlow) -> http.Request:
        if not self.may_connect(flow):
            raise Unsealed
        sent = flow.request.copy()
        sent.headers = http.Headers([*sent.headers.fields, CREDENTIAL])
        return sent

    def leaving(self, flow: http.HTTPFlow) -> http.Response:
        if flow.response is None or self.answers.get(flow) != response_image(flow.response):
            raise Unsealed
        return flow.response

    def answer_for(self, flow: http.HTTPFlow, reason: Reason) -> http.Response:
        return answer(reason)


@dataclass
class Served:
    port: int
    master: Master
    gate: LaxGate
    reports: list[tuple[Reason, http.HTTPFlow | None]] = field(default_factory=list)
    ports: tuple[int, ...] = ()

    def addon(self, name: str) -> Any:
        return self.master.addons.get(name)


def render(failure: Failure, flow: http.HTTPFlow | None) -> Answer:
    return Answer(failure.reason.status, (("content-type", "text/plain"),), failure.reason.encode())


@contextlib.asynccontextmanager
async def serving(
    kind: str,
    *listeners: Listener,
    gate: LaxGate | None = None,
    before: Sequence[object] = (),
    after: Sequence[object] = (),
    body_limit: Callable[[http.HTTPFlow], int] | None = None,
    tick: float = 0.05,
) -> AsyncIterator[Served]:
    """Serve these listeners; a port of 0 is chosen. `before` and `after` stand around the gate in the chain."""
    gate = gate or LaxGate()
    chosen = Listeners(replace(one, port=one.port or free_port()) for one in listeners)
    ports = tuple(one.port for one in chosen)
    reports: list[tuple[Reason, http.HTTPFlow | None]] = []

    def report(failure: Failure, flow: http.HTTPFlow | None) -> None:
        reports.append((failure.reason, flow))

    install(Wiring(gate, render, report, chosen, body_limit))
    options = Options(mode=chosen.modes)
    stages = (*before, gate, *after)
    make = _own if kind == "own" else _stock
    master = make(options, chosen, gate, stages, Pace(tick))
    task = asyncio.create_task(master.run())
    for port in ports:
        await _listening(port, task)
    try:
        yield Served(ports[0], master, gate, reports, ports)
    finally:
        await _hang_up(master)
        master.shutdown()
        await task


async def _hang_up(master: Master) -> None:
    proxyserver = master.addons.get("proxyserver")
    await proxyserver.servers.update([])
    connections = proxyserver.connections
    async with asyncio.timeout(5):
        while connections:
            for handler in list(connections.values()):
                if handler.client in handler.transports:
                    handler.close_connection(handler.client)
            await asyncio.sleep(0.01)


def _own(options: Options, listeners: Listeners, gate: LaxGate, stages: Sequence[object], pace: Pace) -> Master:
    return minimal_master(options, listeners, gate.refuse, stages, tcp_timeout=60, body_size_limit=1 << 30, pace=pace)


def _stock(options: Options, listeners: Listeners, gate: LaxGate, stages: Sequence[object], pace: Pace) -> Master:
    """mitmdump's master with the addons where its script loader has them."""
    master = DumpMaster(options, with_termlog=False, with_dumper=False)
    settings.apply(options, tcp_timeout=60, body_size_limit=1 << 30)
    ours = [*front(listeners), pace, settings.OptionsGuard(), *stages]
    master.addons.add(*ours)
    chain = [addon for addon in master.addons.chain if addon not in ours]
    place = chain.index(master.addons.get("scriptloader"))
    master.addons.chain = [*chain[:place], *ours, *chain[place:]]
    return master


async def _listening(port: int, task: asyncio.Task[None]) -> None:
    async with asyncio.timeout(10):
        while not task.done():
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionError:
                await asyncio.sleep(0.01)
            else:
                writer.close()
                return
    await task
