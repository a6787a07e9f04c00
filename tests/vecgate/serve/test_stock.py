"""What `-s addons/gateway.py` adds to mitmproxy, opened, closed and opened again in this process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from mitmproxy import exceptions, hooks
from mitmproxy.addonmanager import traverse
from mitmproxy.options import Options
from mitmproxy.tools.dump import DumpMaster
from tests.support.pipeline import Script, write_config

from vecgate.evidence.verify import verify
from vecgate.pipeline import ORDER
from vecgate.serve import stock
from vecgate.serve.crowd import Crowd
from vecgate.serve.options import OptionsGuard
from vecgate.serve.pace import Pace
from vecgate.serve.stock import Gateway, build
from vecgate.serve.wire import Tls, Wire

BEFORE = [Wire, Tls, OptionsGuard, Pace, Crowd, Gateway]


@dataclass
class Bench:
    master: DumpMaster
    script: Script
    gateway: Gateway

    def reload(self) -> None:
        """What mitmproxy's script loader does with an edited script, which it cannot await."""
        addons = self.master.addons
        addons.remove(self.script)
        addons.register(self.script)
        addons.invoke_addon_sync(self.script, hooks.ConfigureHook(set(self.master.options.keys())))
        addons.invoke_addon_sync(self.script, hooks.RunningHook())

    async def opened(self, *, is_open: bool = True) -> None:
        async with asyncio.timeout(5):
            while (self.gateway.context.runtime is not None) is not is_open:
                await asyncio.sleep(0.01)


@pytest_asyncio.fixture
async def bench() -> AsyncIterator[Bench]:
    master = DumpMaster(Options(), with_termlog=False, with_dumper=False)
    script = Script(build())
    master.addons.register(script)
    master.addons.get("scriptloader").addons.append(script)
    master.options.update(server=False)
    proxyserver = master.addons.get("proxyserver")
    proxyserver.running()
    gateway = next(addon for addon in script.addons if isinstance(addon, Gateway))
    yield Bench(master, script, gateway)
    await master.done()
    await proxyserver.servers.update([])


def test_the_script_adds_what_must_stand_before_mitmproxys_own_then_every_stage() -> None:
    assert [type(addon) for addon in stock.addons] == [*BEFORE, *ORDER]
    assert [type(addon) for addon in build()] == [*BEFORE, *ORDER]


async def test_every_flow_hook_is_guarded(bench: Bench) -> None:
    stages = [addon for addon in bench.script.addons if type(addon) in ORDER]
    for addon in traverse(stages):
        for hook in ("requestheaders", "request", "responseheaders", "response"):
            if hasattr(type(addon), hook):
                assert getattr(addon, hook).vecgate_guarded


async def test_a_configuration_makes_the_listeners_and_safe_options(bench: Bench, tmp_path: Path) -> None:
    config, port = write_config(tmp_path, 8000)
    bench.master.options.update(stream_large_bodies="1", vecgate_config=str(config))
    options = bench.master.options
    assert options.mode == [f"reverse:http://127.0.0.1:8000@127.0.0.1:{port}"]
    assert (options.stream_large_bodies, options.connection_strategy, options.server) == (None, "lazy", False)
    with pytest.raises(exceptions.OptionsError, match="cannot change"):
        options.update(vecgate_config="other.yaml")


@pytest.mark.parametrize(("text", "message"), [("", "name vecgate's configuration"), ("none.yaml", "cannot be read")])
async def test_a_configuration_that_cannot_be_used_is_an_error_of_the_option(
    bench: Bench, text: str, message: str
) -> None:
    bench.master.options._options["vecgate_config"].set(text)  # as the command line does, before any addon is told
    with pytest.raises(exceptions.OptionsError, match=message):
        bench.gateway.configure({"vecgate_config"})
    assert bench.gateway.path is None


async def test_it_opens_closes_and_opens_again_on_the_same_evidence(bench: Bench, tmp_path: Path) -> None:
    config, _ = write_config(tmp_path, 8000)
    bench.master.options.update(vecgate_config=str(config))
    await bench.gateway.running()
    first = bench.gateway.context.runtime
    assert first is not None
    assert bench.master.options.server is True
    for _ in range(2):
        bench.reload()
    assert bench.gateway.context.draining
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        while bench.gateway.context.draining or bench.gateway.context.runtime in (None, first):
            await asyncio.sleep(0.01)
    await bench.gateway.done()
    assert bench.gateway.context.runtime is None
    assert bench.master.options.server is False
    assert verify(tmp_path / "evidence").valid


async def test_a_script_that_is_gone_closes_the_gateway(bench: Bench, tmp_path: Path) -> None:
    config, _ = write_config(tmp_path, 8000)
    bench.master.options.update(vecgate_config=str(config))
    await bench.gateway.running()
    bench.master.addons.remove(bench.script)
    assert bench.master.options.server is False
    await bench.opened(is_open=False)
    bench.master.addons.register(bench.script)


@pytest.mark.parametrize("broken", ["configuration", "port"])
async def test_what_cannot_be_opened_stays_closed_and_says_why(
    bench: Bench, broken: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config, port = write_config(tmp_path, 8000)
    bench.master.options.update(vecgate_config=str(config))
    taken = await asyncio.start_server(lambda *_: None, "127.0.0.1", port if broken == "port" else 0)
    if broken == "configuration":
        config.write_text("version: 7")
    await bench.gateway.running()
    assert bench.gateway.context.runtime is None
    assert bench.master.options.server is False
    assert "the gateway stays closed" in caplog.text
    assert ("cannot listen" if broken == "port" else "vecgate.yaml:1:10") in caplog.text
    taken.close()


async def test_an_option_that_nobody_knows_keeps_it_closed(
    bench: Bench, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config, _ = write_config(tmp_path, 8000)
    bench.master.options.set("nosuchoption=1", defer=True)
    bench.master.options.update(vecgate_config=str(config))
    await bench.gateway.running()
    assert bench.gateway.context.runtime is None
    assert "unknown options: nosuchoption" in caplog.text


async def test_an_option_that_is_set_twice_is_an_error(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    other = DumpMaster(Options(), with_termlog=False, with_dumper=False)
    other.options.set("vecgate_config=a", "vecgate_config=b", defer=True)
    with pytest.raises(exceptions.OptionsError):
        other.addons.register(Script(build()))
    assert "vecgate_config is set 2 times" in caplog.text
