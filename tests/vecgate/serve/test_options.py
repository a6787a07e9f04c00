"""Options: dangerous ones are refused at start and ever after, in any front end."""

from __future__ import annotations

from typing import Any

import pytest
from mitmproxy import exceptions
from mitmproxy.options import Options
from mitmproxy.tools.dump import DumpMaster

from vecgate.serve import options as settings

MODE = "reverse:http://127.0.0.1:1@127.0.0.1:2"
DANGEROUS: list[tuple[str, Any]] = [
    ("connection_strategy", "eager"),
    ("keep_host_header", False),
    ("validate_inbound_headers", False),
    ("ssl_insecure", True),
    ("stream_large_bodies", "1m"),
    ("store_streamed_bodies", True),
    ("proxy_debug", True),
    ("rawtcp", True),
    ("websocket", True),
    ("onboarding", True),
    ("ignore_hosts", [".*"]),
    ("allow_hosts", ["x"]),
    ("tcp_hosts", [".*"]),
    ("body_size_limit", None),
    ("mode", ["regular"]),
    ("mode", [MODE, "upstream:http://127.0.0.1:1"]),
    ("mode", ["reverse:tcp://127.0.0.1:1@127.0.0.1:2"]),
    ("mode", ["reverse:http3://127.0.0.1:1@127.0.0.1:2"]),
    ("mode", ["socks5"]),
]


def stock() -> DumpMaster:
    master = DumpMaster(Options(mode=[MODE]), with_termlog=False, with_dumper=False)
    settings.apply(master.options, tcp_timeout=60, body_size_limit=1000)
    return master


async def test_what_is_applied_passes_the_check() -> None:
    master = stock()
    settings.check(master.options)
    assert (master.options.tcp_timeout, master.options.body_size_limit) == (60, "1000")


@pytest.mark.parametrize(("name", "value"), DANGEROUS)
async def test_a_dangerous_option_stops_the_start(name: str, value: Any) -> None:
    master = stock()
    master.options.update(**{name: value})
    with pytest.raises(exceptions.OptionsError, match=name):
        settings.check(master.options)


@pytest.mark.parametrize(("name", "value"), DANGEROUS)
async def test_a_dangerous_option_set_later_is_rolled_back(name: str, value: Any) -> None:
    master = stock()
    guard = settings.OptionsGuard()
    master.addons.add(guard)
    guard.running()
    before = getattr(master.options, name)
    with pytest.raises(exceptions.OptionsError, match=name):
        master.options.update(**{name: value})
    assert getattr(master.options, name) == before


async def test_a_guard_that_finds_danger_at_start_says_so() -> None:
    master = DumpMaster(Options(mode=[MODE]), with_termlog=False, with_dumper=False)
    guard = settings.OptionsGuard()
    master.addons.add(guard)
    with pytest.raises(exceptions.OptionsError, match="connection_strategy"):
        guard.running()


async def test_harmless_options_may_change() -> None:
    master = stock()
    guard = settings.OptionsGuard()
    master.addons.add(guard)
    guard.running()
    master.options.update(anticache=True)
    assert master.options.anticache
