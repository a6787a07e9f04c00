"""Stock front ends: the same pipeline under mitmdump, mitmproxy and mitmweb, by `-s addons/gateway.py`.

    mitmdump -s addons/gateway.py --set vecgate_config=vecgate.yaml

The listeners come from the configuration. Ports open before the runtime is ready, because mitmproxy opens them itself:
until then, and after the script is gone, the seal refuses everything.
"""

from __future__ import annotations

import os
from pathlib import Path

from mitmproxy import ctx, exceptions
from mitmproxy.addonmanager import Loader

from vecgate import assembly
from vecgate.config.load import load
from vecgate.control.server import ControlServer
from vecgate.errors import VecgateError
from vecgate.pipeline import stages
from vecgate.serve import options
from vecgate.serve.guard import guard
from vecgate.serve.listeners import Listeners
from vecgate.serve.master import front
from vecgate.serve.pace import Pace
from vecgate.serve.ports import body_size_limit, listeners_of, patience
from vecgate.serve.substrate import refuse_hook, wire
from vecgate.stages.context import Context

OPTION = "vecgate_config"


class Gateway:
    """Loads the configuration, demands safe options, opens and closes the runtime."""

    name = "vecgate"

    def __init__(self, context: Context) -> None:
        self.context = context
        self.control: ControlServer | None = None
        self.path: Path | None = None

    def load(self, loader: Loader) -> None:
        loader.add_option(OPTION, str, os.environ.get("VECGATE_CONFIG", ""), "vecgate's configuration file.")
        wire(self.context)

    def configure(self, updated: set[str]) -> None:
        if OPTION not in updated:
            return
        text = getattr(ctx.options, OPTION)
        if not text:
            raise exceptions.OptionsError(f"name vecgate's configuration: --set {OPTION}=vecgate.yaml")
        if self.path is not None and self.context.runtime is not None:
            raise exceptions.OptionsError(f"{OPTION} cannot change while the gateway runs")
        self.path = Path(text)
        try:
            loaded = load(self.path)
            self.context.listeners.replace(listeners_of(loaded))
        except (VecgateError, ValueError) as error:
            raise exceptions.OptionsError(str(error)) from error
        options.apply(
            ctx.options,
            tcp_timeout=patience(loaded.config),
            body_size_limit=body_size_limit(loaded.config),
        )
        ctx.options.update(mode=self.context.listeners.modes)

    async def running(self) -> None:
        """Open the runtime. mitmproxy exits when this raises at start."""
        if unknown := sorted(ctx.options.deferred):
            raise exceptions.OptionsError(f"unknown options: {', '.join(unknown)}")
        options.check(ctx.options)
        if self.path is None:
            raise exceptions.OptionsError(f"name vecgate's configuration: --set {OPTION}=vecgate.yaml")
        runtime = await assembly.open_runtime(self.path)
        if runtime.config.control is not None:
            self.control = ControlServer(runtime.config.control.listen, lambda: runtime)
            await self.control.start()
        self.context.runtime = runtime

    async def done(self) -> None:
        runtime, self.context.runtime = self.context.runtime, None
        self.context.draining = True
        if self.control is not None:
            await self.control.stop()
        if runtime is not None:
            await assembly.close(runtime)


def build() -> list[object]:
    """The addons in their order: what must stand before mitmproxy's own layers, the gateway, the stages."""
    context = Context(Listeners())
    context.interactive = True
    refuse = refuse_hook(context)
    guarded: list[object] = [guard(stage, refuse) for stage in stages(context)]
    return [*front(context.listeners), options.OptionsGuard(), Pace(), Gateway(context), *guarded]


addons = build()
