"""Stock front ends: the same pipeline under mitmdump, mitmproxy and mitmweb, by `-s addons/gateway.py`.

    mitmdump -n -s addons/gateway.py --set vecgate_config=vecgate.yaml

The listeners come from the configuration, and are open while the gateway is. mitmproxy opens a port of its own before
it loads any script, unless told not to (`-n`); it is closed at once, and the seal lets nothing through it.

A script that is edited while mitmproxy runs closes the gateway; if it can still be loaded, the same gateway is opened
again under the configuration of then.
"""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path

from mitmproxy import ctx, exceptions
from mitmproxy.addonmanager import Loader
from mitmproxy.proxy import mode_specs
from mitmproxy.utils import asyncio_utils

from vecgate import assembly
from vecgate.config.load import load
from vecgate.control.server import ControlServer
from vecgate.errors import VecgateError
from vecgate.pipeline import stages
from vecgate.runtime import Runtime
from vecgate.serve import options
from vecgate.serve.crowd import Crowd
from vecgate.serve.guard import guard
from vecgate.serve.listeners import Listeners
from vecgate.serve.master import front
from vecgate.serve.pace import Pace
from vecgate.serve.ports import body_size_limit, listeners_of, patience
from vecgate.serve.substrate import refuse_hook, wire
from vecgate.stages.context import Context

log = logging.getLogger(__name__)

OPTION = "vecgate_config"


class Gateway:
    """Loads the configuration, demands safe options, opens and closes the runtime.

    `running` and `done` return tasks: mitmproxy awaits them at its own start and end, and cannot when it reloads the
    script. One waits for the other.
    """

    name = "vecgate"

    def __init__(self, context: Context) -> None:
        self.context = context
        self.path: Path | None = None
        self._control: ControlServer | None = None
        self._turn = asyncio.Lock()

    def load(self, loader: Loader) -> None:
        given = getattr(ctx.options.deferred.get(OPTION), "val", ())
        if len(given) > 1:  # mitmproxy fails on it without a word, and would go on without the gateway
            log.error("%s is set %d times", OPTION, len(given))
        loader.add_option(OPTION, str, os.environ.get("VECGATE_CONFIG", ""), "vecgate's configuration file.")
        wire(self.context)

    def configure(self, updated: set[str]) -> None:
        if OPTION not in updated:
            return
        text = getattr(ctx.options, OPTION)
        if not text:
            raise exceptions.OptionsError(f"name vecgate's configuration: --set {OPTION}=vecgate.yaml")
        if self.path is not None:
            raise exceptions.OptionsError(f"{OPTION} cannot change while the gateway runs")
        try:
            loaded = load(Path(text))
            self.context.listeners.replace(listeners_of(loaded))
        except (VecgateError, ValueError) as error:
            raise exceptions.OptionsError(str(error)) from error
        options.apply(
            ctx.options,
            tcp_timeout=patience(loaded.config),
            body_size_limit=body_size_limit(loaded.config),
        )
        ctx.options.update(mode=self.context.listeners.modes, server=False)
        self.path = Path(text)

    def running(self) -> asyncio.Task[None]:
        """Open the runtime. What goes wrong is logged as an error, after which mitmproxy exits if it has just
        started."""
        return asyncio_utils.create_task(self._open(self.path), name="open vecgate", keep_ref=True)

    def done(self) -> asyncio.Task[None]:
        """Close the runtime: mitmproxy ends, or the script was edited or deleted."""
        self.path = None
        self.context.draining = True
        ctx.options.update(server=False)
        return asyncio_utils.create_task(self._close(), name="close vecgate", keep_ref=True)

    async def _open(self, path: Path | None) -> None:
        async with self._turn:
            try:
                self.context.runtime = await assembly.open_runtime(checked(path))
                self.context.draining = False
                await self._serve(self.context.runtime)
            except Exception as error:
                log.error("the gateway stays closed, every request is refused: %s", error)
                await self._let_go()
            else:
                log.info("the gateway is open")

    async def _serve(self, runtime: Runtime) -> None:
        """Open the listeners' ports and no other, then the control plane. Raises OptionsError, ConfigError."""
        ctx.options.update(server=True)
        servers = ctx.master.addons.get("proxyserver").servers
        await servers.update([mode_specs.ProxyMode.parse(mode) for mode in ctx.options.mode])
        if closed := [server.mode.full_spec for server in servers if not server.is_running]:
            raise exceptions.OptionsError(f"cannot listen: {', '.join(closed)}")
        if runtime.config.control is not None:
            self._control = ControlServer(runtime.config.control.listen, lambda: runtime)
            await self._control.start()

    async def _close(self) -> None:
        async with self._turn:
            await self.context.drain()
            await self._let_go()
            log.warning("the gateway is closed, every request is refused")

    async def _let_go(self) -> None:
        ctx.options.update(server=False)
        runtime, self.context.runtime = self.context.runtime, None
        control, self._control = self._control, None
        if control is not None:
            await control.stop()
        if runtime is not None:
            await assembly.close(runtime)


def checked(path: Path | None) -> Path:
    """The configuration's path, once everything else may stand as it does. Raises OptionsError."""
    if unknown := sorted(ctx.options.deferred):
        raise exceptions.OptionsError(f"unknown options: {', '.join(unknown)}")
    options.check(ctx.options)
    if path is None:
        raise exceptions.OptionsError(f"there is no valid configuration: --set {OPTION}=vecgate.yaml")
    return path


def build() -> list[object]:
    """The addons in their order: what must stand before mitmproxy's own layers, the gateway, the stages."""
    context = Context(Listeners())
    context.interactive = True
    refuse = refuse_hook(context)
    guarded: list[object] = [guard(stage, refuse) for stage in stages(context)]
    return [*front(context.listeners), options.OptionsGuard(), Pace(), Crowd(), Gateway(context), *guarded]


addons = build()
