"""Install: once per process, explicit, and there to stay: the loss of the script that asked for it opens nothing."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.raw_client import Reply, exchange, get
from tests.support.raw_upstream import RawUpstream
from tests.support.serving import LaxGate, render

from vecgate.demo.processes import free_port
from vecgate.serve import install as module
from vecgate.serve.install import PATCHES, install
from vecgate.serve.listeners import Listeners
from vecgate.serve.wiring import Wiring, current

SCRIPT = """
from tests.support.serving import LaxGate, render
from vecgate.serve.install import install
from vecgate.serve.listeners import Listener, Listeners, Upstream
from vecgate.serve.master import front
from vecgate.serve.pace import Pace
from vecgate.serve.wiring import Wiring
from vecgate.serve import options
from mitmproxy import ctx

listeners = Listeners([Listener("docs", "127.0.0.1", {port}, Upstream("http", "127.0.0.1", {upstream}))])
gate = LaxGate()


class Load:
    def load(self, loader):
        install(Wiring(gate, render, lambda failure, flow: None, listeners))

    def running(self):
        options.apply(ctx.options, tcp_timeout=60, body_size_limit=1000000)


addons = [*front(listeners), Pace(), Load(), gate]
"""


@pytest.mark.real
def test_importing_vecgate_changes_nothing() -> None:
    code = (
        "import vecgate.serve.install as i; from mitmproxy.proxy.layers.http import HttpStream;"
        "assert HttpStream._handle_event.__module__.startswith('mitmproxy'); assert not i._installed"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_second_install_swaps_the_wiring_and_patches_nothing() -> None:
    def wired() -> Wiring:
        return Wiring(LaxGate(), render, lambda failure, flow: None, Listeners())

    install(wired())
    before = [getattr(patch.owner, patch.name) for patch in PATCHES]
    second = wired()
    install(second)
    assert current() is second
    assert [getattr(patch.owner, patch.name) for patch in PATCHES] == before
    assert len(module._installed) == len(PATCHES)


@pytest.fixture
def script(tmp_path: Path) -> Path:
    return tmp_path / "gate.py"


class Mitmdump:
    def __init__(self, script: Path, port: int, upstream: int) -> None:
        command = [
            str(Path(sys.executable).with_name("mitmdump")),
            *("-q", "-s", str(script), "--mode", f"reverse:http://127.0.0.1:{upstream}@127.0.0.1:{port}"),
        ]
        self.port = port
        root = str(Path(__file__).parents[3])
        self.process = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": root})

    async def ready(self) -> None:
        async with asyncio.timeout(20):
            while (await self.ask()).status != 200:
                await asyncio.sleep(0.1)

    async def ask(self) -> Reply:
        try:
            return await exchange(self.port, get(b"/secret"))
        except ConnectionError:
            return Reply(b"", "closed")

    async def until(self, status: int) -> None:
        async with asyncio.timeout(10):
            while (await self.ask()).status != status:
                await asyncio.sleep(0.1)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)


@pytest.fixture
def stopping() -> Iterator[list[Mitmdump]]:
    running: list[Mitmdump] = []
    yield running
    for each in running:
        each.stop()


@pytest.mark.real
async def test_a_script_that_breaks_or_vanishes_leaves_the_gateway_closed(
    script: Path, stopping: list[Mitmdump]
) -> None:
    async with RawUpstream() as upstream:
        port = free_port()
        good = SCRIPT.format(port=port, upstream=upstream.port)
        script.write_text(good)
        mitmdump = Mitmdump(script, port, upstream.port)
        stopping.append(mitmdump)
        await mitmdump.ready()
        script.write_text("broken(")
        await mitmdump.until(503)
        upstream.take()
        assert (await mitmdump.ask()).body == b"unsealed"
        assert upstream.take() == []
        script.write_text(good)
        await mitmdump.until(200)
        script.unlink()
        await mitmdump.until(503)
        upstream.take()
        assert (await mitmdump.ask()).status == 503
        assert upstream.take() == []
