"""Expiry: only a wakeup that `pace` sent ends anything."""

from __future__ import annotations

from mitmproxy.proxy import commands, events

from vecgate.serve.expiry import Expire, expired


def test_mitmproxys_own_wakeups_expire_nothing() -> None:
    assert expired(events.Wakeup(Expire()))
    assert not expired(events.Wakeup(commands.RequestWakeup(1)))
    assert not expired(events.Start())
