"""Stock front ends: the same pipeline under mitmdump, mitmproxy and mitmweb, by `-s addons/gateway.py`.

    mitmdump -s addons/gateway.py --set vecgate_config=vecgate.yaml

The listeners come from the configuration. Ports open before the runtime is ready, because mitmproxy opens them itself:
until then, and after the script is gone, the seal refuses everything. A script that is edited while mitmproxy runs
closes the gateway; if it can still be loaded, the same gateway is opened again under the configuration of then.
"""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path

from mitmproxy import ctx, exceptions
from mitmproxy.addonmanager import Loader
from mitmproxy.utils import asyncio_utils

from vecgate import assembly
from vecgate.config.load import load
from vecgate.control.server import ControlServer
from vecgate.errors import VecgateError
from vecgate.pipeline import stages
from vecgate.runtime import Runtime
from vecgate.serve import options
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
        ctx.options.update(mode=self.context.listeners.modes)
        self.path = Path(text)

    def running(self) -> asyncio.Task[None]:
        """Open the runtime. What goes wrong is logged as an error, after which mitmproxy exits if it has just
        started."""
        return asyncio_utils.create_task(self._open(self.path), name="open vecgate", keep_ref=True)

    def done(self) -> asyncio.Task[None]:
        """Close the runtime: mitmproxy ends, or the script was edited or deleted."""
        self.path = None
        self.context.draining = True
        return asyncio_utils.create_task(self._close(), name="close vecgate", keep_ref=True)

    async def _open(self, path: Path | None) -> None:
        async with self._turn:
            try:
                self.context.runtime = await self._opened(path)
            except Exception as error:
                log.error("the gateway stays closed, every request is refused: %s", error)
            else:
                self.context.draining = False
                log.info("the gateway is open")

    async def _opened(self, path: Path | None) -> Runtime:
        if unknown := sorted(ctx.options.deferred):
            raise exceptions.OptionsError(f"unknown options: {', '.join(unknown)}")
        options.check(ctx.options)
        if path is None:
            raise exceptions.OptionsError(f"there is no valid configuration: --set {OPTION}=vecgate.yaml")
        runtime = await assembly.open_runtime(path)
        if runtime.config.control is not None:
            self._control = ControlServer(runtime.config.control.listen, lambda: runtime)
            try:
                await self._control.start()
            except BaseException:
                await assembly.close(runtime)
                raise
        return runtime

    async def _close(self) -> None:
        async with self._turn:
            await self.context.drain()
            runtime, self.context.runtime = self.context.runtime, None
            control, self._control = self._control, None
            if control is not None:
                await control.stop()
            if runtime is not None:
                await assembly.close(runtime)
            log.warning("the gateway is closed, every request is refused")


def build() -> list[object]:
    """The addons in their order: what must stand before mitmproxy's own layers, the gateway, the stages."""
    context = Context(Listeners())
    context.interactive = True
    refuse = refuse_hook(context)
    guarded: list[object] = [guard(stage, refuse) for stage in stages(context)]
    return [*front(context.listeners), options.OptionsGuard(), Pace(), Gateway(context), *guarded]


addons = build()
