"""Launch: the own front end. Everything is ready before a port opens; a signal drains, signs off and ends.

`serve` is one worker. `vecgate.serve.workers` starts several of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import sys
from pathlib import Path

from mitmproxy.options import Options
from mitmproxy.utils import asyncio_utils

from vecgate import assembly
from vecgate.control.guard import host_of
from vecgate.control.server import ControlServer
from vecgate.doctor.upstreams import open_to_anyone
from vecgate.errors import Unavailable
from vecgate.pipeline import stages
from vecgate.reasons import Reason
from vecgate.runtime import Runtime, Upstream
from vecgate.serve.crowd import raise_limit
from vecgate.serve.listeners import Listeners
from vecgate.serve.master import Ports, minimal_master
from vecgate.serve.ports import body_size_limit, listeners_of, patience
from vecgate.serve.speed import hurry, settle_collector
from vecgate.serve.substrate import refuse_hook, wire
from vecgate.stages.context import Context

LOOK = 1.0
"""Seconds for the databases to answer who brings no credential."""
OPEN = (
    "connections.%s: %s answers without a credential: whoever reaches it goes round the gateway. See `vecgate doctor`"
)
UNTOLD = "connections.%s: whether it answers without a credential cannot be told (%s). See `vecgate doctor`"

log = logging.getLogger(__name__)


async def serve(path: Path, *, worker: int = 0, shared: bool = False) -> None:
    """Serve until a signal comes. Raises VecgateError when it cannot start, SystemExit when a port is taken."""
    context, stopping = Context(Listeners()), asyncio.Event()
    _heed_signals(path, context, stopping)
    if shared:
        asyncio.get_running_loop().add_reader(sys.stdin.fileno(), _orphaned, stopping)
    context.runtime = await assembly.open_runtime(path, worker)
    try:
        context.listeners.replace(listeners_of(context.runtime.loaded))
        if worker == 0:
            await _look_round(context.runtime)
        await _run(context, context.runtime, stopping, worker, shared)
    finally:
        await assembly.close(context.runtime)


def _heed_signals(path: Path, context: Context, stopping: asyncio.Event) -> None:
    """From the first moment on: by default either signal ends a process without its last checkpoint."""
    loop, turn = asyncio.get_running_loop(), asyncio.Lock()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    loop.add_signal_handler(
        signal.SIGHUP,
        lambda: asyncio_utils.create_task(_reload(path, context, turn), name="reload", keep_ref=True),
    )


def _orphaned(stopping: asyncio.Event) -> None:
    """Nobody writes to a worker's standard input: what comes is its end, with the supervisor's."""
    asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
    log.error("the supervisor is gone")
    stopping.set()


async def _run(context: Context, runtime: Runtime, stopping: asyncio.Event, worker: int, shared: bool) -> None:
    wire(context)
    raise_limit()
    Ports.shared = shared
    hurry()
    limit = body_size_limit(runtime.config)
    master = minimal_master(
        Options(mode=context.listeners.modes),
        context.listeners,
        refuse_hook(context),
        stages(context),
        tcp_timeout=patience(runtime.config),
        body_size_limit=limit,
    )
    proxyserver = master.addons.get("proxyserver")

    def in_force() -> Runtime:
        if not proxyserver.is_running:
            raise Unavailable(Reason.GATEWAY_FAILURE, "The gateway is starting.")
        return context.runtime or runtime

    control = None
    if runtime.config.control is not None and worker == 0:
        hosts = [host_of(runtime.issuer.own.issuer)] if runtime.issuer else []
        control = ControlServer(runtime.config.control.listen, in_force, hosts)
        await control.start()
    settle_collector()
    loop = asyncio.get_running_loop()
    running = loop.create_task(master.run())
    stop = loop.create_task(stopping.wait())
    try:
        await asyncio.wait({running, stop}, return_when=asyncio.FIRST_COMPLETED)
        if not running.done():
            log.info("draining")
            await proxyserver.servers.update([])
            await context.drain()
            master.shutdown()
        await running
    finally:
        stop.cancel()
        if control is not None:
            await control.stop()


async def _look_round(runtime: Runtime) -> None:
    """Say which databases need no gateway to be read; one that does not answer at once is not waited for, and whatever
    goes wrong with one ends neither the others' turn nor the start."""

    async def look(name: str, upstream: Upstream) -> None:
        try:
            if await open_to_anyone(upstream):
                log.warning(OPEN, name, upstream.authority.decode())
        except Exception as error:  # a plugin's probes raise what they like, and quote what they like
            log.warning(UNTOLD, name, type(error).__name__)

    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LOOK), asyncio.TaskGroup() as group:
            for name, upstream in runtime.upstreams.items():
                group.create_task(look(name, upstream))


async def _reload(path: Path, context: Context, turn: asyncio.Lock) -> None:
    """A broken edit keeps the last good configuration and says so."""
    async with turn:
        old = context.runtime
        if old is None or context.draining:
            return
        try:
            new = await assembly.reload(old, path)
            context.listeners.replace(list(listeners_of(new.loaded)))
        except Exception as error:  # plugins raise what they like
            log.error("configuration not reloaded, the last good one stays:\n%s", error)
            return
        context.runtime = new
    log.warning("configuration reloaded")
    await asyncio.sleep(assembly.LOOKUP_SECONDS)  # exchanges begun under the old one still look names up
    await assembly.retire(old, new)
